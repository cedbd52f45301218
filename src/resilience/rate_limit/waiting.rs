use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project::pin_project;

use super::shared::Shared;
use crate::ground::{
    hold::Hold,
    time::{Alarm, Instant},
};

/// A place in the line of those who wait, with the timer for it. Made only by who has to wait.
#[pin_project]
pub(super) struct Waiting<H: Hold<Core = Shared>> {
    place: Place<H>,
    due: Instant,
    #[pin]
    alarm: Alarm,
}

impl<H: Hold<Core = Shared>> Waiting<H> {
    /// Waits under this number, until this moment or an earlier one.
    #[cold]
    pub(super) fn new(hold: H, number: u64, due: Instant) -> Pin<Box<Self>> {
        Box::pin(Self { place: Place { hold, number: Some(number) }, due, alarm: Alarm::new() })
    }

    /// Ready when its turn has come.
    pub(super) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        loop {
            let (Some(number), Some(shared)) = (this.place.number, this.place.hold.core()) else {
                return Poll::Ready(());
            };
            match shared.poll_turn(number, cx.waker()) {
                Ok(()) => {
                    this.place.number = None;
                    return Poll::Ready(());
                }
                Err(due) => *this.due = due,
            }
            if this.alarm.as_mut().poll_at(*this.due, cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

/// A place in the line: given up when dropped, unless it was served.
struct Place<H: Hold<Core = Shared>> {
    hold: H,
    number: Option<u64>,
}

impl<H: Hold<Core = Shared>> Drop for Place<H> {
    fn drop(&mut self) {
        if let (Some(number), Some(shared)) = (self.number.take(), self.hold.core()) {
            shared.leave(number);
        }
    }
}

impl<H: Hold<Core = Shared>> fmt::Debug for Waiting<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("due", &self.due).finish_non_exhaustive()
    }
}
