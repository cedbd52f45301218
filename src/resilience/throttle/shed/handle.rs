use std::{fmt, future::Future, time::Duration};

use super::{
    config::{Config, Plan},
    future::Shedding,
    permit::Permit,
    shared::{Borrowed, Owned, Shared},
    snapshot::Snapshot,
};
use crate::ground::{
    config::ConfigError,
    hold::View,
    name::Name,
    policy::Policy,
    refusal::{Error, Fault, Lifted, Refusal},
    sync::{Spread, shards},
};

/// Turns calls away while there is too much to do.
///
/// A handle: clones share one state, as does every layer made from any of them.
#[derive(Clone)]
pub struct Shed {
    pub(super) view: View<Shared, ()>,
}

impl Shed {
    /// A shed with nothing running.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new(name: impl Into<Name>, config: Config) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, &config.parse()?))
    }

    /// A shed by a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, plan: &Plan) -> Self {
        let core = Spread::new(Shared::new(name.into(), plan), shards());
        Self { view: View { core, eyes: () } }
    }

    /// Calls an operation whose error is its own: `E` comes back as [`Error<E>`](crate::Error).
    ///
    /// It is decided here and now, by what runs; the future carries the answer.
    ///
    /// # Cancel safety
    ///
    /// See [`Shedding`].
    #[inline]
    pub fn call<F, Fut, T, E>(&self, operation: F) -> Shedding<Lifted<Fut>, Borrowed<'_>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: 'static,
        Error<E>: Fault,
    {
        self.start(|| Lifted::new(operation()))
    }

    /// Calls an operation whose error has room for a refusal already; it comes back unchanged. The door
    /// for what is guarded further in.
    ///
    /// # Cancel safety
    ///
    /// See [`Shedding`].
    #[inline]
    pub fn run<F, Fut, T, E>(&self, operation: F) -> Shedding<Fut, Borrowed<'_>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault,
    {
        self.start(operation)
    }

    #[inline]
    fn start<F>(&self, start: impl FnOnce() -> F) -> Shedding<F, Borrowed<'_>> {
        Shedding::start(&self.view.core, self.view.borrow(), None, false, start)
    }

    /// A place for one call that you make yourself.
    ///
    /// # Errors
    ///
    /// There is too much to do.
    pub fn try_acquire(&self) -> Result<Permit<Borrowed<'_>>, Refusal> {
        self.admit(None).map(|()| Permit::new(self.view.borrow()))
    }

    /// A place for one call that has waited so long in a queue of yours.
    ///
    /// # Errors
    ///
    /// There is too much to do, or it has waited for too long.
    pub fn try_acquire_after(&self, waited: Duration) -> Result<Permit<Borrowed<'_>>, Refusal> {
        self.admit(Some(waited)).map(|()| Permit::new(self.view.borrow()))
    }

    /// A place for one call that outlives this handle.
    ///
    /// # Errors
    ///
    /// There is too much to do.
    pub fn try_acquire_owned(&self) -> Result<Permit<Owned>, Refusal> {
        self.admit(None).map(|()| Permit::new(self.view.own()))
    }

    /// The same for one that has waited so long in a queue of yours.
    ///
    /// # Errors
    ///
    /// There is too much to do, or it has waited for too long.
    pub fn try_acquire_owned_after(&self, waited: Duration) -> Result<Permit<Owned>, Refusal> {
        self.admit(Some(waited)).map(|()| Permit::new(self.view.own()))
    }

    fn admit(&self, waited: Option<Duration>) -> Result<(), Refusal> {
        let shared = &self.view.core;
        if shared.admit(waited, false) { Ok(()) } else { Err(shared.refusal()) }
    }

    /// A look at what runs and what was refused.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.view.core.snapshot()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.view.core.name()
    }

    /// Goes by another config from now on. What runs goes on running, and counts.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.view.core.reconfigure(&config.parse()?);
        Ok(())
    }
}

impl fmt::Debug for Shed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shed").field("name", self.name()).finish_non_exhaustive()
    }
}

impl<T, E> Policy<T, E> for Shed
where
    T: Send,
    E: Fault + Send,
{
    fn run<F, Fut>(&self, operation: F) -> impl Future<Output = Result<T, E>> + Send
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        self.start(operation)
    }
}
