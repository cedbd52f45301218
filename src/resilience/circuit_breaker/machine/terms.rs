//! What a machine is told, and what it answers.

use std::time::Duration;

use super::super::window::Seen;
use crate::ground::{
    refusal::OpenReason,
    time::{Instant, nanos},
};

/// Where a call belongs: the era it was admitted in, and the lease of its probe, if it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Ticket {
    pub(in super::super) era: u64,
    /// 0 for a call that is not a probe.
    pub(in super::super) lease: u64,
}

/// A call that may not pass: why, and for how long.
///
/// In whole words: it is copied between the call and its first poll, and what was written in
/// smaller pieces than it is read in has to wait for the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Barred {
    /// Where in [`REASONS`].
    reason: usize,
    /// Nanoseconds; `u64::MAX` is for ever.
    left: u64,
}

const REASONS: [OpenReason; 5] = [
    OpenReason::Forced,
    OpenReason::Isolated,
    OpenReason::Probing,
    OpenReason::Ramping,
    OpenReason::Tripped,
];

impl Barred {
    #[inline]
    pub(in super::super) fn new(reason: OpenReason, retry_after: Option<Duration>) -> Self {
        let reason = match reason {
            OpenReason::Forced => 0,
            OpenReason::Isolated => 1,
            OpenReason::Probing => 2,
            OpenReason::Ramping => 3,
            OpenReason::Tripped => 4,
        };
        Self { reason, left: retry_after.map_or(u64::MAX, nanos) }
    }

    /// Open by a rule, for so many nanoseconds more.
    #[inline]
    pub(in super::super) const fn tripped(left: u64) -> Self {
        Self { reason: 4, left }
    }

    #[inline]
    pub(in super::super) const fn reason(self) -> OpenReason {
        REASONS[self.reason % REASONS.len()]
    }

    #[inline]
    pub(in super::super) fn retry_after(self) -> Option<Duration> {
        (self.left != u64::MAX).then_some(Duration::from_nanos(self.left))
    }
}

/// What a person may want of a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Order {
    Disable,
    ForceOpen,
    Isolate,
    OpenFor(Duration),
    Reset,
}

/// The particulars of a moment: everything a decision needs from outside.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Moment {
    pub(in super::super) now: Instant,
    pub(in super::super) seen: Seen,
    /// A random number from 0 up to and without 1.
    pub(in super::super) draw: f64,
}

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Totals {
    pub(in super::super) transitions: u64,
    pub(in super::super) opened: u64,
    pub(in super::super) would_have_opened: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bars_a_call_survives_being_packed() {
        for reason in REASONS {
            for retry_after in [None, Some(Duration::ZERO), Some(Duration::from_millis(4200))] {
                let barred = Barred::new(reason, retry_after);
                assert_eq!((barred.reason(), barred.retry_after()), (reason, retry_after));
            }
        }
    }
}
