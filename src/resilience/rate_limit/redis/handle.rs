use std::{fmt, future::Future, sync::Arc};

use super::{
    begin::{LiftedOnce, Once},
    config::{Config, Plan},
    future::RedisLimited,
    key::RedisKey,
    shared::Shared,
    snapshot::Snapshot,
};
use crate::{
    ground::{
        config::ConfigError,
        name::Name,
        policy::Policy,
        redis::{Failure, Redis},
        refusal::{Fault, Refusal},
    },
    resilience::rate_limit::decision::Decision,
};

/// Lets so many calls of each key through in so much time, however many processes they come in at.
///
/// A handle: clones share what is held here, as does every layer made from any of them. All limiters of one
/// name and prefix share the buckets, in whatever process they are: give them one config.
#[derive(Clone)]
pub struct RedisRateLimiter {
    pub(super) shared: Arc<Shared>,
    /// What a call costs.
    pub(super) cost: u64,
}

impl RedisRateLimiter {
    /// A limiter by this [`Rate`](super::super::Rate), or [`Config`], whose buckets are there. Does no
    /// I/O.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new(
        name: impl Into<Name>,
        redis: &Redis,
        config: impl Into<Config>,
    ) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, redis, config.into().parse()?))
    }

    /// A limiter by a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, redis: &Redis, plan: Plan) -> Self {
        Self { shared: Arc::new(Shared::new(name.into(), redis, plan)), cost: 1 }
    }

    /// Another view of the same buckets, each of whose calls costs so many tokens: those of
    /// [`call`](Self::call), [`run`](Self::run), layers and pipelines.
    #[must_use]
    pub fn costing(&self, tokens: u64) -> Self {
        Self { shared: Arc::clone(&self.shared), cost: tokens }
    }

    /// Calls an operation whose error is its own, for this key: `E` comes back as
    /// [`Error<E>`](crate::Error). One bucket for everybody has the key `&()`.
    ///
    /// # Cancel safety
    ///
    /// See [`RedisLimited`].
    pub fn call<K, F, Fut, T, E>(&self, key: &K, operation: F) -> RedisLimited<LiftedOnce<F>>
    where
        K: RedisKey + ?Sized,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: 'static,
    {
        let begin = LiftedOnce(Some(operation));
        RedisLimited::start(&self.shared, Some(&key.text()), self.cost, begin)
    }

    /// Calls an operation whose error has room for a refusal already; it comes back unchanged.
    ///
    /// # Cancel safety
    ///
    /// See [`RedisLimited`].
    pub fn run<K, F, Fut, T, E>(&self, key: &K, operation: F) -> RedisLimited<Once<F>>
    where
        K: RedisKey + ?Sized,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault,
    {
        RedisLimited::start(&self.shared, Some(&key.text()), self.cost, Once(Some(operation)))
    }

    /// A token of this key now, or not at all.
    ///
    /// # Errors
    ///
    /// There is none, and the refusal says when there will be; or the store cannot be asked.
    ///
    /// # Cancel safety
    ///
    /// Dropped while the store is asked, a token may be spent.
    pub async fn try_acquire<K: RedisKey + ?Sized>(&self, key: &K) -> Result<(), Refusal> {
        self.try_acquire_n(key, 1).await
    }

    /// So many tokens of this key now, all of them or none.
    ///
    /// # Errors
    ///
    /// They are not all there, and the refusal says when they will be, and `None` if there is never room for
    /// so many; or the store cannot be asked.
    ///
    /// # Cancel safety
    ///
    /// Dropped while the store is asked, the tokens may be spent.
    pub async fn try_acquire_n<K: RedisKey + ?Sized>(
        &self,
        key: &K,
        tokens: u64,
    ) -> Result<(), Refusal> {
        let shared = &*self.shared;
        let (rules, key) = (shared.rules(), shared.key(&key.text()));
        let said = match shared.begin(&rules, &key, tokens) {
            Some(said) => said,
            None => shared.ask(&rules, &key, tokens).await,
        };
        shared.settle(rules.config().mode, &said)
    }

    /// Takes so many tokens of this key if they are there, and tells what there is to tell, refused or
    /// not. Where tokens are leased, or the store cannot be asked, that is what is known here.
    ///
    /// # Cancel safety
    ///
    /// Dropped while the store is asked, the tokens may be spent.
    #[must_use = "without tokens there is no call"]
    pub async fn check<K: RedisKey + ?Sized>(&self, key: &K, tokens: u64) -> Decision {
        let shared = &*self.shared;
        let (rules, key) = (shared.rules(), shared.key(&key.text()));
        let said = match shared.begin(&rules, &key, tokens) {
            Some(said) => said,
            None => shared.ask(&rules, &key, tokens).await,
        };
        shared.count(rules.config().mode, &said);
        said.decision
    }

    /// What the store would tell; nothing is taken or counted.
    pub async fn peek<K: RedisKey + ?Sized>(&self, key: &K, tokens: u64) -> Decision {
        self.shared.peek(&self.shared.key(&key.text()), tokens).await
    }

    /// Gives so many tokens back to this key.
    ///
    /// # Errors
    ///
    /// The store cannot be asked, or has not answered: then it is not asked again, lest they be given back
    /// twice. They come back with time, as all do.
    pub async fn refund<K: RedisKey + ?Sized>(&self, key: &K, tokens: u64) -> Result<(), Failure> {
        self.shared.give_back(&self.shared.key(&key.text()), tokens).await
    }

    /// A look at what has been decided here.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.shared.snapshot()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.shared.name()
    }

    /// Where its buckets are.
    #[must_use]
    pub fn redis(&self) -> &Redis {
        self.shared.redis()
    }

    /// Goes by another config from now on, in this process. The time that a bucket takes to be full stays
    /// what it is; leases are given up.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then.
    pub fn reconfigure(&self, config: impl Into<Config>) -> Result<(), ConfigError> {
        self.shared.reconfigure(config.into().parse()?);
        Ok(())
    }

    /// Whether both are handles of one limiter in this process.
    #[must_use]
    pub fn same_limiter(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl fmt::Debug for RedisRateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRateLimiter").field("name", self.name()).finish_non_exhaustive()
    }
}

/// As one bucket for everybody.
impl<T, E> Policy<T, E> for RedisRateLimiter
where
    T: Send,
    E: Fault + Send,
{
    fn run<F, Fut>(&self, operation: F) -> impl Future<Output = Result<T, E>> + Send
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        RedisLimited::start(&self.shared, Some(b""), self.cost, Once(Some(operation)))
    }
}
