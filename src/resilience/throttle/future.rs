use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project::pin_project;

use super::{
    permit::{Debt, watch},
    shared::Shared,
};
use crate::ground::{hold::Hold, outcome::Classify, refusal::Fault, time::Instant};

/// A call through a throttle: the same future behind both doors, generic over how it holds the throttle.
///
/// # Cancel safety
///
/// Dropping it drops the operation. Dropped by one of our own timeouts or deadlines the call was not
/// accepted; dropped by anybody else it is taken out of the count.
#[must_use = "futures do nothing unless polled"]
#[pin_project]
pub struct Throttling<F, H: Hold<Core = Shared>> {
    #[pin]
    state: State<F, H>,
}

#[pin_project(project = StateProjection)]
enum State<F, H: Hold<Core = Shared>> {
    Running {
        #[pin]
        inner: F,
        debt: Debt<H>,
    },
    /// None once that has been said.
    Refused { hold: Option<H> },
}

impl<F, H: Hold<Core = Shared>> Throttling<F, H> {
    /// Asks for admission, and starts the operation if it is granted.
    #[inline]
    pub(super) fn start(shared: &Shared, hold: H, start: impl FnOnce() -> F) -> Self {
        match shared.admit() {
            Some(began) => Self::admitted(shared, hold, began, start),
            None => Self::refused(hold),
        }
    }

    /// Starts an operation that has been let through.
    #[inline]
    pub(super) fn admitted(
        shared: &Shared,
        hold: H,
        began: Instant,
        start: impl FnOnce() -> F,
    ) -> Self {
        let inner = watch(Some(shared), began, start);
        Self { state: State::Running { inner, debt: Debt::new(hold, began) } }
    }

    #[inline]
    pub(super) const fn refused(hold: H) -> Self {
        Self { state: State::Refused { hold: Some(hold) } }
    }
}

impl<F, H, T, E> Future for Throttling<F, H>
where
    F: Future<Output = Result<T, E>>,
    E: Fault,
    H: Hold<Core = Shared>,
    H::Eyes: Classify<T, E>,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // The two results apart: brought together they are copied through memory.
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
            StateProjection::Refused { hold } => {
                let hold = hold.take();
                match hold.as_ref().and_then(|hold| hold.core()) {
                    Some(shared) => Poll::Ready(Err(shared.refusal().into())),
                    None => Poll::Pending,
                }
            }
        }
    }
}

impl<F, H: Hold<Core = Shared>> fmt::Debug for Throttling<F, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.state {
            State::Running { debt, .. } if debt.is_settled() => "Throttling(done)",
            State::Running { .. } => "Throttling(running)",
            State::Refused { .. } => "Throttling(refused)",
        })
    }
}
