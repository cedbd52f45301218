use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project::pin_project;

use super::{
    machine::Barred,
    permit::{Debt, Hold, watch},
    shared::Pass,
};
use crate::ground::{outcome::Classify, refusal::Fault};

/// A call through a breaker: the same future behind both doors, generic over how it holds the breaker.
///
/// # Cancel safety
///
/// Dropping it drops the operation. A drop by one of our own timeouts or deadlines counts as a
/// failure, any other as nothing (as slow, past `slow_after`); a probe's place is free at once.
#[must_use = "futures do nothing unless polled"]
#[pin_project]
pub struct Guarded<F, H: Hold> {
    #[pin]
    state: State<F, H>,
}

#[pin_project(project = StateProjection)]
enum State<F, H: Hold> {
    Running {
        #[pin]
        inner: F,
        debt: Debt<H>,
    },
    Refused {
        hold: H,
        barred: Barred,
    },
}

impl<F, H: Hold> Guarded<F, H> {
    /// Asks for admission, and starts the operation if it is granted.
    #[inline]
    pub(super) fn start(hold: H, start: impl FnOnce() -> F) -> Self {
        match hold.shared().admit_at_once() {
            Some(pass) => Self::running(hold, pass, start),
            None => Self::start_carefully(hold, start),
        }
    }

    /// Apart, so that what `start` makes on a healthy circuit is made in its place and not copied;
    /// and inlined, or the copies come back.
    #[inline]
    fn start_carefully(hold: H, start: impl FnOnce() -> F) -> Self {
        match hold.shared().admit() {
            Ok(pass) => Self::running(hold, pass, start),
            Err(barred) => Self::refused(hold, barred),
        }
    }

    #[inline]
    fn running(hold: H, pass: Pass, start: impl FnOnce() -> F) -> Self {
        let inner = watch(hold.shared(), &pass, start);
        Self { state: State::Running { inner, debt: Debt::new(hold, pass) } }
    }

    #[inline]
    pub(super) const fn refused(hold: H, barred: Barred) -> Self {
        Self { state: State::Refused { hold, barred } }
    }
}

impl<F, H, T, E> Future for Guarded<F, H>
where
    F: Future<Output = Result<T, E>>,
    E: Fault,
    H: Hold,
    H::Classifier: Classify<T, E>,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // The two results apart: brought together, a result of 48 bytes is copied through memory,
        // which costs more than all the rest.
        match self.project().state.project() {
            // Polled again after its answer: it has no other.
            StateProjection::Running { debt, .. } if debt.is_settled() => Poll::Pending,
            StateProjection::Running { inner, debt } => match debt.watch(|| inner.poll(cx)) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Ok(value)) => {
                    let result = Ok(value);
                    debt.settle(&result);
                    Poll::Ready(result)
                }
                Poll::Ready(Err(error)) => {
                    let result = Err(error);
                    debt.settle(&result);
                    Poll::Ready(result)
                }
            },
            StateProjection::Refused { hold, barred } => {
                Poll::Ready(Err(hold.shared().refusal(*barred).into()))
            }
        }
    }
}

impl<F, H: Hold> fmt::Debug for Guarded<F, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.state {
            State::Running { debt, .. } if debt.is_settled() => "Guarded(done)",
            State::Running { .. } => "Guarded(running)",
            State::Refused { .. } => "Guarded(refused)",
        })
    }
}
