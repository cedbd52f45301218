use std::time::Duration;

use super::Sample;
use crate::ground::time::Instant;

/// The calls of a while, of which only those count that also began in it.
///
/// At first the ones that end soon are seen and the others are still under way; so no times are taken for twice
/// as long as a call takes. Then for three times as long: as many calls as there may be in flight, thrice, however
/// long they take, or the mean of a slow backend would be a worse one.
#[derive(Clone, Debug)]
pub(super) struct Window {
    opened: Instant,
    /// How long a call takes, about.
    rtt: Option<Duration>,
    timed: u32,
    served: u32,
    dropped: u32,
    rtts: Duration,
    in_flight: u32,
    settled: u32,
}

/// What a window has seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Seen {
    /// The mean in seconds; none if every call was dropped.
    pub(crate) rtt: Option<f64>,
    /// The most that were in flight.
    pub(crate) in_flight: u32,
    /// The same, while times were taken.
    pub(crate) settled: u32,
    /// The share of calls that were dropped.
    pub(crate) dropped: f64,
}

/// The shortest window, and the least it must have seen.
const SPAN: Duration = Duration::from_secs(1);
const COUNT: u32 = 10;
/// As long as a call is thought to take at most, or a backend that took hours once would be seen again in hours.
const LONGEST: Duration = Duration::from_secs(30);
/// No call to a backend is so short: whatever was measured, it was something else.
const TOO_SHORT: Duration = Duration::from_micros(100);

impl Window {
    /// `rtt`: how long a call takes in seconds, as far as that is known.
    pub(super) fn open(now: Instant, rtt: Option<f64>) -> Self {
        Self {
            opened: now,
            rtt: rtt.map(|rtt| {
                Duration::try_from_secs_f64(rtt).map_or(LONGEST, |rtt| rtt.min(LONGEST))
            }),
            timed: 0,
            served: 0,
            dropped: 0,
            rtts: Duration::ZERO,
            in_flight: 0,
            settled: 0,
        }
    }

    /// Takes a sample in; what has been seen, if that is enough. Then it is to be opened anew.
    pub(super) fn add(&mut self, sample: Sample, now: Instant) -> Option<Seen> {
        if sample.started < self.opened || sample.started > now {
            return None;
        }
        if sample.dropped {
            self.dropped = self.dropped.saturating_add(1);
        } else if sample.rtt >= TOO_SHORT {
            let rtt = *self.rtt.get_or_insert(sample.rtt.min(LONGEST));
            self.served = self.served.saturating_add(1);
            if now.since(self.opened) >= 2 * rtt {
                self.rtts = self.rtts.saturating_add(sample.rtt);
                self.timed = self.timed.saturating_add(1);
                self.settled = self.settled.max(sample.in_flight);
            }
        }
        self.in_flight = self.in_flight.max(sample.in_flight);
        let has_lasted = now.since(self.opened) >= SPAN.max(5 * self.rtt.unwrap_or_default());
        (has_lasted && (self.timed >= COUNT || self.dropped >= COUNT)).then(|| Seen {
            rtt: (self.timed > 0).then(|| self.rtts.as_secs_f64() / f64::from(self.timed)),
            in_flight: self.in_flight,
            settled: self.settled,
            dropped: f64::from(self.dropped) / (f64::from(self.dropped) + f64::from(self.served)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    fn at(millis: u32) -> Instant {
        Instant::ORIGIN.after(millis * MILLISECOND)
    }

    fn open() -> Window {
        Window::open(at(0), Some(0.001))
    }

    /// A call that ends then.
    fn sample(end: u32, rtt: u32, dropped: bool) -> Sample {
        Sample { started: at(end - rtt), rtt: rtt * MILLISECOND, in_flight: 5, dropped }
    }

    #[test]
    fn too_few_calls_are_no_window_and_no_calls_are_none_ad_14_ad_21() {
        let mut window = open();
        for end in 0..9 {
            assert_eq!(window.add(sample(1000 * end + 10, 10, false), at(1000 * end + 10)), None);
        }
        assert!(window.add(sample(9000, 10, false), at(9000)).is_some());
    }

    #[test]
    fn a_window_lasts_a_second_ad_14() {
        let mut window = open();
        for end in 10..999 {
            assert_eq!(window.add(sample(end, 5, false), at(end)), None);
        }
        let seen = window.add(sample(1000, 5, false), at(1000)).unwrap();
        assert_eq!((seen.rtt, seen.in_flight, seen.dropped), (Some(0.005), 5, 0.0));
    }

    #[test]
    fn what_is_too_short_to_be_a_call_is_left_out_ad_14() {
        let mut window = open();
        let blink = Duration::from_micros(99);
        for end in 10..2000 {
            let sample = Sample { started: at(end), rtt: blink, in_flight: 1, dropped: false };
            assert_eq!(window.add(sample, at(end)), None);
        }
    }

    #[test]
    fn drops_count_and_have_no_time_ad_14() {
        let mut window = open();
        for end in 10..25 {
            assert_eq!(window.add(sample(end, 9, end % 5 < 2), at(end)), None);
        }
        let seen = window.add(sample(1000, 9, false), at(1000)).unwrap();
        assert_eq!((seen.rtt, seen.dropped), (Some(0.009), 6.0 / 16.0));
        let mut window = open();
        for end in 10..19 {
            assert_eq!(window.add(sample(end, 9, true), at(end)), None);
        }
        let seen = window.add(sample(1000, 9, true), at(1000)).unwrap();
        assert_eq!((seen.rtt, seen.dropped), (None, 1.0));
    }

    #[test]
    fn calls_that_began_before_it_are_not_of_it_ad_20() {
        let mut window = Window::open(at(1000), Some(0.1));
        for end in 1001..3000 {
            let long_ago = Sample { started: at(999), ..sample(end, 100, true) };
            assert_eq!(window.add(long_ago, at(end)), None);
        }
        for end in 1300..1309 {
            assert_eq!(window.add(sample(end, 100, false), at(end)), None);
        }
        assert_eq!(window.add(sample(2100, 100, false), at(2100)).unwrap().rtt, Some(0.1));
    }

    /// Those that end first are the short ones.
    #[test]
    fn it_settles_before_it_counts() {
        let mut window = Window::open(at(0), Some(0.5));
        (1..1000).for_each(|end| assert_eq!(window.add(sample(end, 1, false), at(end)), None));
        for end in 1000..2500 {
            assert_eq!(window.add(sample(end, 500, false), at(end)), None);
        }
        assert_eq!(window.add(sample(2500, 500, false), at(2500)).unwrap().rtt, Some(0.5));
    }
}
