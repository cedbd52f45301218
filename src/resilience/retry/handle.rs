use std::{fmt, future::Future, sync::Arc};

use super::{
    config::{Config, Plan},
    future::Retrying,
    shared::{Borrowed, Core, Shared},
    snapshot::Snapshot,
    view::{Eyes, Observe, Pace, Planned, Unwatched},
};
use crate::{
    ground::{
        config::ConfigError,
        hold::View,
        name::Name,
        outcome::{Classify, Hinted, Standard},
        policy::Policy,
        refusal::{Error, Fault, Lifted},
        source::{Lifting, Plain},
        sync::{Spread, shards},
    },
    resilience::budget::{self, Budget, Purse},
};

/// Tries again what is worth it.
///
/// A handle: clones share the config, the budget and the totals, as does every layer made from any of
/// them. `C` is how *this* handle tells what a result means, `O` who hears of further attempts, `D`
/// where the delays come from: [`classify`](Self::classify), [`on_retry`](Self::on_retry) and
/// [`delays`](Self::delays) give another view of the same retry.
pub struct Retry<C = Standard, O = Unwatched, D = Planned> {
    pub(super) view: View<Core, Eyes<C, O, D>>,
}

impl Retry {
    /// A retry with a [budget](Self::budget) of its own, by the defaults.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new(name: impl Into<Name>, config: Config) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, config.parse()?))
    }

    /// The same, by a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, plan: Plan) -> Self {
        let name = name.into();
        let budget = Budget::from_plan(name.clone(), &budget::Plan::default());
        let core =
            Core { shared: Arc::new(Shared::new(name, plan)), purse: Some(Purse::Budget(budget)) };
        let core = Spread::new(core, shards());
        let eyes = Eyes { classify: Standard, observe: Unwatched, pace: Planned };
        Self { view: View { core, eyes } }
    }
}

impl<C, O, D> Retry<C, O, D> {
    /// Another view of the same retry, with other eyes: a closure over `&Result<T, Error<E>>` (over
    /// `&Result<T, E>` with [`run`](Self::run) and in a layer), whose argument must be spelled out.
    /// Failures, hard and soft, are tried again; what is to be ignored is the answer.
    #[must_use]
    pub fn classify<N>(&self, classify: N) -> Retry<N, O, D>
    where
        O: Clone,
        D: Clone,
    {
        let (observe, pace) = (self.view.eyes.observe.clone(), self.view.eyes.pace.clone());
        Retry { view: self.view.seen_by(Eyes { classify, observe, pace }) }
    }

    /// Another view of the same retry that finds in a failed result what the backend asks of its
    /// callers: an `Option<Duration>`, or a [`Pushback`](crate::pushback::Pushback).
    ///
    /// ```
    /// # use buttress::{Error, retry::Retry};
    /// # use std::time::Duration;
    /// struct Busy { retry_after: Option<Duration> }
    ///
    /// let search = Retry::new("search", Default::default())?.retry_after(
    ///     |result: &Result<String, Error<Busy>>| match result {
    ///         Err(Error::Inner(busy)) => busy.retry_after,
    ///         _ => None,
    ///     },
    /// );
    /// # Ok::<_, buttress::config::ConfigError>(())
    /// ```
    #[must_use]
    pub fn retry_after<R>(&self, retry_after: R) -> Retry<Hinted<C, R>, O, D>
    where
        C: Clone,
        O: Clone,
        D: Clone,
    {
        self.classify(Hinted::new(self.view.eyes.classify.clone(), retry_after))
    }

    /// Another view of the same retry that tells of every further attempt before its delay: a closure
    /// over `&Again<'_, T, Error<E>>`, whose argument must be spelled out.
    ///
    /// ```
    /// # use buttress::{Error, retry::{Again, Retry}};
    /// # use std::io;
    /// let search = Retry::new("search", Default::default())?.on_retry(
    ///     |again: &Again<'_, String, Error<io::Error>>| {
    ///         eprintln!("attempt {} failed, next in {:?}", again.attempt, again.delay);
    ///     },
    /// );
    /// # Ok::<_, buttress::config::ConfigError>(())
    /// ```
    #[must_use]
    pub fn on_retry<N>(&self, observe: N) -> Retry<C, N, D>
    where
        C: Clone,
        D: Clone,
    {
        let (classify, pace) = (self.view.eyes.classify.clone(), self.view.eyes.pace.clone());
        Retry { view: self.view.seen_by(Eyes { classify, observe, pace }) }
    }

    /// Another view of the same retry whose delays you give: a closure that makes an iterator for
    /// each call that needs one. They are waited as they are; when they end, so do the attempts.
    ///
    /// ```
    /// # use buttress::retry::Retry;
    /// # use std::time::Duration;
    /// let poll = Retry::new("poll", Default::default())?
    ///     .delays(|| [1, 1, 2, 3, 5, 8].map(Duration::from_secs));
    /// # Ok::<_, buttress::config::ConfigError>(())
    /// ```
    #[must_use]
    pub fn delays<N>(&self, pace: N) -> Retry<C, O, N>
    where
        C: Clone,
        O: Clone,
        N: Pace,
    {
        let (classify, observe) = (self.view.eyes.classify.clone(), self.view.eyes.observe.clone());
        Retry { view: self.view.seen_by(Eyes { classify, observe, pace }) }
    }

