//! How long to wait before trying again: bounds that grow, and jitter that stays inside them.
//!
//! The bound comes first and the jitter is drawn inside it. Where a delay is jittered and then cut
//! off at a cap, all callers at the cap wait the same time, and come back in one wave.

use std::time::Duration;

use crate::ground::{config::Check, time::nanos};

/// How the bound of the delay grows from one attempt to the next.
///
/// In a config file: `"immediate"`, `{ constant = { delay = "1s" } }`,
/// `{ exponential = { base = "100ms", cap = "20s" } }`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum Backoff {
    /// No delay and no timer.
    Immediate,
    /// The same every time.
    Constant {
        /// The delay.
        #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
        delay: Duration,
    },
    /// Once, twice, three times the base, up to the cap.
    Linear {
        /// The first.
        #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
        base: Duration,
        /// The longest.
        #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
        cap: Duration,
    },
    /// Each `factor` times the one before, up to the cap.
    Exponential {
        /// The first.
        #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
        base: Duration,
        /// By how much it grows, in thousandths: 1 to 1000. In a config file 2 if left out.
        #[cfg_attr(feature = "serde", serde(default = "two"))]
        factor: f64,
        /// The longest.
        #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
        cap: Duration,
    },
}

/// How the delay is drawn within its bound, so that callers that failed together do not come back
/// together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Jitter {
    /// Anything from the base up to three times the delay before, within the cap: spreads widest.
    /// Needs a backoff that has a base and a cap.
    Decorrelated,
    /// From half the bound up to the bound.
    Equal,
    /// This share of the bound more or less, 0 to 1, and never beyond the cap.
    Fraction(f64),
    /// From nothing up to the bound: the least load in the least time.
    #[default]
    Full,
    /// The bound itself.
    None,
}

impl Backoff {
    /// The same delay every time.
    #[must_use]
    pub const fn constant(delay: Duration) -> Self {
        Self::Constant { delay }
    }

    /// From `base`, by `base` more each time, up to `cap`.
    #[must_use]
    pub const fn linear(base: Duration, cap: Duration) -> Self {
        Self::Linear { base, cap }
    }

    /// From `base`, doubling, up to `cap`.
    #[must_use]
    pub const fn exponential(base: Duration, cap: Duration) -> Self {
        Self::Exponential { base, factor: two(), cap }
    }

    /// Notes what is wrong with it and its jitter; what it comes to.
    pub(crate) fn check(self, jitter: Jitter, check: &mut Check) -> Terms {
        match self {
            Self::Immediate => {}
            Self::Constant { delay } => check.positive("backoff.constant.delay", delay),
            Self::Linear { base, cap } => {
                check.positive("backoff.linear.base", base);
                check.require(cap >= base, "backoff.linear.cap", "must be at least base");
            }
            Self::Exponential { base, factor, cap } => {
                let bearable = (1.0..=1000.0).contains(&factor);
                check.positive("backoff.exponential.base", base);
                check.require(cap >= base, "backoff.exponential.cap", "must be at least base");
                check.require(bearable, "backoff.exponential.factor", "must be 1 to 1000");
            }
        }
        match jitter {
            Jitter::Fraction(share) => {
                check.require((0.0..=1.0).contains(&share), "jitter.fraction", "must be 0 to 1");
            }
            Jitter::Decorrelated => {
                let has_cap = matches!(self, Self::Linear { .. } | Self::Exponential { .. });
                let rule = "must have a base and a cap where jitter is decorrelated";
                check.require(has_cap, "backoff, jitter", rule);
            }
            Jitter::Equal | Jitter::Full | Jitter::None => {}
        }
        Terms::new(self, jitter)
    }
}

const fn two() -> f64 {
    2.0
}

