use std::{
    task::{Context, Poll},
    time::Duration,
};

use tower::{Layer, Service};

use crate::ground::{
    config::{Check, ConfigError},
    time::{Deadline, Scoped},
};

/// Gives every request a [`Deadline`](crate::time::Deadline), which the guards below keep to.
///
/// It sets the deadline and does not enforce it: that is a [`Timeout`](super::Timeout)'s work, and of
/// whatever else waits. A deadline already in force stays, if it is earlier.
#[derive(Clone, Copy, Debug)]
pub struct DeadlineLayer {
    budget: Duration,
}

impl DeadlineLayer {
    /// This long for each request.
    ///
    /// # Errors
    ///
    /// A budget of zero.
    pub fn new(budget: Duration) -> Result<Self, ConfigError> {
        let mut check = Check::new("timeout");
        check.positive("deadline.budget", budget);
        check.finish(Self { budget })
    }

    pub(super) fn deadline(self) -> Deadline {
        Deadline::within(self.budget)
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = DeadlineService<S>;

    fn layer(&self, inner: S) -> DeadlineService<S> {
        DeadlineService { inner, layer: *self }
    }
}

/// A service whose requests have a deadline. Readiness: *through*.
#[derive(Clone, Copy, Debug)]
pub struct DeadlineService<S> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    inner: S,
    layer: DeadlineLayer,
}

impl<S, Request> Service<Request> for DeadlineService<S>
where
    S: Service<Request>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Scoped<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let deadline = self.layer.deadline();
        // Guards below ask for the deadline when they are called, not only when they are polled.
        deadline.scope(deadline.enter(|| self.inner.call(request)))
    }
}
