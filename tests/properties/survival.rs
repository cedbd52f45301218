//! Nothing panics: a config is refused, or the breaker works by it; whatever the clock does.

use std::time::Duration;

use buttress::{
    Mode,
    circuit_breaker::{CircuitBreaker, Config, Owned, Permit, State, Window},
    time::Clock,
};
use proptest::{option, prelude::*, sample::select, test_runner::TestCaseError};
use tokio::time::advance;

use crate::{
    LIFETIME, MILLISECOND, SECOND, TICK, YEAR, cases,
    events::{End, Event, events},
    paused,
};

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => select(vec![0.1, 0.5, 1.0]),
        1 => select(vec![
            0.0,
            -0.0,
            -1.0,
            1.5,
            f64::MIN_POSITIVE,
            f64::EPSILON,
            f64::MAX,
            f64::MIN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ]),
        1 => any::<f64>(),
    ]
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        3 => select(vec![MILLISECOND, SECOND, 60 * SECOND]),
        1 => select(vec![Duration::ZERO, TICK, YEAR, 1_000 * YEAR, Duration::MAX]),
        1 => any::<Duration>(),
    ]
}

fn count() -> impl Strategy<Value = u32> {
    prop_oneof![6 => 1..10_u32, 1 => select(vec![0, 32, 1_000, 1_000_000, u32::MAX])]
}

fn window() -> impl Strategy<Value = Window> {
    prop_oneof![
        count().prop_map(Window::Count),
        (duration(), count()).prop_map(|(span, buckets)| Window::Time { span, buckets }),
    ]
}

/// Any config at all.
fn config() -> impl Strategy<Value = Config> {
    let rules = (
        option::of(count()),
        option::of(number()),
        option::of(number()),
        option::of((number(), duration())),
        window(),
        count(),
    );
    let growth = prop_oneof![select(vec![1.0, 1.5, 2.0]), number()];
    let interval = (duration(), growth, duration(), number(), duration());
    let jitter = any::<bool>();
    let probes = (count(), option::of(count()), option::of(count()), duration(), duration());
    let rest = (
        option::of(duration()),
        select(vec![Clock::Exact, Clock::Coarse]),
        select(vec![Mode::Enforce, Mode::Shadow]),
    );
    (rules, interval, jitter, probes, rest).prop_map(|(rules, interval, jitter, probes, rest)| {
        let mut config = Config::off();
        config.consecutive_failures = rules.0;
        (config.failure_ratio, config.soft_failure_ratio) = (rules.1, rules.2);
        config.slow_ratio = rules.3.map(|slow| slow.0);
        config.slow_after = rules.3.map(|slow| slow.1);
        (config.window, config.min_calls) = (rules.4, rules.5);
        (config.open_for, config.open_growth) = (interval.0, interval.1);
        config.max_open_for = interval.2;
        config.open_jitter = if jitter { interval.3 } else { 0.0 };
        config.max_retry_after = interval.4;
        config.probes = probes.0;
        (config.successes_to_close, config.probe_failures_to_open) = (probes.1, probes.2);
        (config.probe_lease, config.half_open_for) = (probes.3, probes.4);
        (config.ramp, config.clock, config.mode) = rest;
        config
    })
}

fn finish(permit: Permit<Owned>, end: End) {
    match end {
        End::Drop => drop(permit),
        End::Failure => permit.failure(),
        End::Ignore => permit.ignore(),
        End::Slow => permit.record(&Err::<(), _>("slow")),
        End::Soft(retry_after) => permit.soft_failure(retry_after),
        End::Success => permit.success(),
    }
}

