//! The decisions: a token bucket in one word, told the time.
//!
//! The word is the moment at which the bucket will be full again, in sixteenths of a nanosecond since
//! the bucket was made; its lowest bit says that this was far ahead when it was last written. Taking
//! tokens moves the moment on by what they take to come back. A call fits if the bucket is then to be
//! full within the time that an empty one takes.

use std::time::Duration;

use super::{
    config::Rate,
    decision::{Decision, Verdict},
};
use crate::ground::time::LATE;

/// How a word says that the moment in it was further ahead of the clock than that may lag.
pub(super) const BUSY: u64 = 1;

/// Units in a nanosecond, as a shift. They are halved where tokens come one a nanosecond, and last for
/// 36 years.
const SHIFT: u32 = 4;

/// So many nanoseconds, in units.
#[inline]
pub(super) const fn units(nanos: u64) -> u64 {
    if nanos > u64::MAX >> SHIFT { u64::MAX - 1 } else { nanos << SHIFT }
}

/// How far a coarse reading may be behind, in units.
pub(super) const LATE_UNITS: u64 = units(LATE.as_nanos() as u64);

/// So many units, in nanoseconds and never fewer.
pub(super) const fn nanos(units: u64) -> u64 {
    units.div_ceil(1 << SHIFT)
}

/// What a quota comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    /// The time one token takes to come back.
    pub(super) interval: u64,
    /// The time an empty bucket takes to be full.
    pub(super) capacity: u64,
}

impl Terms {
    pub(super) fn of(quota: Rate) -> Self {
        let amount = u128::from(quota.amount.max(1));
        let interval = (quota.per.as_nanos() << SHIFT) / amount;
        // Even, because the lowest bit of a word is no time. Parsed quotas are far inside.
        let interval = (u64::try_from(interval).unwrap_or(u64::MAX) & !BUSY).max(2);
        Self { interval, capacity: interval.saturating_mul(quota.at_once()) }
    }

    /// The time that so many tokens take to come back.
    #[inline]
    pub(super) const fn cost(self, tokens: u64) -> u64 {
        // The price of one is known.
        if tokens == 1 { self.interval } else { self.interval.saturating_mul(tokens) & !BUSY }
    }

    /// Whether so much is more than the bucket ever holds.
    #[inline]
    pub(super) const fn exceeds(self, cost: u64) -> bool {
        cost > self.capacity
    }

    /// The most tokens there are at once.
    pub(super) const fn limit(self) -> u64 {
        self.capacity / self.interval
    }

    /// The tokens there are.
    pub(super) const fn remaining(self, word: u64, now: u64) -> u64 {
        self.capacity.saturating_sub(ahead(word, now)) / self.interval
    }

    /// What to tell about a call for so many tokens, `taken` or not, where the word is this now.
    pub(super) fn decision(self, word: u64, now: u64, tokens: u64, taken: bool) -> Decision {
        let short = if taken { 0 } else { short(word, now, self.cost(tokens), self.capacity) };
        let verdict = match short {
            0 => Verdict::Admitted,
            _ if self.exceeds(self.cost(tokens)) => Verdict::NeverFits,
            _ => Verdict::Limited,
        };
        let retry_after = match verdict {
            Verdict::Limited => Some(Duration::from_nanos(nanos(short))),
            Verdict::Admitted | Verdict::NeverFits => None,
        };
        Decision {
            verdict,
            limit: self.limit(),
            remaining: self.remaining(word, now),
            reset_after: Duration::from_nanos(nanos(ahead(word, now))),
            retry_after,
        }
    }

    /// The same word by other terms: the tokens that are missing are as many, and come back at the
    /// other rate.
    pub(super) fn restate(self, word: u64, now: u64, next: Self) -> u64 {
        let ahead = u128::from(ahead(word, now)) * u128::from(next.interval);
        let ahead = u64::try_from(ahead / u128::from(self.interval)).unwrap_or(u64::MAX);
        written(now.saturating_add(ahead), word & BUSY)
    }
}

/// How far off the moment is.
#[inline]
pub(super) const fn ahead(word: u64, now: u64) -> u64 {
    (word & !BUSY).saturating_sub(now)
}

/// By how much too early a call comes that costs so much; zero if it fits.
#[inline]
pub(super) const fn short(word: u64, now: u64, cost: u64, capacity: u64) -> u64 {
    spent(word, now, cost).saturating_sub(now.saturating_add(capacity))
}

