use std::{
    fmt,
    hash::Hash,
    task::{Context, Poll},
};

use tower::{Layer, Service};

use super::{
    config::{Config, Plan},
    future::Loading,
    handle::Batcher,
    snapshot::Snapshot,
    work::{Call, View},
};
use crate::ground::{
    config::ConfigError,
    name::Name,
    refusal::{Error, Fault, Unchanged, Wrapped},
    source::Sending,
};

impl<K, V, E> Batcher<K, V, E> {
    /// The batcher as a service: a request is a key, a response its value.
    #[must_use]
    pub fn service(&self) -> BatcherService<K, V, E> {
        BatcherService { batcher: self.clone() }
    }
}

/// A [`Batcher`] that is a service; made by [`Batcher::service`]. Always ready.
pub struct BatcherService<K, V, E> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    batcher: Batcher<K, V, E>,
}

impl<K, V, E> Service<K> for BatcherService<K, V, E>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    type Response = V;
    type Error = Error<E>;
    type Future = Loading<K, V, E, Wrapped>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error<E>>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, key: K) -> Self::Future {
        self.batcher.load(key)
    }
}

/// Makes [`BatchService`]s, which share their batches.
pub struct BatchLayer<Req, V, E> {
    view: View<Req, V, E>,
}

impl<Req, V, E> BatchLayer<Req, V, E> {
    /// Puts requests together for a service that takes a `Vec` of them and answers with a `Vec`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new(name: impl Into<Name>, config: Config) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, config.parse()?))
    }

    /// The same by a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, plan: Plan) -> Self {
        Self { view: View::new(name.into(), plan) }
    }

    /// See [`Batcher::weigh`].
    #[must_use]
    pub fn weigh(self, weigh: impl Fn(&Req) -> u64 + Send + Sync + 'static) -> Self {
        Self { view: self.view.weigh(weigh) }
    }

    /// See [`Batcher::isolate`].
    #[must_use]
    pub fn isolate(self, fault: impl Fn(&E) -> bool + Send + Sync + 'static) -> Self {
        Self { view: self.view.isolate(fault) }
    }

    /// A look at it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.view.shared().snapshot()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.view.shared().name()
    }

    /// See [`Batcher::reconfigure`].
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.view.shared().reconfigure(config.parse()?);
        Ok(())
    }
}

/// A service whose requests go to the inner one in batches; made by [`BatchLayer`].
///
/// Readiness: *deferred*. It is always ready: a request waits for its batch in any case. A clone of the
/// inner service is made ready for each call with a batch.
pub struct BatchService<S, Req, V, E> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    inner: S,
    view: View<Req, V, E>,
}

impl<S, Req, V, E> Layer<S> for BatchLayer<Req, V, E> {
    type Service = BatchService<S, Req, V, E>;

    fn layer(&self, inner: S) -> Self::Service {
        BatchService { inner, view: self.view.clone() }
    }
}

impl<S, Req, V, E> Service<Req> for BatchService<S, Req, V, E>
where
    S: Service<Vec<Req>, Response = Vec<V>, Error = E> + Clone + Send + 'static,
    S::Future: Send + 'static,
    Req: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
    E: Fault + Clone + Send + Sync + 'static,
{
    type Response = V;
    type Error = E;
    type Future = Loading<Req, V, E, Unchanged>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        Loading::new(self.view.shared(), || {
            self.view.join(request, || {
                let inner = self.inner.clone();
                Box::new(move |requests| -> Call<V, E> {
                    let sending = Sending::new(inner.clone(), requests);
                    Box::pin(async { sending.await.map(|all| all.into_iter().map(Ok).collect()) })
                })
            })
        })
    }
}

impl<K, V, E> Clone for BatcherService<K, V, E> {
    fn clone(&self) -> Self {
        Self { batcher: self.batcher.clone() }
    }
}

impl<Req, V, E> Clone for BatchLayer<Req, V, E> {
    fn clone(&self) -> Self {
        Self { view: self.view.clone() }
    }
}

impl<S: Clone, Req, V, E> Clone for BatchService<S, Req, V, E> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), view: self.view.clone() }
    }
}

impl<K, V, E> fmt::Debug for BatcherService<K, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatcherService").field("batcher", &self.batcher).finish()
    }
}

impl<Req, V, E> fmt::Debug for BatchLayer<Req, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchLayer").field("name", self.name()).finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, Req, V, E> fmt::Debug for BatchService<S, Req, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.view.shared().name();
        f.debug_struct("BatchService").field("inner", &self.inner).field("name", name).finish()
    }
}
