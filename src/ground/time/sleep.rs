use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use pin_project::pin_project;
use tokio::task::coop::{has_budget_remaining, unconstrained};

use super::{Instant, clock::to_tokio};

/// A timer: ready once its moment has come.
///
/// An operation that uses tokio's cooperative budget up on every poll must not be able to hold back
/// the timer that is there to end it: with no budget left, the timer is polled without one.
#[pin_project]
#[derive(Debug)]
pub(crate) struct Sleep {
    #[pin]
    timer: tokio::time::Sleep,
}

impl Sleep {
    /// Sleeps for `duration` from now. Reads the clock once.
    #[inline]
    pub(crate) fn lasting(duration: Duration) -> Self {
        // As `tokio::time::sleep` does it. That is too large to be inlined, and a timer that was made
        // elsewhere has to be moved to where it stays: a sixth of all that a timer costs.
        let end = tokio::time::Instant::now().checked_add(duration);
        Self { timer: tokio::time::sleep_until(end.unwrap_or_else(never)) }
    }

    /// Sleeps until `at`. Reads no clock.
    #[inline]
    pub(crate) fn until(at: Instant) -> Self {
        Self { timer: tokio::time::sleep_until(to_tokio(at)) }
    }

    /// Sleeps until `at` instead, whether it was ready or not. Reads no clock.
    #[inline]
    pub(crate) fn reset(self: Pin<&mut Self>, at: Instant) {
        self.project().timer.reset(to_tokio(at));
    }
}

#[cold]
fn never() -> tokio::time::Instant {
    to_tokio(Instant::FOREVER)
}

impl Future for Sleep {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.project().timer;
        if has_budget_remaining() { timer.poll(cx) } else { pin!(unconstrained(timer)).poll(cx) }
    }
}
