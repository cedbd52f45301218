//! How delays are drawn. What is true of every draw, and of their mean, is shown by the properties.

use std::time::Duration;

use buttress::{
    backoff::{Backoff, Jitter},
    random::seed,
    retry::Config,
};

use super::doors::{Backend, MILLISECOND, Notes, SECOND, callers, delays};

/// The delays of one call by one door, in milliseconds, for a few seeds.
async fn drawn(backoff: Backoff, jitter: Jitter, count: u32) -> Vec<Vec<f64>> {
    let config = Config::new().with_backoff(backoff).with_jitter(jitter);
    let mut drawn = Vec::new();
    for seeded in 0..50 {
        seed(seeded);
        for caller in callers(config.clone().with_max_attempts(count + 1)) {
            let notes = Notes::new();
            let caller = caller.seen_by(|retry| retry.on_retry(delays(&notes)));
            assert!(caller.ask(&Backend::down()).await.is_err());
            drawn.push(notes.all().iter().map(|delay| delay.as_secs_f64() * 1e3).collect());
        }
    }
    drawn
}

fn exponential(base: u64, cap: u64) -> Backoff {
    Backoff::exponential(Duration::from_millis(base), Duration::from_millis(cap))
}

/// The least and the greatest of the `at`th delays.
fn range(drawn: &[Vec<f64>], at: usize) -> (f64, f64) {
    let least = drawn.iter().map(|delays| delays[at]).fold(f64::INFINITY, f64::min);
    let greatest = drawn.iter().map(|delays| delays[at]).fold(0.0, f64::max);
    (least, greatest)
}

/// Every delay within its bounds, and draws near both of them.
#[track_caller]
fn assert_fills(drawn: &[Vec<f64>], at: usize, from: f64, to: f64) {
    let (least, greatest) = range(drawn, at);
    assert!(least >= from && greatest < to, "{at}: {least} to {greatest}, not {from} to {to}");
    let near = (to - from) / 10.0;
    assert!(least < from + near && greatest > to - near, "{at}: only {least} to {greatest}");
}

#[tokio::test(start_paused = true)]
async fn full_jitter_from_nothing_to_a_bound_that_doubles_rt_23() {
    let drawn = drawn(exponential(100, 20_000), Jitter::Full, 11).await;
    for (at, bound) in [(0, 100.0), (1, 200.0), (3, 800.0), (7, 12_800.0)] {
        assert_fills(&drawn, at, 0.0, bound);
    }
    assert_fills(&drawn, 10, 0.0, 20_000.0);
}

#[tokio::test(start_paused = true)]
async fn equal_jitter_keeps_half_of_the_bound_rt_24() {
    let drawn = drawn(exponential(100, 20_000), Jitter::Equal, 9).await;
    for (at, bound) in [(0, 100.0), (3, 800.0), (8, 20_000.0)] {
        assert_fills(&drawn, at, bound / 2.0, bound);
    }
}

#[tokio::test(start_paused = true)]
async fn decorrelated_jitter_up_to_three_times_what_was_drawn_before_rt_25() {
    let drawn = drawn(exponential(100, 1000), Jitter::Decorrelated, 6).await;
    assert_fills(&drawn, 0, 100.0, 300.0);
    for delays in &drawn {
        for pair in delays.windows(2) {
            let bound = (3.0 * pair[0]).min(1000.0);
            assert!((100.0..bound).contains(&pair[1]), "{} after {}", pair[1], pair[0]);
        }
    }
    assert_fills(&drawn, 5, 100.0, 1000.0);
}

#[tokio::test(start_paused = true)]
async fn a_fraction_more_or_less_rt_28_rt_33() {
    let constant = Backoff::constant(100 * MILLISECOND);
    assert_fills(&drawn(constant, Jitter::Fraction(0.5), 1).await, 0, 50.0, 150.0);
    assert_fills(&drawn(constant, Jitter::Fraction(1.0), 1).await, 0, 0.0, 200.0);
    let exactly = drawn(constant, Jitter::Fraction(0.0), 3).await;
    assert!(exactly.iter().flatten().all(|delay| *delay == 100.0));
}

/// The cap bounds the bound, so the draws at it are full too.
#[tokio::test(start_paused = true)]
async fn bounds_that_double_up_to_the_cap_rt_29() {
    let drawn = drawn(exponential(5, 100), Jitter::Full, 7).await;
    for (at, bound) in [5.0, 10.0, 20.0, 40.0, 80.0, 100.0, 100.0].into_iter().enumerate() {
        assert_fills(&drawn, at, 0.0, bound);
    }
}

/// Of a second at first, and of the whole cap once it is reached.
#[tokio::test(start_paused = true)]
async fn a_draw_of_the_greatest_is_the_series_itself_rt_30() {
    let drawn = drawn(exponential(50, 20_000), Jitter::None, 11).await;
    let series = [50, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 20_000, 20_000];
    assert!(drawn.iter().all(|delays| *delays == series.map(f64::from)));
}

/// Elsewhere 20 % above the cap; here nothing is.
#[tokio::test(start_paused = true)]
async fn a_fraction_stays_below_the_cap_rt_31() {
    let drawn = drawn(exponential(1000, 4000), Jitter::Fraction(0.2), 4).await;
    assert_fills(&drawn, 0, 800.0, 1200.0);
    assert_fills(&drawn, 1, 1600.0, 2400.0);
    assert_fills(&drawn, 3, 3200.0, 4000.0);
}

#[tokio::test(start_paused = true)]
async fn a_seed_repeats_a_run_and_another_does_not_rt_34() {
    let config = Config::new().with_max_attempts(6);
    let run = async |seeded| {
        seed(seeded);
        let mut all = Vec::new();
        for caller in callers(config.clone()) {
            let notes = Notes::new();
            let caller = caller.seen_by(|retry| retry.on_retry(delays(&notes)));
            assert!(caller.ask(&Backend::down()).await.is_err());
            all.push(notes.all());
        }
        all
    };
    let first = run(7).await;
    assert_eq!(first, run(7).await);
    let other = run(8).await;
    assert_ne!(first[0][0], other[0][0], "from the first delay on");
    assert!(first.windows(2).all(|pair| pair[0] != pair[1]), "one call is not as the one before");
}

#[tokio::test(start_paused = true)]
async fn threads_draw_by_themselves() {
    let first_delay = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let notes = Notes::new();
            let caller = callers(Config::new()).next().unwrap();
            let caller = caller.seen_by(|retry| retry.on_retry(delays(&notes)));
            let call = caller.start(&Backend::down());
            assert!(futures::FutureExt::now_or_never(call).is_none());
            notes.all()[0]
        })
    };
    let mut drawn: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..20).map(|_| scope.spawn(first_delay)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(drawn.iter().all(|delay| *delay < SECOND / 10));
    drawn.sort();
    drawn.dedup();
    assert_eq!(drawn.len(), 20);
}
