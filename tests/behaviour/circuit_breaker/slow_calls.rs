//! Calls that succeed too slowly.

use std::time::Duration;

use buttress::{
    circuit_breaker::{Config, Reason, State, Window},
    outcome::Outcome,
    testing::Step,
};
use tokio::time::advance;

use crate::doors::{Answer, Down, LONG, MILLISECOND, SECOND, circuits};

const FIFTY: Duration = Duration::from_millis(50);

/// The share of slow calls decides, and nothing else.
fn slow(after: Duration, ratio: f64) -> Config {
    Config::off().with_slow_calls(after, ratio).with_window(Window::Count(20)).with_min_calls(4)
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_just_the_threshold_is_not_slow_cb_24() {
    for circuit in circuits(slow(FIFTY, 0.5).with_min_calls(100)) {
        for (latency, expected) in [(49, 0), (50, 0), (51, 1), (5000, 2)] {
            let latency = Duration::from_millis(latency);
            circuit.ask(Step::ok("up").after(latency)).await.unwrap();
            assert_eq!(circuit.counts().slow, expected, "{latency:?} {:?}", circuit.door);
        }
        assert_eq!(circuit.counts().calls, 4);
    }
}

#[tokio::test(start_paused = true)]
async fn slow_probes_open_again_though_none_failed_cb_25() {
    let config = slow(SECOND, 0.5).with_probes(4).with_fixed_interval(SECOND);
    for (probes, state) in [("LLLS", State::Open), ("LSSL", State::Open), ("LSSS", State::Closed)] {
        for circuit in circuits(config.clone()) {
            circuit.breaker.open_for(SECOND);
            advance(SECOND).await;
            circuit.play(probes).await;
            circuit.is(state);
            if state == State::Open {
                assert_eq!(circuit.breaker.snapshot().reason, Some(Reason::SlowRatio));
            }
        }
    }
}

/// Reaching the share is enough: eight of ten are 0.8.
#[tokio::test(start_paused = true)]
async fn a_share_of_slow_calls_opens_once_it_is_reached_cb_26() {
    let config = Config::off()
        .with_slow_calls(FIFTY, 0.8)
        .with_window(Window::Time { span: 40 * SECOND, buckets: 20 })
        .with_min_calls(10);
    for circuit in circuits(config) {
        circuit.play("SSSLLLLLLL").await;
        circuit.is(State::Closed);
        assert_eq!((circuit.counts().slow, circuit.counts().calls), (7, 10));
        circuit.breaker.reset();
        circuit.play("SSLLLLLLL").await;
        circuit.is(State::Closed);
        circuit.play("L").await;
        circuit.is(State::Open);
    }
}

/// A success never opens by failures, but a slow one is a bad call of its own kind.
#[tokio::test(start_paused = true)]
async fn a_slow_success_opens_and_a_fast_one_does_not() {
    for circuit in circuits(slow(SECOND, 0.5)) {
        circuit.play("LLLS").await;
        circuit.is(State::Closed);
        circuit.play("L").await;
        circuit.is(State::Open);
        assert_eq!(circuit.breaker.snapshot().reason, Some(Reason::SlowRatio));
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_failure_is_both() {
    let config = slow(SECOND, 1.0).with_min_calls(100).with_consecutive_failures(100);
    for circuit in circuits(config) {
        circuit.ask(Step::err(Down::Broken).after(LONG)).await.unwrap_err();
        let counts = circuit.counts();
        assert_eq!((counts.calls, counts.failures, counts.slow), (1, 1, 1));
        assert_eq!(counts.consecutive_failures, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_success_ends_a_run_of_failures() {
    let config = slow(SECOND, 1.0).with_min_calls(100).with_consecutive_failures(3);
    for circuit in circuits(config) {
        circuit.play("FFLFF").await;
        circuit.is(State::Closed);
        circuit.play("F").await;
        circuit.is(State::Open);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_ignored_is_not_slow_either() {
    for circuit in circuits(slow(SECOND, 0.5)) {
        let circuit = circuit.discerning();
        for _ in 0..5 {
            circuit.ask(Step::err(Down::Missing).after(LONG)).await.unwrap_err();
        }
        assert_eq!(circuit.counts().calls, 0);
    }
}

/// A classifier may know better than the clock, and costs no reading of it.
#[tokio::test(start_paused = true)]
async fn a_classifier_can_call_a_success_slow() {
    let eyes: fn(&Answer) -> Outcome = |answer| match answer {
        Ok(_) => Outcome::Slow,
        Err(_) => Outcome::Failure,
    };
    for circuit in circuits(slow(100 * SECOND, 0.5)) {
        let circuit = circuit.seen_by(|breaker| breaker.classify(eyes));
        circuit.play("SSS").await;
        assert_eq!(circuit.counts().slow, 3);
        circuit.is(State::Closed);
        circuit.play("S").await;
        circuit.is(State::Open);
        assert_eq!(circuit.breaker.snapshot().reason, Some(Reason::SlowRatio));
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_threshold_nothing_is_slow() {
    for circuit in circuits(Config::new().with_window(Window::Count(4)).with_min_calls(4)) {
        circuit.ask(Step::ok("up").after(3600 * SECOND)).await.unwrap();
        assert_eq!(circuit.counts().slow, 0);
    }
}

/// Failing and slow calls are judged apart: neither share counts the other's.
#[tokio::test(start_paused = true)]
async fn shares_do_not_add_up() {
    let config = slow(SECOND, 0.5).with_failure_ratio(0.5);
    for circuit in circuits(config) {
        circuit.play("SSFLSSFLSSFL").await;
        let counts = circuit.counts();
        assert_eq!((counts.calls, counts.failures, counts.slow), (12, 3, 3));
        circuit.is(State::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_counts_when_it_ends_and_not_when_it_began() {
    let config = slow(SECOND, 1.0)
        .with_window(Window::Time { span: 10 * SECOND, buckets: 10 })
        .with_min_calls(100);
    for circuit in circuits(config) {
        circuit.ask(Step::ok("up").after(30 * SECOND)).await.unwrap();
        assert_eq!(circuit.counts().slow, 1);
        advance(10 * SECOND - MILLISECOND).await;
        assert_eq!(circuit.counts().slow, 1);
        advance(MILLISECOND).await;
        assert_eq!(circuit.counts().slow, 0);
    }
}