/// The moment once so much is spent, whether it fits or not.
#[inline]
const fn spent(word: u64, now: u64, cost: u64) -> u64 {
    let full = word & !BUSY;
    let start = if full > now { full } else { now };
    start.saturating_add(cost)
}

/// The word once so much is spent, or by how much the call comes too early. `late`: how far a coarse
/// clock may be behind.
#[inline]
pub(super) const fn spend(
    word: u64,
    now: u64,
    cost: u64,
    capacity: u64,
    late: u64,
) -> Result<u64, u64> {
    let spent = spent(word, now, cost);
    let most = now.saturating_add(capacity);
    if spent > most {
        return Err(spent - most);
    }
    Ok(written(spent, if spent - now > late { BUSY } else { 0 }))
}

/// The word once so much is spent that may not be there yet.
pub(super) const fn owe(word: u64, now: u64, cost: u64) -> u64 {
    written(spent(word, now, cost), BUSY)
}

/// The word once so much has come back.
pub(super) const fn give_back(word: u64, cost: u64) -> u64 {
    written((word & !BUSY).saturating_sub(cost), word & BUSY)
}

/// The same answer as [`spend`] gives by an exact clock, where a reading that is up to `late` behind
/// is certain to give it. If the moment is further ahead than that, the time is not needed to spend; what
/// fits by the older time fits; and what is short by more than `late` does not fit.
#[inline]
pub(super) const fn foretell(
    word: u64,
    coarse: u64,
    cost: u64,
    capacity: u64,
    late: u64,
) -> Option<Result<u64, u64>> {
    let full = word & !BUSY;
    if full < coarse.saturating_add(late) {
        return None;
    }
    let spent = full.saturating_add(cost);
    let most = coarse.saturating_add(capacity);
    if spent <= most {
        Some(Ok(written(spent, BUSY)))
    } else if spent - most > late {
        Some(Err(spent - most))
    } else {
        None
    }
}

