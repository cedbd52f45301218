//! Attempts, delays and budgets against a naive model.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use buttress::{
    Error, Mode,
    backoff::{Backoff, Jitter},
    budget::{self, Budget},
    retry::{Again, Config, Ending, GiveUp, Retry, presets},
    time::Deadline,
};
use futures::FutureExt;
use proptest::{collection::vec, option, prelude::*, sample::select, test_runner::TestCaseError};
use tokio::time::{Instant, advance};

use crate::{LIFETIME, MILLISECOND, SECOND, TICK, cases, paused};

pub(crate) type Told<'a> = Again<'a, (), Error<&'static str>>;

pub(crate) fn unbound(config: Config) -> Retry {
    Retry::new("backend", config).unwrap().without_budget()
}

pub(crate) async fn down() -> Result<(), &'static str> {
    Err("down")
}

fn round() -> BoxedStrategy<Duration> {
    let ms = Duration::from_millis;
    select(vec![TICK, 3 * TICK, MILLISECOND, ms(100), ms(250), SECOND, 2 * SECOND, 60 * SECOND])
        .boxed()
}

fn any_duration() -> BoxedStrategy<Duration> {
    prop_oneof![
        4 => round(),
        2 => any::<u64>().prop_map(Duration::from_nanos),
        1 => any::<Duration>(),
        1 => select(vec![Duration::ZERO, Duration::MAX, Duration::MAX - TICK]),
    ]
    .boxed()
}

fn backoff(of: BoxedStrategy<Duration>) -> impl Strategy<Value = Backoff> {
    let factor = prop_oneof![select(vec![1.0, 1.001, 1.5, 2.0, 10.0, 1000.0]), any::<f64>()];
    prop_oneof![
        Just(Backoff::Immediate),
        of.clone().prop_map(Backoff::constant),
        (of.clone(), of.clone()).prop_map(|(a, b)| Backoff::linear(a.min(b), a.max(b))),
        (of.clone(), of, factor).prop_map(|(a, b, factor)| Backoff::Exponential {
            base: a.min(b),
            factor,
            cap: a.max(b),
        }),
    ]
}

fn jitter() -> impl Strategy<Value = Jitter> {
    prop_oneof![
        select(vec![Jitter::None, Jitter::Full, Jitter::Equal, Jitter::Decorrelated]),
        prop_oneof![0.0..=1.0, any::<f64>()].prop_map(Jitter::Fraction),
    ]
}

/// The longest that a delay by this may be.
fn longest(backoff: Backoff, jitter: Jitter) -> Duration {
    match backoff {
        Backoff::Linear { cap, .. } | Backoff::Exponential { cap, .. } => cap,
        Backoff::Constant { delay } => match jitter {
            Jitter::Fraction(share) => delay.mul_f64(1.0 + share) + TICK,
            _ => delay,
        },
        _ => Duration::ZERO,
    }
}

/// How many attempts a call makes whose attempts go like this.
fn attempts(goes: &[bool], most: u32) -> (u32, bool) {
    match goes.iter().take(most as usize).position(|good| *good) {
        Some(at) => (at as u32 + 1, true),
        None => (most, false),
    }
}

