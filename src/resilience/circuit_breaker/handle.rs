use std::{fmt, future::Future, time::Duration};

use super::{
    config::{Config, Plan},
    future::Guarded,
    machine::Order,
    permit::{Borrowed, Owned, Permit},
    shared::Shared,
    snapshot::Snapshot,
    state::State,
    subscription::Subscription,
};
use crate::ground::{
    config::ConfigError,
    keyed,
    name::Name,
    outcome::{Classify, Hinted, Standard},
    policy::Policy,
    refusal::{Error, Fault, Lifted, Refusal},
    sync::{Spread, shards},
};

/// Stops calls to a backend that keeps failing, and probes it until it has recovered.
///
/// A handle: clones share one circuit, and so does every layer made from any of them. `C` is how
/// *this* handle tells what a result means; see [`classify`](Self::classify).
pub struct CircuitBreaker<C = Standard> {
    shared: Spread<Shared>,
    classify: C,
}

impl CircuitBreaker {
    /// A closed circuit.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new(name: impl Into<Name>, config: Config) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, config.parse()?))
    }

    /// A closed circuit, by a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, plan: Plan) -> Self {
        let shared = Shared::new(name.into(), plan, shards(), true);
        Self { shared: Spread::new(shared, shards()), classify: Standard }
    }
}

impl<C> CircuitBreaker<C> {
    /// Another view of the same circuit, with other eyes: a closure over
    /// `&Result<T, Error<E>>` (over `&Result<T, E>` with [`run`](Self::run) and in a layer). Its
    /// argument must be spelled out: `|result: &Result<Reply, Error<MyError>>| …`.
    #[must_use]
    pub fn classify<D>(&self, classify: D) -> CircuitBreaker<D> {
        CircuitBreaker { shared: self.shared.clone(), classify }
    }

    /// Another view of the same circuit that finds in a failed result how long the backend asks to
    /// be left alone. If that failure opens the circuit, it stays open at least so long, up to
    /// [`max_retry_after`](Config::max_retry_after). The closure's argument must be spelled out, as
    /// of [`classify`](Self::classify):
    ///
    /// ```
    /// # use buttress::{Error, circuit_breaker::CircuitBreaker};
    /// # use std::time::Duration;
    /// struct Busy { retry_after: Option<Duration> }
    ///
    /// let search = CircuitBreaker::new("search", Default::default())?.retry_after(
    ///     |result: &Result<String, Error<Busy>>| match result {
    ///         Err(Error::Inner(busy)) => busy.retry_after,
    ///         _ => None,
    ///     },
    /// );
    /// # Ok::<_, buttress::config::ConfigError>(())
    /// ```
    #[must_use]
    pub fn retry_after<R>(&self, retry_after: R) -> CircuitBreaker<Hinted<C, R>>
    where
        C: Clone,
    {
        self.classify(Hinted::new(self.classify.clone(), retry_after))
    }

    /// Calls an operation whose error is its own: `E` comes back as [`Error<E>`](crate::Error).
    ///
    /// Around what is guarded further in, use [`run`](Self::run): an error that hides a refusal in a
    /// type of its own looks like a failure from here.
    ///
    /// Admission is asked for here and now; the future carries the answer. A future dropped
    /// unpolled settles as cancelled.
    ///
    /// # Cancel safety
    ///
    /// See [`Guarded`].
    #[inline]
    pub fn call<F, Fut, T, E>(&self, operation: F) -> Guarded<Lifted<Fut>, Borrowed<'_, C>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: 'static,
        C: Classify<T, Error<E>>,
    {
        Guarded::start(self.borrow(), || Lifted::new(operation()))
    }

    /// Calls an operation whose error has room for a refusal already; it comes back unchanged.
    /// The door for what is guarded further in.
    ///
    /// # Cancel safety
    ///
    /// See [`Guarded`].
    #[inline]
    pub fn run<F, Fut, T, E>(&self, operation: F) -> Guarded<Fut, Borrowed<'_, C>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault,
        C: Classify<T, E>,
    {
        Guarded::start(self.borrow(), operation)
    }

