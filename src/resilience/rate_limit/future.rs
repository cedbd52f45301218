use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project::pin_project;

use super::{
    shared::{Shared, Short, Turn},
    waiting::Waiting,
};
use crate::ground::{
    hold::{Hold, View},
    refusal::Fault,
    time,
};

/// A call through a limiter: the same future behind both doors, generic over the operation that may
/// still have to be started (`O`), its future, and how it holds the limiter.
///
/// # Cancel safety
///
/// Dropped while it waits, it gives its place in the line back and the operation is never started.
/// Later it drops the operation's future; the token is spent.
#[must_use = "futures do nothing unless polled"]
#[pin_project]
pub struct Limited<O, F, H: Hold<Core = Shared>> {
    #[pin]
    state: State<O, F, H>,
}

#[pin_project(project = StateProjection)]
enum State<O, F, H: Hold<Core = Shared>> {
    Running {
        #[pin]
        inner: F,
    },
    Waiting {
        waiting: Pin<Box<Waiting<H>>>,
        /// None once it is started.
        operation: Option<O>,
        start: fn(O) -> F,
    },
    Refused {
        hold: H,
        short: Short,
    },
    Done,
}

impl<O, F, H: Hold<Core = Shared>> Limited<O, F, H> {
    /// Takes what a call costs, and starts the operation if that is there.
    #[inline]
    pub(super) fn start(
        view: &View<Shared, u64>,
        hold: impl FnOnce() -> H,
        operation: O,
        start: fn(O) -> F,
    ) -> Self {
        let shared = &*view.core;
        if !shared.waits() {
            return match shared.take(view.eyes) {
                Ok(()) => Self::running(|| start(operation)),
                Err(short) => Self::refused(hold(), short),
            };
        }
        match shared.take_or_line_up(view.eyes) {
            Turn::Now(_) => Self::running(|| start(operation)),
            Turn::Later(number, due) => {
                let waiting = Waiting::new(hold(), number, due);
                Self { state: State::Waiting { waiting, operation: Some(operation), start } }
            }
            Turn::Refused(short) => {
                shared.count_refusal();
                Self::refused(hold(), short)
            }
        }
    }

    #[inline]
    pub(super) fn running(start: impl FnOnce() -> F) -> Self {
        Self { state: State::Running { inner: time::outside(start) } }
    }

    #[inline]
    pub(super) const fn refused(hold: H, short: Short) -> Self {
        Self { state: State::Refused { hold, short } }
    }
}

impl<O, F, H, T, E> Future for Limited<O, F, H>
where
    F: Future<Output = Result<T, E>>,
    E: Fault,
    H: Hold<Core = Shared>,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        if let StateProjection::Running { inner } = state.as_mut().project() {
            // The two results apart: brought together they are copied through memory, which costs
            // more than all the rest.
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
        state.poll_barred(cx)
    }
}

impl<O, F, H, T, E> State<O, F, H>
where
    F: Future<Output = Result<T, E>>,
    E: Fault,
    H: Hold<Core = Shared>,
{
    /// It waits its turn, or has been refused.
    #[cold]
    #[inline(never)]
    fn poll_barred(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        match self.as_mut().project() {
            StateProjection::Waiting { waiting, operation, start } => {
                if waiting.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                let Some(operation) = operation.take() else { return Poll::Pending };
                let start = *start;
                self.set(Self::Running { inner: time::outside(|| start(operation)) });
            }
            StateProjection::Refused { hold, short } => {
                let refusal = hold.core().map(|shared| shared.refusal(*short));
                self.set(Self::Done);
                return refusal.map_or(Poll::Pending, |refusal| Poll::Ready(Err(refusal.into())));
            }
            StateProjection::Running { .. } | StateProjection::Done => {}
        }
        // Polled again after its answer, it has no other.
        let StateProjection::Running { inner } = self.as_mut().project() else {
            return Poll::Pending;
        };
        let answer = time::outside(|| inner.poll(cx));
        if answer.is_ready() {
            self.set(Self::Done);
        }
        answer
    }
}

impl<O, F, H: Hold<Core = Shared>> fmt::Debug for Limited<O, F, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.state {
            State::Running { .. } => "Limited(running)",
            State::Waiting { .. } => "Limited(waiting)",
            State::Refused { .. } => "Limited(refused)",
            State::Done => "Limited(done)",
        })
    }
}
