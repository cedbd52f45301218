use std::{
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    task::{Context, Poll},
};

use tower::{Layer, Service};

use crate::{
    ground::{
        refusal::{Fault, Unchanged},
        source::Sending,
        time,
    },
    resilience::cache::{
        future::{Bare, Fetching, State},
        handle::Cache,
        stored::Loaded,
    },
};

impl<K, V, S: Clone> Cache<K, V, S> {
    /// The layer. `key` tells requests that have the same answer from those that do not; one without a key
    /// is sent on its own, and its answer is not stored. What answers differ by has to be a part of the
    /// key: whose they are, above all.
    pub fn layer<X>(&self, key: X) -> CacheLayer<K, V, S, X> {
        CacheLayer { cache: self.clone(), key, worth: |_| true }
    }
}

/// Makes [`CacheService`]s.
pub struct CacheLayer<K, V, S = RandomState, X = (), P = fn(&V) -> bool> {
    cache: Cache<K, V, S>,
    key: X,
    worth: P,
}

impl<K, V, S, X, P> CacheLayer<K, V, S, X, P> {
    /// Stores only answers of which this is true. Those who wait get the others all the same.
    pub fn cache_if<P2: Fn(&V) -> bool>(self, worth: P2) -> CacheLayer<K, V, S, X, P2> {
        CacheLayer { cache: self.cache, key: self.key, worth }
    }
}

/// A service whose answers are kept; made by [`Cache::layer`].
///
/// Readiness: *deferred*. It is always ready: an answer that is there needs no service. For one that is
/// not, a clone of the inner service is made ready in the call.
pub struct CacheService<I, K, V, S = RandomState, X = (), P = fn(&V) -> bool> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    inner: I,
    cache: Cache<K, V, S>,
    key: X,
    worth: P,
}

impl<I, K, V, S: Clone, X: Clone, P: Clone> Layer<I> for CacheLayer<K, V, S, X, P> {
    type Service = CacheService<I, K, V, S, X, P>;

    fn layer(&self, inner: I) -> Self::Service {
        let Self { cache, key, worth } = self.clone();
        CacheService { inner, cache, key, worth }
    }
}

impl<I, K, S, X, P, Req> Service<Req> for CacheService<I, K, I::Response, S, X, P>
where
    I: Service<Req> + Clone + Send + 'static,
    I::Response: Clone + Send + Sync + 'static,
    I::Error: Fault + Clone + Send + Sync + 'static,
    I::Future: Send + 'static,
    K: Hash + Eq + Clone + Send + Sync + 'static,
    S: BuildHasher,
    X: Fn(&Req) -> Option<K>,
    P: Fn(&I::Response) -> bool + Clone + Send + 'static,
    Req: Send + 'static,
{
    type Response = I::Response;
    type Error = I::Error;
    type Future = Fetching<K, I::Response, I::Error, Bare<Unchanged>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), I::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let Some(key) = time::outside(|| (self.key)(&request)) else {
            let sending = Box::pin(Sending::new(self.inner.clone(), request));
            return Fetching::new(State::Alone(sending));
        };
        let loader = || {
            let (sending, worth) = (Sending::new(self.inner.clone(), request), self.worth.clone());
            async move {
                let answer = sending.await?;
                let is_worth_it = worth(&answer);
                let loaded = Loaded::new(answer);
                Ok(if is_worth_it { loaded } else { loaded.not_stored() })
            }
        };
        self.cache.load(&key, || key.clone(), loader)
    }
}

impl<K, V, S: Clone, X: Clone, P: Clone> Clone for CacheLayer<K, V, S, X, P> {
    fn clone(&self) -> Self {
        Self { cache: self.cache.clone(), key: self.key.clone(), worth: self.worth.clone() }
    }
}

impl<I: Clone, K, V, S: Clone, X: Clone, P: Clone> Clone for CacheService<I, K, V, S, X, P> {
    fn clone(&self) -> Self {
        let Self { inner, cache, key, worth } = self;
        Self { inner: inner.clone(), cache: cache.clone(), key: key.clone(), worth: worth.clone() }
    }
}

impl<K, V, S, X, P> fmt::Debug for CacheLayer<K, V, S, X, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheLayer").field("cache", &self.cache).finish()
    }
}

impl<I: fmt::Debug, K, V, S, X, P> fmt::Debug for CacheService<I, K, V, S, X, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheService")
            .field("inner", &self.inner)
            .field("cache", &self.cache)
            .finish()
    }
}
