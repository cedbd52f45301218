use std::{fmt, future::Future, sync::Arc};

use super::{
    config::{Config, Plan},
    future::Hedging,
    shared::{Borrowed, Core, Shared},
    snapshot::Snapshot,
    view::{AsPlanned, Eyes, Patience},
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
    resilience::budget::{self, Budget},
};

/// Asks again beside a call that takes too long, and takes whichever answer is first.
///
/// A handle: clones share the config, what was measured, the budget and the totals, as does every layer
/// made from any of them. `C` is how *this* handle tells what a result means, `D` how long it waits:
/// [`classify`](Self::classify) and [`patience`](Self::patience) give another view of the same hedge.
pub struct Hedge<C = Standard, D = AsPlanned> {
    pub(super) view: View<Core, Eyes<C, D>>,
}

impl Hedge {
    /// A hedge with a [budget](Self::budget) of its own, by the defaults.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new(name: impl Into<Name>, config: Config) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, &config.parse()?))
    }

    /// The same, by a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, plan: &Plan) -> Self {
        let name = name.into();
        let budget = Budget::from_plan(name.clone(), &budget::Plan::default());
        let core = Core { shared: Arc::new(Shared::new(name, plan)), budget: Some(budget) };
        let eyes = Eyes { classify: Standard, patience: AsPlanned };
        Self { view: View { core: Spread::new(core, shards()), eyes } }
    }
}

impl<C, D> Hedge<C, D> {
    /// Another view of the same hedge, with other eyes: a closure over `&Result<T, Error<E>>` (over
    /// `&Result<T, E>` with [`run`](Self::run) and in a layer), whose argument must be spelled out.
    /// A failure starts the next attempt at once, a soft one starts none, what is to be ignored is
    /// the answer.
    #[must_use]
    pub fn classify<N>(&self, classify: N) -> Hedge<N, D>
    where
        D: Clone,
    {
        let patience = self.view.eyes.patience.clone();
        Hedge { view: self.view.seen_by(Eyes { classify, patience }) }
    }

    /// Another view of the same hedge that finds in a failed result whether the backend asks to be left
    /// alone: an `Option<Duration>`, or a [`Pushback`](crate::pushback::Pushback). It is then not
    /// asked again.
    #[must_use]
    pub fn retry_after<R>(&self, retry_after: R) -> Hedge<Hinted<C, R>, D>
    where
        C: Clone,
        D: Clone,
    {
        self.classify(Hinted::new(self.view.eyes.classify.clone(), retry_after))
    }

    /// Another view of the same hedge that says for each call how long to wait: a closure from the
    /// config's delay, none while that is not known, to another; none is never.
    ///
    /// ```
    /// # use buttress::hedge::Hedge;
    /// # use std::time::Duration;
    /// let search = Hedge::new("search", Default::default())?
    ///     .patience(|planned: Option<Duration>| planned.map(|delay| delay.min(Duration::from_secs(1))));
    /// # Ok::<_, buttress::config::ConfigError>(())
    /// ```
    #[must_use]
    pub fn patience<N>(&self, patience: N) -> Hedge<C, N>
    where
        C: Clone,
        N: Patience,
    {
        let classify = self.view.eyes.classify.clone();
        Hedge { view: self.view.seen_by(Eyes { classify, patience }) }
    }

    /// Another view of the same hedge that pays from this budget: share one between the retries and
    /// hedges of a backend.
    #[must_use]
    pub fn paying_from(&self, budget: &Budget) -> Self
    where
        C: Clone,
        D: Clone,
    {
        self.with_core(Some(budget.clone()))
    }

    /// Another view of the same hedge without a budget; where the delay is measured, the share of
    /// calls that it allows holds all the same.
    #[must_use]
    pub fn without_budget(&self) -> Self
    where
        C: Clone,
        D: Clone,
    {
        self.with_core(None)
    }

    fn with_core(&self, budget: Option<Budget>) -> Self
    where
        C: Clone,
        D: Clone,
    {
        let core = Core { shared: Arc::clone(&self.view.core.shared), budget };
        Self { view: View { core: Spread::new(core, shards()), eyes: self.view.eyes.clone() } }
    }

    /// Calls an operation whose error is its own: `E` comes back as [`Error<E>`](crate::Error). Each
    /// attempt is a call of `operation`; several run side by side.
    ///
    /// # Cancel safety
    ///
    /// See [`Hedging`].
    #[inline]
    pub fn call<F, Fut, T, E>(&self, operation: F) -> Hedging<Lifting<F>, Borrowed<'_, C, D>>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: 'static,
        C: Classify<T, Error<E>>,
        D: Patience,
    {
        Hedging::start(&self.view.core, self.view.borrow(), |_| {
            let first = Lifted::new(operation());
            (Lifting(operation), first)
        })
    }

    /// Calls an operation whose error has room for a refusal already; it comes back unchanged. The
    /// door for what is guarded further in.
    ///
    /// # Cancel safety
    ///
    /// See [`Hedging`].
    #[inline]
    pub fn run<F, Fut, T, E>(&self, operation: F) -> Hedging<Plain<F>, Borrowed<'_, C, D>>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault,
        C: Classify<T, E>,
        D: Patience,
    {
        Hedging::start(&self.view.core, self.view.borrow(), |_| {
            let first = operation();
            (Plain(operation), first)
        })
    }

    /// A look at what it measures and has done.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let core = &self.view.core;
        core.shared.snapshot(core.budget.as_ref())
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.view.core.shared.name()
    }

    /// What it pays from; none [without](Self::without_budget).
    #[must_use]
    pub fn budget(&self) -> Option<&Budget> {
        self.view.core.budget.as_ref()
    }

    /// Goes by another config from now on. What was measured is forgotten if the delay is measured.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.view.core.shared.reconfigure(&config.parse()?);
        Ok(())
    }
}

impl<C: Clone, D: Clone> Clone for Hedge<C, D> {
    fn clone(&self) -> Self {
        Self { view: self.view.clone() }
    }
}

impl<C, D> fmt::Debug for Hedge<C, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hedge")
            .field("name", self.name())
            .field("delay", &self.snapshot().delay)
            .finish_non_exhaustive()
    }
}

impl<T, E, C, D> Policy<T, E> for Hedge<C, D>
where
    T: Send,
    E: Fault + Send,
    C: Classify<T, E> + Sync,
    D: Patience + Sync,
{
    fn run<F, Fut>(&self, operation: F) -> impl Future<Output = Result<T, E>> + Send
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        Self::run(self, operation)
    }
}
