use std::{
    task::{Context, Poll},
    time::Duration,
};

use tower::{Layer, Service};

use super::deadline::DeadlineLayer;
use crate::ground::{
    config::ConfigError,
    time::{Deadline, Scoped},
};

/// [`DeadlineLayer`] for HTTP: the deadline also travels in the request's extensions.
///
/// A [`Deadline`](crate::time::Deadline) found there (put by an outer layer, or carried over from another task)
/// is kept if it is the earlier one; the one in force is put there for whoever comes after.
#[derive(Clone, Copy, Debug)]
pub struct HttpDeadlineLayer {
    layer: DeadlineLayer,
}

impl HttpDeadlineLayer {
    /// This long for each request.
    ///
    /// # Errors
    ///
    /// A budget of zero.
    pub fn new(budget: Duration) -> Result<Self, ConfigError> {
        Ok(Self { layer: DeadlineLayer::new(budget)? })
    }
}

impl<S> Layer<S> for HttpDeadlineLayer {
    type Service = HttpDeadlineService<S>;

    fn layer(&self, inner: S) -> HttpDeadlineService<S> {
        HttpDeadlineService { inner, layer: self.layer }
    }
}

/// An HTTP service whose requests have a deadline. Readiness: *through*.
#[derive(Clone, Copy, Debug)]
pub struct HttpDeadlineService<S> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    inner: S,
    layer: DeadlineLayer,
}

impl<S, Body> Service<http::Request<Body>> for HttpDeadlineService<S>
where
    S: Service<http::Request<Body>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Scoped<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let known = [Deadline::current(), request.extensions().get().copied()];
        let deadline = known.into_iter().flatten().fold(self.layer.deadline(), Ord::min);
        request.extensions_mut().insert(deadline);
        deadline.scope(deadline.enter(|| self.inner.call(request)))
    }
}
