//! A load by way of the store: what it has, or the right to load, and what comes of that.

use std::{
    future::Future,
    hash::{BuildHasher, Hash},
    sync::Arc,
    time::Duration,
};

use tokio::runtime::Handle;

use super::{
    shared::Shared,
    store::{Claim, Fence, Found, Put, Tier, TierValue},
};
use crate::{
    ground::time::Deadline,
    resilience::cache::{
        CacheMode,
        stored::{Carried, Loaded},
    },
};

/// The right to load a key. Dropped, it is given back: at once where there is a runtime, and otherwise when
/// its time is up.
struct Held<K, V, T, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    T: Tier<K, V>,
    S: BuildHasher + Send + Sync + 'static,
{
    shared: Arc<Shared<K, V, T, S>>,
    /// None once it is settled.
    claim: Option<(K, Fence)>,
}

impl<K, V, T, S> Held<K, V, T, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    T: Tier<K, V>,
    S: BuildHasher + Send + Sync + 'static,
{
    fn fence(&self) -> Fence {
        self.claim.as_ref().map_or(Fence::NONE, |(_, fence)| *fence)
    }

    /// Nothing came of it.
    async fn release(mut self) {
        if let Some((key, fence)) = &self.claim {
            self.shared.tier.release(key, *fence).await;
        }
        self.claim = None;
    }

    /// It has been used up.
    fn settle(mut self) {
        self.claim = None;
    }
}

impl<K, V, T, S> Drop for Held<K, V, T, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    T: Tier<K, V>,
    S: BuildHasher + Send + Sync + 'static,
{
    fn drop(&mut self) {
        let Some((key, fence)) = self.claim.take() else { return };
        self.shared.counts.abandoned.add_one();
        if fence == Fence::NONE {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let shared = Arc::clone(&self.shared);
            runtime.spawn(async move { shared.tier.release(&key, fence).await });
        }
    }
}

/// What the store says.
enum Answer<V, H> {
    Has(TierValue<V>),
    /// It does not have it. Without a right, what is loaded is not stored there.
    Load(Option<H>),
}