/// Calls one after another, each of which fails as it is told and then for good.
fn as_the_model_says(config: Config, calls: &[Vec<bool>]) -> Result<(), TestCaseError> {
    let (most, cap) = (config.max_attempts, longest(config.backoff, config.jitter));
    paused(async {
        let delays = RefCell::new(Vec::new());
        let retry = unbound(config).on_retry(|again: &Told<'_>| {
            delays.borrow_mut().push((again.attempt, again.delay));
        });
        for goes in calls {
            let (made, start) = (Cell::new(0_u32), Instant::now());
            let operation = || {
                let good = goes.get(made.get() as usize).copied().unwrap_or(false);
                made.set(made.get() + 1);
                async move { if good { Ok(()) } else { Err("down") } }
            };
            let told = retry.call(operation).detailed().await;
            let (expected, well) = attempts(goes, most);
            prop_assert_eq!((told.attempts, told.result.is_ok()), (expected, well));
            prop_assert_eq!(made.get(), expected);
            let ending = if well { Ending::Answered } else { Ending::Attempts };
            prop_assert_eq!(told.ending, ending);
            let delays = delays.take();
            let numbers: Vec<_> = delays.iter().map(|(attempt, _)| *attempt).collect();
            prop_assert_eq!(numbers, (1..expected).collect::<Vec<_>>());
            prop_assert!(
                delays.iter().all(|(_, delay)| *delay <= cap),
                "{:?} of {:?}",
                delays,
                cap
            );
            let waited = delays.iter().map(|(_, delay)| *delay).sum();
            prop_assert_eq!(told.waited, waited);
            // Timers go by milliseconds.
            let most = waited + expected * MILLISECOND;
            prop_assert!((waited..=most).contains(&start.elapsed()), "{:?}", start.elapsed());
        }
        let totals = retry.snapshot().totals;
        let sum: u32 = calls.iter().map(|goes| attempts(goes, most).0).sum();
        prop_assert_eq!(totals.retries, u64::from(sum) - calls.len() as u64);
        prop_assert!(u64::from(sum) <= calls.len() as u64 * u64::from(most));
        Ok(())
    })
}

/// However they go, further attempts are no more than were paid for.
fn within_the_budget(
    ratio: f64,
    per_second: u32,
    most: u32,
    calls: &[(Vec<bool>, Duration)],
) -> Result<(), TestCaseError> {
    let config = budget::Config::new().with_ratio(ratio).with_per_second(per_second);
    paused(async {
        let budget = Budget::new("purse", config).unwrap();
        let retry = unbound(Config::new().with_max_attempts(most)).paying_from(&budget);
        let (start, mut made) = (Instant::now(), 0);
        for (goes, pause) in calls {
            let mut goes = goes.iter().copied();
            let told = retry.call(|| {
                let good = goes.next().unwrap_or(false);
                async move { if good { Ok(()) } else { Err("down") } }
            });
            let told = told.detailed().await;
            prop_assert!(told.attempts <= most);
            made += told.attempts;
            advance(*pause).await;
        }
        // One more where the first second had begun before, one where the last has not ended.
        let seconds = start.elapsed().as_secs() + 2;
        let paid = calls.len() as f64 * (1.0 + ratio) + seconds as f64 * f64::from(per_second);
        prop_assert!(f64::from(made) <= paid + 1e-6, "{} attempts, {} paid for", made, paid);
        let snapshot = budget.snapshot();
        prop_assert_eq!(snapshot.withdrawn, u64::from(made) - calls.len() as u64);
        Ok(())
    })
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn attempts_and_delays_are_as_the_model_says(
        backoff in backoff(round()),
        jitter in jitter(),
        most in 1_u32..12,
        calls in vec(vec(any::<bool>(), 0..12), 1..8),
    ) {
        let config = Config::new().with_backoff(backoff).with_jitter(jitter);
        let config = config.with_max_attempts(most);
        if config.clone().parse().is_ok() {
            as_the_model_says(config, &calls)?;
        }
    }

    #[test]
    fn further_attempts_are_no_more_than_were_paid_for(
        ratio in prop_oneof![select(vec![0.0, 0.1, 0.2, 0.5, 0.7, 1.0, 2.0]), 0.0..3.0],
        per_second in 0_u32..5,
        most in 1_u32..6,
        calls in vec((vec(any::<bool>(), 0..6), round()), 1..60),
    ) {
        within_the_budget((ratio * 1e3_f64).round() / 1e3, per_second, most, &calls)?;
    }

    /// Polled once, so that nobody waits for ages.
    #[test]
    fn no_config_and_no_hint_panics(
        backoff in backoff(any_duration()),
        jitter in jitter(),
        max_attempts in prop_oneof![0_u32..4, Just(u32::MAX)],
        max_elapsed in option::of(any_duration()),
        (max_retry_after, hint) in (any_duration(), option::of(any_duration())),
        (refuses, watches) in (any::<bool>(), any::<bool>()),
        deadline in option::of(any_duration()),
    ) {
        let mut config = Config::new()
            .with_backoff(backoff)
            .with_jitter(jitter)
            .with_max_attempts(max_attempts)
            .with_max_retry_after(max_retry_after)
            .with_give_up(if refuses { GiveUp::Refuse } else { GiveUp::Return })
            .with_mode(if watches { Mode::Shadow } else { Mode::Enforce });
        config.max_elapsed = max_elapsed;
        let Ok(plan) = config.parse() else { return Ok(()) };
        paused(async {
            let retry = Retry::from_plan("backend", plan)
                .retry_after(|_: &Result<(), Error<&str>>| hint)
                .on_retry(|again: &Told<'_>| {
                    if let Some(hint) = hint {
                        assert!(again.delay >= hint && hint <= max_retry_after);
                    }
                    // One further away than the clock reaches is none.
                    if let Some(deadline) = deadline.filter(|deadline| *deadline < LIFETIME) {
                        assert!(again.delay < deadline);
                    }
                });
            let deadline = Deadline::within(deadline.unwrap_or(Duration::MAX));
            let told = deadline.scope(retry.call(down).detailed()).now_or_never();
            prop_assert!(told.is_none_or(|told| told.attempts >= 1));
            Ok(())
        })?;
    }
}

