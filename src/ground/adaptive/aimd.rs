use std::time::Duration;

use super::{Bounds, Limit, Sample, is_exceeded, is_used};
use crate::ground::time::Instant;

/// One more in the time of a call, a tenth less after a drop.
///
/// Knows nothing of latency but one bound: a call that takes longer was dropped. For backends that say no
/// when they have too much, or where that bound is known.
#[derive(Clone, Debug)]
pub(crate) struct Aimd {
    limit: u32,
    bounds: Bounds,
    timeout: Duration,
    /// When it last grew, and shrank.
    grown: Instant,
    shrunk: Instant,
}

const NEVER: Instant = Instant::from_nanos(0);

impl Aimd {
    pub(crate) fn new(limit: u32, bounds: Bounds, timeout: Duration) -> Self {
        Self { limit: bounds.clamp(limit), bounds, timeout, grown: NEVER, shrunk: NEVER }
    }
}

impl Limit for Aimd {
    fn limit(&self) -> u32 {
        self.limit
    }

    fn update(&mut self, sample: Sample, now: Instant) -> u32 {
        if sample.started < self.shrunk {
            // It went by a limit that is no longer there.
        } else if sample.dropped || sample.rtt > self.timeout {
            if is_exceeded(sample.in_flight, self.limit) {
                return self.limit;
            }
            let less = u64::from(self.limit) * 9 / 10;
            self.limit = self.bounds.clamp(u32::try_from(less).unwrap_or(u32::MAX));
            self.shrunk = now;
        } else if sample.started >= self.grown && is_used(sample.in_flight, self.limit) {
            self.limit = self.bounds.clamp(self.limit.saturating_add(1));
            self.grown = now;
        }
        self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// One call after another.
    struct Told(Aimd, Instant);

    impl Told {
        fn new(limit: u32, min: u32, max: u32) -> Self {
            Self(Aimd::new(limit, Bounds::new(min, max), 5 * SECOND), Instant::ORIGIN)
        }

        fn tell(&mut self, in_flight: u32, rtt: Duration, dropped: bool) -> u32 {
            let started = self.1;
            self.1 = self.1.after(rtt);
            self.0.update(Sample { started, rtt, in_flight, dropped }, self.1)
        }
    }

    #[test]
    fn it_grows_by_one_where_half_of_it_is_in_use_ad_01() {
        assert_eq!(Told::new(20, 1, 200).tell(10, SECOND, false), 21);
        assert_eq!(Told::new(20, 1, 200).tell(9, SECOND, false), 20);
    }

    #[test]
    fn a_drop_takes_a_tenth_and_so_does_a_call_that_takes_too_long_ad_02() {
        assert_eq!(Told::new(30, 1, 200).tell(30, SECOND, true), 27);
        assert_eq!(Told::new(21, 1, 200).tell(21, Duration::from_millis(5001), false), 18);
        assert_eq!(Told::new(21, 1, 200).tell(21, 5 * SECOND, false), 22);
    }

    #[test]
    fn it_keeps_its_bounds_ad_03() {
        assert_eq!(Told::new(21, 1, 21).tell(21, SECOND, false), 21);
        assert_eq!(Told::new(10, 10, 21).tell(10, SECOND, true), 10);
        let mut floor = Told::new(1, 0, 21);
        assert_eq!((0..10).map(|_| floor.tell(1, SECOND, true)).min(), Some(1));
        assert_eq!(floor.tell(1, SECOND, false), 2);
    }

    #[test]
    fn it_grows_once_and_shrinks_once_in_the_time_of_a_call() {
        let mut limit = Aimd::new(20, Bounds::new(1, 200), 5 * SECOND);
        let at = |millis| Instant::ORIGIN.after(Duration::from_millis(millis));
        let sample = |started, dropped| Sample { started, rtt: SECOND, in_flight: 20, dropped };
        assert_eq!(limit.update(sample(at(0), false), at(1000)), 21);
        assert_eq!(limit.update(sample(at(500), false), at(1500)), 21);
        assert_eq!(
            limit.update(sample(at(900), true), at(1900)),
            18,
            "a drop is heard all the same"
        );
        assert_eq!(limit.update(sample(at(1100), true), at(2100)), 18);
        assert_eq!(limit.update(sample(at(1800), false), at(2800)), 18);
        assert_eq!(limit.update(sample(at(1900), false), at(2900)), 19);
    }
}
