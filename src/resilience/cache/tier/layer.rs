use std::{
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    task::{Context, Poll},
};

use tower::{Layer, Service};

use super::{handle::Tiered, store::Tier};
use crate::{
    ground::{
        refusal::{Fault, Unchanged},
        source::Sending,
        time::{self, Deadline},
    },
    resilience::cache::{Bare, Fetching, future::State, stored::Loaded},
};

impl<K, V, T, S> Tiered<K, V, T, S> {
    /// The layer. `key` tells requests that have the same answer from those that do not; one without a key
    /// is sent on its own, and its answer is not stored. What answers differ by has to be a part of the
    /// key: whose they are, above all.
    pub fn layer<X>(&self, key: X) -> TieredLayer<K, V, T, S, X> {
        TieredLayer { tiered: self.clone(), key, worth: |_| true }
    }
}

/// Makes [`TieredService`]s.
pub struct TieredLayer<K, V, T, S = RandomState, X = (), P = fn(&V) -> bool> {
    tiered: Tiered<K, V, T, S>,
    key: X,
    worth: P,
}

impl<K, V, T, S, X, P> TieredLayer<K, V, T, S, X, P> {
    /// Stores only answers of which this is true. Those who wait get the others all the same; other
    /// processes do not.
    pub fn cache_if<P2: Fn(&V) -> bool>(self, worth: P2) -> TieredLayer<K, V, T, S, X, P2> {
        TieredLayer { tiered: self.tiered, key: self.key, worth }
    }
}

/// A service whose answers are kept, here and in a tier; made by [`Tiered::layer`].
///
/// Readiness: *deferred*. It is always ready: an answer that is there needs no service. For one that is
/// not, a clone of the inner service is made ready in the call.
pub struct TieredService<I, K, V, T, S = RandomState, X = (), P = fn(&V) -> bool> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    inner: I,
    tiered: Tiered<K, V, T, S>,
    key: X,
    worth: P,
}

impl<I, K, V, T, S, X: Clone, P: Clone> Layer<I> for TieredLayer<K, V, T, S, X, P> {
    type Service = TieredService<I, K, V, T, S, X, P>;

    fn layer(&self, inner: I) -> Self::Service {
        let Self { tiered, key, worth } = self.clone();
        TieredService { inner, tiered, key, worth }
    }
}

impl<I, K, T, S, X, P, Req> Service<Req> for TieredService<I, K, I::Response, T, S, X, P>
where
    I: Service<Req> + Clone + Send + 'static,
    I::Response: Clone + Send + Sync + 'static,
    I::Error: Fault + Clone + Send + Sync + 'static,
    I::Future: Send + 'static,
    K: Hash + Eq + Clone + Send + Sync + 'static,
    T: Tier<K, I::Response>,
    S: BuildHasher + Send + Sync + 'static,
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
        let deadline = Deadline::current();
        let chain = || {
            let (inner, worth) = (self.inner.clone(), self.worth.clone());
            self.tiered.chain(key.clone(), deadline, move || async move {
                let answer = Sending::new(inner, request).await?;
                let is_worth_it = worth(&answer);
                let loaded = Loaded::new(answer);
                Ok(if is_worth_it { loaded } else { loaded.not_stored() })
            })
        };
        self.tiered.cache().load(&key, || key.clone(), chain)
    }
}

impl<K, V, T, S, X: Clone, P: Clone> Clone for TieredLayer<K, V, T, S, X, P> {
    fn clone(&self) -> Self {
        Self { tiered: self.tiered.clone(), key: self.key.clone(), worth: self.worth.clone() }
    }
}

impl<I: Clone, K, V, T, S, X: Clone, P: Clone> Clone for TieredService<I, K, V, T, S, X, P> {
    fn clone(&self) -> Self {
        let Self { inner, tiered, key, worth } = self;
        Self {
            inner: inner.clone(),
            tiered: tiered.clone(),
            key: key.clone(),
            worth: worth.clone(),
        }
    }
}

impl<K, V, T, S, X, P> fmt::Debug for TieredLayer<K, V, T, S, X, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TieredLayer").field("tiered", &self.tiered).finish()
    }
}

impl<I: fmt::Debug, K, V, T, S, X, P> fmt::Debug for TieredService<I, K, V, T, S, X, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TieredService")
            .field("inner", &self.inner)
            .field("tiered", &self.tiered)
            .finish()
    }
}