#[inline]
pub(super) const fn written(moment: u64, busy: u64) -> u64 {
    moment & !BUSY | busy
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = units(1_000_000_000);
    const LATE: u64 = SECOND / 50;

    fn terms(amount: u64, seconds: u64, burst: u64) -> Terms {
        Terms::of(Rate::new(amount, Duration::from_secs(seconds)).with_burst(burst))
    }

    /// Takes so many tokens at a time, and says by how much too early they were asked for.
    fn take(terms: Terms, word: &mut u64, now: u64, tokens: u64) -> Result<(), Duration> {
        let cost = terms.cost(tokens);
        match spend(*word, now, cost, terms.capacity, LATE) {
            Ok(next) => {
                *word = next;
                Ok(())
            }
            Err(short) => Err(Duration::from_nanos(nanos(short))),
        }
    }

    #[test]
    fn one_token_every_two_seconds_rl_01() {
        let (terms, mut word) = (terms(1, 2, 1), 0);
        assert_eq!(take(terms, &mut word, 0, 1), Ok(()));
        assert_eq!(take(terms, &mut word, 0, 1), Err(Duration::from_secs(2)));
        let almost = units(1_999_999_999);
        assert_eq!(take(terms, &mut word, almost, 1), Err(Duration::from_nanos(1)));
        assert_eq!(take(terms, &mut word, 2 * SECOND, 1), Ok(()));
        assert_eq!(take(terms, &mut word, 2 * SECOND, 1), Err(Duration::from_secs(2)));
    }

    #[test]
    fn decisions_carry_what_is_left_rl_10_rl_11() {
        let (terms, mut word) = (terms(1, 1, 5), 0);
        // Two taken before, so that the third at three seconds leaves two.
        let at = |tenths: u64| tenths * SECOND / 10;
        let mut step = |tenths, tokens, peek: bool| {
            let now = at(tenths);
            let taken = !peek && take(terms, &mut word, now, tokens).is_ok();
            let told = terms.decision(word, now, tokens, taken);
            (told.verdict, told.remaining, told.reset_after.as_millis(), told.retry_after)
        };
        for _ in 0..2 {
            step(30, 1, false);
        }
        let admitted = |left, reset| (Verdict::Admitted, left, reset, None);
        assert_eq!(step(30, 1, false), admitted(2, 3000));
        assert_eq!(step(31, 1, false), admitted(1, 3900));
        assert_eq!(step(40, 1, false), admitted(1, 4000));
        assert_eq!(step(80, 1, false), admitted(4, 1000));
        assert_eq!(step(95, 1, false), admitted(4, 1000));
        assert_eq!(step(95, 0, true), admitted(4, 1000));
        assert_eq!(step(95, 2, false), admitted(2, 3000));
        let limited = (Verdict::Limited, 2, 3000, Some(Duration::from_secs(3)));
        assert_eq!(step(95, 5, false), limited);
        assert_eq!(step(95, 0, true), admitted(2, 3000));
        assert_eq!(step(150, 6, false), (Verdict::NeverFits, 5, 0, None));
    }

    #[test]
    fn a_clock_that_goes_back_mints_nothing_rl_34() {
        let (terms, mut word) = (terms(1, 1, 3), 0);
        let moments = [10, 10, 10, 5, 9, 10, 5, 12, 5, 12, 12];
        let admitted = moments.map(|at| take(terms, &mut word, at * SECOND, 1).is_ok());
        let wanted = [true, true, true, false, false, false, false, true, false, true, false];
        assert_eq!(admitted, wanted);
        assert_eq!(take(terms, &mut word, 5 * SECOND, 1), Err(Duration::from_secs(8)));
    }

    #[test]
    fn any_period_keeps_its_rate_rl_28() {
        let (terms, mut word) = (terms(7, 60, 1), 0);
        let mut admitted = 0;
        for second in 0..=120 {
            admitted += u32::from(take(terms, &mut word, second * SECOND, 1).is_ok());
            // Asked for once a second, each token comes up to a second late.
            while take(terms, &mut word, second * SECOND, 1).is_ok() {
                admitted += 1;
            }
        }
        assert!((13..=15).contains(&admitted), "{admitted}");
        let (mut word, mut moments, mut now) = (0, Vec::new(), 0);
        while moments.len() < 15 {
            match spend(word, now, terms.interval, terms.capacity, LATE) {
                Ok(next) => {
                    word = next;
                    moments.push(now);
                }
                Err(short) => now += short,
            }
        }
        let by = |seconds: u64| moments.iter().filter(|at| **at <= seconds * SECOND).count();
        assert_eq!((by(1), by(60), by(120)), (1, 8, 15));
    }

    #[test]
    fn the_extremes_saturate() {
        let fast = terms(1_000_000_000, 1, 1_000_000_000);
        assert_eq!(fast.interval, units(1));
        let slow = terms(1, 1000 * 86_400, 1);
        let mut word = 0;
        assert_eq!(
            take(slow, &mut word, 0, u64::MAX).map_err(|short| short > Duration::ZERO),
            Err(true)
        );
        assert_eq!(take(slow, &mut word, u64::MAX - 1, 1), Ok(()));
        assert_eq!(ahead(word, 0), u64::MAX - 1);
        assert_eq!(give_back(4 | BUSY, 100), BUSY);
        assert_eq!(short(u64::MAX, 0, u64::MAX, 10), u64::MAX - 10);
    }

    #[test]
    fn what_a_coarse_reading_foretells_is_what_an_exact_one_says() {
        let terms = terms(100, 1, 100);
        let mut told = 0;
        for word in (0..3 * SECOND / 2).step_by(3_456_790 * 8) {
            for coarse in [0, SECOND / 7, SECOND / 2] {
                for behind in [0, 1, LATE / 2, LATE] {
                    for tokens in [0, 1, 3, 99, 101] {
                        let (cost, now) = (terms.cost(tokens), coarse + behind);
                        let exact = spend(word, now, cost, terms.capacity, LATE);
                        match foretell(word, coarse, cost, terms.capacity, LATE) {
                            Some(Ok(next)) => {
                                assert_eq!(Ok(next & !BUSY), exact.map(|word| word & !BUSY));
                            }
                            Some(Err(short)) => {
                                let sure = exact.expect_err("refused by both");
                                assert!(sure <= short && short <= sure + LATE);
                            }
                            None => continue,
                        }
                        told += 1;
                    }
                }
            }
        }
        assert!(told > 1000, "{told}");
    }

    #[test]
    fn other_terms_keep_the_tokens_that_are_missing() {
        let (slow, fast) = (terms(1, 1, 10), terms(2, 1, 10));
        let now = 100 * SECOND;
        let word = owe(0, now, slow.cost(4));
        let restated = slow.restate(word, now, fast);
        assert_eq!(ahead(restated, now), fast.cost(4));
        assert_eq!(fast.restate(restated, now, slow), word);
        assert_eq!(slow.restate(5, now, fast) & !BUSY, now, "a full bucket stays full");
    }
}
