//! Soft failures: the backend serves nobody, and is not broken either.

use buttress::circuit_breaker::{Config, Reason, State, Window};

use crate::doors::circuits;

fn config() -> Config {
    Config::off().with_soft_failure_ratio(0.5).with_window(Window::Count(20)).with_min_calls(4)
}

#[tokio::test(start_paused = true)]
async fn their_own_share_opens() {
    for circuit in circuits(config()) {
        let circuit = circuit.discerning();
        circuit.play("SSB").await;
        circuit.is(State::Closed);
        circuit.play("B").await;
        circuit.is(State::Open);
        assert_eq!(circuit.breaker.snapshot().reason, Some(Reason::SoftFailureRatio));
    }
}

#[tokio::test(start_paused = true)]
async fn switched_off_they_never_open() {
    let config =
        Config::new().with_consecutive_failures(3).with_window(Window::Count(20)).with_min_calls(4);
    for circuit in circuits(config) {
        let circuit = circuit.discerning();
        circuit.play(&"B".repeat(50)).await;
        circuit.is(State::Closed);
        let counts = circuit.counts();
        assert_eq!((counts.calls, counts.soft_failures, counts.failures), (20, 20, 0));
    }
}

/// Neither successes nor failures, but they are calls: they thin out the failures around them.
#[tokio::test(start_paused = true)]
async fn they_are_calls_of_the_window() {
    let config = config().with_soft_failure_ratio(1.0).with_failure_ratio(0.5);
    for circuit in circuits(config) {
        let circuit = circuit.discerning();
        circuit.play("BBBFF").await;
        circuit.is(State::Closed);
        circuit.play("F").await;
        circuit.is(State::Open);
        assert_eq!(circuit.breaker.snapshot().reason, Some(Reason::FailureRatio));
    }
}

#[tokio::test(start_paused = true)]
async fn they_neither_end_a_run_of_failures_nor_lengthen_it() {
    for circuit in circuits(Config::off().with_consecutive_failures(3)) {
        let circuit = circuit.discerning();
        circuit.play("FBBBF").await;
        assert_eq!(circuit.counts().consecutive_failures, 2);
        circuit.play("BF").await;
        circuit.is(State::Open);
    }
}

/// Each kind of call is judged by its own rule: a soft failure does not open by failures, nor a
/// failure by soft ones.
#[tokio::test(start_paused = true)]
async fn no_kind_opens_by_the_rule_of_another() {
    let config = config().with_failure_ratio(0.5).with_soft_failure_ratio(0.5);
    for (calls, opening, reason) in
        [("FFFBB", "F", Reason::FailureRatio), ("BBBFF", "B", Reason::SoftFailureRatio)]
    {
        for circuit in circuits(config.clone().with_min_calls(5)) {
            let circuit = circuit.discerning();
            circuit.play(calls).await;
            circuit.is(State::Closed);
            circuit.play(opening).await;
            circuit.is(State::Open);
            assert_eq!(circuit.breaker.snapshot().reason, Some(reason));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_classifier_nothing_is_soft() {
    for circuit in circuits(config()) {
        circuit.play("BBBB").await;
        circuit.is(State::Closed);
        assert_eq!((circuit.counts().soft_failures, circuit.counts().failures), (0, 4));
    }
}
