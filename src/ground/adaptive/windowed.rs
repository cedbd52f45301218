use std::time::Duration;

use super::{
    Bounds, Limit, Sample, is_used,
    window::{Seen, Window},
};
use crate::ground::time::Instant;

/// How a limit follows from how long calls take, window by window.
pub(crate) trait Step {
    /// The next limit after a window in which enough of this one was in use. `rtt` in seconds.
    fn step(&mut self, limit: f64, rtt: f64) -> f64;

    /// A window in which little of the limit was in use. What it took then was not our doing.
    fn idle(&mut self, rtt: f64) {
        let _ = rtt;
    }

    /// How long a call takes that waits for no other; none before that has been seen.
    fn baseline(&self) -> Option<f64>;

    fn set_baseline(&mut self, rtt: f64);

    /// By how much calls may take longer before that holds the limit back: a factor.
    fn tolerance(&self) -> f64;
}

/// A limit that is worked out anew from each window of calls, by a [`Step`].
///
/// **The baseline.** What a call takes when it waits for no other cannot be seen while many are in flight, and it
/// changes. So now and then, *if calls take so long that this holds the limit back*, the limit is lowered by
/// three tenths for one window. If calls take less then, that is the baseline; if they take as long, then
/// not because of us, and the baseline rises, by no more than a tenth at a time: where others
/// crowd the backend as well, a lower limit of ours shortens little. As long as latency is as it was, nothing
/// is lowered and nobody refused for it.
#[derive(Clone, Debug)]
pub(crate) struct Windowed<S> {
    step: S,
    bounds: Bounds,
    /// With the fraction that it has grown or shrunk by.
    limit: f64,
    window: Option<Window>,
    rtt: Option<f64>,
    probing: bool,
    next_probe: Instant,
    /// Draws lots for when the next probe is.
    lots: u64,
}

const PROBE: f64 = 0.7;
const PROBES_APART: Duration = Duration::from_secs(60);
const MOST_RISE: f64 = 1.2;
/// A mean that is so much below the baseline is no chance.
pub(super) const FALLEN: f64 = 0.9;
/// How much of it a limit loses when every call of a window was dropped.
const DROPS: f64 = 0.2;

impl<S: Step> Windowed<S> {
    pub(crate) fn new(step: S, limit: u32, bounds: Bounds) -> Self {
        Self {
            step,
            bounds,
            limit: f64::from(bounds.clamp(limit)),
            window: None,
            rtt: None,
            probing: false,
            next_probe: Instant::from_nanos(0),
            lots: 0,
        }
    }

    /// Lots drawn by this seed: limits that were made together should not probe together.
    pub(crate) fn with_seed(self, seed: u64) -> Self {
        Self { lots: seed, ..self }
    }

    fn take(&mut self, seen: Seen, now: Instant) {
        let used = is_used(seen.in_flight, self.limit());
        match seen.rtt {
            Some(rtt) if self.probing && self.was_heeded(seen) => self.probed(rtt),
            // In shadow mode, or where there are shares: as many as ever, so nothing was measured.
            Some(_) if self.probing => {}
            Some(rtt) if used => {
                let next = self.step.step(self.limit, rtt).max(self.served_at_once(seen, rtt));
                // Where some were dropped there is that much less reason to grow.
                let growth = (next - self.limit).max(0.0) * (1.0 - seen.dropped);
                self.limit = next.min(self.limit) + growth;
            }
            Some(rtt) => self.step.idle(rtt),
            None => {}
        }
        self.probing = false;
        self.limit = self.bounds.clamp_real(self.limit * (1.0 - DROPS * seen.dropped));
        self.rtt = seen.rtt.or(self.rtt);
        let held_back = match (seen.rtt, self.step.baseline()) {
            (Some(rtt), Some(baseline)) => used && rtt > baseline * self.step.tolerance(),
            _ => false,
        };
        if held_back && now >= self.next_probe {
            self.probing = true;
            self.next_probe = now.after(apart(self.draw()));
        }
    }

    /// Whether a lowered limit was kept to, rather than the one before it.
    fn was_heeded(&self, seen: Seen) -> bool {
        f64::from(seen.settled) <= self.limit * (1.0 + PROBE) / 2.0 + 1.0
    }

    /// Where more were in flight than the limit, as in shadow mode, calls take long because of them, and would
    /// however low it went. So many of them waited for no other, by Little's law; else there is none.
    fn served_at_once(&self, seen: Seen, rtt: f64) -> f64 {
        let (in_flight, baseline) = (f64::from(seen.settled), self.step.baseline().unwrap_or(rtt));
        if in_flight > self.limit { in_flight * (baseline / rtt).min(1.0) } else { 0.0 }
    }

