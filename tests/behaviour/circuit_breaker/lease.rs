//! A half-open circuit cannot get stuck: probes have a lease, and a round has its time.

use buttress::{
    circuit_breaker::{Config, Reason, State},
    testing::Step,
};
use tokio::time::advance;

use crate::doors::{Circuit, Down, MILLISECOND, SECOND, TICK, circuits};

/// One probe with a lease of 10 s; open for 60 s.
fn config() -> Config {
    Config::off()
        .with_consecutive_failures(1)
        .with_fixed_interval(60 * SECOND)
        .with_probes(1)
        .with_probe_lease(10 * SECOND)
        .with_half_open_for(3600 * SECOND)
}

async fn probing<C>(circuit: &Circuit<C>) {
    circuit.breaker.open_for(SECOND);
    advance(SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_hangs_has_failed_when_its_lease_is_up() {
    for circuit in circuits(config()) {
        probing(&circuit).await;
        let hung = circuit.start(Step::hang());
        assert_eq!(circuit.refused_for().await, 10 * SECOND);
        advance(10 * SECOND - TICK).await;
        assert_eq!(circuit.refused_for().await, TICK);
        circuit.is(State::HalfOpen);
        advance(TICK).await;
        assert_eq!(circuit.refused_for().await, 60 * SECOND, "open again from now");
        circuit.is(State::Open);
        assert_eq!(circuit.breaker.snapshot().reason, Some(Reason::ProbesFailed));
        drop(hung);
        circuit.is(State::Open);
    }
}

#[tokio::test(start_paused = true)]
async fn its_place_is_free_for_another_where_one_failure_does_not_decide() {
    for circuit in circuits(config().with_probes(3)) {
        probing(&circuit).await;
        let hung = circuit.start(Step::hang());
        circuit.play("S").await;
        advance(10 * SECOND).await;
        circuit.play("S").await;
        circuit.is(State::Closed);
        drop(hung);
        circuit.is(State::Closed);
        assert_eq!(circuit.counts().consecutive_failures, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_after_the_lease_is_not_heard() {
    for (late, early) in [(Step::ok("up"), "F"), (Step::err(Down::Broken), "S")] {
        for circuit in circuits(config().with_probes(4)) {
            probing(&circuit).await;
            let hung = circuit.start(late.clone().after(20 * SECOND));
            advance(10 * SECOND).await;
            circuit.play(early).await;
            let before = circuit.counts();
            assert_eq!(before.calls, 2, "the one whose lease ran out, and another");
            let _ = hung.await;
            assert_eq!(circuit.counts(), before);
            circuit.is(State::HalfOpen);
        }
    }
}

/// Whether or not anybody asked in the meantime: what a probe amounts to depends on how long it
/// took, and not on who else was there.
#[tokio::test(start_paused = true)]
async fn a_result_after_the_lease_is_not_heard_though_nobody_asked_since() {
    for circuit in circuits(config()) {
        probing(&circuit).await;
        let answer = circuit.ask(Step::ok("up").after(20 * SECOND)).await;
        assert_eq!(answer, Ok("up"), "the caller has its answer all the same");
        assert_ne!(circuit.breaker.state(), State::Closed, "its lease was up 10 s ago");
        assert_eq!(circuit.refused_for().await, 60 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_round_that_had_its_time_is_judged_by_the_probes_it_has() {
    let config =
        config().with_probes(10).with_probe_lease(3600 * SECOND).with_half_open_for(30 * SECOND);
    for (probes, state) in [("SSF", State::Closed), ("FFS", State::Open), ("SF", State::Open)] {
        for circuit in circuits(config.clone()) {
            probing(&circuit).await;
            let hung = circuit.start(Step::hang());
            circuit.play(probes).await;
            advance(30 * SECOND - MILLISECOND).await;
            circuit.is(State::HalfOpen);
            advance(MILLISECOND).await;
            let answer = circuit.ask(Step::ok("up")).await;
            circuit.is(state);
            assert_eq!(answer.is_ok(), state == State::Closed, "whoever asks is the first to know");
            drop(hung);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_round_without_a_single_result_is_given_more_time() {
    let config = config().with_probes(2).with_half_open_for(5 * SECOND);
    for circuit in circuits(config) {
        probing(&circuit).await;
        drop(circuit.start(Step::hang()));
        advance(7 * SECOND).await;
        circuit.is(State::HalfOpen);
        let hung = circuit.start(Step::hang());
        circuit.is(State::HalfOpen);
        advance(4 * SECOND).await;
        circuit.play("S").await;
        circuit.is(State::HalfOpen);
        advance(SECOND).await;
        circuit.play("S").await;
        circuit.is(State::Closed);
        drop(hung);
    }
}

/// A probe that outlives its lease again and again: each attempt ends in a fresh interval, and the
/// first probe that answers in time closes.
#[tokio::test(start_paused = true)]
async fn hung_probes_never_wedge_it() {
    for circuit in circuits(config()) {
        let mut hung = Vec::new();
        probing(&circuit).await;
        for _ in 0..50 {
            hung.push(circuit.start(Step::hang()));
            circuit.is(State::HalfOpen);
            advance(10 * SECOND).await;
            assert_eq!(circuit.refused_for().await, 60 * SECOND);
            advance(60 * SECOND).await;
        }
        assert_eq!(circuit.ran(), 50);
        circuit.play("S").await;
        circuit.is(State::Closed);
        drop(hung);
        circuit.is(State::Closed);
    }
}
