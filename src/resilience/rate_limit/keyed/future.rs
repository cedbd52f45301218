use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project::pin_project;
use tower::Service;

use crate::ground::{
    refusal::{Fault, Refusal},
    time,
};

/// A call through a keyed limiter.
///
/// # Cancel safety
///
/// Dropping it drops the inner call, or the service that was becoming ready for it. The token is spent.
#[must_use = "futures do nothing unless polled"]
#[pin_project]
pub struct KeyLimited<S: Service<Request>, Request> {
    #[pin]
    state: State<S, S::Future, Request>,
}

#[pin_project(project = StateProjection)]
enum State<S, F, Request> {
    Readying {
        service: S,
        request: Option<Request>,
    },
    Running {
        #[pin]
        inner: F,
    },
    /// None once it is told.
    Refused(Option<Refusal>),
}

impl<S: Service<Request>, Request> KeyLimited<S, Request> {
    pub(super) const fn readying(service: S, request: Request) -> Self {
        Self { state: State::Readying { service, request: Some(request) } }
    }

    pub(super) const fn refused(refusal: Refusal) -> Self {
        Self { state: State::Refused(Some(refusal)) }
    }
}

impl<S, Request> Future for KeyLimited<S, Request>
where
    S: Service<Request>,
    S::Error: Fault,
{
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Readying { service, request } => {
                    match time::outside(|| service.poll_ready(cx)) {
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(Err(error)) => {
                            state.set(State::Refused(None));
                            return Poll::Ready(Err(error));
                        }
                        Poll::Ready(Ok(())) => {}
                    }
                    let Some(request) = request.take() else { return Poll::Pending };
                    let inner = time::outside(|| service.call(request));
                    state.set(State::Running { inner });
                }
                StateProjection::Running { inner } => {
                    let answer = time::outside(|| inner.poll(cx));
                    if answer.is_ready() {
                        state.set(State::Refused(None));
                    }
                    return answer;
                }
                // Polled again after its answer: it has no other.
                StateProjection::Refused(refusal) => {
                    return refusal
                        .take()
                        .map_or(Poll::Pending, |refusal| Poll::Ready(Err(refusal.into())));
                }
            }
        }
    }
}

impl<S: Service<Request>, Request> fmt::Debug for KeyLimited<S, Request> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.state {
            State::Readying { .. } => "KeyLimited(readying)",
            State::Running { .. } => "KeyLimited(running)",
            State::Refused(Some(_)) => "KeyLimited(refused)",
            State::Refused(None) => "KeyLimited(done)",
        })
    }
}