    fn probed(&mut self, rtt: f64) {
        let baseline = self.step.baseline().unwrap_or(rtt);
        // Half the way: a mean of few is off by chance.
        self.step.set_baseline((baseline + rtt.min(baseline * MOST_RISE)) / 2.0);
    }

    fn draw(&mut self) -> u64 {
        self.lots = self.lots.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        self.lots >> 33
    }
}

/// How long until the next probe: up to a tenth longer.
fn apart(draw: u64) -> Duration {
    PROBES_APART + Duration::from_millis(draw % 6_000)
}

impl<S: Step> Limit for Windowed<S> {
    fn limit(&self) -> u32 {
        let limit = if self.probing { self.limit * PROBE } else { self.limit };
        // Rounded down; a little more than a whole number is that number.
        self.bounds.clamp((limit + 1e-9) as u32)
    }

    fn update(&mut self, sample: Sample, now: Instant) -> u32 {
        let rtt = self.rtt;
        let window = self.window.get_or_insert_with(|| Window::open(sample.started, rtt));
        if let Some(seen) = window.add(sample, now) {
            self.take(seen, now);
            self.window = Some(Window::open(now, self.rtt));
        }
        self.limit()
    }

    fn baseline(&self) -> Option<Duration> {
        self.step.baseline().and_then(|rtt| Duration::try_from_secs_f64(rtt).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::adaptive::{MinRtt, Vegas};

    /// A hundred calls one after another, all of this length, with so many in flight; the last limit, and in
    /// how many calls it was lowered.
    fn tell<S: Step>(
        limit: &mut Windowed<S>,
        now: &mut Instant,
        in_flight: u32,
        millis: u64,
    ) -> (u32, u32) {
        let mut lowered = 0;
        for _ in 0..100 {
            // Who is told to be fewer is.
            let in_flight = if limit.probing { in_flight.min(limit.limit()) } else { in_flight };
            tell_one(limit, now, in_flight, millis);
            lowered += u32::from(limit.probing);
        }
        (limit.limit(), lowered)
    }

    fn tell_one<S: Step>(limit: &mut Windowed<S>, now: &mut Instant, in_flight: u32, millis: u64) {
        let (started, rtt) = (*now, Duration::from_millis(millis));
        *now = now.after(rtt);
        limit.update(Sample { started, rtt, in_flight, dropped: false }, *now);
    }

    #[test]
    fn what_is_not_in_use_neither_grows_nor_shrinks_it_ad_08() {
        let mut now = Instant::ORIGIN;
        let mut limit = Windowed::new(Vegas::default(), 100, Bounds::new(1, 200));
        assert_eq!(tell(&mut limit, &mut now, 49, 100), (100, 0));
        assert_eq!(tell(&mut limit, &mut now, 49, 500), (100, 0));
        assert!(tell(&mut limit, &mut now, 50, 2000).0 < 100);
    }

    #[test]
    fn it_is_lowered_to_measure_only_while_calls_take_long() {
        let mut now = Instant::ORIGIN;
        let mut limit = Windowed::new(MinRtt::default(), 100, Bounds::new(1, 100)).with_seed(7);
        for _ in 0..100 {
            assert_eq!(tell(&mut limit, &mut now, 100, 100), (100, 0));
        }
        let (_, lowered) = tell(&mut limit, &mut now, 100, 150);
        assert!((10..=30).contains(&lowered), "one window: {lowered}");
        assert!(limit.step.baseline().is_some_and(|rtt| (0.105..=0.15).contains(&rtt)));
    }

    #[test]
    fn a_probe_that_nobody_heeds_measures_nothing() {
        for heeded in [true, false] {
            let mut now = Instant::ORIGIN;
            let mut limit = Windowed::new(MinRtt::default(), 100, Bounds::new(1, 100)).with_seed(7);
            tell(&mut limit, &mut now, 100, 100);
            while !limit.probing {
                tell_one(&mut limit, &mut now, 100, 150);
            }
            while limit.probing {
                let in_flight = if heeded { limit.limit() } else { 100 };
                tell_one(&mut limit, &mut now, in_flight, 150);
            }
            let baseline = limit.step.baseline().unwrap();
            assert_eq!(baseline > 0.105, heeded, "{baseline}");
        }
    }

    #[test]
    fn probes_are_a_minute_apart_and_up_to_a_tenth_more_ad_22() {
        assert_eq!(apart(0), Duration::from_secs(60));
        assert_eq!(apart(15_000), Duration::from_secs(63));
        assert_eq!(apart(u64::MAX), Duration::from_millis(60_000 + u64::MAX % 6_000));
    }
}
