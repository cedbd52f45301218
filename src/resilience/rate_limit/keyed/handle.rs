use std::{fmt, hash::Hash, sync::Arc};

use super::{
    config::{Config, Plan, Tier},
    shared::Shared,
    snapshot::Snapshot,
};
use crate::{
    ground::{config::ConfigError, name::Name, refusal::Refusal},
    resilience::rate_limit::decision::Decision,
};

/// Lets so many calls of each key through in so much time.
///
/// A handle: clones share the table, as does every layer made from any of them. Keys are asked for by
/// reference and never kept: `KeyedRateLimiter<str>` is one.
pub struct KeyedRateLimiter<K: ?Sized> {
    pub(super) shared: Arc<Shared<K>>,
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
        Self { shared: Arc::new(Shared::new(name.into(), plan, None)) }
    }

    /// Another limiter of the same name and config, with buckets of its own, that asks for the tier of
    /// each key every time it comes: keep that cheap.
    #[must_use]
    pub fn with_tiers(self, tier_of: impl Fn(&K) -> Tier + Send + Sync + 'static) -> Self {
        let (name, plan) = (self.shared.name().clone(), self.shared.plan().clone());
        Self { shared: Arc::new(Shared::new(name, plan, Some(Box::new(tier_of)))) }
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

    /// Gives so many tokens back to this key.
    pub fn refund(&self, key: &K, tokens: u64) {
        self.shared.give_back(key, tokens);
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
}

impl<K: ?Sized> Clone for KeyedRateLimiter<K> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<K: ?Sized> fmt::Debug for KeyedRateLimiter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyedRateLimiter").field(&self.shared).finish()
    }
}
