//! What finds a limit, and how many calls it is told of.

use std::{fmt, time::Duration};

use super::config::{Adaptive, Algorithm, MOST};
use crate::ground::{
    adaptive::{Aimd, Bounds, Gradient, Limit, MinRtt, Sample, Vegas, Windowed},
    time::Instant,
};

/// Says how many there may be, told how calls went.
pub(super) struct Tuner {
    limit: Box<dyn Limit + Send>,
    timeout: Duration,
    pace: Pace,
}

impl Tuner {
    /// `seed`: what keeps those that were made together from measuring together.
    pub(super) fn new(adaptive: &Adaptive, limit: u32, seed: u64) -> Self {
        let &Adaptive { algorithm, min, max, tolerance, timeout } = adaptive;
        let (bounds, timeout) = (Bounds::new(min, max), timeout.unwrap_or(Duration::MAX));
        let limit: Box<dyn Limit + Send> = match algorithm {
            Algorithm::Aimd => Box::new(Aimd::new(limit, bounds, timeout)),
            Algorithm::Gradient => {
                let step = tolerance.map_or_else(Gradient::default, Gradient::new);
                Box::new(Windowed::new(step, limit, bounds).with_seed(seed))
            }
            Algorithm::MinRtt => {
                let step = tolerance.map_or_else(MinRtt::default, |by| MinRtt::new(by - 1.0));
                Box::new(Windowed::new(step, limit, bounds).with_seed(seed))
            }
            Algorithm::Vegas => {
                Box::new(Windowed::new(Vegas::default(), limit, bounds).with_seed(seed))
            }
        };
        Self { timeout, ..Self::by(limit) }
    }

    /// By somebody else's rules.
    pub(super) const fn by(limit: Box<dyn Limit + Send>) -> Self {
        Self { limit, timeout: Duration::MAX, pace: Pace::new() }
    }

    /// Foreign code, perhaps.
    pub(super) fn limit(&self) -> u32 {
        self.limit.limit().clamp(1, MOST)
    }

    /// Takes a sample in: how many there may be. Foreign code, perhaps.
    pub(super) fn hear(&mut self, sample: Sample, now: Instant) -> u32 {
        self.pace.beat(now);
        self.limit.update(self.seen(sample), now).clamp(1, MOST)
    }

    /// Whether it is told of this as of a drop.
    pub(super) fn seen(&self, sample: Sample) -> Sample {
        Sample { dropped: sample.dropped || sample.rtt > self.timeout, ..sample }
    }

    pub(super) fn baseline(&self) -> Option<Duration> {
        self.limit.baseline()
    }

    /// It is to be told of one call in two to the power of this.
    pub(super) const fn shift(&self) -> u32 {
        self.pace.shift
    }
}

impl fmt::Debug for Tuner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tuner").field("pace", &self.pace).finish_non_exhaustive()
    }
}

/// Keeps what is told to some thousand samples a second, however many calls there are: from those a limit
/// follows as well as from all, and two readings of the clock for each call would cost more than the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pace {
    since: Instant,
    heard: u32,
    shift: u32,
}

impl Pace {
    const SPAN: Duration = Duration::from_millis(250);
    const MANY: u32 = 1024;
    /// One in 64: where calls have become few all of a sudden, the next that is told is not far.
    const MOST: u32 = 6;

    const fn new() -> Self {
        Self { since: Instant::from_nanos(0), heard: 0, shift: 0 }
    }

    fn beat(&mut self, now: Instant) {
        let lasted = now.since(self.since);
        self.heard += 1;
        if lasted >= Self::SPAN {
            // As many halvings as it is below a half of many.
            let spare = (Self::MANY / 2 / self.heard).max(1).ilog2();
            *self = Self { since: now, heard: 0, shift: self.shift.saturating_sub(spare) };
        } else if self.heard >= Self::MANY {
            *self = Self { since: now, heard: 0, shift: (self.shift + 1).min(Self::MOST) };
        }
    }
}

#[cfg(all(test, not(buttress_loom)))]
mod tests {
    use super::*;

    /// For a second, so many calls a second of which one in so many is told.
    fn runs(pace: &mut Pace, now: &mut Instant, calls: u32) {
        let end = now.after(Duration::from_secs(1));
        while *now < end {
            *now = now.after(Duration::from_secs(1) / calls * (1 << pace.shift));
            pace.beat(*now);
        }
    }

    #[test]
    fn some_thousand_samples_a_second_are_enough() {
        for (calls, shift) in
            [(1, 0), (1000, 0), (4000, 0), (10_000, 2), (100_000, 5), (10_000_000, 6)]
        {
            let (mut pace, mut now) = (Pace::new(), Instant::ORIGIN);
            (0..3).for_each(|_| runs(&mut pace, &mut now, calls));
            assert_eq!(pace.shift, shift, "{calls}");
        }
    }

    #[test]
    fn where_calls_become_few_each_is_told_again_at_once() {
        let (mut pace, mut now) = (Pace::new(), Instant::ORIGIN);
        (0..3).for_each(|_| runs(&mut pace, &mut now, 10_000_000));
        now = now.after(Duration::from_secs(10));
        pace.beat(now);
        now = now.after(Duration::from_secs(10));
        pace.beat(now);
        assert_eq!(pace.shift, 0);
    }

    #[test]
    fn a_call_that_takes_too_long_is_a_drop_by_every_algorithm_ad_02() {
        let second = Duration::from_secs(1);
        let all = [Adaptive::gradient(), Adaptive::vegas(), Adaptive::min_rtt()];
        for adaptive in all.map(|adaptive| adaptive.with_timeout(second)) {
            let (mut tuner, mut now) = (Tuner::new(&adaptive, 20, 7), Instant::ORIGIN);
            for _ in 0..1000 {
                let started = now;
                now = now.after(second + Duration::from_nanos(1));
                let rtt = now.since(started);
                tuner.hear(Sample { started, rtt, in_flight: 20, dropped: false }, now);
            }
            assert_eq!(tuner.limit(), 1, "{adaptive:?}");
        }
    }

    #[test]
    fn whatever_somebody_says_is_at_least_one_and_no_more_than_can_be_counted_d13() {
        struct Says(u32);
        impl Limit for Says {
            fn limit(&self) -> u32 {
                self.0
            }

            fn update(&mut self, _: Sample, _: Instant) -> u32 {
                self.0
            }
        }

        for (says, limit) in [(0, 1), (1, 1), (MOST, MOST), (u32::MAX, MOST)] {
            let mut tuner = Tuner::by(Box::new(Says(says)));
            let sample = Sample {
                started: Instant::ORIGIN,
                rtt: Duration::ZERO,
                in_flight: 1,
                dropped: false,
            };
            assert_eq!((tuner.limit(), tuner.hear(sample, Instant::ORIGIN)), (limit, limit));
        }
    }
}
