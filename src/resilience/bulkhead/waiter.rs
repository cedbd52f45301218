use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project::pin_project;

use super::{
    permit::Permit,
    shared::{Core, Ended, Until, Why},
};
use crate::ground::{
    hold::Hold,
    refusal::Refusal,
    time::{Instant, Sleep},
};

/// Somebody in the queue.
#[pin_project]
#[derive(Debug)]
pub(super) struct Waiter<H: Hold<Core = Core>> {
    slot: Slot<H>,
    until: Until,
    /// Set once it is polled and there is something to wait for.
    #[pin]
    timer: Option<Sleep>,
}

/// A slot of the queue; left when dropped.
#[derive(Debug)]
struct Slot<H: Hold<Core = Core>> {
    /// None once the wait has ended.
    hold: Option<H>,
    at: usize,
}

impl<H: Hold<Core = Core>> Waiter<H> {
    pub(super) const fn new(hold: H, at: usize, until: Until) -> Self {
        Self { slot: Slot { hold: Some(hold), at }, until, timer: None }
    }

    /// Waits for a place. Pending for ever once it has answered.
    pub(super) fn poll(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Permit<H>, Refusal>> {
        let mut this = self.project();
        let at = this.slot.at;
        let Some(core) = this.slot.hold.as_ref().and_then(|hold| hold.core()) else {
            return Poll::Pending;
        };
        let ended = match core.look(at, cx.waker().clone()) {
            Some(ended) => ended,
            None => {
                if this.timer.is_none() && this.until.moment != Instant::FOREVER {
                    this.timer.set(Some(Sleep::until(this.until.moment)));
                }
                let timer = this.timer.as_mut().as_pin_mut();
                if timer.is_none_or(|timer| timer.poll(cx).is_pending()) {
                    return Poll::Pending;
                }
                let late = Why::Late(Duration::ZERO);
                core.give_up(at, if this.until.deadline { late } else { Why::Expired })
            }
        };
        let answer = match ended {
            Ended::Placed(place) => Ok(place),
            Ended::Refused(why) => Err(core.refusal(why)),
        };
        match (answer, this.slot.hold.take()) {
            (Ok(place), Some(hold)) => Poll::Ready(Ok(Permit::new(hold, place))),
            (Err(refusal), _) => Poll::Ready(Err(refusal)),
            // It was there a moment ago.
            (Ok(_), None) => Poll::Pending,
        }
    }
}

impl<H: Hold<Core = Core>> Drop for Slot<H> {
    fn drop(&mut self) {
        if let Some(core) = self.hold.as_ref().and_then(|hold| hold.core()) {
            core.abandon(self.at);
        }
    }
}
