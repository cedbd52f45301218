use std::task::{Context, Poll};

use tower::{Layer, Service};

use super::{
    future::Measured,
    handle::{Latency, Operation},
    hold::Owned,
};
use crate::ground::name::Name;

impl Latency {
    /// A layer that measures services as this operation.
    #[must_use]
    pub fn layer(&self, operation: impl Into<Name>) -> LatencyLayer {
        self.operation(operation).layer()
    }
}

impl Operation {
    /// A layer that measures services as this operation.
    #[must_use]
    pub fn layer(&self) -> LatencyLayer {
        LatencyLayer { operation: self.clone() }
    }
}

/// Measures services; made by [`Latency::layer`].
#[derive(Clone, Debug)]
pub struct LatencyLayer {
    operation: Operation,
}

impl<S> Layer<S> for LatencyLayer {
    type Service = LatencyService<S>;

    fn layer(&self, inner: S) -> LatencyService<S> {
        LatencyService { inner, operation: self.operation.clone() }
    }
}

/// A service whose calls are measured. Its error may be any.
///
/// Readiness: *through*. What an inner service takes to become ready is not measured: the caller
/// waits for that before there is a call.
#[derive(Clone, Debug)]
pub struct LatencyService<S> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    inner: S,
    operation: Operation,
}

impl<S, Request> Service<Request> for LatencyService<S>
where
    S: Service<Request>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Measured<S::Future, Owned>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Measured::start(self.operation.hold(), || self.inner.call(request))
    }
}
