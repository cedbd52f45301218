use std::{
    fmt,
    hash::Hash,
    task::{Context, Poll},
};

use tower::{Layer, Service};

use super::{future::Flying, handle::SingleFlight};
use crate::ground::{
    refusal::{Fault, Unchanged},
    source::Sending,
};

impl<K, T, E> SingleFlight<K, T, E> {
    /// The layer. `key` tells requests that are the same from those that are not; one without a key is
    /// sent on its own.
    pub fn layer<X>(&self, key: X) -> SingleFlightLayer<K, T, E, X> {
        SingleFlightLayer { single_flight: self.clone(), key }
    }
}

/// Makes [`SingleFlightService`]s.
pub struct SingleFlightLayer<K, T, E, X> {
    single_flight: SingleFlight<K, T, E>,
    key: X,
}

/// A service whose equal requests are sent once; made by [`SingleFlight::layer`].
///
/// Readiness: *deferred*. It is always ready: a request that finds another under way needs no service.
/// For one that does not, a clone of the inner service is made ready in the call.
pub struct SingleFlightService<S, K, T, E, X> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    inner: S,
    single_flight: SingleFlight<K, T, E>,
    key: X,
}

impl<S, K, T, E, X: Clone> Layer<S> for SingleFlightLayer<K, T, E, X> {
    type Service = SingleFlightService<S, K, T, E, X>;

    fn layer(&self, inner: S) -> Self::Service {
        let (single_flight, key) = (self.single_flight.clone(), self.key.clone());
        SingleFlightService { inner, single_flight, key }
    }
}

impl<S, K, X, Req> Service<Req> for SingleFlightService<S, K, S::Response, S::Error, X>
where
    S: Service<Req> + Clone + Send + 'static,
    S::Response: Clone + Send + Sync + 'static,
    S::Error: Fault + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    K: Eq + Hash + Send + 'static,
    X: Fn(&Req) -> Option<K>,
    Req: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Flying<K, S::Response, S::Error, Unchanged>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let key = (self.key)(&request);
        Flying::new(self.single_flight.flights(), key, || {
            Box::pin(Sending::new(self.inner.clone(), request))
        })
    }
}

impl<K, T, E, X: Clone> Clone for SingleFlightLayer<K, T, E, X> {
    fn clone(&self) -> Self {
        Self { single_flight: self.single_flight.clone(), key: self.key.clone() }
    }
}

impl<S: Clone, K, T, E, X: Clone> Clone for SingleFlightService<S, K, T, E, X> {
    fn clone(&self) -> Self {
        let (single_flight, key) = (self.single_flight.clone(), self.key.clone());
        Self { inner: self.inner.clone(), single_flight, key }
    }
}

impl<K, T, E, X> fmt::Debug for SingleFlightLayer<K, T, E, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleFlightLayer").field("single_flight", &self.single_flight).finish()
    }
}

impl<S: fmt::Debug, K, T, E, X> fmt::Debug for SingleFlightService<S, K, T, E, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleFlightService")
            .field("inner", &self.inner)
            .field("single_flight", &self.single_flight)
            .finish()
    }
}
