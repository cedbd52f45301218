use std::{fmt, future::Future};

use super::{
    config::{Config, Plan},
    future::Throttling,
    permit::Permit,
    shared::{Borrowed, Owned, Shared},
    snapshot::Snapshot,
};
use crate::ground::{
    config::ConfigError,
    hold::View,
    keyed,
    name::Name,
    outcome::{Classify, Standard},
    policy::Policy,
    refusal::{Error, Fault, Lifted, Refusal},
    sync::{Spread, shards},
};

/// Holds back a share of the calls to a backend that turns many of them away.
///
/// A handle: clones share what was counted, as does every layer made from any of them. `C` is how *this*
/// handle tells what a result means; see [`classify`](Self::classify).
pub struct Throttle<C = Standard> {
    pub(super) view: View<Shared, C>,
}

impl Throttle {
    /// A throttle that has seen nothing.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new(name: impl Into<Name>, config: Config) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, &config.parse()?))
    }

    /// A throttle by a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, plan: &Plan) -> Self {
        Self::spread(name.into(), plan, shards())
    }

    fn spread(name: Name, plan: &Plan, threads: usize) -> Self {
        let core = Spread::new(Shared::new(name, plan, threads), threads);
        Self { view: View { core, eyes: Standard } }
    }
}

impl<C> Throttle<C> {
    /// Another view of the same throttle, with other eyes: a closure over
    /// `&Result<T, Error<E>>` (over `&Result<T, E>` with [`run`](Self::run) and in a layer), whose
    /// argument must be spelled out. The question is whether the backend took the call, however it
    /// answered:
    ///
    /// ```
    /// # use buttress::{Error, outcome::Outcome, throttle::Throttle};
    /// # enum ApiError { NotFound, Busy }
    /// let search = Throttle::new("search", Default::default())?.classify(
    ///     |result: &Result<String, Error<ApiError>>| match result {
    ///         Ok(_) | Err(Error::Inner(ApiError::NotFound)) => Outcome::Success,
    ///         Err(_) => Outcome::Failure,
    ///     },
    /// );
    /// # Ok::<_, buttress::config::ConfigError>(())
    /// ```
    #[must_use]
    pub fn classify<D>(&self, classify: D) -> Throttle<D> {
        Throttle { view: self.view.seen_by(classify) }
    }

    /// Calls an operation whose error is its own: `E` comes back as [`Error<E>`](crate::Error).
    ///
    /// Around what is guarded further in, use [`run`](Self::run): an error that hides a refusal in a
    /// type of its own looks like a failure from here.
    ///
    /// It is decided here and now; the future carries the answer. A future dropped unpolled is taken out
    /// of the count.
    ///
    /// # Cancel safety
    ///
    /// See [`Throttling`].
    #[inline]
    pub fn call<F, Fut, T, E>(&self, operation: F) -> Throttling<Lifted<Fut>, Borrowed<'_, C>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: 'static,
        C: Classify<T, Error<E>>,
    {
        Throttling::start(&self.view.core, self.view.borrow(), || Lifted::new(operation()))
    }

    /// Calls an operation whose error has room for a refusal already; it comes back unchanged.
    /// The door for what is guarded further in.
    ///
    /// # Cancel safety
    ///
    /// See [`Throttling`].
    #[inline]
    pub fn run<F, Fut, T, E>(&self, operation: F) -> Throttling<Fut, Borrowed<'_, C>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault,
        C: Classify<T, E>,
    {
        Throttling::start(&self.view.core, self.view.borrow(), operation)
    }

    /// Admission for one call that you make yourself.
    ///
    /// # Errors
    ///
    /// The call is held back.
    pub fn try_acquire(&self) -> Result<Permit<Borrowed<'_, C>>, Refusal> {
        match self.view.core.admit() {
            Some(began) => Ok(Permit::new(self.view.borrow(), began)),
            None => Err(self.view.core.refusal()),
        }
    }

    /// Admission for one call that outlives this handle.
    ///
    /// # Errors
    ///
    /// The call is held back.
    pub fn try_acquire_owned(&self) -> Result<Permit<Owned<C>>, Refusal>
    where
        C: Clone,
    {
        match self.view.core.admit() {
            Some(began) => Ok(Permit::new(self.view.own(), began)),
            None => Err(self.view.core.refusal()),
        }
    }

    /// A look at what it counts and does.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.view.core.snapshot()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.view.core.name()
    }

    /// Goes by another config from now on. What was counted stays, unless the window is another.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.view.core.reconfigure(&config.parse()?);
        Ok(())
    }
}

impl<C: Clone> Clone for Throttle<C> {
    fn clone(&self) -> Self {
        Self { view: self.view.clone() }
    }
}

impl<C> fmt::Debug for Throttle<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle")
            .field("name", self.name())
            .field("share", &self.view.core.share())
            .finish_non_exhaustive()
    }
}

impl<T, E, C> Policy<T, E> for Throttle<C>
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
        Throttling::start(&self.view.core, self.view.borrow(), operation)
    }
}

impl keyed::Member for Throttle {
    fn is_idle(&self) -> bool {
        self.view.core.is_sole()
    }

    fn is_healthy(&self) -> bool {
        !self.view.core.is_throttling()
    }
}

impl keyed::Plan for Plan {
    type Guard = Throttle;

    /// One shard of everything: members are many, and each is seldom busy.
    fn member(&self, family: &Name) -> Throttle {
        Throttle::spread(family.clone(), self, 1)
    }
}
