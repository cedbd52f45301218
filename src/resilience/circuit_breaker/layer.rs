use std::{
    fmt,
    task::{Context, Poll},
};

use tower::{Layer, Service};

use super::{future::Guarded, handle::CircuitBreaker, permit::Owned};
use crate::ground::{
    outcome::{Classify, Standard},
    refusal::Fault,
};

impl<C: Clone> CircuitBreaker<C> {
    /// A layer around services. Every service it makes shares this circuit.
    #[must_use]
    pub fn layer(&self) -> CircuitBreakerLayer<C> {
        CircuitBreakerLayer { breaker: self.clone() }
    }
}

/// Puts a breaker around services; made by [`CircuitBreaker::layer`].
#[derive(Clone)]
pub struct CircuitBreakerLayer<C = Standard> {
    breaker: CircuitBreaker<C>,
}

impl<S, C: Clone> Layer<S> for CircuitBreakerLayer<C> {
    type Service = CircuitBreakerService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        CircuitBreakerService {
            inner,
            breaker: self.breaker.clone(),
            readiness: Readiness::Unready,
        }
    }
}

/// A service behind a breaker.
///
/// Readiness: *gate first*. An open circuit is ready at once without asking the inner service, and
/// its refusal is the answer of the call. An inner service that was made ready for a call that was
/// then refused stays so for the next one, and one that was still queueing stays in its queue: use a
/// clone for each request, as servers do, and the place goes with it.
pub struct CircuitBreakerService<S, C> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    inner: S,
    breaker: CircuitBreaker<C>,
    readiness: Readiness,
}

/// What `poll_ready` promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readiness {
    Unready,
    Ready,
    /// The inner service was not asked: whatever the circuit has become, the call must be refused.
    Refusing,
}

impl<S, C, Request> Service<Request> for CircuitBreakerService<S, C>
where
    S: Service<Request>,
    S::Error: Fault,
    C: Classify<S::Response, S::Error> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Guarded<S::Future, Owned<C>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.readiness = Readiness::Unready;
        if self.breaker.shared().bars().is_some() {
            self.readiness = Readiness::Refusing;
            return Poll::Ready(Ok(()));
        }
        self.inner.poll_ready(cx).map_ok(|()| self.readiness = Readiness::Ready)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let readiness = std::mem::replace(&mut self.readiness, Readiness::Unready);
        let hold = self.breaker.own();
        if readiness == Readiness::Refusing {
            return Guarded::refused(hold, self.breaker.shared().refuse());
        }
        Guarded::start(hold, || self.inner.call(request))
    }
}

// A clone has no readiness: it was not the one that was polled.
impl<S: Clone, C: Clone> Clone for CircuitBreakerService<S, C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            breaker: self.breaker.clone(),
            readiness: Readiness::Unready,
        }
    }
}

impl<C> fmt::Debug for CircuitBreakerLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreakerLayer").field("breaker", &self.breaker).finish()
    }
}

impl<S: fmt::Debug, C> fmt::Debug for CircuitBreakerService<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreakerService")
            .field("breaker", &self.breaker)
            .field("readiness", &self.readiness)
            .field("inner", &self.inner)
            .finish()
    }
}
