use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project::pin_project;

use super::{
    machine::Barred,
    permit::{Debt, Hold},
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
    Done,
}

impl<F, H: Hold> Guarded<F, H> {
    /// Asks for admission, and starts the operation if it is granted.
    #[inline]
    pub(super) fn start(hold: H, start: impl FnOnce() -> F) -> Self {
        let state = match hold.shared().admit() {
            Ok(pass) => {
                let mut debt = Debt::new(hold, pass);
                let inner = debt.watch(start);
                State::Running { inner, debt }
            }
            Err(barred) => State::Refused { hold, barred },
        };
        Self { state }
    }

    /// Refused without asking.
    #[cfg_attr(
        not(feature = "tower"),
        expect(dead_code, reason = "a service is refused when it was made ready")
    )]
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
        let mut state = self.project().state;
        let result = match state.as_mut().project() {
            StateProjection::Running { inner, debt } => match debt.watch(|| inner.poll(cx)) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(result) => {
                    debt.settle(&result);
                    result
                }
            },
            StateProjection::Refused { hold, barred } => Err(hold.shared().refusal(*barred).into()),
            // Polled again after its answer: it has no other.
            StateProjection::Done => return Poll::Pending,
        };
        state.set(State::Done);
        Poll::Ready(result)
    }
}

impl<F, H: Hold> fmt::Debug for Guarded<F, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Running { .. } => "Guarded(running)",
            State::Refused { .. } => "Guarded(refused)",
            State::Done => "Guarded(done)",
        })
    }
}
