use std::{future::Future, time::Duration};

/// Where values are kept beside the cache: slower, larger, and shared with other processes.
///
/// [`get`](Self::get), [`put`](Self::put), [`remove`](Self::remove) and [`clear`](Self::clear) make a tier.
/// The rest has defaults that are right for a store that cannot do better. Nothing here may wait for
/// ever: what takes too long is [`TierFailure::TimedOut`], and the cache goes on without the store.
pub trait Tier<K, V>: Send + Sync + 'static
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// What is stored for a key.
    ///
    /// # Errors
    ///
    /// The store cannot say.
    fn get(&self, key: &K) -> impl Future<Output = Result<Found<V>, TierFailure>> + Send;

    /// Stores a value for as long as `life` says, or as the tier sees fit, unless something was said of
    /// the key since the `fence` was given: a later value, that it is out of date.
    ///
    /// What is not stored for any other reason still takes the place of what was there.
    ///
    /// # Errors
    ///
    /// The store cannot be asked, or has not answered: the value may be there or not.
    fn put(
        &self,
        key: &K,
        value: &V,
        life: Option<Duration>,
        fence: Fence,
    ) -> impl Future<Output = Result<Put, TierFailure>> + Send;

    /// Forgets a key. Fences given for it before are worth nothing from now on, and whoever
    /// [listens](Self::listen) hears of it, but for this process itself.
    ///
    /// # Errors
    ///
    /// The store cannot be asked, or has not answered.
    fn remove(&self, key: &K) -> impl Future<Output = Result<(), TierFailure>> + Send;

    /// Forgets every key, in the same manner.
    ///
    /// # Errors
    ///
    /// The store cannot be asked, or has not answered.
    fn clear(&self) -> impl Future<Output = Result<(), TierFailure>> + Send;

    /// What is stored for these keys, in their order. By default one is asked for after the other.
    ///
    /// # Errors
    ///
    /// The store cannot say.
    fn get_many(
        &self,
        keys: &[K],
    ) -> impl Future<Output = Result<Vec<Found<V>>, TierFailure>> + Send {
        async move {
            let mut all = Vec::with_capacity(keys.len());
            for key in keys {
                all.push(self.get(key).await?);
            }
            Ok(all)
        }
    }

    /// Asks to be the one who loads a key that is not there. Where another process is loading it, this
    /// waits for its value, for so long as the tier sees fit, and no longer than the caller's
    /// [`Deadline`](crate::time::Deadline) allows. What is stored and at least as old as `wanted_below`
    /// counts as not there. By default whoever asks may load.
    ///
    /// # Errors
    ///
    /// The store cannot say.
    fn claim(
        &self,
        key: &K,
        wanted_below: Option<Duration>,
    ) -> impl Future<Output = Result<Claim<V>, TierFailure>> + Send {
        let _ = (key, wanted_below);
        async { Ok(Claim::Load { fence: Fence::NONE, gave_up: false }) }
    }

    /// A fence for each of these keys, one for all of them; nobody is waited for.
    ///
    /// # Errors
    ///
    /// The store cannot say.
    fn claim_many(&self, keys: &[K]) -> impl Future<Output = Result<Fence, TierFailure>> + Send {
        let _ = keys;
        async { Ok(Fence::NONE) }
    }

    /// Forgets a key as [`remove`](Self::remove) does, because it is about to be written, and gives whoever
    /// writes it his fence: of two who write at once, the [`put`](Self::put) of the one who was given his later is
    /// good, and that of the other out of date. By default a removal and then a claim: between the two there is
    /// room for a writer who would not hear of the other.
    ///
    /// # Errors
    ///
    /// The store cannot be asked, or has not answered.
    fn supersede(&self, key: &K) -> impl Future<Output = Result<Fence, TierFailure>> + Send {
        async move {
            self.remove(key).await?;
            self.claim_many(std::slice::from_ref(key)).await
        }
    }

    /// Gives up a claim: nothing comes of that load, and another may begin.
    fn release(&self, key: &K, fence: Fence) -> impl Future<Output = ()> + Send {
        let _ = (key, fence);
        async {}
    }

    /// Stores what was claimed by [`claim_many`](Self::claim_many). By default one after the other.
    ///
    /// # Errors
    ///
    /// The store cannot be asked, or has not answered.
    fn put_many(
        &self,
        entries: &[Entry<K, V>],
        fence: Fence,
    ) -> impl Future<Output = Result<Vec<Put>, TierFailure>> + Send {
        async move {
            let mut all = Vec::with_capacity(entries.len());
            for Entry { key, value, life } in entries {
                all.push(self.put(key, value, *life, fence).await?);
            }
            Ok(all)
        }
    }

    /// Whether [`listen`](Self::listen) does anything. By default not.
    fn listens(&self) -> bool {
        false
    }

    /// Tells of what other processes have removed, until it is dropped. It runs in a task of its own.
    fn listen(&self, hear: impl Fn(News<K>) + Send + Sync) -> impl Future<Output = ()> + Send {
        drop(hear);
        async {}
    }
}

/// One of many values to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<K, V> {
    /// Its key.
    pub key: K,
    /// The value.
    pub value: V,
    /// How long it is good for; `None` is as the tier sees fit.
    pub life: Option<Duration>,
}

/// What was found for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found<V> {
    /// Nothing.
    Nothing,
    /// A value.
    Value(TierValue<V>),
    /// Something that nobody understands: as good as nothing, and counted.
    Undecodable,
}

/// A value that was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierValue<V> {
    /// The value.
    pub value: V,
    /// How long ago it was written.
    pub age: Duration,
    /// How much longer it is good for; `None` is for ever.
    pub left: Option<Duration>,
}

/// Whether to load.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim<V> {
    /// Nobody else does, or he takes too long.
    Load {
        /// To be shown with the value.
        fence: Fence,
        /// Whether somebody else was waited for in vain.
        gave_up: bool,
    },
    /// Somebody else has.
    Value(TierValue<V>),
}

/// What became of a put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Put {
    /// It is stored, and good for so long; `None` is for ever.
    Stored {
        /// How long.
        left: Option<Duration>,
    },
    /// Something was said of the key since: the value is out of date.
    Outdated,
    /// It is larger than the tier takes.
    TooLarge,
    /// It cannot be written down, or is good for no time at all.
    Unfit,
}

/// Which of two claims of a key came later, as the store saw it. Whose store does not say has
/// [`NONE`](Self::NONE).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fence {
    era: u64,
    number: u64,
}

impl Fence {
    /// Of a store that cannot tell.
    pub const NONE: Self = Self::new(0, 0);

    /// The `number`th of an era. Numbers of different eras say nothing about each other: a store that
    /// forgets begins a new one.
    #[must_use]
    pub const fn new(era: u64, number: u64) -> Self {
        Self { era, number }
    }

    /// Its era.
    #[must_use]
    pub const fn era(self) -> u64 {
        self.era
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.number
    }
}

/// Why a store gave no answer of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TierFailure {
    /// It cannot be asked, or has answered with an error.
    #[error("the store cannot be asked")]
    Unavailable,
    /// It has not answered in time.
    #[error("the store has not answered in time")]
    TimedOut,
}

/// What a listener is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum News<K> {
    /// From now on nothing is missed. Something may have been, until now.
    Listening,
    /// From now on everything is missed.
    Deaf,
    /// Another process has removed or replaced this key.
    Removed(K),
    /// Another process has removed everything.
    Cleared,
}
