//! The presets, as the services they are for would see them.

use std::time::Duration;

use buttress::{
    OpenReason, Refusal,
    circuit_breaker::{Config, State, presets},
    testing::Step,
};
use tokio::time::advance;

use crate::doors::{Circuit, Down, MILLISECOND, SECOND, circuits};

/// The last moment of its interval, and the first after it.
async fn opens_by_failures_for(preset: Config, failures: usize, interval: Duration) {
    for circuit in circuits(preset) {
        circuit.play(&"F".repeat(failures - 1)).await;
        circuit.play("S").await;
        circuit.play(&"F".repeat(failures - 1)).await;
        circuit.is(State::Closed);
        circuit.play("F").await;
        circuit.is(State::Open);

        advance(interval - MILLISECOND).await;
        assert_eq!(circuit.refused_for().await, MILLISECOND);
        advance(MILLISECOND).await;
        let probe = circuit.start(Step::ok("up").after(SECOND));
        assert_eq!(circuit.ran() as usize, 2 * failures + 1, "a probe passes");
        probe.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_local_model_is_left_alone_for_five_minutes_after_three_failures() {
    opens_by_failures_for(presets::LOCAL_MODEL, 3, 300 * SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn a_gateway_is_left_alone_for_half_a_minute_after_five() {
    opens_by_failures_for(presets::GATEWAY, 5, 30 * SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn a_service_is_left_alone_for_a_minute_after_five() {
    opens_by_failures_for(presets::SERVICE, 5, 60 * SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn one_probe_decides_for_a_local_model_and_for_a_service() {
    for (preset, failures) in [(presets::LOCAL_MODEL, 3), (presets::SERVICE, 5)] {
        let interval = preset.open_for;
        for circuit in circuits(preset.clone()) {
            circuit.play(&"F".repeat(failures)).await;
            for _ in 0..3 {
                advance(interval).await;
                let probe = circuit.start(Step::err(Down::Broken).after(SECOND));
                circuit.refusal().await;
                probe.await.unwrap_err();
                assert_eq!(circuit.refused_for().await, interval, "always the same");
            }
            advance(interval).await;
            circuit.play("S").await;
            circuit.is(State::Closed);
        }
    }
}

/// Twenty callers at once on a half-open gateway: who passed, still out.
async fn twenty_at_once(circuit: &Circuit, probes: Step<&'static str, Down>) -> usize {
    circuit.play("FFFFF").await;
    advance(30 * SECOND).await;
    let before = circuit.ran();
    let calls = (0..20).map(|_| circuit.start(probes.clone().after(SECOND)));
    let answers = futures::future::join_all(calls).await;
    let refused = answers.iter().filter(|answer| {
        matches!(
            answer,
            Err(buttress::Error::Refused(Refusal::CircuitOpen { reason: OpenReason::Probing, .. }))
        )
    });
    assert_eq!(refused.count(), 15);
    (circuit.ran() - before) as usize
}

#[tokio::test(start_paused = true)]
async fn of_twenty_at_once_five_probe_a_gateway() {
    for circuit in circuits(presets::GATEWAY) {
        assert_eq!(twenty_at_once(&circuit, Step::ok("up")).await, 5);
        circuit.is(State::Closed);
        circuit.breaker.reset();
        assert_eq!(twenty_at_once(&circuit, Step::err(Down::Broken)).await, 5);
        circuit.is(State::Open);
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateway_closes_with_the_second_success_and_opens_with_any_failure() {
    for circuit in circuits(presets::GATEWAY) {
        let mut interval = 30 * SECOND;
        circuit.play("FFFFF").await;
        for probes in ["F", "SF"] {
            advance(interval).await;
            circuit.play(probes).await;
            circuit.is(State::Open);
            interval *= 2;
            assert_eq!(circuit.refused_for().await, interval, "twice as long");
        }
        advance(interval).await;
        circuit.play("F").await;
        assert_eq!(circuit.refused_for().await, 120 * SECOND, "and no longer than this");
        advance(120 * SECOND).await;
        circuit.play("S").await;
        circuit.is(State::HalfOpen);
        circuit.play("S").await;
        circuit.is(State::Closed);
    }
}
