//! The decision that keys have to themselves: to let through by a clock that lags.

use crate::resilience::rate_limit::machine::spend;

/// The word once so much is spent by a reading that is up to `late` behind, or by how much the call comes
/// too early. None where only an exact reading can tell whether it fits.
///
/// What fits by the older time fits. It is written down as spent at that time, so that it comes back
/// earlier by what the clock lags: once, and not with every call, because that clock does not go
/// back.
#[inline(always)]
pub(super) const fn spend_late(
    word: u64,
    coarse: u64,
    cost: u64,
    capacity: u64,
    late: u64,
) -> Option<Result<u64, u64>> {
    match spend(word, coarse, cost, capacity, 0) {
        Err(short) if short <= late => None,
        told => Some(told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::random;

    /// Whatever the pace and wherever the ticks are: a bucket that holds one token more, by the exact
    /// clock, has had every token that was given; and nothing is refused that fits.
    #[test]
    fn a_lagging_clock_gives_one_token_more_at_most() {
        const LATE: u64 = 1000;
        random::seed(7);
        let (mut admitted, mut early) = (0, 0);
        for round in 0..400 {
            let interval = LATE + random::below(5) * 700;
            let (burst, tick) = (1 + round % 4, 1 + random::below(LATE));
            let capacity = burst * interval;
            let (mut word, mut exact, mut wider, mut now) = (0, 0, 0, 5000);
            for _ in 0..500 {
                now += [0, 1, tick / 2, tick, interval / 2, interval, 3 * interval]
                    [random::below(7) as usize];
                let coarse = now - now % tick;
                let told = spend_late(word, coarse, interval, capacity, LATE)
                    .unwrap_or_else(|| spend(word, now, interval, capacity, 0));
                if let Ok(next) = told {
                    word = next;
                    admitted += 1;
                    early += u32::from(spend(exact, now, interval, capacity, 0).is_err());
                    wider = spend(wider, now, interval, capacity + interval, 0).expect("one more");
                } else {
                    assert!(spend(word, now, interval, capacity, 0).is_err());
                }
                exact = spend(exact, now, interval, capacity, 0).unwrap_or(exact);
            }
        }
        assert!(admitted > 10_000 && early > 100, "{admitted} {early}");
    }
}
