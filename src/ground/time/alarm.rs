use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project::pin_project;

use super::{Instant, Sleep};

/// One timer for moments that come one after the other. There is none before the first is waited for.
#[pin_project]
#[derive(Debug)]
pub(crate) struct Alarm {
    #[pin]
    timer: Option<Sleep>,
    set: Instant,
}

impl Alarm {
    pub(crate) const fn new() -> Self {
        Self { timer: None, set: Instant::FOREVER }
    }

    /// Ready once this moment has come.
    ///
    /// A timer that stands at an earlier moment is left there, and set anew when that has come: one
    /// wake for nothing now and then is cheaper than a timer that is moved for every moment.
    pub(crate) fn poll_at(self: Pin<&mut Self>, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        loop {
            match this.timer.as_mut().as_pin_mut() {
                None => this.timer.set(Some(Sleep::until(at))),
                Some(mut timer) => {
                    if *this.set <= at {
                        if timer.as_mut().poll(cx).is_pending() {
                            return Poll::Pending;
                        }
                        if *this.set == at {
                            return Poll::Ready(());
                        }
                    }
                    timer.reset(at);
                }
            }
            *this.set = at;
        }
    }

    /// Nothing is waited for: the timer wakes nobody.
    pub(crate) fn clear(self: Pin<&mut Self>) {
        let mut this = self.project();
        if this.timer.is_some() {
            this.timer.set(None);
        }
    }
}
