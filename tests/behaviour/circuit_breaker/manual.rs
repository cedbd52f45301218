//! What a person can do to a circuit.

use buttress::{
    OpenReason, Refusal,
    circuit_breaker::{Config, Counts, Reason, State},
    testing::Step,
};
use tokio::time::advance;

use crate::doors::{Circuit, SECOND, changes, circuits, news};

/// Opens at the third failure in a row or at half of four calls, for five seconds.
fn config() -> Config {
    Config::new()
        .with_consecutive_failures(3)
        .with_min_calls(4)
        .with_probes(1)
        .with_fixed_interval(5 * SECOND)
}

fn refused(reason: OpenReason) -> Refusal {
    Refusal::CircuitOpen { name: "backend".into(), reason, retry_after: None }
}

#[tokio::test(start_paused = true)]
async fn forced_open_it_refuses_everything_and_no_time_changes_that_cb_49() {
    for circuit in circuits(config()) {
        circuit.breaker.force_open();
        for hours in 0..5 {
            assert_eq!(circuit.refusal().await, refused(OpenReason::Forced));
            circuit.is(State::ForcedOpen);
            assert_eq!(circuit.breaker.snapshot().totals.refused, hours + 1);
            advance(3600 * SECOND).await;
        }
        assert_eq!(circuit.breaker.snapshot().retry_after, None);
        circuit.breaker.reset();
        circuit.play("S").await;
    }
}

