use std::{borrow::Borrow, fmt, future::Future, hash::Hash, sync::Arc};

use super::{
    config::{Config, Plan},
    future::Flying,
    shared::Flights,
    snapshot::Snapshot,
};
use crate::ground::{
    config::ConfigError,
    name::Name,
    refusal::{Fault, Unchanged, Wrapped},
};

/// One call for all who ask for the same key at once.
///
/// A handle: clones share what is under way, as do layers made from any of them. Each caller gets a clone
/// of the answer, a `T` or an `E`; what cannot be cloned is shared as an `Arc`.
pub struct SingleFlight<K, T, E> {
    flights: Arc<Flights<K, Result<T, E>>>,
}

impl<K, T, E> SingleFlight<K, T, E>
where
    K: Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    /// With nothing under way.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new(name: impl Into<Name>, config: Config) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, &config.parse()?))
    }

    /// The same by a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, plan: &Plan) -> Self {
        Self { flights: Flights::new(name.into(), plan) }
    }

    /// Waits for the answer of this key, and calls the operation for it if nobody has. Its error is its
    /// own: `E` comes back as [`Error<E>`](crate::Error).
    ///
    /// It joins, or begins, when it is called and not when it is polled first: a call that is kept and
    /// never polled is one whose work the others drive.
    ///
    /// # Cancel safety
    ///
    /// See [`Flying`].
    #[inline]
    pub fn call<F, Fut>(&self, key: K, operation: F) -> Flying<K, T, E, Wrapped>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        Flying::new(&self.flights, Some(key), || Box::pin(operation()))
    }

    /// The same with an operation whose error has room for a refusal already; it comes back unchanged.
    ///
    /// # Cancel safety
    ///
    /// See [`Flying`].
    #[inline]
    pub fn run<F, Fut>(&self, key: K, operation: F) -> Flying<K, T, E, Unchanged>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        E: Fault,
    {
        Flying::new(&self.flights, Some(key), || Box::pin(operation()))
    }
}

impl<K, T, E> SingleFlight<K, T, E> {
    /// Whoever asks for this key from now on begins anew; those who wait already get what they wait for. For
    /// when the answer that is on its way is known to be out of date. Whether the key was under way.
    pub fn forget<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.flights.forget(key)
    }

    /// How many keys are under way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.flights.in_flight()
    }

    /// A look at what is under way.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.flights.snapshot()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.flights.name()
    }

    /// Goes by another config from now on. What is under way stays as it is.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.flights.reconfigure(&config.parse()?);
        Ok(())
    }

    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "for services"))]
    pub(super) const fn flights(&self) -> &Arc<Flights<K, Result<T, E>>> {
        &self.flights
    }
}

impl<K, T, E> Clone for SingleFlight<K, T, E> {
    fn clone(&self) -> Self {
        Self { flights: Arc::clone(&self.flights) }
    }
}

impl<K, T, E> fmt::Debug for SingleFlight<K, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleFlight")
            .field("name", self.name())
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}
