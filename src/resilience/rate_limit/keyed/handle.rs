use std::{
    borrow::ToOwned,
    fmt,
    future::Future,
    hash::{BuildHasher, Hash},
    sync::Arc,
};

use super::{
    config::{Config, Plan, Tier},
    future::KeyLimited,
    hash::Seeded,
    shared::Shared,
    snapshot::Snapshot,
    store::{Exact, Store, Tagged},
};
use crate::{
    ground::{
        config::ConfigError,
        name::Name,
        refusal::{Fault, Lifted, Refusal},
        time,
    },
    resilience::rate_limit::decision::Decision,
};

/// Lets so many calls of each key through in so much time.
///
/// A handle: clones share the buckets, as does every layer made from any of them. Keys are asked for by
/// reference: `KeyedRateLimiter<str>` is one.
pub struct KeyedRateLimiter<K: ?Sized, S = Tagged> {
    pub(super) shared: Arc<Shared<K, S>>,
}

impl<K: ?Sized + Hash> KeyedRateLimiter<K> {
    /// A limiter by this [`Rate`](super::super::Rate), or [`Config`].
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new(name: impl Into<Name>, config: impl Into<Config>) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, config.into().parse()?))
    }

    /// A limiter by a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, plan: Plan) -> Self {
        let config = plan.config();
        let store = Tagged::new(config.max_keys, config.also.len(), Seeded::new());
        Self::over(name.into(), plan, store)
    }

    /// A limiter that knows keys by another hash.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn with_hasher<H: BuildHasher + Clone>(
        name: impl Into<Name>,
        config: impl Into<Config>,
        hasher: H,
    ) -> Result<KeyedRateLimiter<K, Tagged<H>>, ConfigError> {
        let plan = config.into().parse()?;
        let store = Tagged::new(plan.config().max_keys, plan.config().also.len(), hasher);
        Ok(KeyedRateLimiter::over(name.into(), plan, store))
    }

    /// A limiter that keeps its keys and compares them; see [`Exact`].
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn exact(
        name: impl Into<Name>,
        config: impl Into<Config>,
    ) -> Result<KeyedRateLimiter<K, Exact<K>>, ConfigError>
    where
        K: Eq + ToOwned,
    {
        let plan = config.into().parse()?;
        let store = Exact::new(plan.config().max_keys, plan.config().also.len(), Seeded::new());
        Ok(KeyedRateLimiter::over(name.into(), plan, store))
    }
}

impl<K: ?Sized, S: Store<K>> KeyedRateLimiter<K, S> {
    fn over(name: Name, plan: Plan, store: S) -> Self {
        Self { shared: Arc::new(Shared::new(name, plan, store, None)) }
    }

    /// Another limiter of the same name and config, with buckets of its own, that asks for the tier of
    /// each key every time it comes: keep that cheap.
    #[must_use]
    pub fn with_tiers(self, tier_of: impl Fn(&K) -> Tier + Send + Sync + 'static) -> Self {
        Self { shared: Arc::new(self.shared.with_tiers(Box::new(tier_of))) }
    }

    /// Calls an operation for this key whose error is its own: `E` comes back as
    /// [`Error<E>`](crate::Error). The token is taken here and now; the future carries the answer.
    ///
    /// # Cancel safety
    ///
    /// See [`KeyLimited`].
    #[inline]
    pub fn call<F, Fut, T, E>(&self, key: &K, operation: F) -> KeyLimited<Lifted<Fut>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: 'static,
    {
        match self.try_acquire(key) {
            Ok(()) => KeyLimited::running(Lifted::new(time::outside(operation))),
            Err(refusal) => KeyLimited::refused(refusal),
        }
    }

    /// Calls an operation for this key whose error has room for a refusal already; it comes back
    /// unchanged.
    ///
    /// # Cancel safety
    ///
    /// See [`KeyLimited`].
    #[inline]
    pub fn run<F, Fut, T, E>(&self, key: &K, operation: F) -> KeyLimited<Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault,
    {
        match self.try_acquire(key) {
            Ok(()) => KeyLimited::running(time::outside(operation)),
            Err(refusal) => KeyLimited::refused(refusal),
        }
    }

    /// A token of this key now, or not at all.
    ///
    /// # Errors
    ///
    /// There is none; the refusal says when there will be.
    #[inline]
    pub fn try_acquire(&self, key: &K) -> Result<(), Refusal> {
        self.try_acquire_n(key, 1)
    }

    /// So many tokens of this key now, all of them or none.
    ///
    /// # Errors
    ///
    /// They are not all there; the refusal says when they will be, and `None` if there is never room for
    /// so many.
    #[inline]
    pub fn try_acquire_n(&self, key: &K, tokens: u64) -> Result<(), Refusal> {
        match self.shared.take(key, tokens) {
            Ok(()) => Ok(()),
            Err(short) => Err(self.shared.refusal(short)),
        }
    }

    /// Takes so many tokens of this key if they are there, and tells what there is to tell, refused or
    /// not.
    #[must_use = "without tokens there is no call"]
    pub fn check(&self, key: &K, tokens: u64) -> Decision {
        self.shared.check(key, tokens)
    }

    /// What [`check`](Self::check) would tell; nothing is taken or counted.
    #[must_use]
    pub fn peek(&self, key: &K, tokens: u64) -> Decision {
        self.shared.peek(key, tokens)
    }

    /// Gives so many tokens back to this key. Its bucket never holds more than it can.
    pub fn refund(&self, key: &K, tokens: u64) {
        self.shared.give_back(key, tokens);
    }

    /// Takes every token there is of this key: somebody else says that its quota is used up.
    pub fn drain(&self, key: &K) {
        self.shared.drain(key);
    }

    /// The limiter as it stands to one key, to be asked together with others by
    /// [`All`](super::super::All).
    pub const fn of<'a>(&'a self, key: &'a K) -> OfKey<'a, K, S> {
        OfKey { limiter: self, key }
    }

    /// A look at how full the table is and what has been decided.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.shared.snapshot()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.shared.name()
    }

    /// Goes by another config from now on. A bucket that has tokens missing is full again when it would
    /// have been, and at the latest as soon as an empty one is at the new rate. Tiers stay what they
    /// are.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then. Neither
    /// [`max_keys`](Config::max_keys) nor the number of rates can change.
    pub fn reconfigure(&self, config: impl Into<Config>) -> Result<(), ConfigError> {
        self.shared.reconfigure(config.into())
    }
}

impl<K: ?Sized, S> Clone for KeyedRateLimiter<K, S> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<K: ?Sized, S> fmt::Debug for KeyedRateLimiter<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyedRateLimiter").field(&self.shared).finish()
    }
}

/// A keyed limiter as it stands to one key; made by [`KeyedRateLimiter::of`].
pub struct OfKey<'a, K: ?Sized, S = Tagged> {
    pub(super) limiter: &'a KeyedRateLimiter<K, S>,
    pub(super) key: &'a K,
}

/// Keeps the key to itself.
impl<K: ?Sized, S> fmt::Debug for OfKey<'_, K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OfKey").field(&self.limiter.shared).finish()
    }
}
