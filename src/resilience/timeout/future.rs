use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project::pin_project;

use super::{
    hold::Hold,
    shared::{End, Shared},
};
use crate::ground::{
    refusal::Fault,
    time::{self, Instant, Sleep},
};

/// A call with a limit: the same future behind both doors, generic over how it holds the timeout.
///
/// # Cancel safety
///
/// Dropping it drops the operation and its timer, and counts nothing.
#[must_use = "futures do nothing unless polled"]
#[pin_project(project = TimedProjection)]
pub struct Timed<F, H: Hold> {
    #[pin]
    state: State<F, H>,
    /// Set once the operation has to wait. Beside the state and not in it: there, the room for a timer
    /// would be moved about with a future that has none.
    #[pin]
    timer: Option<Sleep>,
}

#[pin_project(project = StateProjection)]
enum State<F, H: Hold> {
    Running {
        #[pin]
        inner: F,
        hold: H,
        end: End,
    },
    Refused {
        hold: H,
        late: Duration,
    },
    Done,
}

impl<F, H: Hold> Timed<F, H> {
    #[inline]
    pub(super) fn start(shared: &Shared, hold: H, start: impl FnOnce() -> F) -> Self {
        let state = match shared.admit() {
            Ok(end) => State::Running { inner: time::outside(start), hold, end },
            Err(late) => State::Refused { hold, late },
        };
        Self { state, timer: None }
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
        let TimedProjection { mut state, timer } = self.project();
        if let StateProjection::Running { inner, .. } = state.as_mut().project() {
            // The two results apart: brought together they are copied through memory, which costs
            // more than all the rest.
            match time::outside(|| inner.poll(cx)) {
                Poll::Ready(Ok(value)) => {
                    state.set(State::Done);
                    disarm(timer);
                    return Poll::Ready(Ok(value));
                }
                Poll::Ready(Err(error)) => {
                    state.set(State::Done);
                    disarm(timer);
                    return Poll::Ready(Err(error));
                }
                Poll::Pending => {}
            }
        }
        state.wait(timer, cx).map(Err)
    }
}

impl<F, H: Hold> State<F, H> {
    /// The operation waits, or there is none. Gives the operation's error once there is one.
    #[inline(always)]
    fn wait<E: Fault>(
        mut self: Pin<&mut Self>,
        mut timer: Pin<&mut Option<Sleep>>,
        cx: &mut Context<'_>,
    ) -> Poll<E> {
        match self.as_mut().project() {
            StateProjection::Running { hold, end, .. } => {
                if poll_timer(timer.as_mut(), *end, cx).is_pending() {
                    return Poll::Pending;
                }
                match hold.expired(*end) {
                    Some(refusal) => {
                        // Guards inside are told who ends them.
                        time::cut_off(|| self.set(Self::Done));
                        disarm(timer);
                        Poll::Ready(refusal.into())
                    }
                    None => {
                        *end = End::NEVER;
                        timer.set(None);
                        Poll::Pending
                    }
                }
            }
            StateProjection::Refused { hold, late } => {
                let refusal = hold.too_late(*late);
                self.set(Self::Done);
                Poll::Ready(refusal.into())
            }
            // Polled again after its answer: it has no other.
            StateProjection::Done => Poll::Pending,
        }
    }
}

/// Ready when the time is up. Sets the timer first, if there is none.
#[inline(always)]
fn poll_timer(mut timer: Pin<&mut Option<Sleep>>, end: End, cx: &mut Context<'_>) -> Poll<()> {
    if timer.is_none() {
        match end {
            End::NEVER => {}
            End::Limit(nanos) => timer.set(Some(Sleep::lasting(Duration::from_nanos(nanos)))),
            End::LimitAt(moment, _) | End::Deadline(moment) => set_until(timer.as_mut(), moment),
        }
    }
    timer.as_pin_mut().map_or(Poll::Pending, |timer| timer.poll(cx))
}

/// The call is over: nobody waits for its timer.
#[inline(always)]
fn disarm(mut timer: Pin<&mut Option<Sleep>>) {
    if timer.is_some() {
        timer.set(None);
    }
}

#[cold]
fn set_until(mut timer: Pin<&mut Option<Sleep>>, moment: Instant) {
    if moment != Instant::FOREVER {
        timer.set(Some(Sleep::until(moment)));
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
