use super::{handle::OfKey, store::Store};
use crate::{ground::refusal::Refusal, resilience::rate_limit::limiting::sealed::Limiting};

impl<K, S> Limiting for OfKey<'_, K, S>
where
    K: ?Sized + Sync,
    S: Store<K> + Send + Sync,
{
    fn bars(&self, tokens: u64) -> Option<Refusal> {
        let shared = &self.limiter.shared;
        shared.bars(self.key, tokens).map(|short| shared.refusal(short))
    }

    fn count_refusal(&self) {
        self.limiter.shared.count_refusal();
    }

    fn try_take(&self, tokens: u64) -> Result<bool, Refusal> {
        let shared = &self.limiter.shared;
        shared.take_or_pass(self.key, tokens).map_err(|short| shared.refusal(short))
    }

    fn give_back(&self, tokens: u64) {
        self.limiter.refund(self.key, tokens);
    }
}
