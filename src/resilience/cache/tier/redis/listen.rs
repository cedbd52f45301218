use serde::{Serialize, de::DeserializeOwned};

use super::{
    names::{Message, NoKey},
    shared::Shared,
};
use crate::{
    ground::{
        backoff::{Backoff, Delays, Jitter, Terms},
        random,
        redis::Subscription,
        time::{Sleep, within},
    },
    resilience::cache::tier::store::News,
};

/// The longest between two attempts to listen.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(2);

impl<C: Send + Sync + 'static> Shared<C> {
    /// Tells what is published, over one connection after the other.
    pub(super) async fn listen<K>(&self, hear: impl Fn(News<K>) + Send + Sync)
    where
        K: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let first = self.redis.probe_every().min(LONGEST);
        let terms = Terms::new(Backoff::exponential(first, LONGEST), Jitter::Equal);
        let mut delays = Delays::new(terms);
        loop {
            if let Ok(subscription) = self.redis.subscribe(&self.names.channel).await {
                delays.restart();
                hear(News::Listening);
                self.hear_out(subscription, &hear).await;
            }
            hear(News::Deaf);
            Sleep::lasting(delays.next(random::below)).await;
        }
    }

    /// Until the connection ends, or nobody answers over it.
    async fn hear_out<K>(
        &self,
        mut subscription: Subscription,
        hear: &(impl Fn(News<K>) + Send + Sync),
    ) where
        K: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        loop {
            match within(self.config().heartbeat, subscription.next()).await {
                Some(Some(message)) => self.heard(message.get_payload_bytes(), hear).await,
                Some(None) => return,
                None if subscription.is_alive(self.redis.timeout()).await => {}
                None => return,
            }
        }
    }

    async fn heard<K>(&self, message: &[u8], hear: &(impl Fn(News<K>) + Send + Sync))
    where
        K: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let Some(Message { origin, version, removed }) = Message::<K>::read(message) else {
            // Whatever it was about.
            return hear(News::Cleared);
        };
        if origin == self.origin {
            return;
        }
        let is_ours = version == self.config().version;
        match removed {
            Ok(Some(key)) => {
                if !is_ours {
                    // Whoever said so has removed what his version calls it.
                    let _ = self.forget(&key, Vec::new()).await;
                }
                hear(News::Removed(key));
            }
            Ok(None) => {
                if !is_ours {
                    let _ = self.forget_all(Vec::new()).await;
                }
                hear(News::Cleared);
            }
            // Keys looked different then, or will.
            Err(NoKey) if !is_ours => {}
            Err(NoKey) => hear(News::Cleared),
        }
    }
}