#[test]
fn the_model_holds_for_presets_and_round_numbers() {
    let fails = vec![false; 4];
    let once = vec![false, true];
    let calls = [vec![true], once.clone(), fails.clone(), once, fails];
    for config in [
        Config::new(),
        Config::new().with_max_attempts(1),
        Config::new().with_max_attempts(2).with_backoff(Backoff::constant(SECOND)),
        presets::HOSTED_MODEL,
        presets::NEIGHBOUR,
        presets::PREDICTABLE,
    ] {
        as_the_model_says(config, &calls).unwrap();
    }
    let storm = vec![(vec![], Duration::ZERO); 100];
    for (ratio, per_second) in [(0.2, 3), (0.0, 0), (0.1, 0), (1.0, 0), (2.0, 1)] {
        within_the_budget(ratio, per_second, 3, &storm).unwrap();
    }
}

/// A generator of its own, so that what fails does not hang on how jitter is drawn.
struct Luck(u64);

impl Luck {
    fn fails(&mut self, one_in_ten_thousand: u64) -> bool {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % 10_000 < one_in_ten_thousand
    }
}

/// Three of ten attempts fail: of the calls it is 27 in a thousand.
#[test]
fn most_calls_to_a_flaky_backend_succeed() {
    const CALLS: u32 = 20_000;

    for paid in [false, true] {
        let half = budget::Config::new().with_ratio(0.5).with_per_second(0);
        let half = Budget::new("purse", half).unwrap();
        let retry = unbound(Config::new().with_backoff(Backoff::Immediate));
        let retry = if paid { retry.paying_from(&half) } else { retry };
        let luck = RefCell::new(Luck(7));
        let operation = || {
            let fails = luck.borrow_mut().fails(3000);
            async move { if fails { Err("down") } else { Ok(()) } }
        };
        let calls = || retry.call(operation).now_or_never().unwrap();
        let well = (0..CALLS).filter(|_| calls().is_ok()).count();
        let share = well as f64 / f64::from(CALLS);
        assert!((0.95..0.98).contains(&share), "{share} succeeded, with a budget: {paid}");
        let retries = retry.snapshot().totals.retries;
        assert!((7000..9000).contains(&retries), "{retries} retries: 0.3 and 0.09 of the calls");
    }
}

/// Within one second, with the budget that there is by default.
#[test]
fn a_thousand_requests_that_all_fail_cost_at_most_1203_calls() {
    paused(async {
        let retry = Retry::new("backend", Config::new().with_backoff(Backoff::Immediate)).unwrap();
        let calls = Cell::new(0);
        for _ in 0..1000 {
            let operation = || {
                calls.set(calls.get() + 1);
                down()
            };
            assert_eq!(retry.call(operation).await, Err(Error::Inner("down")));
        }
        assert!((1200..=1203).contains(&calls.get()), "{} calls", calls.get());
    });
}
