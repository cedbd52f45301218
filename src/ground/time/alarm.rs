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
    pub(crate) fn poll_at(self: Pin<&mut Self>, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        match this.timer.as_mut().as_pin_mut() {
            None => this.timer.set(Some(Sleep::until(at))),
            Some(_) if *this.set == at => {}
            Some(timer) => timer.reset(at),
        }
        *this.set = at;
        this.timer.as_pin_mut().map_or(Poll::Pending, |timer| timer.poll(cx))
    }

    /// Nothing is waited for: the timer wakes nobody.
    pub(crate) fn clear(self: Pin<&mut Self>) {
        let mut this = self.project();
        if this.timer.is_some() {
            this.timer.set(None);
        }
    }
}
