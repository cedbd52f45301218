use std::collections::VecDeque;

use super::{
    config::{Plan, Window},
    state::Counts,
};
use crate::ground::{
    stats::{Ring, Slicing, Tally},
    time::Instant,
};

/// What is bad about a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks(u8);

impl Marks {
    pub(super) const NONE: Self = Self(0);
    pub(super) const FAILURE: Self = Self(1);
    pub(super) const SOFT: Self = Self(2);
    pub(super) const SLOW: Self = Self(4);
    pub(super) const ALL: Self = Self(7);

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn has(self, mark: Self) -> bool {
        self.0 & mark.0 != 0
    }

    fn tally(self) -> Tally<4> {
        let one = |mark| u64::from(self.has(mark));
        Tally([1, one(Self::FAILURE), one(Self::SOFT), one(Self::SLOW)])
    }
}

/// What others count, told to the machine: good calls are counted without it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Failures in a row, this call included.
    pub(super) run: u32,
    /// Good calls in the time window.
    pub(super) good: u64,
    /// Calls ever counted by a count window, this one included.
    pub(super) position: u64,
}

impl Seen {
    /// What was seen before a call that is bad in this way.
    pub(super) const fn before(self, marks: Marks) -> Self {
        let run = if marks.has(Marks::FAILURE) { self.run.saturating_sub(1) } else { self.run };
        Self { run, position: self.position.saturating_sub(1), ..self }
    }
}

/// The bad calls of the window. They alone decide, so they alone are kept; good calls only make the
/// window move on, or make the share smaller.
#[derive(Debug)]
pub(super) enum Records {
    Count(LastCalls),
    None,
    Time(Ring<4>),
}

/// Bad calls among the last `size`, each with its position.
#[derive(Debug)]
pub(super) struct LastCalls {
    size: u64,
    /// The position before the first call that counts.
    start: u64,
    bad: VecDeque<(u64, Marks)>,
    total: Tally<4>,
}

impl Records {
    pub(super) fn new(plan: &Plan, start: Instant, position: u64) -> Self {
        match plan.config().window {
            _ if !plan.has_window() => Self::None,
            Window::Count(size) => Self::Count(LastCalls {
                size: u64::from(size),
                start: position,
                bad: VecDeque::new(),
                total: Tally::default(),
            }),
            Window::Time { span, buckets } => {
                Self::Time(Ring::new(Slicing::new(start, span, buckets)))
            }
        }
    }

    pub(super) fn add(&mut self, marks: Marks, position: u64, now: Instant) {
        match self {
            Self::Count(calls) => {
                calls.slide(position);
                calls.bad.push_back((position, marks));
                calls.total += marks.tally();
            }
            Self::None => {}
            Self::Time(ring) => ring.add(now, marks.tally()),
        }
    }

    pub(super) fn counts(&mut self, seen: Seen, now: Instant) -> Counts {
        let (calls, total) = match self {
            Self::Count(calls) => {
                calls.slide(seen.position);
                (seen.position.saturating_sub(calls.start).min(calls.size), calls.total)
            }
            Self::None => (0, Tally::default()),
            Self::Time(ring) => {
                let total = ring.total(now);
                (seen.good + total.0[0], total)
            }
        };
        let [_, failures, soft_failures, slow] = total.0;
        Counts { calls, failures, soft_failures, slow, consecutive_failures: seen.run }
    }

    /// Empties it; calls up to `position` no longer count.
    pub(super) fn clear(&mut self, position: u64) {
        match self {
            Self::Count(calls) => {
                calls.start = position;
                calls.bad.clear();
                calls.total = Tally::default();
            }
            Self::None => {}
            Self::Time(ring) => ring.clear(),
        }
    }
}

impl LastCalls {
    /// Lets go of the calls that are no longer among the last `size` once `position` is the last.
    fn slide(&mut self, position: u64) {
        while let Some((at, marks)) = self.bad.front() {
            if position - at < self.size {
                break;
            }
            self.total -= marks.tally();
            self.bad.pop_front();
        }
    }
}
