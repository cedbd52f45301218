use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project::pin_project;

use super::{permit::Permit, shared::Shared};
use crate::ground::{
    hold::Hold,
    refusal::{Fault, Refusal},
    time,
};

/// A call that was let in, or not: the same future behind both doors, generic over how it holds the shed.
///
/// # Cancel safety
///
/// Dropping it drops the operation, and then gives its place back.
#[must_use = "futures do nothing unless polled"]
#[pin_project]
pub struct Shedding<F, H: Hold<Core = Shared>> {
    #[pin]
    state: State<F, H>,
}

#[pin_project(project = StateProjection)]
enum State<F, H: Hold<Core = Shared>> {
    Running {
        #[pin]
        inner: F,
        /// Right of the operation: the place is free when that is gone. None once it has ended.
        permit: Option<Permit<H>>,
    },
    /// None once it has been said.
    Refused { refusal: Option<Refusal> },
}

impl<F, H: Hold<Core = Shared>> Shedding<F, H> {
    /// Starts the operation if there is room for it. `drawn`: chance has let it pass.
    #[inline]
    pub(super) fn start(
        shared: &Shared,
        hold: H,
        waited: Option<Duration>,
        drawn: bool,
        start: impl FnOnce() -> F,
    ) -> Self {
        if !shared.admit(waited, drawn) {
            return Self::refused(shared);
        }
        // Dropped by a panic of the start, it gives the place back.
        let permit = Permit::new(hold);
        let inner = time::outside(start);
        Self { state: State::Running { inner, permit: Some(permit) } }
    }

    #[cold]
    pub(super) fn refused(shared: &Shared) -> Self {
        Self { state: State::Refused { refusal: Some(shared.refusal()) } }
    }
}

impl<F, H, T, E> Future for Shedding<F, H>
where
    F: Future<Output = Result<T, E>>,
    E: Fault,
    H: Hold<Core = Shared>,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            // Polled again after its answer: it has no other.
            StateProjection::Running { permit: None, .. } => Poll::Pending,
            // The two results apart: brought together they are copied through memory.
            StateProjection::Running { inner, permit } => {
                // A call that panics has ended, even if somebody keeps its future.
                match time::watched(|| inner.poll(cx), || *permit = None) {
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(Ok(value)) => {
                        *permit = None;
                        Poll::Ready(Ok(value))
                    }
                    Poll::Ready(Err(error)) => {
                        *permit = None;
                        Poll::Ready(Err(error))
                    }
                }
            }
            StateProjection::Refused { refusal } => match refusal.take() {
                Some(refusal) => Poll::Ready(Err(refusal.into())),
                None => Poll::Pending,
            },
        }
    }
}

impl<F, H: Hold<Core = Shared>> fmt::Debug for Shedding<F, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.state {
            State::Running { permit: Some(_), .. } => "Shedding(running)",
            State::Running { permit: None, .. } => "Shedding(done)",
            State::Refused { .. } => "Shedding(refused)",
        })
    }
}
