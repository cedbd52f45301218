use std::task::{Context, Poll};

use tower::{Layer, Service};

use super::{future::Timed, handle::Timeout, hold::Owned};
use crate::ground::refusal::Fault;

impl Timeout {
    /// A layer around services. Every service it makes shares this limit.
    #[must_use]
    pub fn layer(&self) -> TimeoutLayer {
        TimeoutLayer { timeout: self.clone() }
    }
}

/// Puts a timeout around services; made by [`Timeout::layer`].
#[derive(Clone, Debug)]
pub struct TimeoutLayer {
    timeout: Timeout,
}

impl<S> Layer<S> for TimeoutLayer {
    type Service = TimeoutService<S>;

    fn layer(&self, inner: S) -> TimeoutService<S> {
        TimeoutService { inner, timeout: self.timeout.clone() }
    }
}

/// A service whose calls have a limit.
///
/// Readiness: *through*. What an inner service takes to become ready is not timed: the caller waits
/// for that before there is a call.
#[derive(Clone, Debug)]
pub struct TimeoutService<S> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    inner: S,
    timeout: Timeout,
}

impl<S, Request> Service<Request> for TimeoutService<S>
where
    S: Service<Request>,
    S::Error: Fault,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Timed<S::Future, Owned>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let shared = &self.timeout.shared;
        Timed::start(shared, Owned::new(shared), || self.inner.call(request))
    }
}
