//! Limits that find themselves: how many calls a backend can have in flight before more of them only wait.
//!
//! Every one is told how calls went and says how many there may be. They agree on this:
//!
//! * A limit is at least 1, or nothing would ever be sent again, and nothing learned.
//! * It grows only where at least half of it was in use: what is not used says nothing about how much
//!   more could be.
//! * News from before the last decrease is old news. So a burst of failures is one failure, and there is at
//!   most one decrease in the time of a call.
//! * A call that was dropped (refused, timed out, failed for want of room) is a sign of too many. One that
//!   was cancelled by whoever made it is no sign at all: its sample is not to be told.

mod aimd;
mod average;
mod gradient;
mod min_rtt;
#[cfg(test)]
mod simulation;
mod vegas;
mod window;
mod windowed;

pub(crate) use self::{
    aimd::Aimd, gradient::Gradient, min_rtt::MinRtt, vegas::Vegas, windowed::Windowed,
};
use std::time::Duration;

use super::time::Instant;

/// How one call went, for a [`Limit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When it was let in.
    pub started: Instant,
    /// How long it took.
    pub rtt: Duration,
    /// How many were in flight when it ended, itself included.
    pub in_flight: u32,
    /// Whether it was not served: it failed, timed out, was cut off.
    pub dropped: bool,
}

/// Says how many calls may be in flight, from how those before them went.
///
/// It is told of no call that was cancelled, and of none that never began. Where there are very many, it is
/// told of some thousand a second; where two end at the same time, of one.
///
/// ```
/// use buttress::bulkhead::{Bulkhead, Limit, Sample};
/// use buttress::time::Instant;
///
/// /// Ten, and only half of that after a drop, for good.
/// struct Careful(u32);
///
/// impl Limit for Careful {
///     fn limit(&self) -> u32 {
///         self.0
///     }
///
///     fn update(&mut self, sample: Sample, _: Instant) -> u32 {
///         if sample.dropped {
///             self.0 = 5;
///         }
///         self.0
///     }
/// }
///
/// let bulkhead = Bulkhead::new("model", Default::default())?;
/// bulkhead.limited_by(Careful(10));
/// assert_eq!(bulkhead.snapshot().limit, 10);
/// # Ok::<_, buttress::config::ConfigError>(())
/// ```
pub trait Limit {
    /// How many there may be now.
    fn limit(&self) -> u32;

    /// Takes a sample in, of a call that has ended now: how many there may be from here on.
    fn update(&mut self, sample: Sample, now: Instant) -> u32;

    /// How long a call takes that waits for no other, as far as that is known.
    fn baseline(&self) -> Option<Duration> {
        None
    }
}

/// Between which a limit stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    min: u32,
    max: u32,
}

impl Bounds {
    /// At least 1, whatever is asked for.
    pub(crate) const fn new(min: u32, max: u32) -> Self {
        let min = if min == 0 { 1 } else { min };
        Self { min, max: if max < min { min } else { max } }
    }

    pub(crate) fn clamp(self, limit: u32) -> u32 {
        limit.clamp(self.min, self.max)
    }

    /// What is not a number is the least.
    fn clamp_real(self, limit: f64) -> f64 {
        limit.max(f64::from(self.min)).min(f64::from(self.max))
    }
}

/// Whether enough of a limit was in use for a sample to say something about more.
fn is_used(in_flight: u32, limit: u32) -> bool {
    u64::from(in_flight) * 2 >= u64::from(limit)
}

