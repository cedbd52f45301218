use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project::pin_project;

use super::shared::{End, Hold};
use crate::ground::{
    mode::Mode,
    refusal::Fault,
    time::{self, Instant, Sleep},
};

/// A call with a limit: the same future behind both doors, generic over how it holds the timeout.
///
/// # Cancel safety
///
/// Dropping it drops the operation and its timer, and counts nothing.
#[must_use = "futures do nothing unless polled"]
#[pin_project]
pub struct Timed<F, H: Hold> {
    #[pin]
    state: State<F, H>,
}

#[pin_project(project = StateProjection)]
enum State<F, H: Hold> {
    Running {
        #[pin]
        inner: F,
        /// Set once the operation has to wait.
        #[pin]
        timer: Timer,
        hold: H,
        end: End,
    },
    Refused {
        hold: H,
        late: Duration,
    },
    Done,
}

#[pin_project(project = TimerProjection)]
enum Timer {
    Unset,
    Set(#[pin] Sleep),
    /// It fired and is not to fire again (shadow mode), or there is nothing to wait for.
    Off,
}

impl<F, H: Hold> Timed<F, H> {
    #[inline]
    pub(super) fn start(hold: H, start: impl FnOnce() -> F) -> Self {
        let state = match hold.shared().admit() {
            Ok(end) => {
                State::Running { inner: time::outside(start), timer: Timer::Unset, hold, end }
            }
            Err(late) => State::Refused { hold, late },
        };
        Self { state }
    }
}

impl<F, H, T, E> Future for Timed<F, H>
where
    F: Future<Output = Result<T, E>>,
    E: Fault,
    H: Hold,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        match state.as_mut().project() {
            StateProjection::Running { inner, mut timer, hold, end } => {
                if let Poll::Ready(result) = time::outside(|| inner.poll(cx)) {
                    state.set(State::Done);
                    return Poll::Ready(result);
                }
                if timer.as_mut().poll_set(*end, cx).is_pending() {
                    return Poll::Pending;
                }
                let refusal = hold.shared().expired(*end);
                if hold.shared().mode() == Mode::Shadow {
                    timer.set(Timer::Off);
                    return Poll::Pending;
                }
                // Guards inside are told who ends them.
                time::cut_off(|| state.set(State::Done));
                Poll::Ready(Err(refusal.into()))
            }
            StateProjection::Refused { hold, late } => {
                Poll::Ready(Err(hold.shared().too_late(*late).into()))
            }
            // Polled again after its answer: it has no other.
            StateProjection::Done => Poll::Pending,
        }
    }
}

impl Timer {
    /// Ready when the time is up. Sets the timer first, if it is not.
    fn poll_set(mut self: Pin<&mut Self>, end: End, cx: &mut Context<'_>) -> Poll<()> {
        if matches!(*self, Self::Unset) {
            self.set(match end {
                End::Limit(u64::MAX)
                | End::LimitAt(Instant::FOREVER)
                | End::Deadline(Instant::FOREVER) => Self::Off,
                End::Limit(nanos) => Self::Set(Sleep::lasting(Duration::from_nanos(nanos))),
                End::LimitAt(moment) | End::Deadline(moment) => Self::Set(Sleep::until(moment)),
            });
        }
        match self.project() {
            TimerProjection::Set(sleep) => sleep.poll(cx),
            TimerProjection::Unset | TimerProjection::Off => Poll::Pending,
        }
    }
}

impl<F, H: Hold> fmt::Debug for Timed<F, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Running { .. } => "Timed(running)",
            State::Refused { .. } => "Timed(refused)",
            State::Done => "Timed(done)",
        })
    }
}
