use std::{fmt, future::Future, sync::Arc};

use super::{
    config::{Config, Plan},
    future::Timed,
    hold::Borrowed,
    shared::Shared,
    snapshot::Snapshot,
};
use crate::ground::{
    config::ConfigError,
    name::Name,
    policy::Policy,
    refusal::{Fault, Lifted},
};

/// Gives every call so much time, and never more than its [`Deadline`](crate::time::Deadline) leaves.
///
/// A handle: clones share the limit and the totals, as does every layer made from any of them.
#[derive(Clone)]
pub struct Timeout {
    pub(super) shared: Arc<Shared>,
}

impl Timeout {
    /// A timeout with this limit: a `Duration`, or a [`Config`].
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config: a limit of zero, for one.
    pub fn new(name: impl Into<Name>, config: impl Into<Config>) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, &config.into().parse()?))
    }

    /// A timeout by a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, plan: &Plan) -> Self {
        Self { shared: Shared::new(name.into(), plan) }
    }

    /// Calls an operation whose error is its own: `E` comes back as [`Error<E>`](crate::Error).
    ///
    /// Whether the deadline has passed is asked here and now; the future carries the answer.
    ///
    /// # Cancel safety
    ///
    /// See [`Timed`].
    #[inline]
    pub fn call<F, Fut, T, E>(&self, operation: F) -> Timed<Lifted<Fut>, Borrowed<'_>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: 'static,
    {
        Timed::start(&self.shared, Borrowed::new(&self.shared), || Lifted::new(operation()))
    }

    /// Calls an operation whose error has room for a refusal already; it comes back unchanged.
    ///
    /// # Cancel safety
    ///
    /// See [`Timed`].
    #[inline]
    pub fn run<F, Fut, T, E>(&self, operation: F) -> Timed<Fut, Borrowed<'_>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault,
    {
        Timed::start(&self.shared, Borrowed::new(&self.shared), operation)
    }

    /// A look at its limit and what it has done.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.shared.snapshot()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.shared.name()
    }

    /// Gives calls that start from now on another limit.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then.
    pub fn reconfigure(&self, config: impl Into<Config>) -> Result<(), ConfigError> {
        self.shared.reconfigure(&config.into().parse()?);
        Ok(())
    }
}

impl fmt::Debug for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout")
            .field("name", self.name())
            .field("limit", &self.snapshot().limit)
            .finish_non_exhaustive()
    }
}

impl<T, E> Policy<T, E> for Timeout
where
    T: Send,
    E: Fault + Send,
{
    fn run<F, Fut>(&self, operation: F) -> impl Future<Output = Result<T, E>> + Send
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        Timed::start(&self.shared, Borrowed::new(&self.shared), operation)
    }
}