#[tokio::test(start_paused = true)]
async fn disabled_it_lets_everything_through_cb_49() {
    for circuit in circuits(config()) {
        circuit.breaker.disable();
        circuit.play("FFFFFFFFFFSFFFFFFFFFF").await;
        circuit.is(State::Disabled);
        advance(3600 * SECOND).await;
        circuit.play("FFFF").await;
        circuit.is(State::Disabled);
        assert_eq!(circuit.breaker.snapshot().totals.refused, 0);
        circuit.breaker.reset();
        assert_eq!(circuit.counts(), Counts::default());
        circuit.play("FF").await;
        circuit.is(State::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn disabled_it_counts_nothing_cb_49() {
    for config in [config(), config().with_window(buttress::circuit_breaker::Window::Count(9))] {
        for circuit in circuits(config) {
            let circuit = circuit.discerning();
            circuit.breaker.disable();
            for call in ["S", "F", "B", "M", "FFFF"] {
                circuit.play(call).await;
                assert_eq!(circuit.counts(), Counts::default(), "after {call}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn isolated_it_says_so_and_comes_back_empty_cb_50() {
    for circuit in circuits(config()) {
        circuit.play("SFF").await;
        circuit.breaker.isolate();
        assert_eq!(circuit.refusal().await, refused(OpenReason::Isolated));
        advance(3600 * SECOND).await;
        assert_eq!(circuit.refusal().await, refused(OpenReason::Isolated));
        circuit.is(State::Isolated);
        circuit.breaker.reset();
        circuit.is(State::Closed);
        assert_eq!(circuit.counts(), Counts::default());
        circuit.play("FF").await;
        circuit.is(State::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn open_for_two_hours_is_two_hours_cb_51() {
    for circuit in circuits(config()) {
        circuit.breaker.open_for(7200 * SECOND);
        advance(3600 * SECOND).await;
        assert_eq!(circuit.refused_for().await, 3600 * SECOND);
        advance(3601 * SECOND).await;
        circuit.play("S").await;
        circuit.is(State::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn from_a_state_into_the_same_is_no_transition_cb_51() {
    for circuit in circuits(config()) {
        let mut seen = circuit.breaker.subscribe();
        for _ in 0..3 {
            circuit.breaker.open_for(SECOND);
        }
        assert_eq!(changes(&mut seen), [(State::Closed, State::Open)]);
        for _ in 0..3 {
            circuit.breaker.force_open();
        }
        assert_eq!(changes(&mut seen), [(State::Open, State::ForcedOpen)]);
        for _ in 0..3 {
            circuit.breaker.isolate();
        }
        assert_eq!(changes(&mut seen), [(State::ForcedOpen, State::Isolated)]);
        for _ in 0..3 {
            circuit.breaker.disable();
        }
        assert_eq!(changes(&mut seen), [(State::Isolated, State::Disabled)]);
        assert_eq!(circuit.breaker.snapshot().totals.transitions, 4);
        assert_eq!(circuit.breaker.snapshot().totals.opened, 0, "not by itself");
    }
}

/// Open already, it is given another end.
#[tokio::test(start_paused = true)]
async fn open_for_again_moves_the_end() {
    for circuit in circuits(config()) {
        circuit.play("FFF").await;
        for (seconds, left) in [(100, 100), (1, 1), (50, 50)] {
            circuit.breaker.open_for(seconds * SECOND);
            assert_eq!(circuit.refused_for().await, left * SECOND);
        }
        advance(50 * SECOND).await;
        circuit.play("S").await;
        circuit.is(State::Closed);
    }
}

async fn in_state(circuit: &Circuit, state: State) {
    match state {
        State::Closed => circuit.play("SFF").await,
        State::Open => circuit.play("FFF").await,
        State::HalfOpen => {
            circuit.breaker.open_for(SECOND);
            advance(SECOND).await;
            drop(circuit.start(Step::hang()));
        }
        State::ForcedOpen => circuit.breaker.force_open(),
        State::Isolated => circuit.breaker.isolate(),
        State::Disabled => circuit.breaker.disable(),
        State::Ramping => {
            circuit.breaker.reconfigure(config().with_ramp(SECOND)).unwrap();
            circuit.breaker.open_for(SECOND);
            advance(SECOND).await;
            circuit.play("S").await;
        }
        other => panic!("no way into {other}"),
    }
    circuit.is(state);
}

const STATES: [State; 7] = [
    State::Closed,
    State::Open,
    State::HalfOpen,
    State::ForcedOpen,
    State::Isolated,
    State::Disabled,
    State::Ramping,
];

#[tokio::test(start_paused = true)]
async fn a_reset_closes_from_every_state_with_one_event_and_nothing_counted_cb_52() {
    for state in STATES {
        for circuit in circuits(config()) {
            in_state(&circuit, state).await;
            let mut seen = circuit.breaker.subscribe();
            circuit.breaker.reset();
            let news = news(&mut seen);
            assert_eq!(news.len(), 1, "{state}");
            assert_eq!((news[0].from, news[0].to), (state, State::Closed));
            assert_eq!((news[0].reason, news[0].opens), (Reason::Reset, 0));
            circuit.is(State::Closed);
            assert_eq!(circuit.counts(), Counts::default(), "{state}");
            assert_eq!(circuit.breaker.snapshot().opens, 0);
            circuit.play("FF").await;
            circuit.is(State::Closed);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_order_is_obeyed_in_every_state() {
    for state in STATES {
        for circuit in circuits(config()) {
            in_state(&circuit, state).await;
            circuit.breaker.isolate();
            circuit.is(State::Isolated);
            circuit.breaker.reset();
            in_state(&circuit, state).await;
            circuit.breaker.force_open();
            circuit.is(State::ForcedOpen);
            circuit.breaker.reset();
            in_state(&circuit, state).await;
            circuit.breaker.disable();
            circuit.is(State::Disabled);
            circuit.breaker.reset();
            in_state(&circuit, state).await;
            circuit.breaker.open_for(7 * SECOND);
            circuit.is(State::Open);
            assert_eq!(circuit.refused_for().await, 7 * SECOND, "{state}");
        }
    }
}

/// By the time a caller has the error that opened the circuit, the circuit is open.
#[tokio::test(start_paused = true)]
async fn who_gets_the_error_that_opens_finds_the_circuit_open_cb_52() {
    for circuit in circuits(config()) {
        let mut seen = circuit.breaker.subscribe();
        circuit.play("FF").await;
        assert_eq!(changes(&mut seen), []);
        circuit.play("F").await;
        assert_eq!(changes(&mut seen), [(State::Closed, State::Open)]);
    }
}

/// It is probed after an interval set by hand as after its own, and reopens as for the first time.
#[tokio::test(start_paused = true)]
async fn an_interval_set_by_hand_ends_in_probes() {
    let config = config().with_growing_interval(5 * SECOND, 2.0, 60 * SECOND);
    for circuit in circuits(config) {
        circuit.breaker.open_for(SECOND);
        advance(SECOND).await;
        circuit.play("F").await;
        circuit.is(State::Open);
        assert_eq!(circuit.refused_for().await, 5 * SECOND);
    }
}
