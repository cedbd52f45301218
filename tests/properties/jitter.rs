//! What every jitter draws: within its bounds, all over them, with the mean that is promised.

use std::{cell::RefCell, collections::BTreeSet, ops::Range, time::Duration};

use buttress::{
    backoff::{Backoff, Jitter},
    random::seed,
    retry::Config,
};
use futures::FutureExt;

use crate::{
    MILLISECOND, SECOND, TICK, paused,
    retry::{Told, down, unbound},
};

/// The first delays of so many calls, in seconds.
fn first_delays(config: Config, calls: usize) -> Vec<f64> {
    let delays = RefCell::new(Vec::new());
    let retry = unbound(config).on_retry(|again: &Told<'_>| {
        delays.borrow_mut().push(again.delay);
    });
    paused(async {
        for _ in 0..calls {
            assert!(retry.call(down).now_or_never().is_none(), "it waits");
        }
    });
    delays.borrow().iter().map(Duration::as_secs_f64).collect()
}

/// The delays before so many attempts of one call.
async fn delays_of_a_call(config: Config, count: u32) -> Vec<Duration> {
    let delays = RefCell::new(Vec::new());
    let retry = unbound(config.with_max_attempts(count + 1)).on_retry(|again: &Told<'_>| {
        delays.borrow_mut().push(again.delay);
    });
    assert!(retry.call(down).await.is_err());
    delays.into_inner()
}

fn distinct<T: Ord>(draws: impl IntoIterator<Item = T>) -> usize {
    draws.into_iter().collect::<BTreeSet<_>>().len()
}

/// With round numbers, which are what people configure and what random input never hits: draws are
/// within their bounds, all over them, all different, and have the mean that is promised (within 3 %
/// of the range; the mean of 4000 draws is off by 0.5 % of it).
#[test]
fn every_jitter_of_round_numbers() {
    use Jitter::{Decorrelated, Equal, Fraction, Full};

    const DRAWS: usize = 4000;

    let constant = Backoff::constant;
    let ms = Duration::from_millis;
    // Backoff, jitter: from, up to.
    let mut table: Vec<(Backoff, Jitter, Range<f64>)> = Vec::new();
    for bound in [MILLISECOND, ms(100), ms(500), SECOND, 2 * SECOND, 10 * SECOND, 60 * SECOND] {
        let secs = bound.as_secs_f64();
        table.extend([
            (constant(bound), Full, 0.0..secs),
            (constant(bound), Equal, secs / 2.0..secs),
            (constant(bound), Fraction(0.1), secs * 0.9..secs * 1.1),
            (constant(bound), Fraction(0.5), secs * 0.5..secs * 1.5),
            (constant(bound), Fraction(1.0), 0.0..secs * 2.0),
            (Backoff::exponential(bound, 100 * bound), Decorrelated, secs..secs * 3.0),
            (Backoff::linear(bound, 100 * bound), Full, 0.0..secs),
            // At the cap from the beginning.
            (Backoff::exponential(bound, bound), Full, 0.0..secs),
            (Backoff::exponential(bound, bound), Equal, secs / 2.0..secs),
            (Backoff::exponential(bound, bound), Fraction(0.2), secs * 0.8..secs),
            (Backoff::exponential(bound, 2 * bound), Decorrelated, secs..secs * 2.0),
        ]);
    }
    seed(1);
    for (backoff, jitter, range) in table {
        let case = format!("{backoff:?} {jitter:?}");
        let config = Config::new().with_backoff(backoff).with_jitter(jitter);
        let draws = first_delays(config, DRAWS);
        let width = range.end - range.start;
        let (least, greatest) = (range.start - 1e-9, range.end + 1e-9);
        assert!(draws.iter().all(|draw| (least..greatest).contains(draw)), "{case}");
        let mean = draws.iter().sum::<f64>() / DRAWS as f64;
        let middle = range.start + width / 2.0;
        assert!((mean - middle).abs() < 0.03 * width, "{case}: {mean}, not {middle}");
        for tenth in 0..10 {
            let from = range.start + width * f64::from(tenth) / 10.0;
            let count = draws.iter().filter(|draw| (from..from + width / 10.0).contains(draw));
            let share = count.count() as f64 / DRAWS as f64;
            assert!((0.07..0.13).contains(&share), "{case}: {share} of tenth {tenth}");
        }
        let different = distinct(draws.iter().map(|draw| (draw * 1e9).round() as u64));
        // A fifth of a millisecond is 200 000 nanoseconds, so some are drawn twice.
        assert!(different > DRAWS * 97 / 100, "{case}: {different} different ones");
    }
}

#[test]
fn without_jitter_everybody_waits_the_same() {
    for bound in [TICK, MILLISECOND, SECOND, 10 * SECOND] {
        let config = Config::new().with_backoff(Backoff::constant(bound));
        let draws = first_delays(config.with_jitter(Jitter::None), 100);
        assert!(draws.iter().all(|draw| *draw == bound.as_secs_f64()));
    }
}

/// A thousand callers at their twentieth attempt, all of them at the cap.
#[test]
fn at_the_cap_callers_still_do_not_come_back_together_rt_32() {
    let backoff = Backoff::exponential(100 * MILLISECOND, 10 * SECOND);
    for (jitter, mean) in [
        (Jitter::Full, Some(5.0)),
        (Jitter::Equal, Some(7.5)),
        (Jitter::Fraction(0.5), Some(7.5)),
        (Jitter::Decorrelated, None),
    ] {
        seed(32);
        let config = Config::new().with_backoff(backoff).with_jitter(jitter);
        let twentieth: Vec<_> = paused(async {
            let mut delays = Vec::new();
            for _ in 0..1000 {
                delays.extend(delays_of_a_call(config.clone(), 20).await.pop());
            }
            delays
        });
        assert_eq!(twentieth.len(), 1000);
        assert!(twentieth.iter().all(|delay| *delay <= 10 * SECOND));
        let different = distinct(&twentieth);
        assert!(different >= 950, "{jitter:?}: {different} of 1000 are different");
        let to_a_millisecond = distinct(twentieth.iter().map(Duration::as_millis));
        assert!(to_a_millisecond >= 700, "{jitter:?}: {to_a_millisecond} milliseconds");
        if let Some(mean) = mean {
            let seen = twentieth.iter().map(Duration::as_secs_f64).sum::<f64>() / 1000.0;
            assert!((seen - mean).abs() < 0.5, "{jitter:?}: {seen}");
        }
    }
}