async fn live(breaker: &CircuitBreaker, events: Vec<Event>) {
    let mut running = Vec::new();
    let mut jumped = Duration::ZERO;
    for event in events {
        if let Event::AskFor(..) | Event::Begin = event {
            running.extend(breaker.try_acquire_owned());
        }
        let pass = match event {
            Event::Advance(duration) | Event::AskFor(duration, _) => duration,
            Event::AdvanceToEnd(_) => breaker.snapshot().retry_after.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        if jumped + pass.min(LIFETIME) < LIFETIME {
            jumped += pass;
            advance(pass).await;
        }
        match event {
            Event::Ask(end) => {
                if let Ok(permit) = breaker.try_acquire_owned() {
                    finish(permit, end);
                }
            }
            Event::AskFor(_, end) => {
                if let Some(permit) = running.pop() {
                    finish(permit, end);
                }
            }
            Event::Finish(which, end) if !running.is_empty() => {
                finish(running.swap_remove(which % running.len()), end);
            }
            Event::OpenFor(duration) => breaker.open_for(duration),
            Event::Order(State::Closed) => breaker.reset(),
            Event::Order(State::Disabled) => breaker.disable(),
            Event::Order(State::ForcedOpen) => breaker.force_open(),
            Event::Order(_) => breaker.isolate(),
            _ => {}
        }
        serde_json::to_string(&breaker.snapshot()).unwrap();
    }
}

fn survive(config: Config, other: Config, events: Vec<Event>) -> Result<(), TestCaseError> {
    paused(async {
        let breaker = match CircuitBreaker::new("backend", config.clone()) {
            Ok(breaker) => breaker,
            Err(error) => {
                prop_assert!(!error.flaws().is_empty());
                prop_assert!(error.to_string().contains(error.flaws()[0].field));
                return Ok(());
            }
        };
        let mut transitions = breaker.subscribe();
        live(&breaker, events.clone()).await;
        let before = breaker.snapshot();
        match breaker.reconfigure(other) {
            Ok(()) => live(&breaker, events).await,
            Err(_) => prop_assert_eq!(breaker.snapshot(), before),
        }
        while let Some(change) = transitions.try_next() {
            prop_assert!(change.counts.failures <= change.counts.calls);
        }
        breaker.reset();
        prop_assert_eq!(breaker.state(), State::Closed);
        prop_assert!(breaker.try_acquire().is_ok());
        Ok(())
    })
}

/// What can be written can be read, but for the last bit of a number that is not round.
fn survives_a_file(mut config: Config) -> Result<(), TestCaseError> {
    if config.clone().parse().is_err() {
        return Ok(());
    }
    let round = |number: f64| (number * 1e6).ceil() / 1e6;
    config.failure_ratio = config.failure_ratio.map(round);
    config.soft_failure_ratio = config.soft_failure_ratio.map(round);
    config.slow_ratio = config.slow_ratio.map(round);
    config.open_growth = round(config.open_growth.min(1e6));
    config.open_jitter = round(config.open_jitter);
    let json = serde_json::to_string(&config).unwrap();
    let read = serde_json::from_str::<Config>(&json);
    prop_assert_eq!(read.as_ref().ok(), Some(&config), "{} {:?}", json, read);
    Ok(())
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn every_config_is_refused_or_works(
        config in config(),
        other in config(),
        events in events(60),
    ) {
        survive(config, other, events)?;
    }

    #[test]
    fn a_working_config_works_whatever_it_is_replaced_by(
        config in crate::events::config(),
        other in config(),
        events in events(60),
    ) {
        survive(config.clone(), other.clone(), events.clone())?;
        survive(other, config, events)?;
    }

    #[test]
    fn every_config_that_works_survives_a_file(config in config()) {
        survives_a_file(config)?;
    }
}

#[test]
fn extremes_that_are_allowed_work() {
    let most = Config::off()
        .with_consecutive_failures(u32::MAX)
        .with_failure_ratio(f64::MIN_POSITIVE)
        .with_soft_failure_ratio(1.0)
        .with_slow_calls(Duration::MAX, 1.0)
        .with_window(Window::Time { span: Duration::MAX, buckets: 32 })
        .with_min_calls(u32::MAX)
        .with_growing_interval(Duration::MAX, f64::MAX, Duration::MAX)
        .with_open_jitter(1.0)
        .with_max_retry_after(Duration::MAX)
        .with_probes(1_000)
        .with_successes_to_close(1_000)
        .with_probe_failures_to_open(1)
        .with_probe_lease(Duration::MAX)
        .with_half_open_for(Duration::MAX)
        .with_ramp(Duration::MAX);
    let least = Config::off()
        .with_consecutive_failures(1)
        .with_failure_ratio(f64::MIN_POSITIVE)
        .with_soft_failure_ratio(f64::MIN_POSITIVE)
        .with_slow_calls(TICK, f64::MIN_POSITIVE)
        .with_window(Window::Count(1))
        .with_min_calls(1)
        .with_fixed_interval(TICK)
        .with_max_retry_after(Duration::ZERO)
        .with_probes(1)
        .with_successes_to_close(1)
        .with_probe_failures_to_open(1)
        .with_probe_lease(TICK)
        .with_half_open_for(TICK)
        .with_ramp(TICK);
    let ends = [
        End::Failure,
        End::Soft(Some(Duration::MAX)),
        End::Success,
        End::Slow,
        End::Drop,
        End::Ignore,
    ];
    let pauses = [Duration::ZERO, TICK, SECOND, 3600 * SECOND, 10 * YEAR, 10 * YEAR, 10 * YEAR];
    let mut events = Vec::new();
    for pause in pauses {
        for end in ends {
            events.extend([
                Event::Begin,
                Event::Ask(end),
                Event::Advance(pause),
                Event::Finish(0, end),
                Event::AdvanceToEnd(0),
            ]);
        }
        events.push(Event::OpenFor(Duration::MAX));
        events.push(Event::Ask(End::Success));
        events.push(Event::Order(State::Closed));
    }
    for config in [&most, &least] {
        config.clone().parse().unwrap();
        survives_a_file(config.clone()).unwrap();
        for other in [&most, &least] {
            survive(config.clone(), other.clone(), events.clone()).unwrap();
            let shadow = config.clone().with_mode(Mode::Shadow);
            survive(shadow, other.clone(), events.clone()).unwrap();
        }
    }
}
