use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project::pin_project;

use super::shared::Core;
use crate::ground::{
    sync::Anchored,
    time::{Instant, Sleep},
};

/// Waits until the last call has left a closed bulkhead, or its deadline has passed: how many are still
/// in flight then.
///
/// # Cancel safety
///
/// Dropping it opens nothing again, and cuts nothing off. Another
/// [`close`](super::Bulkhead::close) waits for the same.
#[must_use = "calls are refused already; await this to know that the last has ended"]
#[pin_project]
pub struct Closing {
    listener: Listener,
    until: Instant,
    #[pin]
    timer: Option<Sleep>,
}

/// Does not listen any longer once it is dropped.
struct Listener {
    core: Anchored<Core>,
    number: u64,
}

impl Closing {
    pub(super) const fn new(core: Anchored<Core>, until: Instant, number: u64) -> Self {
        Self { listener: Listener { core, number }, until, timer: None }
    }
}

impl Future for Closing {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        let mut this = self.project();
        let Listener { core, number } = this.listener;
        let in_flight = core.listen(*number, cx.waker().clone());
        if in_flight == 0 {
            return Poll::Ready(0);
        }
        if this.timer.is_none() && *this.until != Instant::FOREVER {
            this.timer.set(Some(Sleep::until(*this.until)));
        }
        match this.timer.as_mut().as_pin_mut() {
            Some(timer) => timer.poll(cx).map(|()| in_flight),
            None => Poll::Pending,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.core.listen_no_more(self.number);
    }
}

impl fmt::Debug for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing")
            .field("name", self.listener.core.name())
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}
