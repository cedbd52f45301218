use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project::pin_project;
use tokio::task::coop::{Unconstrained, unconstrained};

use super::{Instant, clock::to_tokio};

/// A timer: ready once its moment has come.
///
/// Not subject to tokio's cooperative budget: an operation that uses its budget up on every poll
/// must not be able to hold back the timer that is there to end it.
#[pin_project]
pub(crate) struct Sleep {
    #[pin]
    timer: Unconstrained<tokio::time::Sleep>,
}

impl Sleep {
    /// Sleeps for `duration` from now. Reads the clock once.
    pub(crate) fn lasting(duration: Duration) -> Self {
        Self { timer: unconstrained(tokio::time::sleep(duration)) }
    }

    /// Sleeps until `at`. Reads no clock.
    pub(crate) fn until(at: Instant) -> Self {
        Self { timer: unconstrained(tokio::time::sleep_until(to_tokio(at))) }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().timer.poll(cx)
    }
}
