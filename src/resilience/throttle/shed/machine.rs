//! How likely a call is refused by what runs, and whether a queue stands.

use std::time::Duration;

use crate::ground::time::Instant;

/// How likely a call is refused while so many others run: not up to `from`, in any case from `most` on.
pub(super) fn likelihood(in_flight: u64, from: u64, most: u64) -> f64 {
    if in_flight >= most {
        1.0
    } else if in_flight <= from {
        0.0
    } else {
        (in_flight - from) as f64 / (most - from) as f64
    }
}

/// Tells a queue that stands from one that empties.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    target: Duration,
    interval: Duration,
    /// When the present interval ends.
    ends: Instant,
    /// The least delay in it; none before the first.
    least: Option<Duration>,
    stands: bool,
}

impl Queue {
    pub(super) const fn new(target: Duration, interval: Duration) -> Self {
        Self { target, interval, ends: Instant::from_nanos(0), least: None, stands: false }
    }

    /// A call comes that has waited so long. Whether it is to be refused.
    pub(super) fn refuses(&mut self, waited: Duration, now: Instant) -> bool {
        if now >= self.ends {
            // Silence for longer than an interval: whoever comes now has found nobody before him.
            let silent = now.since(self.ends) >= self.interval;
            self.stands = !silent && self.least.is_some_and(|least| least > self.target);
            self.least = Some(waited);
            self.ends = now.after(self.interval);
        } else {
            self.least = Some(self.least.map_or(waited, |least| least.min(waited)));
        }
        self.stands && waited > self.target.saturating_mul(2)
    }

    /// Whether there is anything to remember: else a call that waited briefly need not be told.
    pub(super) fn is_stirred(&self) -> bool {
        self.stands || self.least.is_some_and(|least| least > self.target)
    }

    pub(super) const fn stands(&self) -> bool {
        self.stands
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    fn at(millis: u32) -> Instant {
        Instant::ORIGIN.after(millis * MILLISECOND)
    }

    fn queue() -> Queue {
        Queue::new(20 * MILLISECOND, 100 * MILLISECOND)
    }

    #[test]
    fn the_likelihood_rises_from_the_ramp_to_the_limit_ad_28() {
        for (in_flight, expected) in
            [(0, 0.0), (20, 0.0), (22, 0.2), (25, 0.5), (30, 1.0), (u64::MAX, 1.0)]
        {
            assert_eq!(likelihood(in_flight, 20, 30), expected, "{in_flight}");
        }
        assert_eq!([9, 10].map(|running| likelihood(running, 10, 10)), [0.0, 1.0]);
    }

    #[test]
    fn a_queue_that_empties_now_and_then_is_none() {
        let mut queue = queue();
        for millis in 0..10_000 {
            let waited = if millis % 99 == 0 { 20 } else { 500 };
            assert!(!queue.refuses(waited * MILLISECOND, at(millis)), "{millis}");
        }
    }

    #[test]
    fn one_that_stands_for_an_interval_lets_nobody_wait_for_more_than_twice_the_target() {
        let mut queue = queue();
        for millis in 0..100 {
            assert!(!queue.refuses(50 * MILLISECOND, at(millis)));
        }
        assert!(queue.refuses(50 * MILLISECOND, at(100)));
        assert!(queue.stands());
        assert!(!queue.refuses(40 * MILLISECOND, at(101)));
        assert!(queue.refuses(41 * MILLISECOND, at(102)));
        // Emptied once in this interval: from the next on nobody is refused.
        assert!(!queue.refuses(20 * MILLISECOND, at(150)));
        assert!(queue.refuses(50 * MILLISECOND, at(199)));
        assert!(!queue.refuses(50 * MILLISECOND, at(200)));
        assert!(!queue.stands());
    }

    #[test]
    fn after_a_silence_nothing_stands() {
        let mut queue = queue();
        for millis in 0..150 {
            queue.refuses(50 * MILLISECOND, at(millis));
        }
        assert!(queue.stands() && queue.is_stirred());
        assert!(!queue.refuses(50 * MILLISECOND, at(400)));
        assert!(!queue.refuses(Duration::ZERO, at(401)));
        assert!(!queue.is_stirred());
    }
}