    /// Another view of the same retry that pays from this budget, or from this
    /// [quota](crate::budget::quota): share one between the retries and hedges of a backend.
    #[must_use]
    pub fn paying_from(&self, purse: impl Into<Purse>) -> Self
    where
        C: Clone,
        O: Clone,
        D: Clone,
    {
        self.with_core(Some(purse.into()))
    }

    /// Another view of the same retry that nobody keeps from trying again. For calls whose number is
    /// bounded by other means.
    #[must_use]
    pub fn without_budget(&self) -> Self
    where
        C: Clone,
        O: Clone,
        D: Clone,
    {
        self.with_core(None)
    }

    fn with_core(&self, purse: Option<Purse>) -> Self
    where
        C: Clone,
        O: Clone,
        D: Clone,
    {
        let core = Core { shared: Arc::clone(&self.view.core.shared), purse };
        Self { view: View { core: Spread::new(core, shards()), eyes: self.view.eyes.clone() } }
    }

    /// Calls an operation whose error is its own: `E` comes back as [`Error<E>`](crate::Error).
    ///
    /// The first attempt is started here and now, and made when the future is polled.
    ///
    /// # Cancel safety
    ///
    /// See [`Retrying`].
    #[inline]
    pub fn call<F, Fut, T, E>(
        &self,
        mut operation: F,
    ) -> Retrying<Lifting<F>, Borrowed<'_, C, O, D>>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: 'static,
        C: Classify<T, Error<E>>,
        O: Observe<T, Error<E>>,
        D: Pace,
    {
        Retrying::start(&self.view.core, self.view.borrow(), || {
            let attempt = Lifted::new(operation());
            (Lifting(operation), attempt)
        })
    }

    /// Calls an operation whose error has room for a refusal already; it comes back unchanged. The
    /// door for what is guarded further in.
    ///
    /// # Cancel safety
    ///
    /// See [`Retrying`].
    #[inline]
    pub fn run<F, Fut, T, E>(&self, mut operation: F) -> Retrying<Plain<F>, Borrowed<'_, C, O, D>>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault,
        C: Classify<T, E>,
        O: Observe<T, E>,
        D: Pace,
    {
        Retrying::start(&self.view.core, self.view.borrow(), || {
            let attempt = operation();
            (Plain(operation), attempt)
        })
    }

    /// A look at what it has done.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let core = &self.view.core;
        core.shared.snapshot(core.purse.as_ref())
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.view.core.shared.name()
    }

    /// The budget it pays from; none [without](Self::without_budget), or where it pays from a quota.
    #[must_use]
    pub fn budget(&self) -> Option<&Budget> {
        match &self.view.core.purse {
            Some(Purse::Budget(budget)) => Some(budget),
            _ => None,
        }
    }

    /// Goes by another config from now on. A call that has failed once goes on by the one it failed
    /// under.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.view.core.shared.reconfigure(config.parse()?);
        Ok(())
    }
}

impl<C: Clone, O: Clone, D: Clone> Clone for Retry<C, O, D> {
    fn clone(&self) -> Self {
        Self { view: self.view.clone() }
    }
}

impl<C, O, D> fmt::Debug for Retry<C, O, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry").field("name", self.name()).finish_non_exhaustive()
    }
}

impl<T, E, C, O, D> Policy<T, E> for Retry<C, O, D>
where
    T: Send,
    E: Fault + Send,
    C: Classify<T, E> + Sync,
    O: Observe<T, E> + Sync,
    D: Pace<Delays: Send> + Sync,
{
    fn run<F, Fut>(&self, operation: F) -> impl Future<Output = Result<T, E>> + Send
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        Self::run(self, operation)
    }
}

/// Reads aloud: `operation.retry(&policy).await`.
///
/// ```
/// use buttress::retry::{Retry, Retryable};
///
/// # async fn fetch() -> Result<u32, std::io::Error> { Ok(1) }
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let retry = Retry::new("fetch", Default::default())?;
/// let answer = fetch.retry(&retry).await?;
/// # Ok(())
/// # }
/// ```
pub trait Retryable<T, E, Fut>: FnMut() -> Fut + Sized {
    /// As [`Retry::call`].
    fn retry<C, O, D>(
        self,
        retry: &Retry<C, O, D>,
    ) -> Retrying<Lifting<Self>, Borrowed<'_, C, O, D>>
    where
        Fut: Future<Output = Result<T, E>>,
        E: 'static,
        C: Classify<T, Error<E>>,
        O: Observe<T, Error<E>>,
        D: Pace,
    {
        retry.call(self)
    }
}

impl<T, E, Fut, F> Retryable<T, E, Fut> for F
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
}
