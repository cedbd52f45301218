//! The line of those who wait for their turn.

use std::{task::Waker, time::Duration};

use super::{
    super::machine::{nanos, units},
    Shared, Short, Turn,
    bucket::Bucket,
};
use crate::ground::{
    sync::atomic::Ordering,
    time::{self, Deadline, Instant},
};

impl Shared {
    #[cold]
    #[inline(never)]
    pub(super) fn line_up(&self, tokens: u64) -> Turn {
        match self.reserve(tokens) {
            Ok(turn) => {
                if matches!(turn, Turn::Now(_)) {
                    self.admitted.add_one();
                }
                turn
            }
            Err(short) if self.is_shadow() => {
                let _ = self.refuse(short);
                Turn::Now(false)
            }
            Err(short) => Turn::Refused(short),
        }
    }

    /// A slot, unless it would be too late.
    fn reserve(&self, tokens: u64) -> Result<Turn, Short> {
        let mut queue = self.queue.lock();
        let moment = time::now();
        let now = self.units(moment);
        let left = Deadline::current()
            .map_or(u64::MAX, |deadline| units(time::nanos(deadline.moment().since(moment))));
        let longest = self.max_wait.load(Ordering::Relaxed).min(left);
        let most = self.max_waiting.load(Ordering::Relaxed) as usize;
        let short = self.short_of_all(now, tokens);
        // In shadow mode nobody waits for what would be refused outright.
        let is_late = |short: Short| short == Short::NEVER || short.0 > longest;
        if short != Short(0) && (is_late(short) || queue.len() >= most || self.is_shadow()) {
            return Err(short);
        }
        let short = self.buckets().map(|bucket| bucket.owe(now, tokens)).max().unwrap_or(0);
        if short == 0 {
            return Ok(Turn::Now(true));
        }
        if is_late(Short(short)) {
            // Somebody else was faster.
            self.buckets().for_each(|bucket| bucket.give_back(tokens));
            return Err(Short(short));
        }
        let due = moment.after(Duration::from_nanos(nanos(short)));
        Ok(Turn::Later(queue.push(tokens, due), due))
    }

    /// Whether the turn of this number has come; if not, when it does.
    pub(in super::super) fn poll_turn(&self, number: u64, waker: &Waker) -> Result<(), Instant> {
        let waker = waker.clone();
        let mut queue = self.queue.lock();
        let due = queue.due(number, |behind| self.due(behind));
        if time::now() < due {
            let before = queue.listen(number, waker);
            drop(queue);
            drop(before);
            return Err(due);
        }
        let served = queue.remove(number);
        let next = queue.moved_up(|behind| self.due(behind));
        drop(queue);
        drop(served);
        wake(next);
        self.waited.add_one();
        self.admitted.add_one();
        Ok(())
    }

    /// Gives a slot back that was not waited for to its end.
    pub(in super::super) fn leave(&self, number: u64) {
        let mut queue = self.queue.lock();
        let Some((tokens, waker)) = queue.remove(number) else { return };
        self.buckets().for_each(|bucket| bucket.give_back(tokens));
        let next = queue.moved_up(|behind| self.due(behind));
        drop(queue);
        drop(waker);
        wake(next);
    }

    /// Gives tokens back.
    pub(in super::super) fn give_back(&self, tokens: u64) {
        // The lock first: nobody lines up by what was there before and hears nothing of it.
        let mut queue = self.queue.lock();
        self.buckets().for_each(|bucket| bucket.give_back(tokens));
        let first = queue.moved_up(|behind| self.due(behind));
        drop(queue);
        wake(first);
    }

    /// When somebody is served who has so many tokens behind it.
    pub(super) fn due(&self, behind: u64) -> Instant {
        let due = |bucket: &Bucket| {
            let terms = bucket.terms();
            bucket.full().saturating_sub(terms.cost(behind)).saturating_sub(terms.capacity)
        };
        let latest = self.buckets().map(due).max().unwrap_or(0);
        self.hot.epoch.after(Duration::from_nanos(nanos(latest)))
    }
}

/// A waker is foreign code: no lock is held.
pub(super) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
