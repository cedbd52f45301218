//! The backend's own `Retry-After`.

use std::time::Duration;

use buttress::{
    circuit_breaker::{Config, State},
    testing::Step,
};
use tokio::time::advance;

use crate::doors::{Answer, Down, SECOND, circuits};

type Hint = fn(&Answer) -> Option<Duration>;

/// Opens at the second failure in a row, for 5 s.
fn config() -> Config {
    Config::off()
        .with_consecutive_failures(2)
        .with_probes(1)
        .with_fixed_interval(5 * SECOND)
        .with_max_retry_after(300 * SECOND)
}

#[tokio::test(start_paused = true)]
async fn the_backend_can_lengthen_the_interval_and_not_shorten_it_nor_stretch_it_forever() {
    let cases: [(Hint, u32); 5] = [
        (|_| None, 5),
        (|_| Some(Duration::ZERO), 5),
        (|_| Some(SECOND), 5),
        (|_| Some(120 * SECOND), 120),
        (|_| Some(Duration::MAX), 300),
    ];
    for (hint, seconds) in cases {
        for circuit in circuits(config()) {
            let circuit = circuit.seen_by(|breaker| breaker.retry_after(hint));
            circuit.play("FF").await;
            assert_eq!(circuit.refused_for().await, seconds * SECOND);
            advance(seconds * SECOND).await;
            circuit.play("S").await;
            circuit.is(State::Closed);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_failure_that_opens_is_asked_how_long() {
    let hint: Hint = |answer| match answer {
        Err(buttress::Error::Inner(Down::Busy)) => Some(120 * SECOND),
        _ => None,
    };
    for (calls, seconds) in [("BF", 5), ("FB", 120)] {
        for circuit in circuits(config()) {
            let circuit = circuit.seen_by(|breaker| breaker.retry_after(hint));
            circuit.play(calls).await;
            assert_eq!(circuit.refused_for().await, seconds * SECOND, "{calls}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_is_not_asked() {
    let hint: Hint = |answer| {
        assert!(answer.is_err(), "asked about {answer:?}");
        None
    };
    for circuit in circuits(config()) {
        let circuit = circuit.seen_by(|breaker| breaker.retry_after(hint));
        circuit.play("SSFSF").await;
        circuit.is(State::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_may_ask_for_more_time_too() {
    for circuit in circuits(config()) {
        let hint: Hint = |_| Some(60 * SECOND);
        let circuit = circuit.seen_by(|breaker| breaker.retry_after(hint));
        circuit.play("FF").await;
        advance(60 * SECOND).await;
        circuit.play("F").await;
        assert_eq!(circuit.refused_for().await, 60 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_soft_failure_may_say_how_long() {
    let config = Config::off()
        .with_soft_failure_ratio(0.5)
        .with_min_calls(2)
        .with_fixed_interval(5 * SECOND);
    for circuit in circuits(config) {
        let hint: Hint = |_| Some(60 * SECOND);
        let circuit = circuit.discerning().seen_by(|breaker| breaker.retry_after(hint));
        circuit.play("BB").await;
        assert_eq!(circuit.refused_for().await, 60 * SECOND);
    }
}

/// The hint is no part of what grows: the next interval is the circuit's own again.
#[tokio::test(start_paused = true)]
async fn a_hint_holds_once() {
    let config = config().with_growing_interval(5 * SECOND, 2.0, 60 * SECOND);
    for circuit in circuits(config) {
        let hint: Hint = |answer| {
            matches!(answer, Err(buttress::Error::Inner(Down::Busy))).then_some(100 * SECOND)
        };
        let circuit = circuit.seen_by(|breaker| breaker.retry_after(hint));
        circuit.play("FB").await;
        assert_eq!(circuit.refused_for().await, 100 * SECOND);
        advance(100 * SECOND).await;
        circuit.play("F").await;
        assert_eq!(circuit.refused_for().await, 10 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_permit_can_say_it_by_itself() {
    let config = Config::off().with_soft_failure_ratio(1.0).with_min_calls(1);
    for circuit in circuits(config) {
        circuit.breaker.try_acquire().unwrap().soft_failure(Some(90 * SECOND));
        assert_eq!(circuit.refused_for().await, 90 * SECOND);
        assert!(circuit.ask(Step::ok("up")).await.is_err());
    }
}
