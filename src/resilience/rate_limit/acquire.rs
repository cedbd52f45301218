use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use super::{
    shared::{Borrowed, Shared, Short, Turn},
    waiting::Waiting,
};
use crate::ground::{
    hold::{View, sealed::Hold as _},
    refusal::Refusal,
};

/// Tokens that somebody waits for, in turn; made by [`RateLimiter::acquire`](super::RateLimiter::acquire).
///
/// The place in the line is taken when it is made.
///
/// # Cancel safety
///
/// Dropping it before it is ready gives back what it has, the place or the tokens.
#[must_use = "futures do nothing unless polled"]
pub struct Acquire<'a> {
    limiter: Borrowed<'a>,
    tokens: u64,
    state: State<'a>,
}

enum State<'a> {
    /// And whether the tokens were taken: in shadow mode it may go without.
    Granted(bool),
    Waiting(Pin<Box<Waiting<Borrowed<'a>>>>),
    Refused(Short),
    Done,
}

impl<'a> Acquire<'a> {
    #[inline]
    pub(super) fn new(view: &'a View<Shared, u64>, tokens: u64) -> Self {
        let state = match view.core.take_or_line_up(tokens) {
            Turn::Now(taken) => State::Granted(taken),
            Turn::Later(number, due) => State::Waiting(Waiting::new(view.borrow(), number, due)),
            Turn::Refused(short) => {
                view.core.count_refusal();
                State::Refused(short)
            }
        };
        Self { limiter: view.borrow(), tokens, state }
    }
}

impl Acquire<'_> {
    /// Whether it will have taken tokens, once it is served.
    pub(super) const fn takes(&self) -> bool {
        !matches!(self.state, State::Granted(false))
    }
}

impl Future for Acquire<'_> {
    type Output = Result<(), Refusal>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.state {
            State::Granted(_) => {}
            State::Waiting(waiting) => {
                if waiting.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
            }
            State::Refused(short) => {
                let short = *short;
                self.state = State::Done;
                return match self.limiter.core() {
                    Some(shared) => Poll::Ready(Err(shared.refusal(short))),
                    None => Poll::Pending,
                };
            }
            // Polled again after its answer: it has no other.
            State::Done => return Poll::Pending,
        }
        self.state = State::Done;
        Poll::Ready(Ok(()))
    }
}

impl Drop for Acquire<'_> {
    #[inline]
    fn drop(&mut self) {
        if let (State::Granted(true), Some(shared)) = (&self.state, self.limiter.core()) {
            shared.give_back(self.tokens);
        }
    }
}

impl fmt::Debug for Acquire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.state {
            State::Granted(_) => "Acquire(granted)",
            State::Waiting(_) => "Acquire(waiting)",
            State::Refused(_) => "Acquire(refused)",
            State::Done => "Acquire(done)",
        })
    }
}
