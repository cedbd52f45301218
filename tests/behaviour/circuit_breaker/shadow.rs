//! Shadow mode: it says what it would do, and does nothing.

use buttress::{
    Mode,
    circuit_breaker::{Config, Reason, State, Window},
};
use tokio::time::advance;

use crate::doors::{SECOND, changes, circuits, news};

/// Would open at half of at least four calls.
fn config() -> Config {
    Config::new()
        .with_window(Window::Count(20))
        .with_min_calls(4)
        .with_fixed_interval(5 * SECOND)
        .with_mode(Mode::Shadow)
}

#[tokio::test(start_paused = true)]
async fn it_lets_everything_through_and_tells_once_cb_49() {
    for circuit in circuits(config()) {
        let mut seen = circuit.breaker.subscribe();
        circuit.play("SFFF").await;
        let told = news(&mut seen);
        assert_eq!(told.len(), 1);
        assert!(told[0].shadow);
        assert_eq!((told[0].from, told[0].to), (State::Closed, State::Open));
        assert_eq!((told[0].reason, told[0].open_for), (Reason::FailureRatio, Some(5 * SECOND)));
        assert_eq!((told[0].counts.failures, told[0].counts.calls), (3, 4));

        circuit.play("FFFFFFFFFFSFFF").await;
        advance(3600 * SECOND).await;
        circuit.play("F").await;
        circuit.is(State::Closed);
        assert_eq!(changes(&mut seen), []);
        let snapshot = circuit.breaker.snapshot();
        assert_eq!((snapshot.mode, snapshot.counts.calls), (Mode::Shadow, 19));
        let totals = snapshot.totals;
        assert_eq!((totals.would_have_opened, totals.opened, totals.transitions), (1, 0, 0));
        assert_eq!(totals.refused, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn having_recovered_it_would_open_again() {
    for circuit in circuits(config()) {
        circuit.play("FFFF").await;
        circuit.play(&"S".repeat(20)).await;
        circuit.play("F").await;
        assert_eq!(circuit.breaker.snapshot().totals.would_have_opened, 1);
        circuit.play(&"F".repeat(9)).await;
        assert_eq!(circuit.breaker.snapshot().totals.would_have_opened, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ended_and_came_again_is_told_again() {
    let config = Config::off().with_consecutive_failures(3).with_mode(Mode::Shadow);
    for circuit in circuits(config) {
        circuit.play("FFFFFF").await;
        assert_eq!(circuit.breaker.snapshot().totals.would_have_opened, 1);
        circuit.play("SFF").await;
        assert_eq!(circuit.breaker.snapshot().totals.would_have_opened, 1);
        circuit.play("FFF").await;
        assert_eq!(circuit.breaker.snapshot().totals.would_have_opened, 2);
    }
}

/// The failures are as many as before: a call of another kind in between is no recovery.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_bad_in_another_way_is_no_recovery() {
    for circuit in circuits(config()) {
        let circuit = circuit.discerning();
        let mut seen = circuit.breaker.subscribe();
        circuit.play("FFFF").await;
        assert_eq!(news(&mut seen).len(), 1);
        circuit.play("BFBFBF").await;
        assert_eq!(circuit.counts().failures, 7);
        assert_eq!(news(&mut seen).len(), 0, "it has been over the limit all along");
        assert_eq!(circuit.breaker.snapshot().totals.would_have_opened, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_shows_and_refuses_nobody() {
    for circuit in circuits(config()) {
        circuit.breaker.force_open();
        circuit.is(State::ForcedOpen);
        circuit.play("SF").await;
        assert_eq!(circuit.breaker.snapshot().totals.refused, 2, "they would have been");
        circuit.breaker.isolate();
        circuit.play("S").await;
        circuit.breaker.reset();
        circuit.breaker.open_for(SECOND);
        circuit.play("S").await;
        assert_eq!(circuit.breaker.snapshot().totals.refused, 4);
        advance(SECOND).await;
        circuit.play("SSS").await;
        circuit.is(State::Closed);
        assert_eq!(circuit.breaker.snapshot().totals.refused, 4);
    }
}

#[tokio::test(start_paused = true)]
async fn more_than_the_probes_pass_a_half_open_circuit_in_shadow_mode() {
    for circuit in circuits(config().with_probes(1)) {
        circuit.breaker.open_for(SECOND);
        advance(SECOND).await;
        let probe = circuit.start(buttress::testing::Step::hang());
        circuit.play("FSF").await;
        circuit.is(State::HalfOpen);
        assert_eq!(circuit.breaker.snapshot().totals.refused, 3);
        assert_eq!(circuit.counts().calls, 0, "they are no probes");
        drop(probe);
        circuit.play("S").await;
        circuit.is(State::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn put_in_force_it_refuses_from_then_on() {
    for circuit in circuits(config()) {
        circuit.play("FFFF").await;
        circuit.breaker.reconfigure(config().with_mode(Mode::Enforce)).unwrap();
        circuit.is(State::Closed);
        circuit.play("F").await;
        circuit.is(State::Open);
        circuit.refusal().await;
    }
}

/// It recovers by successes, or by time alone: the next failure would open it a second time.
#[tokio::test(start_paused = true)]
async fn a_recovery_without_a_bad_call_is_one() {
    let brief = config().with_min_calls(1);
    let time = Window::Time { span: 10 * SECOND, buckets: 10 };
    for (config, wait, recovery) in [
        (Config::off().with_consecutive_failures(1).with_mode(Mode::Shadow), 0, "S"),
        (brief.clone().with_window(Window::Count(2)), 0, "SS"),
        (brief.with_window(time), 10, ""),
    ] {
        for circuit in circuits(config.clone()) {
            circuit.play("FF").await;
            assert_eq!(circuit.breaker.snapshot().totals.would_have_opened, 1);
            advance(wait * SECOND).await;
            circuit.play(recovery).await;
            circuit.play("FF").await;
            assert_eq!(circuit.breaker.snapshot().totals.would_have_opened, 2, "{config:?}");
        }
    }
}
