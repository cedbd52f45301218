//! Which clocks of a stream run, and which of them is up first.

use std::time::Duration;

use crate::ground::{refusal::StallPhase, time::Instant};

/// Nanoseconds; `u64::MAX` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) first: u64,
    pub(super) gap: u64,
    pub(super) total: u64,
}

/// Whose time is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Deadline,
    Stall(StallPhase),
}

/// The clocks of one stream. One that has not started is none; one that never ends it is at
/// [`Instant::FOREVER`].
#[derive(Debug)]
pub(super) struct Watch {
    limits: Limits,
    /// When the content that is waited for is due.
    content: Option<Instant>,
    total: Option<Instant>,
    deadline: Instant,
    /// Content items so far.
    items: u32,
}

impl Watch {
    pub(super) const fn new(limits: Limits, deadline: Instant) -> Self {
        let total = if limits.total == u64::MAX { Some(Instant::FOREVER) } else { None };
        Self { limits, content: None, total, deadline, items: 0 }
    }

    pub(super) const fn items(&self) -> u32 {
        self.items
    }

    /// Whether it must be told when the stream is first polled.
    #[inline]
    pub(super) const fn is_new(&self) -> bool {
        self.total.is_none()
    }

    /// The stream is polled for the first time.
    pub(super) const fn begin(&mut self, now: Instant) {
        self.total = Some(after(now, self.limits.total));
    }

    /// An item has passed.
    #[inline]
    pub(super) const fn passed(&mut self, content: bool) {
        if content {
            self.items = self.items.saturating_add(1);
            self.content = None;
        }
    }

    /// Whether it must be told that the stream has to wait.
    #[inline]
    pub(super) const fn is_idle(&self) -> bool {
        self.content.is_none() && self.limit(self.phase()) != u64::MAX
    }

    /// The stream has to wait for content.
    pub(super) const fn wait(&mut self, now: Instant) {
        self.content = Some(after(now, self.limit(self.phase())));
    }

    /// What ends the stream whatever it passes on, and when; none if nothing does.
    #[inline]
    pub(super) fn bound(&self) -> Option<(Instant, Cause)> {
        let total = self.total.unwrap_or(Instant::FOREVER);
        let (at, cause) = if self.deadline < total {
            (self.deadline, Cause::Deadline)
        } else {
            (total, Cause::Stall(StallPhase::Total))
        };
        (at != Instant::FOREVER).then_some((at, cause))
    }

    /// What ends the stream if it goes on waiting, and when; none if nothing does. Of two at the
    /// same moment the narrower: content, total, deadline.
    pub(super) fn due(&self) -> Option<(Instant, Cause)> {
        let content = self.content.unwrap_or(Instant::FOREVER);
        match self.bound() {
            Some((at, cause)) if at < content => Some((at, cause)),
            _ if content == Instant::FOREVER => None,
            _ => Some((content, Cause::Stall(self.phase()))),
        }
    }

    /// This clock was up, and was only watched: it ends nothing any more. That of the content starts
    /// again with the next content.
    pub(super) const fn let_go(&mut self, cause: Cause) {
        match cause {
            Cause::Deadline => self.deadline = Instant::FOREVER,
            Cause::Stall(StallPhase::Total) => self.total = Some(Instant::FOREVER),
            Cause::Stall(StallPhase::First | StallPhase::Gap) => {
                self.content = Some(Instant::FOREVER);
            }
        }
    }

    /// The time that this phase is given.
    pub(super) const fn limit(&self, phase: StallPhase) -> u64 {
        match phase {
            StallPhase::First => self.limits.first,
            StallPhase::Gap => self.limits.gap,
            StallPhase::Total => self.limits.total,
        }
    }

    /// What content is waited for.
    const fn phase(&self) -> StallPhase {
        if self.items == 0 { StallPhase::First } else { StallPhase::Gap }
    }
}

const fn after(now: Instant, limit: u64) -> Instant {
    now.after(Duration::from_nanos(limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: u64 = u64::MAX;

    fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    fn watch(first: u64, gap: u64, total: u64) -> Watch {
        Watch::new(Limits { first, gap, total }, Instant::FOREVER)
    }

    const fn stall(phase: StallPhase) -> Cause {
        Cause::Stall(phase)
    }

    #[test]
    fn without_limits_no_clock_is_asked_for_and_nothing_is_due() {
        let mut watch = watch(NEVER, NEVER, NEVER);
        assert!(!watch.is_new() && !watch.is_idle());
        watch.passed(true);
        assert!(!watch.is_idle());
        assert_eq!((watch.due(), watch.bound()), (None, None));
    }

    #[test]
    fn each_phase_starts_with_the_first_wait_in_it() {
        let mut watch = watch(30, 20, NEVER);
        assert!(watch.is_idle());
        watch.wait(at(5));
        assert_eq!(watch.due(), Some((at(35), stall(StallPhase::First))));
        watch.passed(false);
        assert!(!watch.is_idle(), "a keep-alive starts nothing again");
        watch.passed(true);
        assert!(watch.is_idle());
        assert_eq!(watch.due(), None, "nobody has waited for the next");
        watch.wait(at(50));
        assert_eq!(watch.due(), Some((at(70), stall(StallPhase::Gap))));
        assert_eq!(watch.items(), 1);
    }

    #[test]
    fn of_two_at_the_same_moment_the_narrower_is_up() {
        let mut watch = Watch::new(Limits { first: 10, gap: 5, total: 10 }, at(10));
        watch.begin(at(0));
        assert_eq!(watch.bound(), Some((at(10), stall(StallPhase::Total))));
        watch.wait(at(0));
        assert_eq!(watch.due(), Some((at(10), stall(StallPhase::First))));
        let mut tighter = Watch::new(Limits { first: 10, gap: 5, total: 10 }, at(9));
        tighter.begin(at(0));
        tighter.wait(at(0));
        assert_eq!(tighter.due(), Some((at(9), Cause::Deadline)));
    }

    #[test]
    fn a_clock_that_was_only_watched_leaves_the_others() {
        let mut watch = Watch::new(Limits { first: 1, gap: 2, total: 3 }, at(4));
        watch.begin(at(0));
        watch.wait(at(0));
        for cause in [StallPhase::First, StallPhase::Total].map(stall) {
            assert_eq!(watch.due().map(|(_, cause)| cause), Some(cause));
            watch.let_go(cause);
        }
        assert_eq!(watch.due(), Some((at(4), Cause::Deadline)));
        watch.let_go(Cause::Deadline);
        assert_eq!(watch.due(), None);
        watch.passed(true);
        watch.wait(at(10));
        assert_eq!(watch.due(), Some((at(12), stall(StallPhase::Gap))), "content begins anew");
    }

    #[test]
    fn a_limit_beyond_all_time_is_none() {
        let mut watch = watch(NEVER - 1, 1, NEVER - 1);
        watch.begin(at(10));
        watch.wait(at(10));
        assert_eq!((watch.due(), watch.bound()), (None, None));
    }

    #[test]
    fn the_count_of_items_stops_at_its_end() {
        let mut watch = watch(1, 2, NEVER);
        watch.items = u32::MAX;
        watch.passed(true);
        watch.wait(at(0));
        assert_eq!(watch.due(), Some((at(2), stall(StallPhase::Gap))));
    }
}
