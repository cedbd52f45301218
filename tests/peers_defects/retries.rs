//! Retries: jitter that is none, budgets that bind nobody, hints that nobody heeds.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    convert::Infallible,
    future::{Ready, ready},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use buttress::{
    Error, Lift, Refusal,
    backoff::{Backoff, Jitter},
    budget::{self, Budget},
    outcome::Outcome,
    retry::{Again, Config, Retry},
};
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::allocator::allocations;

const SECOND: Duration = Duration::from_secs(1);

type Told<'a> = Again<'a, (), Error<&'static str>>;

fn retry(config: Config) -> Retry {
    Retry::new("r", config).unwrap().without_budget()
}

fn paying(ratio: f64) -> Retry {
    let config = budget::Config::new().with_ratio(ratio).with_per_second(0);
    retry(immediate()).paying_from(&Budget::new("purse", config).unwrap())
}

fn immediate() -> Config {
    Config::new().with_backoff(Backoff::Immediate)
}

async fn down() -> Result<(), &'static str> {
    Err("down")
}

/// The delays of each of so many calls.
async fn delays(config: Config, calls: usize) -> Vec<Vec<Duration>> {
    let told = RefCell::new(Vec::new());
    let retry = retry(config).on_retry(|again: &Told<'_>| told.borrow_mut().push(again.delay));
    let mut all = Vec::new();
    for _ in 0..calls {
        assert!(retry.call(down).await.is_err());
        all.push(told.take());
    }
    all
}

fn distinct<T: Ord>(values: impl IntoIterator<Item = T>) -> usize {
    values.into_iter().collect::<BTreeSet<_>>().len()
}

/// tower-resilience: an interval of at most 500 ms with a factor of a half lasts up to 750 ms.
#[tokio::test(start_paused = true)]
async fn d19_jitter_stays_below_the_cap() {
    let cap = SECOND / 2;
    let config = Config::new().with_backoff(Backoff::exponential(SECOND / 10, cap));
    for jitter in [Jitter::Fraction(0.5), Jitter::Fraction(1.0), Jitter::Full, Jitter::Decorrelated]
    {
        let config = config.clone().with_jitter(jitter).with_max_attempts(10);
        let delays = delays(config, 100).await.concat();
        let longest = delays.iter().max().unwrap();
        assert!((cap * 9 / 10..=cap).contains(longest), "{jitter:?}: up to {longest:?}");
    }
}

/// tower-resilience: its default and its presets have neither jitter nor a cap.
#[tokio::test(start_paused = true)]
async fn d19_there_is_jitter_and_a_cap_unless_somebody_says_otherwise() {
    let delays = delays(Config::new().with_max_attempts(15), 100).await;
    assert_eq!(distinct(delays.iter().map(|call| call[0])), 100);
    assert!(delays.concat().into_iter().all(|delay| delay < 20 * SECOND));
}

/// tower-resilience: with a budget of 100 and a backend that succeeds at every second attempt, a
/// thousand requests are two thousand calls.
#[tokio::test(start_paused = true)]
async fn d20_a_backend_that_always_succeeds_the_second_time_is_not_called_twice_as_often_for_ever()
{
    for tower in [false, true] {
        let (retry, calls) = (paying(0.2), Cell::new(0));
        for _ in 0..1000 {
            let first = Cell::new(true);
            let operation = || {
                calls.set(calls.get() + 1);
                ready(if first.replace(false) { Err("down") } else { Ok(()) })
            };
            // One that is not granted a second attempt has failed.
            let _ = if tower {
                let flaky = service_fn(|()| operation());
                retry.layer().layer(Lift::layer().layer(flaky)).oneshot(()).await
            } else {
                retry.call(operation).await
            };
        }
        assert_eq!(calls.get(), 1200, "tower: {tower}");
    }
}

/// A request that counts its copies.
struct Counted(Arc<AtomicU32>);

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&self.0))
    }
}

/// tower-resilience: a request is copied for every attempt, the last and the only one included.
#[tokio::test(start_paused = true)]
async fn d21_there_are_as_many_copies_as_further_attempts() {
    for (most, fails, expected) in [(1, false, 0), (1, true, 0), (2, true, 1), (3, true, 2)] {
        let retry = retry(immediate().with_max_attempts(most));
        let answer = move |_: Counted| ready(if fails { Err("down") } else { Ok(()) });
        let service = retry.layer().layer(Lift::layer().layer(service_fn(answer)));
        let copies = Arc::new(AtomicU32::new(0));
        assert_eq!(service.oneshot(Counted(Arc::clone(&copies))).await.is_err(), fails);
        assert_eq!(copies.load(Ordering::Relaxed), expected, "{most} attempts, fails: {fails}");
    }
}