/// A checked backoff and its jitter, in nanoseconds and integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    base: u64,
    cap: u64,
    growth: Growth,
    spread: Spread,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Growth {
    /// By so much.
    Add(u64),
    /// By so many thousandths.
    Times(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spread {
    Decorrelated,
    Equal,
    /// In millionths of the bound.
    Fraction(u64),
    Full,
    None,
}

impl Terms {
    pub(crate) fn new(backoff: Backoff, jitter: Jitter) -> Self {
        let (base, cap, growth) = match backoff {
            Backoff::Immediate => (0, 0, Growth::Add(0)),
            // Without a cap, so that a fraction can go both ways.
            Backoff::Constant { delay } => (nanos(delay), u64::MAX, Growth::Add(0)),
            Backoff::Linear { base, cap } => (nanos(base), nanos(cap), Growth::Add(nanos(base))),
            Backoff::Exponential { base, factor, cap } => {
                (nanos(base), nanos(cap), Growth::Times((factor * 1e3).round() as u64))
            }
        };
        let spread = match jitter {
            Jitter::Decorrelated => Spread::Decorrelated,
            Jitter::Equal => Spread::Equal,
            Jitter::Fraction(share) => Spread::Fraction((share * 1e6).round() as u64),
            Jitter::Full => Spread::Full,
            Jitter::None => Spread::None,
        };
        Self { base, cap, growth, spread }
    }

    /// Whether delays are drawn and not only computed.
    pub(crate) fn is_jittered(self) -> bool {
        !matches!(self.spread, Spread::None | Spread::Fraction(0))
    }
}

/// Where a caller is in its backoff.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delays {
    terms: Terms,
    /// Of the next delay, within the cap.
    bound: u64,
    previous: u64,
}

impl Delays {
    pub(crate) fn new(terms: Terms) -> Self {
        Self { terms, bound: terms.base, previous: terms.base }
    }

    /// From the beginning again.
    pub(crate) fn restart(&mut self) {
        *self = Self::new(self.terms);
    }

    /// The next delay. `below(n)` draws a number from 0 up to and without `n`, and 0 below 0.
    pub(crate) fn next(&mut self, below: impl FnOnce(u64) -> u64) -> Duration {
        let Terms { base, cap, growth, spread } = self.terms;
        let bound = self.bound;
        let delay = match spread {
            Spread::None => bound,
            Spread::Full => below(bound),
            Spread::Equal => bound / 2 + below(bound - bound / 2),
            Spread::Fraction(millionths) => {
                let share = parts(bound, millionths, 1_000_000);
                let least = bound - share;
                least + below(bound.saturating_add(share).min(cap) - least)
            }
            Spread::Decorrelated => {
                base + below(self.previous.saturating_mul(3).min(cap).saturating_sub(base))
            }
        };
        self.previous = delay;
        self.bound = match growth {
            Growth::Add(step) => bound.saturating_add(step),
            Growth::Times(thousandths) => parts(bound, thousandths, 1000),
        }
        .min(cap);
        Duration::from_nanos(delay)
    }
}

/// A wait that was asked for, with jitter on top: up to half as long again, within `room`. Never sooner
/// than asked.
pub(crate) fn upward(wait: Duration, room: Duration, below: impl FnOnce(u64) -> u64) -> Duration {
    wait + Duration::from_nanos(below(nanos((wait / 2).min(room.saturating_sub(wait)))))
}

/// `value * share / whole`, saturating.
fn parts(value: u64, share: u64, whole: u64) -> u64 {
    let parts = u128::from(value) * u128::from(share) / u128::from(whole);
    u64::try_from(parts).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn millis(backoff: Backoff, jitter: Jitter, count: usize, below: fn(u64) -> u64) -> Vec<f64> {
        let mut delays = Delays::new(Terms::new(backoff, jitter));
        (0..count).map(|_| delays.next(below).as_secs_f64() * 1e3).collect()
    }

    fn exponential(base: u64, cap: u64) -> Backoff {
        Backoff::exponential(Duration::from_millis(base), Duration::from_millis(cap))
    }

    /// The least draw, and the greatest.
    const LEAST: fn(u64) -> u64 = |_| 0;
    const MOST: fn(u64) -> u64 = |below| below.saturating_sub(1);
    const MIDDLE: fn(u64) -> u64 = |below| below / 2;

    #[test]
    fn bounds_without_jitter() {
        let second = |backoff, count| millis(backoff, Jitter::None, count, MOST);
        assert_eq!(second(exponential(1000, 8000), 5), [1000.0, 2000.0, 4000.0, 8000.0, 8000.0]);
        let linear = Backoff::linear(SECOND, 3 * SECOND);
        assert_eq!(second(linear, 4), [1000.0, 2000.0, 3000.0, 3000.0]);
        assert_eq!(second(Backoff::constant(SECOND), 3), [1000.0; 3]);
        assert_eq!(second(Backoff::Immediate, 3), [0.0; 3]);
        let by_half = Backoff::Exponential {
            base: Duration::from_millis(500),
            factor: 1.5,
            cap: Duration::from_secs(60),
        };
        assert_eq!(second(by_half, 4), [500.0, 750.0, 1125.0, 1687.5]);
    }

    #[test]
    fn full_jitter_goes_from_nothing_up_to_the_bound_and_still_spreads_at_the_cap() {
        let backoff = exponential(100, 20_000);
        assert_eq!(millis(backoff, Jitter::Full, 11, LEAST), [0.0; 11]);
        let most = millis(backoff, Jitter::Full, 11, MOST);
        assert!((most[0] - 100.0).abs() < 1e-3 && most[0] < 100.0);
        assert!((most[10] - 20_000.0).abs() < 1e-3 && most[10] < 20_000.0);
        assert_eq!(millis(backoff, Jitter::Full, 11, MIDDLE)[10], 10_000.0);
        // An integer drawn modulo the bound.
        let in_order: Vec<_> = {
            let mut delays = Delays::new(Terms::new(exponential(5, 100), Jitter::Full));
            (0..7).map(|_| delays.next(|bound| 9999 % (bound / 1_000_000)).as_nanos()).collect()
        };
        assert_eq!(in_order, [4, 9, 19, 39, 79, 99, 99]);
    }

    #[test]
    fn equal_jitter_keeps_half_of_the_bound() {
        let at = |below| millis(exponential(100, 20_000), Jitter::Equal, 4, below)[3];
        assert_eq!((at(LEAST), at(MIDDLE)), (400.0, 600.0));
        assert!(at(MOST) < 800.0 && at(MOST) > 799.99);
    }

    #[test]
    fn decorrelated_jitter_grows_with_what_was_drawn() {
        let at = |below| millis(exponential(100, 1000), Jitter::Decorrelated, 4, below);
        assert_eq!(at(LEAST), [100.0; 4]);
        for (drawn, expected) in at(MOST).into_iter().zip([300.0, 900.0, 1000.0, 1000.0]) {
            assert!((drawn - expected).abs() < 1e-3 && drawn < expected, "{drawn} of {expected}");
        }
    }

    #[test]
    fn a_fraction_goes_both_ways_and_never_beyond_the_cap() {
        let constant = Backoff::constant(Duration::from_millis(100));
        let at = |below| millis(constant, Jitter::Fraction(0.5), 1, below)[0];
        assert_eq!((at(LEAST), at(MIDDLE)), (50.0, 100.0));
        assert!(at(MOST) < 150.0 && at(MOST) > 149.99);
        assert_eq!(millis(constant, Jitter::Fraction(0.0), 3, MOST), [100.0; 3]);
        let capped = millis(exponential(100, 400), Jitter::Fraction(0.2), 5, MOST);
        assert!(capped[1] < 240.0 && capped[1] > 239.99, "{capped:?}");
        assert!(capped[4] < 400.0 && capped[4] > 399.99, "{capped:?}");
    }

    #[test]
    fn a_wait_that_was_asked_for_is_never_shortened() {
        let wait = Duration::from_millis(500);
        let plus = |drawn: u64| upward(wait, SECOND, |below| drawn * 1_000_000 % below);
        assert_eq!(plus(22), Duration::from_millis(522));
        assert_eq!(plus(9999), Duration::from_millis(749));
        assert_eq!(upward(wait, wait, MOST), wait);
        assert_eq!(upward(wait, Duration::ZERO, MOST), wait);
        assert_eq!(upward(Duration::MAX, Duration::ZERO, |_| 0), Duration::MAX);
    }

    #[test]
    fn nothing_overflows() {
        let ages = Backoff::Exponential { base: Duration::MAX, factor: 1000.0, cap: Duration::MAX };
        for jitter in
            [Jitter::None, Jitter::Full, Jitter::Equal, Jitter::Fraction(1.0), Jitter::Decorrelated]
        {
            for below in [LEAST, MOST] {
                let delays = millis(ages, jitter, 100, below);
                assert!(delays.iter().all(|delay| delay.is_finite()));
            }
        }
    }

    #[test]
    fn every_fault_is_named() {
        let mut check = Check::new("retry");
        let backoff = Backoff::Exponential { base: SECOND, factor: f64::NAN, cap: Duration::ZERO };
        backoff.check(Jitter::Fraction(-1.0), &mut check);
        Backoff::Immediate.check(Jitter::Decorrelated, &mut check);
        let error = check.finish(()).map_err(|error| error.to_string());
        assert_eq!(
            error,
            Err("retry config: backoff.exponential.cap must be at least base; \
                 backoff.exponential.factor must be 1 to 1000; jitter.fraction must be 0 to 1; \
                 backoff, jitter must have a base and a cap where jitter is decorrelated"
                .to_owned())
        );
    }
}
