use std::{fmt, future::Future, future::poll_fn, pin::pin, sync::Arc};

use super::{
    config::{Config, Plan},
    connection::Connection,
    future::Calling,
    heartbeat,
    hold::{Borrowed, Owned},
    operation::{Called, Ran},
    shared::Shared,
    snapshot::Snapshot,
    state::{Intact, State},
    subscription::Subscription,
    waiter::Waiter,
};
use crate::ground::{
    config::ConfigError,
    name::Name,
    outcome::Classify,
    refusal::{Error, Fault, Refusal},
};

/// Keeps something connected: a `C`, or an `E` if that fails.
///
/// A handle: clones share one connection, as does every service made from any of them. `K` is how *this*
/// handle tells which results break the connection; see [`classify`](Self::classify).
///
/// It goes from thread to thread if `C` is both `Send` and `Sync`, for all threads use the one connection.
/// What is not `Sync` can be kept as an `Arc<Mutex<_>>`, a boxed service as a `tower::util::BoxCloneSyncService`.
pub struct Reconnect<C, E, K = Intact> {
    shared: Arc<Shared<C, E>>,
    classify: K,
}

impl<C, E> Reconnect<C, E> {
    /// What `connect` makes, once somebody asks for it. No deadline of a caller reaches into
    /// `connect`: it works for all of them.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new<F, Fut>(
        name: impl Into<Name>,
        config: Config,
        connect: F,
    ) -> Result<Self, ConfigError>
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C, E>> + Send + 'static,
    {
        Ok(Self::from_plan(name, config.parse()?, connect))
    }

    /// The same by a config that has been checked already.
    #[must_use]
    pub fn from_plan<F, Fut>(name: impl Into<Name>, plan: Plan, connect: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C, E>> + Send + 'static,
    {
        Self { shared: Shared::new(name.into(), plan, connect), classify: Intact }
    }
}

impl<C, E, K> Reconnect<C, E, K> {
    /// Another view of the same connection, with other eyes: a closure over `&Result<T, Error<X>>`
    /// (over `&Result<T, X>` with [`run`](Self::run) and in a service), whose argument must be spelled
    /// out. A result that is a [`Failure`](crate::outcome::Outcome::Failure) broke the connection; with
    /// [`Standard::default()`](crate::outcome::Standard) every error does. Refusals that never began break
    /// nothing and are not asked about.
    #[must_use]
    pub fn classify<D>(&self, classify: D) -> Reconnect<C, E, D> {
        Reconnect { shared: Arc::clone(&self.shared), classify }
    }

    /// A live connection, made if need be.
    ///
    /// # Errors
    ///
    /// There is none, and to wait for one is in vain or takes too long: [`Refusal::Disconnected`], which
    /// says when the next attempt is due; or the deadline has passed; or it is closed.
    ///
    /// # Cancel safety
    ///
    /// The connect goes on with whoever else waits.
    pub async fn connected(&self) -> Result<Connection<C, E>, Refusal> {
        let mut waiter = pin!(Waiter::new());
        match poll_fn(|cx| waiter.as_mut().poll(&self.shared, cx)).await {
            Ok(live) => Ok(Connection::new(live, Arc::clone(&self.shared))),
            Err(refusal) => Err(self.shared.refuse(refusal)),
        }
    }

    /// The connection, if there is one already.
    #[must_use]
    pub fn try_connected(&self) -> Option<Connection<C, E>> {
        let live = self.shared.live()?;
        Some(Connection::new(live, Arc::clone(&self.shared)))
    }

    /// Calls an operation on a live connection; its error is its own: `X` comes back as
    /// [`Error<X>`](crate::Error). Twice at most: see [`call_again`](Config::call_again). If there is no
    /// connection for the second, the answer is that of the first.
    ///
    /// # Cancel safety
    ///
    /// See [`Calling`].
    pub fn call<F, Fut, T, X>(&self, operation: F) -> Calling<Borrowed<'_, C, E, K>, Called<F>>
    where
        C: Clone,
        F: FnMut(C) -> Fut,
        Fut: Future<Output = Result<T, X>>,
        X: 'static,
        K: Classify<T, Error<X>>,
    {
        Calling::new(self.borrow(), Called(operation))
    }

    /// Calls an operation whose error has room for a refusal already; it comes back unchanged.
    ///
    /// # Cancel safety
    ///
    /// See [`Calling`].
    pub fn run<F, Fut, T, X>(&self, operation: F) -> Calling<Borrowed<'_, C, E, K>, Ran<F>>
    where
        C: Clone,
        F: FnMut(C) -> Fut,
        Fut: Future<Output = Result<T, X>>,
        X: Fault,
        K: Classify<T, X>,
    {
        Calling::new(self.borrow(), Ran(operation))
    }

    /// Keeps the connection alive: makes it at once, pings it every
    /// [`beat_every`](Config::beat_every), and gives it up after so many
    /// [`missed_beats`](Config::missed_beats) in a row, or one that this handle's classifier calls a failure. Then
    /// it makes the next. A ping that is not answered when the next is due is missed, and dropped. One that
    /// a guard refused before it began says nothing.
    ///
    /// A classifier that is a closure is one for the results of some calls, and not for those of pings:
    /// ask for the heartbeat of the handle it was made from.
    ///
    /// Spawn it or join it; it does nothing unless polled. It ends when the last handle is gone, and
    /// on [`close`](Self::close): it is none that keeps the connection.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the beat, and nothing else.
    pub fn heartbeat<P, Fut, T, X>(
        &self,
        ping: P,
    ) -> impl Future<Output = ()> + use<P, Fut, T, X, C, E, K>
    where
        C: Clone,
        K: Clone + Classify<T, Error<X>>,
        P: FnMut(C) -> Fut,
        Fut: Future<Output = Result<T, X>>,
        X: 'static,
    {
        let bell = Arc::clone(self.shared.bell());
        heartbeat::beat(Arc::downgrade(&self.shared), bell, self.classify.clone(), ping)
    }

    /// What it is doing.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.state()
    }

    /// Every transition from now on, in order.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        Subscription::new(self.shared.journal().reader())
    }

    /// Why the last attempt failed; none if it succeeded, panicked or took too long.
    #[must_use]
    pub fn last_error(&self) -> Option<Arc<E>> {
        self.shared.last_error()
    }

    /// A look at it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.shared.snapshot()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.shared.name()
    }

    /// Forgets what has failed: whoever asks next connects at once. A connection stays; an attempt
    /// under way is dropped.
    pub fn reset(&self) {
        self.shared.reset();
    }

    /// Drops the connection and makes none any more. Whoever asks is told that it is shutting down;
    /// calls that have the connection keep it until they end.
    pub fn close(&self) {
        self.shared.close();
    }

    /// Goes by another config from now on. The connection stays, as does an attempt under way.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.shared.reconfigure(config.parse()?);
        Ok(())
    }

    const fn borrow(&self) -> Borrowed<'_, C, E, K> {
        Borrowed { shared: &self.shared, classify: &self.classify }
    }

    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "for services"))]
    pub(super) fn own(&self) -> Owned<C, E, K>
    where
        K: Clone,
    {
        Owned { shared: Arc::clone(&self.shared), classify: self.classify.clone() }
    }
}

impl<C, E, K: Clone> Clone for Reconnect<C, E, K> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), classify: self.classify.clone() }
    }
}

impl<C, E, K> fmt::Debug for Reconnect<C, E, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reconnect")
            .field("name", self.name())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
