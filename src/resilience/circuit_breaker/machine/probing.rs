use std::time::Duration;

use super::super::{
    config::Config,
    state::{Counts, Reason},
    window::Marks,
};
use crate::ground::time::Instant;

/// A half-open circuit: the probes out, and what the others said.
#[derive(Debug)]
pub(super) struct Round {
    ends: Instant,
    out: Vec<Lease>,
    next_lease: u64,
    counts: Counts,
}

#[derive(Debug)]
struct Lease {
    number: u64,
    until: Instant,
}

/// What the probes so far amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Close,
    Reopen(Reason),
    Undecided,
}

impl Round {
    pub(super) const fn new(ends: Instant) -> Self {
        let counts =
            Counts { calls: 0, failures: 0, soft_failures: 0, slow: 0, consecutive_failures: 0 };
        Self { ends, out: Vec::new(), next_lease: 1, counts }
    }

    /// When to ask again, if every probe is out.
    pub(super) fn retry_after(&self, config: &Config, now: Instant) -> Option<Duration> {
        if (self.out.len() as u64 + self.counts.calls) < u64::from(config.probes) {
            return None;
        }
        // The oldest lease is the first to run out; a probe seldom takes that long.
        let left = self.out.first().map_or(config.open_for, |lease| lease.until.since(now));
        Some(left.min(config.open_for))
    }

    /// Sends a probe out.
    pub(super) fn lease(&mut self, config: &Config, now: Instant) -> u64 {
        let number = self.next_lease;
        self.next_lease += 1;
        self.out.push(Lease { number, until: now.after(config.probe_lease) });
        number
    }

    /// A probe came back. One whose lease ran out is not heard.
    pub(super) fn settle(&mut self, lease: u64, marks: Marks) {
        if self.release(lease) {
            self.count(marks);
        }
    }

    /// Takes a probe's place back. Whether it still had one.
    pub(super) fn release(&mut self, lease: u64) -> bool {
        let before = self.out.len();
        self.out.retain(|out| out.number != lease);
        self.out.len() < before
    }

    /// Probes whose lease has run out have failed.
    pub(super) fn expire(&mut self, now: Instant) {
        let before = self.out.len();
        self.out.retain(|lease| now < lease.until);
        for _ in self.out.len()..before {
            self.count(Marks::FAILURE);
        }
    }

    pub(super) const fn counts(&self) -> Counts {
        self.counts
    }

    /// What the probes amount to. A round that has had its time is judged by what it has; if that
    /// is nothing, it is given more.
    pub(super) fn verdict(&mut self, config: &Config, now: Instant) -> Verdict {
        let failures = self.bad();
        let successes = self.counts.calls - failures;
        let to_open = config.probe_failures_to_open.or(config.successes_to_close.map(|_| 1));
        if config.successes_to_close.is_some_and(|enough| successes >= u64::from(enough)) {
            return Verdict::Close;
        }
        if to_open.is_some_and(|enough| failures >= u64::from(enough)) {
            return Verdict::Reopen(Reason::ProbesFailed);
        }
        if self.counts.calls >= u64::from(config.probes) {
            return self.judge(config);
        }
        if now < self.ends {
            return Verdict::Undecided;
        }
        if self.counts.calls == 0 {
            self.ends = now.after(config.half_open_for);
            return Verdict::Undecided;
        }
        self.judge(config)
    }

    fn judge(&self, config: &Config) -> Verdict {
        let share = |bad: u64| bad as f64 / self.counts.calls as f64;
        if share(self.bad()) >= config.failure_ratio.unwrap_or(0.5) {
            Verdict::Reopen(Reason::ProbesFailed)
        } else if config.slow_ratio.is_some_and(|limit| share(self.counts.slow) >= limit) {
            Verdict::Reopen(Reason::SlowRatio)
        } else {
            Verdict::Close
        }
    }

    /// Soft failures too: a circuit is not closed onto a backend that asks to be left alone.
    const fn bad(&self) -> u64 {
        self.counts.failures + self.counts.soft_failures
    }

    fn count(&mut self, marks: Marks) {
        let counts = &mut self.counts;
        counts.calls += 1;
        counts.failures += u64::from(marks.has(Marks::FAILURE));
        counts.soft_failures += u64::from(marks.has(Marks::SOFT));
        counts.slow += u64::from(marks.has(Marks::SLOW));
    }
}
