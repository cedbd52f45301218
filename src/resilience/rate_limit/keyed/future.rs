use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project::pin_project;

use crate::ground::{
    refusal::{Fault, Refusal},
    time,
};

/// A call through a keyed limiter: the same future behind both doors, generic over the future of the
/// operation (`F`), and what has to become ready before there is one (`W`).
///
/// # Cancel safety
///
/// Dropping it drops the operation, or the service that was becoming ready for it. The token is spent.
#[must_use = "futures do nothing unless polled"]
#[pin_project]
pub struct KeyLimited<F, W = Infallible> {
    #[pin]
    state: State<F, W>,
}

#[pin_project(project = StateProjection)]
enum State<F, W> {
    Readying(W),
    Running(#[pin] F),
    Refused(Refusal),
    Done,
}

/// What starts a call once it is ready.
#[expect(unnameable_types, reason = "named by the bounds of one future")]
pub trait Starting<F, E> {
    fn poll_start(&mut self, cx: &mut Context<'_>) -> Poll<Result<F, E>>;
}

/// An operation is ready when it is made.
impl<F, E> Starting<F, E> for Infallible {
    fn poll_start(&mut self, _: &mut Context<'_>) -> Poll<Result<F, E>> {
        match *self {}
    }
}

impl<F, W> KeyLimited<F, W> {
    #[inline]
    pub(super) const fn running(inner: F) -> Self {
        Self { state: State::Running(inner) }
    }

    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "only services become ready"))]
    pub(super) const fn readying(what: W) -> Self {
        Self { state: State::Readying(what) }
    }

    pub(super) const fn refused(refusal: Refusal) -> Self {
        Self { state: State::Refused(refusal) }
    }
}

impl<F, W, T, E> Future for KeyLimited<F, W>
where
    F: Future<Output = Result<T, E>>,
    W: Starting<F, E>,
    E: Fault,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        if let StateProjection::Readying(what) = state.as_mut().project() {
            match time::outside(|| what.poll_start(cx)) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(inner)) => state.set(State::Running(inner)),
                Poll::Ready(Err(error)) => {
                    state.set(State::Done);
                    return Poll::Ready(Err(error));
                }
            }
        }
        if let StateProjection::Running(inner) = state.as_mut().project() {
            // The two results apart: brought together they are copied through memory.
            return match time::outside(|| inner.poll(cx)) {
                Poll::Ready(Ok(value)) => {
                    state.set(State::Done);
                    Poll::Ready(Ok(value))
                }
                Poll::Ready(Err(error)) => {
                    state.set(State::Done);
                    Poll::Ready(Err(error))
                }
                Poll::Pending => Poll::Pending,
            };
        }
        state.refusal()
    }
}

impl<F, W> State<F, W> {
    #[cold]
    fn refusal<T, E: Fault>(mut self: Pin<&mut Self>) -> Poll<Result<T, E>> {
        let refusal = match self.as_mut().project() {
            StateProjection::Refused(refusal) => refusal.clone(),
            // Polled again after its answer, it has no other.
            _ => return Poll::Pending,
        };
        self.set(Self::Done);
        Poll::Ready(Err(refusal.into()))
    }
}

impl<F, W> fmt::Debug for KeyLimited<F, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.state {
            State::Readying(_) => "KeyLimited(readying)",
            State::Running(_) => "KeyLimited(running)",
            State::Refused(_) => "KeyLimited(refused)",
            State::Done => "KeyLimited(done)",
        })
    }
}