/// Whether so many more were in flight, in shadow mode, that what became of them is no sign of what would have
/// become of fewer. By shares there are no more than twice as many.
fn is_exceeded(in_flight: u32, limit: u32) -> bool {
    u64::from(in_flight) > u64::from(limit) * 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Box<dyn Limit>> {
        let bounds = Bounds::new(0, 1000);
        vec![
            Box::new(Aimd::new(20, bounds, Duration::from_secs(5))),
            Box::new(Windowed::new(Gradient::default(), 20, bounds)),
            Box::new(Windowed::new(Vegas::default(), 20, bounds)),
            Box::new(Windowed::new(MinRtt::default(), 20, bounds)),
        ]
    }

    /// Numbers that look random.
    fn noise(state: &mut u64) -> u64 {
        *state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *state >> 33
    }

    #[test]
    fn bounds_hold_and_leave_at_least_one_d13() {
        assert_eq!(Bounds::new(0, 0), Bounds { min: 1, max: 1 });
        assert_eq!(Bounds::new(5, 3), Bounds { min: 5, max: 5 });
        let bounds = Bounds::new(2, 9);
        assert_eq!([0, 2, 5, 9, u32::MAX].map(|limit| bounds.clamp(limit)), [2, 2, 5, 9, 9]);
        for limit in [f64::NAN, f64::NEG_INFINITY, -1.0, f64::INFINITY] {
            assert!((2.0..=9.0).contains(&bounds.clamp_real(limit)), "{limit}");
        }
    }

    #[test]
    fn half_of_it_in_use_is_enough() {
        let cases = [
            (10, 20, true),
            (9, 20, false),
            (1, 1, true),
            (0, 1, false),
            (u32::MAX, u32::MAX, true),
        ];
        for (in_flight, limit, used) in cases {
            assert_eq!(is_used(in_flight, limit), used, "{in_flight} of {limit}");
        }
    }

    #[test]
    fn every_limit_stays_finite_and_within_its_bounds_ad_40() {
        let rtts =
            [0, 1, 1_000, 1_000_000, 100_000_000, 3_600_000_000_000].map(Duration::from_nanos);
        for mut limit in all() {
            let (mut state, mut now) = (7, Instant::ORIGIN);
            for _ in 0..250_000 {
                let draw = noise(&mut state);
                let rtt = rtts[draw as usize % rtts.len()];
                now = now.after(Duration::from_nanos(noise(&mut state) % 50_000_000));
                let started = match draw % 7 {
                    // A clock that is ahead, and calls from before everything.
                    0 => now.after(rtt),
                    1 => Instant::from_nanos(0),
                    _ => now.before(rtt),
                };
                let in_flight = [0, 1, 10, limit.limit(), u32::MAX][noise(&mut state) as usize % 5];
                let sample = Sample { started, rtt, in_flight, dropped: draw % 11 == 0 };
                let now_limit = limit.update(sample, now);
                assert!((1..=1000).contains(&now_limit), "{now_limit} after {sample:?}");
                assert_eq!(now_limit, limit.limit());
            }
        }
    }

    /// Nine hundred calls one after another need no limit of a thousand.
    #[test]
    fn calls_one_after_another_grow_nothing_d14() {
        for mut limit in all() {
            let mut now = Instant::ORIGIN;
            for _ in 0..990 {
                let (started, rtt) = (now, Duration::from_millis(100));
                now = now.after(rtt);
                limit.update(Sample { started, rtt, in_flight: 1, dropped: false }, now);
            }
            assert_eq!(limit.limit(), 20);
        }
    }

    /// Ten failures of one burst are one failure.
    #[test]
    fn a_burst_of_drops_shrinks_once_d14() {
        for mut limit in all() {
            let (started, rtt) = (Instant::ORIGIN, Duration::from_millis(100));
            let mut lowest = 20;
            for late in 0..20 {
                let now = started.after(rtt).after(Duration::from_millis(late));
                let sample = Sample { started, rtt, in_flight: 20, dropped: true };
                lowest = limit.update(sample, now);
            }
            assert!((16..=20).contains(&lowest), "{lowest}");
        }
    }

    #[test]
    fn drops_alone_shrink_it_to_the_floor_ad_11_d15() {
        for mut limit in all() {
            let mut now = Instant::ORIGIN;
            for _ in 0..10_000 {
                let started = now;
                now = now.after(Duration::from_millis(20));
                let rtt = Duration::from_millis(20);
                let in_flight = limit.limit();
                limit.update(Sample { started, rtt, in_flight, dropped: true }, now);
            }
            assert_eq!(limit.limit(), 1);
        }
    }
}
