/// What can be asked together with others by [`All`](super::All): a limiter, or a keyed one
/// [as it stands to one key](super::keyed::KeyedRateLimiter::of). Sealed.
pub trait Limiting: sealed::Limiting {}

impl<M: sealed::Limiting> Limiting for M {}

pub(super) mod sealed {
    use std::fmt;

    use crate::ground::refusal::Refusal;

    #[expect(unnameable_types, reason = "what seals the trait above")]
    pub trait Limiting: fmt::Debug + Sync {
        /// The refusal of a call that comes now, if it would be refused. Nothing is counted.
        fn bars(&self, tokens: u64) -> Option<Refusal>;

        /// Counts a refusal that is told.
        fn count_refusal(&self);

        /// Takes so many tokens if they are there, and says whether: some calls go without.
        fn try_take(&self, tokens: u64) -> Result<bool, Refusal>;

        fn give_back(&self, tokens: u64);
    }
}
