//! What a drop, a timeout and a panic count as.

use std::panic::AssertUnwindSafe;

use buttress::{
    Error,
    circuit_breaker::{Config, State, Window},
    testing::Step,
    timeout::Timeout,
};
use futures::FutureExt;
use tokio::time::advance;

use crate::doors::{Answer, Circuit, Down, LONG, MILLISECOND, SECOND, circuits};

/// Counts and does not open.
fn counting() -> Config {
    Config::off()
        .with_consecutive_failures(1_000)
        .with_failure_ratio(1.0)
        .with_window(Window::Count(1_000))
        .with_min_calls(1_000)
}

fn failures(circuit: &Circuit) -> (u64, u32) {
    let counts = circuit.counts();
    (counts.failures, counts.consecutive_failures)
}

#[tokio::test(start_paused = true)]
async fn cut_off_by_our_own_timeout_is_a_failure() {
    let timeout = Timeout::new("ours", SECOND).unwrap();
    for circuit in circuits(counting()) {
        let answer: Answer = timeout.run(|| circuit.start(Step::hang())).await;
        assert!(matches!(answer, Err(Error::Refused(refusal)) if refusal.kind() == "timed_out"));
        assert_eq!(failures(&circuit), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn cut_off_by_a_foreign_timeout_is_nothing() {
    for circuit in circuits(counting()) {
        circuit.play("F").await;
        let call = circuit.start(Step::hang());
        assert!(tokio::time::timeout(SECOND, call).await.is_err());
        assert_eq!(failures(&circuit), (1, 1));
        assert_eq!(circuit.counts().calls, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_before_it_was_polled_is_nothing() {
    for circuit in circuits(counting()) {
        for _ in 0..10 {
            drop(circuit.start(Step::err(Down::Broken)));
        }
        assert_eq!((circuit.ran(), circuit.counts().calls), (10, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure() {
    for circuit in circuits(counting()) {
        let call = AssertUnwindSafe(circuit.ask(Step::panic().after(SECOND)));
        assert!(call.catch_unwind().await.is_err());
        assert_eq!(failures(&circuit), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn panics_open_a_circuit() {
    for circuit in circuits(Config::off().with_consecutive_failures(3)) {
        for _ in 0..3 {
            circuit.is(State::Closed);
            let call = AssertUnwindSafe(circuit.ask(Step::panic()));
            assert!(call.catch_unwind().await.is_err());
        }
        circuit.is(State::Open);
    }
}

/// Whoever gives up on a call has waited for it: past the threshold that says as much as a result.
#[tokio::test(start_paused = true)]
async fn dropped_late_it_is_slow_and_dropped_early_nothing() {
    let config = counting().with_slow_calls(SECOND, 1.0);
    for circuit in circuits(config) {
        for (wait, slow) in [(SECOND, 0), (SECOND + MILLISECOND, 1), (LONG, 2)] {
            let call = circuit.start(Step::hang());
            advance(wait).await;
            drop(call);
            let counts = circuit.counts();
            assert_eq!((counts.calls, counts.slow, counts.failures), (slow, slow, 0), "{wait:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn slow_drops_alone_open_it() {
    let config = Config::off().with_slow_calls(SECOND, 0.5).with_min_calls(4);
    for circuit in circuits(config) {
        for _ in 0..4 {
            circuit.is(State::Closed);
            let call = circuit.start(Step::hang());
            assert!(tokio::time::timeout(LONG, call).await.is_err());
        }
        circuit.is(State::Open);
    }
}

/// A run of failures is neither made longer nor ended by calls nobody waited for.
#[tokio::test(start_paused = true)]
async fn a_drop_keeps_a_run_as_it_is() {
    let config = counting().with_consecutive_failures(3).with_slow_calls(SECOND, 1.0);
    for circuit in circuits(config) {
        circuit.play("FF").await;
        drop(circuit.start(Step::hang()));
        let slow = circuit.start(Step::hang());
        advance(LONG).await;
        drop(slow);
        assert_eq!(circuit.counts().consecutive_failures, 2);
        circuit.play("F").await;
        circuit.is(State::Open);
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_given_up_as_too_slow_is_no_evidence_of_health() {
    let config = counting().with_slow_calls(SECOND, 1.0).with_probes(2).with_successes_to_close(1);
    for (wait, state) in [(SECOND, State::HalfOpen), (LONG, State::Open)] {
        for circuit in circuits(config.clone()) {
            circuit.breaker.open_for(SECOND);
            advance(SECOND).await;
            let probe = circuit.start(Step::hang());
            assert!(tokio::time::timeout(wait, probe).await.is_err());
            circuit.is(state);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn polled_after_its_answer_a_call_counts_once_and_stays_pending() {
    for circuit in circuits(counting()) {
        let mut call = circuit.start(Step::err(Down::Broken));
        assert!((&mut call).await.is_err());
        assert!((&mut call).now_or_never().is_none());
        drop(call);
        assert_eq!(failures(&circuit), (1, 1));
    }
}