    /// Admission for one call that you make yourself.
    ///
    /// # Errors
    ///
    /// The circuit is not letting calls through.
    pub fn try_acquire(&self) -> Result<Permit<Borrowed<'_, C>>, Refusal> {
        match self.shared.admit() {
            Ok(pass) => Ok(Permit::new(self.borrow(), pass)),
            Err(barred) => Err(self.shared.refusal(barred)),
        }
    }

    /// Admission for one call that outlives this handle.
    ///
    /// # Errors
    ///
    /// The circuit is not letting calls through.
    pub fn try_acquire_owned(&self) -> Result<Permit<Owned<C>>, Refusal>
    where
        C: Clone,
    {
        match self.shared.admit() {
            Ok(pass) => Ok(Permit::new(self.own(), pass)),
            Err(barred) => Err(self.shared.refusal(barred)),
        }
    }

    /// What the circuit is doing.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.state()
    }

    /// A look at everything it counts.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.shared.snapshot()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.shared.name()
    }

    /// Every transition from now on, in order.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        Subscription::new(self.shared.journal().reader())
    }

    /// Opens the circuit until [`reset`](Self::reset).
    pub fn force_open(&self) {
        self.shared.obey(Order::ForceOpen);
    }

    /// Opens the circuit for this long; then it is probed as ever.
    pub fn open_for(&self, duration: Duration) {
        self.shared.obey(Order::OpenFor(duration));
    }

    /// Takes the backend out of service until [`reset`](Self::reset): as [`force_open`](Self::force_open),
    /// but whoever is refused can tell that it was meant.
    pub fn isolate(&self) {
        self.shared.obey(Order::Isolate);
    }

    /// Lets everything through and counts nothing, until [`reset`](Self::reset).
    pub fn disable(&self) {
        self.shared.obey(Order::Disable);
    }

    /// Closes the circuit and forgets what was counted.
    pub fn reset(&self) {
        self.shared.obey(Order::Reset);
    }

    /// Goes by another config from now on. The state stays, as do calls in flight; the window
    /// starts again only if it is cut differently.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.shared.reconfigure(config.parse()?);
        Ok(())
    }

    /// Whether both are handles of one circuit.
    #[must_use]
    pub fn same_circuit<D>(&self, other: &CircuitBreaker<D>) -> bool {
        self.shared.same(&other.shared)
    }

    #[inline]
    fn borrow(&self) -> Borrowed<'_, C> {
        Borrowed { shared: &self.shared, classify: &self.classify }
    }

    #[inline]
    pub(super) fn own(&self) -> Owned<C>
    where
        C: Clone,
    {
        Owned { shared: self.shared.hold(), classify: self.classify.clone() }
    }

    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "for services"))]
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl<C: Clone> Clone for CircuitBreaker<C> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), classify: self.classify.clone() }
    }
}

impl<C> fmt::Debug for CircuitBreaker<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("name", self.name())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

impl<T, E, C> Policy<T, E> for CircuitBreaker<C>
where
    T: Send,
    E: Fault + Send,
    C: Classify<T, E> + Sync,
{
    fn run<F, Fut>(&self, operation: F) -> impl Future<Output = Result<T, E>> + Send
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        Guarded::start(self.borrow(), operation)
    }
}

impl keyed::Member for CircuitBreaker {
    fn is_idle(&self) -> bool {
        self.shared.is_sole()
    }

    fn is_healthy(&self) -> bool {
        self.shared.is_healthy()
    }
}

impl keyed::Plan for Plan {
    type Guard = CircuitBreaker;

    /// One shard of everything: members are many, and each is seldom busy.
    fn member(&self, family: &Name) -> CircuitBreaker {
        let shared = Shared::new(family.clone(), self.clone(), 1, false);
        CircuitBreaker { shared: Spread::new(shared, 1), classify: Standard }
    }
}
