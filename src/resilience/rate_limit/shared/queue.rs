use std::{collections::BTreeMap, task::Waker};

use crate::ground::time::Instant;

/// Who waits, in the order of asking.
///
/// Everybody has a slot of its own and a timer for it, so that one who is not polled holds nobody up.
/// When a slot comes free, those behind it move up; only the first of them is told, and tells the next
/// when it is served.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiters: BTreeMap<u64, Waiter>,
    last: u64,
    /// What all of them ask for.
    tokens: u64,
}

#[derive(Debug)]
struct Waiter {
    tokens: u64,
    /// When it is served, as far as it knows: never later.
    due: Instant,
    waker: Option<Waker>,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.waiters.len()
    }

    /// Lines up; the number to be called by.
    pub(super) fn push(&mut self, tokens: u64, due: Instant) -> u64 {
        self.last += 1;
        self.tokens = self.tokens.saturating_add(tokens);
        self.waiters.insert(self.last, Waiter { tokens, due, waker: None });
        self.last
    }

    /// Takes one out, served or not: what it asked for.
    pub(super) fn remove(&mut self, number: u64) -> Option<(u64, Option<Waker>)> {
        let waiter = self.waiters.remove(&number)?;
        self.tokens = self.tokens.saturating_sub(waiter.tokens);
        Some((waiter.tokens, waiter.waker))
    }

    /// When this one is served, where `behind` tells it of whoever has so many tokens behind it.
    pub(super) fn due(&mut self, number: u64, behind: impl Fn(u64) -> Instant) -> Instant {
        let is_first = self.waiters.first_key_value().is_some_and(|(first, _)| *first == number);
        let tokens = self.tokens;
        match self.waiters.get_mut(&number) {
            Some(waiter) if is_first => {
                waiter.due = waiter.due.min(behind(tokens.saturating_sub(waiter.tokens)));
                waiter.due
            }
            Some(waiter) => waiter.due,
            // Nobody here: not to be waited for.
            None => Instant::from_nanos(0),
        }
    }

    /// Leaves a waker. The one that was there before.
    pub(super) fn listen(&mut self, number: u64, waker: Waker) -> Option<Waker> {
        self.waiters.get_mut(&number)?.waker.replace(waker)
    }

    /// The waker of the first in line, if it is to be served earlier than it knows.
    pub(super) fn moved_up(&mut self, behind: impl Fn(u64) -> Instant) -> Option<Waker> {
        let tokens = self.tokens;
        let (_, first) = self.waiters.iter_mut().next()?;
        let due = behind(tokens.saturating_sub(first.tokens));
        if due < first.due { first.waker.take() } else { None }
    }
}