impl<K, V, T, S> Shared<K, V, T, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    T: Tier<K, V>,
    S: BuildHasher + Send + Sync + 'static,
{
    /// A load of one key. The store may take no more of a caller's time than he has: that of the one who
    /// has begun it.
    pub(super) async fn load<F, Fut, E>(
        self: Arc<Self>,
        key: K,
        deadline: Option<Deadline>,
        loader: F,
    ) -> Result<Loaded<V>, E>
    where
        F: FnOnce() -> Fut + Send,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send,
        E: Send,
    {
        if self.cache.shared.terms.mode() == CacheMode::Disabled {
            return loader().await;
        }
        self.hear_first(deadline).await;
        let hash = self.hash(&key);
        let (mark, refreshed) = (self.mark(hash), self.refreshed(hash, &key));
        let held = match within(deadline, self.ask(&key, refreshed)).await {
            Answer::Has(kept) => return Ok(carried(kept)),
            Answer::Load(held) => held,
        };
        match (loader().await, held) {
            (Ok(loaded), None) => {
                if refreshed.is_some() && loaded.is_stored {
                    // What the store has is older than what there is here.
                    self.owe(&key);
                }
                Ok(loaded)
            }
            (failed, None) => failed,
            (Ok(loaded), Some(held)) if loaded.is_stored => {
                Ok(self.put(key, loaded, held, mark, refreshed.is_some()).await)
            }
            (loaded, Some(held)) => {
                held.release().await;
                loaded
            }
        }
    }

    /// The age from which on values are stale, where there is one here that is: it is to be loaded anew.
    fn refreshed(&self, hash: u64, key: &K) -> Option<Duration> {
        let shared = &self.cache.shared;
        if !shared.terms.refreshes() || shared.terms.is_aside() {
            return None;
        }
        let stale_after = shared.terms.stale_after();
        shared.look_aside(hash, |theirs| theirs == key, 0).map(|_| stale_after)
    }

    async fn ask(
        self: &Arc<Self>,
        key: &K,
        wanted_below: Option<Duration>,
    ) -> Answer<V, Held<K, V, T, S>> {
        if !self.settle(key).await {
            return Answer::Load(None);
        }
        // In the shadow nobody gets what is there, nor waits for what others load.
        let is_shadow = self.cache.shared.terms.mode() == CacheMode::Shadow;
        match self.tier.get(key).await {
            Ok(Found::Value(kept)) if wanted_below.is_none_or(|below| kept.age < below) => {
                self.counts.hits.add_one();
                return if is_shadow { Answer::Load(None) } else { Answer::Has(kept) };
            }
            Ok(found) => self.missed(&found),
            Err(failure) => {
                self.counts.failed(failure);
                return Answer::Load(None);
            }
        }
        let claim = if is_shadow {
            let fence = self.tier.claim_many(std::slice::from_ref(key)).await;
            fence.map(|fence| Claim::Load { fence, gave_up: false })
        } else {
            self.tier.claim(key, wanted_below).await
        };
        match claim {
            Ok(Claim::Value(kept)) => {
                self.counts.waited.add_one();
                Answer::Has(kept)
            }
            Ok(Claim::Load { fence, gave_up }) => {
                if gave_up {
                    self.counts.gave_up.add_one();
                } else {
                    self.counts.claimed.add_one();
                }
                let claim = Some((key.clone(), fence));
                Answer::Load(Some(Held { shared: Arc::clone(self), claim }))
            }
            Err(failure) => {
                self.counts.failed(failure);
                Answer::Load(None)
            }
        }
    }

    pub(super) fn missed(&self, found: &Found<V>) {
        self.counts.misses.add_one();
        if matches!(found, Found::Undecodable) {
            self.counts.undecodable.add_one();
        }
    }

    /// Stores what was loaded, and says how long it is good for here.
    async fn put(
        &self,
        key: K,
        mut loaded: Loaded<V>,
        held: Held<K, V, T, S>,
        mark: u64,
        refreshes: bool,
    ) -> Loaded<V> {
        let hash = self.hash(&key);
        if self.mark(hash) != mark {
            self.counts.outdated.add_one();
            held.release().await;
            return loaded.not_stored();
        }
        loaded.ttl = loaded.ttl.or_else(|| self.cache.shared.own_life(&key, &loaded.value));
        let fence = held.fence();
        let put = self.tier.put(&key, &loaded.value, loaded.ttl, fence).await;
        held.settle();
        match put {
            Ok(put) => {
                let stored = self.stored(put, loaded);
                if fence == Fence::NONE && self.mark(hash) != mark {
                    // Such a store cannot tell which came first.
                    self.owe(&key);
                    self.settle(&key).await;
                }
                stored
            }
            Err(failure) => {
                self.counts.failed(failure);
                if refreshes {
                    // As if it had not been asked.
                    self.owe(&key);
                }
                loaded
            }
        }
    }

    pub(super) fn stored(&self, put: Put, loaded: Loaded<V>) -> Loaded<V> {
        match put {
            Put::Stored { left } => {
                self.counts.stored.add_one();
                loaded.carried(Carried { age: Duration::ZERO, left })
            }
            Put::Outdated => {
                self.counts.outdated.add_one();
                loaded.not_stored()
            }
            Put::TooLarge | Put::Unfit => {
                self.counts.too_large.add_one();
                loaded
            }
        }
    }
}

/// What the store says to somebody with this deadline.
pub(super) async fn within<F: Future>(deadline: Option<Deadline>, asking: F) -> F::Output {
    match deadline {
        Some(deadline) => deadline.scope(asking).await,
        None => asking.await,
    }
}

pub(super) fn carried<V>(kept: TierValue<V>) -> Loaded<V> {
    let TierValue { value, age, left } = kept;
    Loaded::new(value).carried(Carried { age, left })
}