/// tower-resilience: the interval is a function of the attempt alone, so `Retry-After` cannot be heeded.
#[tokio::test(start_paused = true)]
async fn d21_what_the_answer_says_decides_how_long_is_waited() {
    let config = Config::new().with_jitter(Jitter::None).with_max_attempts(3);
    let retry = retry(config).retry_after(|result: &Result<(), Error<u64>>| match result {
        Err(Error::Inner(seconds)) => Some(Duration::from_secs(*seconds)),
        _ => None,
    });
    let (asked, start) = (Cell::new(3), Instant::now());
    let operation = || {
        asked.set(asked.get() + 1);
        ready(Err(asked.get()))
    };
    assert_eq!(retry.call(operation).await, Err(Error::Inner(6)));
    assert_eq!(start.elapsed(), (4 + 5) * SECOND);
}

/// tower-resilience: `on_retry` is documented to count from 1, and counts from 0.
#[tokio::test(start_paused = true)]
async fn d21_attempts_are_numbered_from_one() {
    let told = RefCell::new(Vec::new());
    let retry =
        retry(immediate()).on_retry(|again: &Told<'_>| told.borrow_mut().push(again.attempt));
    assert!(retry.call(down).await.is_err());
    assert_eq!(told.take(), [1, 2]);
}

/// tower-resilience: where the two disagree about the first number, the first delay is twice the base.
#[tokio::test(start_paused = true)]
async fn d21_the_first_delay_is_the_base() {
    let backoff = Backoff::exponential(SECOND, 60 * SECOND);
    let config = Config::new().with_backoff(backoff).with_jitter(Jitter::None);
    assert_eq!(delays(config, 1).await[0], [SECOND, 2 * SECOND]);
}

/// tower: every backoff from one maker draws the same, `[1000, 3000, 6000]` four times over.
#[tokio::test(start_paused = true)]
async fn d24_every_caller_draws_for_itself() {
    let backoff = Backoff::exponential(SECOND, 60 * SECOND);
    for jitter in [Jitter::Full, Jitter::Equal, Jitter::Fraction(0.99), Jitter::Decorrelated] {
        let config = Config::new().with_backoff(backoff).with_jitter(jitter);
        let delays = delays(config.with_max_attempts(4), 4).await;
        assert_eq!(distinct(delays.iter()), 4, "{delays:?}");
        assert_eq!(distinct(delays.concat()), 12, "{delays:?}");
    }
    // By way of layers as well: clones of a service are no copies of a generator.
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let note = Arc::clone(&told);
    let retry = retry(Config::new()).on_retry(move |again: &Again<'_, (), Error<&str>>| {
        note.lock().unwrap().push(again.delay);
    });
    let service = retry.layer().layer(Lift::layer().layer(service_fn(|()| down())));
    for _ in 0..20 {
        assert!(service.clone().oneshot(()).await.is_err());
    }
    assert_eq!(distinct(told.lock().unwrap().drain(..)), 40);
}

/// tower: a second with a jitter of 0.99 is a second, 300 times; of two seconds it is two or three.
#[tokio::test(start_paused = true)]
async fn d24_delays_are_not_cut_down_to_whole_seconds() {
    for base in [SECOND, 2 * SECOND] {
        let config = Config::new().with_backoff(Backoff::constant(base)).with_max_attempts(2);
        let delays = delays(config.with_jitter(Jitter::Fraction(0.99)), 300).await.concat();
        assert_eq!(distinct(delays.iter()), 300);
        assert!(delays.iter().all(|delay| delay.subsec_nanos() != 0));
    }
}

/// tower: `1 / ratio` is truncated, so that 0.7 allows a retry for every request.
#[tokio::test(start_paused = true)]
async fn d27_a_ratio_that_is_no_round_fraction_is_kept_to() {
    for (ratio, granted) in [(0.7, 700), (0.3, 300), (0.15, 150), (0.999, 999)] {
        let retry = paying(ratio);
        for _ in 0..1000 {
            assert!(retry.call(down).await.is_err());
        }
        assert_eq!(retry.snapshot().totals.retries, granted, "{ratio}");
    }
}

/// backon: jitter is added on top of the cap (up to twice of it) and nothing is below the base.
#[tokio::test(start_paused = true)]
async fn d28_full_jitter_is_full_and_ends_at_the_cap() {
    let backoff = Backoff::exponential(SECOND / 10, SECOND * 4 / 10);
    let config = Config::new().with_backoff(backoff).with_max_attempts(4);
    let delays = delays(config, 300).await.concat();
    assert!(delays.iter().all(|delay| *delay < SECOND * 4 / 10));
    assert!(delays.iter().any(|delay| *delay < SECOND / 100), "far below the base");
}

/// backon: its total of delays counts sleeps and not time.
#[tokio::test(start_paused = true)]
async fn d28_the_time_of_a_call_is_that_of_its_attempts_too() {
    let config = Config::new()
        .with_backoff(Backoff::constant(SECOND))
        .with_jitter(Jitter::None)
        .with_max_attempts(u32::MAX)
        .with_max_elapsed(10 * SECOND);
    let slow = || async {
        tokio::time::sleep(3 * SECOND).await;
        Err::<(), _>("down")
    };
    let (retry, start) = (retry(config), Instant::now());
    let told = retry.call(slow).detailed().await;
    assert_eq!((told.attempts, start.elapsed()), (3, 11 * SECOND));
}

