//! The ramp after a close: a rising share of the calls.

use std::time::Duration;

use buttress::{
    OpenReason, Refusal,
    circuit_breaker::{Config, Reason, State},
    random,
    testing::Step,
};
use tokio::time::advance;

use crate::doors::{Circuit, MILLISECOND, SECOND, changes, circuits, news};

fn config() -> Config {
    Config::off()
        .with_consecutive_failures(3)
        .with_growing_interval(5 * SECOND, 2.0, 60 * SECOND)
        .with_probes(1)
        .with_ramp(10 * SECOND)
}

async fn ramping(circuit: &Circuit) {
    random::seed(7);
    circuit.play("FFF").await;
    advance(5 * SECOND).await;
    circuit.play("S").await;
    circuit.is(State::Ramping);
}

/// How many of a thousand calls pass.
async fn passing(circuit: &Circuit) -> u32 {
    let mut passed = 0;
    for _ in 0..1_000 {
        passed += u32::from(circuit.ask(Step::ok("up")).await.is_ok());
    }
    passed
}

#[tokio::test(start_paused = true)]
async fn the_share_that_passes_rises_from_a_tenth_to_all() {
    for circuit in circuits(config()) {
        ramping(&circuit).await;
        for (seconds, expected) in [(0, 100), (2, 280), (5, 550), (8, 820)] {
            let before = circuit.breaker.snapshot().totals.refused;
            let passed = passing(&circuit).await;
            assert!(passed.abs_diff(expected) < 60, "{passed} of 1000 after {seconds} s");
            let refused = circuit.breaker.snapshot().totals.refused - before;
            assert_eq!(u64::from(passed) + refused, 1_000);
            let next = match seconds {
                0 => 2,
                8 => 2,
                _ => 3,
            };
            advance(next * SECOND).await;
        }
        assert_eq!(passing(&circuit).await, 1_000);
        circuit.is(State::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_held_back_is_told_when_all_pass_again() {
    for circuit in circuits(config()) {
        ramping(&circuit).await;
        advance(4 * SECOND).await;
        loop {
            if let Err(buttress::Error::Refused(refusal)) = circuit.ask(Step::ok("up")).await {
                let expected = Refusal::CircuitOpen {
                    name: "backend".into(),
                    reason: OpenReason::Ramping,
                    retry_after: Some(6 * SECOND),
                };
                assert_eq!(refusal, expected);
                break;
            }
        }
        assert!(circuit.breaker.snapshot().totals.refused > 0);
    }
}

#[tokio::test(start_paused = true)]
async fn the_ramp_ends_to_the_tick_with_one_event() {
    for circuit in circuits(config()) {
        ramping(&circuit).await;
        let mut seen = circuit.breaker.subscribe();
        advance(10 * SECOND - MILLISECOND).await;
        let _ = circuit.ask(Step::ok("up")).await;
        circuit.is(State::Ramping);
        advance(MILLISECOND).await;
        circuit.play("SS").await;
        circuit.is(State::Closed);
        let news = news(&mut seen);
        assert_eq!(news.len(), 1);
        assert_eq!((news[0].from, news[0].to), (State::Ramping, State::Closed));
        assert_eq!((news[0].reason, news[0].opens), (Reason::RampOver, 0));
    }
}

/// Calls until one passes.
async fn insist(circuit: &Circuit, deed: crate::doors::Deed) {
    let before = circuit.ran();
    while circuit.ran() == before {
        let _ = circuit.ask(deed.clone()).await;
    }
}

/// A relapse while ramping is no fresh start: the interval goes on growing.
#[tokio::test(start_paused = true)]
async fn a_relapse_opens_again_for_longer() {
    for circuit in circuits(config()) {
        ramping(&circuit).await;
        for _ in 0..3 {
            circuit.is(State::Ramping);
            insist(&circuit, Step::err(crate::doors::Down::Broken)).await;
        }
        circuit.is(State::Open);
        assert_eq!(circuit.refused_for().await, 10 * SECOND);
        assert_eq!(circuit.breaker.snapshot().opens, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn over_the_ramp_the_interval_is_short_again() {
    for circuit in circuits(config()) {
        ramping(&circuit).await;
        advance(10 * SECOND).await;
        circuit.play("FFF").await;
        assert_eq!(circuit.refused_for().await, 5 * SECOND);
    }
}

/// A call let through by the ramp counts, though everything passes again by the time it ends.
#[tokio::test(start_paused = true)]
async fn a_call_begun_on_the_ramp_counts_after_it() {
    for circuit in circuits(config()) {
        ramping(&circuit).await;
        let mut late = None;
        while late.is_none() {
            let before = circuit.ran();
            let call = circuit.start(Step::err(crate::doors::Down::Broken).after(20 * SECOND));
            late = (circuit.ran() > before).then_some(call);
        }
        advance(10 * SECOND).await;
        circuit.play("FF").await;
        circuit.is(State::Closed);
        late.unwrap().await.unwrap_err();
        circuit.is(State::Open);
    }
}

#[tokio::test(start_paused = true)]
async fn a_ramp_of_forever_still_lets_a_tenth_through() {
    for circuit in circuits(config().with_ramp(Duration::MAX)) {
        ramping(&circuit).await;
        advance(86_400 * 365 * SECOND).await;
        let passed = passing(&circuit).await;
        assert!(passed.abs_diff(100) < 60, "{passed} of 1000");
        circuit.is(State::Ramping);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reset_skips_the_ramp() {
    for circuit in circuits(config()) {
        ramping(&circuit).await;
        let mut seen = circuit.breaker.subscribe();
        circuit.breaker.reset();
        assert_eq!(changes(&mut seen), [(State::Ramping, State::Closed)]);
        assert_eq!(passing(&circuit).await, 1_000);
    }
}
