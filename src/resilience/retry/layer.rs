use std::{
    fmt,
    task::{Context, Poll},
};

use tower::{Layer, Service};

use super::{
    future::Retrying,
    handle::Retry,
    shared::Owned,
    view::{Observe, Pace, Planned, Unwatched},
};
use crate::ground::{
    outcome::{Classify, Standard},
    refusal::Fault,
    source::{ByClone, Replay, Resend},
};

impl<C: Clone, O: Clone, D: Clone> Retry<C, O, D> {
    /// A layer around services. Every service it makes shares this retry. Requests are cloned;
    /// [`replay`](RetryLayer::replay) says otherwise.
    #[must_use]
    pub fn layer(&self) -> RetryLayer<C, O, D> {
        RetryLayer { retry: self.clone(), replay: ByClone }
    }
}

/// Puts a retry around services; made by [`Retry::layer`].
#[derive(Clone)]
pub struct RetryLayer<C = Standard, O = Unwatched, D = Planned, R = ByClone> {
    retry: Retry<C, O, D>,
    replay: R,
}

impl<C, O, D, R> RetryLayer<C, O, D, R> {
    /// The same with another way of sending a request again: [`ByMethod`](crate::source::ByMethod), or a
    /// closure from `&Request` to `Option<Request>`, whose argument must be spelled out. A request that it
    /// does not copy is sent once.
    pub fn replay<N>(self, replay: N) -> RetryLayer<C, O, D, N> {
        RetryLayer { retry: self.retry, replay }
    }
}

impl<S, C: Clone, O: Clone, D: Clone, R: Clone> Layer<S> for RetryLayer<C, O, D, R> {
    type Service = RetryService<S, C, O, D, R>;

    fn layer(&self, inner: S) -> Self::Service {
        RetryService { inner, retry: self.retry.clone(), replay: self.replay.clone() }
    }
}

/// A service whose calls are tried again.
///
/// Readiness: *through* for the first attempt, which is made on what was made ready; *deferred* for
/// the others: a clone is made ready inside the future.
#[derive(Clone)]
pub struct RetryService<S, C, O, D, R> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    inner: S,
    retry: Retry<C, O, D>,
    replay: R,
}

impl<S, Request, C, O, D, R> Service<Request> for RetryService<S, C, O, D, R>
where
    S: Service<Request> + Clone,
    S::Error: Fault,
    C: Classify<S::Response, S::Error> + Clone,
    O: Observe<S::Response, S::Error> + Clone,
    D: Pace + Clone,
    R: Replay<Request> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Retrying<Resend<S, Request, R>, Owned<C, O, D>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request) -> Self::Future {
        let view = &self.retry.view;
        let once = view.core.shared.tries_once();
        Retrying::start(&view.core, view.own(), || {
            Resend::first(&mut self.inner, request, &self.replay, |_| once)
        })
    }
}

impl<C, O, D, R> fmt::Debug for RetryLayer<C, O, D, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryLayer").field("retry", &self.retry).finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, C, O, D, R> fmt::Debug for RetryService<S, C, O, D, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryService")
            .field("retry", &self.retry)
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