/// tokio-retry2: `retry_after(500 ms)` is kept and not looked at; 6 ms are waited. Its hook is told the
/// wrong delay, and called even where no retry follows.
#[tokio::test(start_paused = true)]
async fn d30_what_was_asked_for_is_waited_and_told_and_only_where_an_attempt_follows() {
    let backoff = Backoff::constant(Duration::from_millis(5));
    let config = Config::new().with_backoff(backoff).with_jitter(Jitter::None);
    let told = RefCell::new(Vec::new());
    let retry = retry(config)
        .retry_after(|_: &Result<(), Error<&str>>| Some(SECOND / 2))
        .on_retry(|again: &Told<'_>| told.borrow_mut().push((again.attempt, again.delay)));
    let start = Instant::now();
    assert!(retry.call(down).await.is_err());
    assert_eq!(told.take(), [(1, SECOND / 2), (2, SECOND / 2)]);
    assert_eq!(start.elapsed(), SECOND);

    let nothing = retry.classify(|_: &Result<(), Error<&str>>| Outcome::Ignore);
    assert!(nothing.call(down).await.is_err());
    retry.reconfigure(immediate().with_max_attempts(1)).unwrap();
    assert!(retry.call(down).await.is_err());
    retry.reconfigure(Config::new().with_max_retry_after(Duration::ZERO)).unwrap();
    assert!(retry.call(down).await.is_err());
    assert_eq!(told.take(), []);
}

/// tokio-retry2: a range of jitter is drawn once and then multiplied with; and `from_millis(100)` is
/// 100 ms, 10 s, 1000 s.
#[tokio::test(start_paused = true)]
async fn d31_every_delay_is_drawn_and_doubling_doubles() {
    let constant = Backoff::constant(SECOND / 100);
    let config = Config::new().with_backoff(constant).with_jitter(Jitter::Fraction(1.0));
    let drawn = delays(config.with_max_attempts(6), 1).await.concat();
    assert_eq!(distinct(drawn), 5);
    let config = Config::new().with_jitter(Jitter::None).with_max_attempts(4);
    assert_eq!(delays(config, 1).await.concat(), [1, 2, 4].map(|tenths| tenths * SECOND / 10));
}

/// tower-resilience: two allocations for each call. Ours make none until an attempt fails.
#[tokio::test(start_paused = true)]
async fn d16_a_call_that_succeeds_allocates_nothing() {
    fn up(_: ()) -> Ready<Result<u32, Infallible>> {
        ready(Ok(7))
    }
    let retry = Retry::new("r", Config::new()).unwrap();
    let mut service = retry.layer().layer(Lift::layer().layer(service_fn(up)));
    let elapsed = Retry::new("r", Config::new().with_max_elapsed(SECOND)).unwrap();
    for _ in 0..10 {
        assert_eq!(retry.call(|| up(())).await, Ok(7));
        assert_eq!(service.ready().await.unwrap().call(()).await, Ok(7));
    }
    let before = allocations();
    for _ in 0..1000 {
        assert_eq!(retry.call(|| up(())).await, Ok(7));
        assert_eq!(elapsed.call(|| up(())).await, Ok(7));
        assert_eq!(service.ready().await.unwrap().call(()).await, Ok(7));
    }
    assert_eq!(allocations() - before, 0);
}

/// What a failure needs is made by the first, and is that of the whole call.
#[tokio::test(start_paused = true)]
async fn d16_a_call_that_fails_allocates_once() {
    for attempts in [1, 2, 3, 10] {
        let retry = retry(immediate().with_max_attempts(attempts));
        for _ in 0..10 {
            assert!(retry.call(down).await.is_err());
        }
        let before = allocations();
        for _ in 0..100 {
            assert!(retry.call(down).await.is_err());
        }
        assert_eq!(allocations() - before, 100, "for {attempts} attempts of a hundred calls");
    }
}

/// A mistake of the caller's own, or the refusal of a circuit that is open, is no failure to try again.
#[tokio::test(start_paused = true)]
async fn d16_a_call_whose_first_result_is_the_answer_allocates_nothing() {
    let retry = retry(Config::new());
    let ignoring = retry.classify(|_: &Result<(), Error<&str>>| Outcome::Ignore);
    let refused = || {
        let refusal = Refusal::Full { name: "inner".into(), limit: 1 };
        ready(Err::<(), _>(Error::<()>::Refused(refusal)))
    };
    for _ in 0..10 {
        assert!(ignoring.call(down).await.is_err() && retry.run(refused).await.is_err());
    }
    let before = allocations();
    for _ in 0..100 {
        assert!(ignoring.call(down).await.is_err() && retry.run(refused).await.is_err());
    }
    assert_eq!(allocations() - before, 0);
}
