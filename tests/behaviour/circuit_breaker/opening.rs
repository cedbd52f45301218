//! For how long a circuit is open.

use std::time::Duration;

use buttress::{
    OpenReason, Refusal,
    circuit_breaker::{Config, State},
};
use tokio::time::advance;

use crate::doors::{MILLISECOND, SECOND, TICK, changes, circuits, news};

/// One failure opens it, one success closes it.
fn touchy() -> Config {
    Config::off().with_consecutive_failures(1).with_probes(1)
}

#[tokio::test(start_paused = true)]
async fn it_refuses_until_its_interval_is_over_and_then_starts_counting_afresh_cb_27() {
    let config = Config::new().with_min_calls(4).with_fixed_interval(5 * SECOND);
    for circuit in circuits(config) {
        circuit.play("SFFF").await;
        circuit.is(State::Open);
        advance(3 * SECOND).await;
        for refused in 1..=2 {
            circuit.refusal().await;
            assert_eq!(circuit.breaker.snapshot().totals.refused, refused);
        }
        advance(3 * SECOND).await;
        circuit.is(State::Open);
        circuit.play("S").await;
        circuit.is(State::HalfOpen);
        assert_eq!(circuit.tally(), (1, 0), "the probe, and nothing from before");
        assert_eq!(circuit.breaker.snapshot().totals.refused, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_interval_is_part_of_what_comes_after_cb_28() {
    for circuit in circuits(touchy().with_fixed_interval(5 * SECOND)) {
        circuit.play("F").await;
        advance(5 * SECOND - TICK).await;
        assert_eq!(circuit.refused_for().await, TICK);
        advance(TICK).await;
        circuit.play("S").await;
        circuit.is(State::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn the_interval_grows_and_is_short_again_after_a_close_cb_34() {
    let config = touchy().with_growing_interval(5 * SECOND, 1.5, 60 * SECOND);
    for circuit in circuits(config) {
        circuit.play("F").await;
        advance(5 * SECOND).await;
        circuit.play("F").await;
        advance(6 * SECOND).await;
        assert_eq!(circuit.refused_for().await, 1_500 * MILLISECOND);
        advance(1_600 * MILLISECOND).await;
        circuit.play("S").await;
        circuit.is(State::Closed);
        circuit.play("F").await;
        assert_eq!(circuit.refused_for().await, 5 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn the_interval_stops_growing_at_its_bound() {
    let config = touchy().with_growing_interval(10 * SECOND, 2.0, 60 * SECOND);
    for circuit in circuits(config) {
        for seconds in [10, 20, 40, 60, 60, 60] {
            circuit.play("F").await;
            assert_eq!(circuit.refused_for().await, seconds * SECOND);
            advance(seconds * SECOND).await;
        }
    }
}

/// What a generator of intervals would be given: how often it opened without closing in between.
#[tokio::test(start_paused = true)]
async fn every_opening_says_which_in_a_row_it_is_cb_35() {
    for circuit in circuits(touchy().with_fixed_interval(SECOND)) {
        let mut seen = circuit.breaker.subscribe();
        for probe in ["F", "F", "F", "S", "F"] {
            circuit.play(probe).await;
            advance(SECOND).await;
        }
        let opens: Vec<_> = news(&mut seen)
            .into_iter()
            .filter(|change| change.to == State::Open)
            .map(|change| (change.opens, change.open_for))
            .collect();
        assert_eq!(opens, [1, 2, 3, 1].map(|opens| (opens, Some(SECOND))));
    }
}

#[tokio::test(start_paused = true)]
async fn an_interval_of_forever_never_ends_and_never_wraps_cb_36() {
    let forever = touchy().with_fixed_interval(Duration::MAX);
    let growing = touchy().with_growing_interval(SECOND, f64::MAX, Duration::MAX);
    for (config, failures) in [(forever, 1), (growing, 2)] {
        for circuit in circuits(config) {
            for _ in 0..failures {
                advance(SECOND).await;
                circuit.play("F").await;
            }
            for _ in 0..5 {
                let left = circuit.refused_for().await;
                assert!(left > 3650 * 86_400 * SECOND, "{left:?}");
                advance(3650 * 86_400 * SECOND).await;
                circuit.is(State::Open);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_who_and_why_and_when_to_come_back_cb_39() {
    for circuit in circuits(touchy().with_fixed_interval(5 * SECOND)) {
        circuit.play("F").await;
        advance(SECOND).await;
        let expected = Refusal::CircuitOpen {
            name: "backend".into(),
            reason: OpenReason::Tripped,
            retry_after: Some(4 * SECOND),
        };
        assert_eq!(circuit.refusal().await, expected);
        assert!(!expected.began());
        assert_eq!(circuit.breaker.snapshot().retry_after, Some(4 * SECOND));
    }
}

/// The interval is jittered inside its bound: a seed repeats it, and no draw lengthens it.
#[tokio::test(start_paused = true)]
async fn jitter_takes_off_and_never_adds() {
    let config = touchy().with_fixed_interval(10 * SECOND).with_open_jitter(0.5);
    let mut intervals = Vec::new();
    for seed in 0..50 {
        let drawn: Vec<_> = {
            let mut drawn = Vec::new();
            for circuit in circuits(config.clone()) {
                buttress::random::seed(seed);
                circuit.play("F").await;
                drawn.push(circuit.refused_for().await);
            }
            drawn
        };
        assert!(drawn.iter().all(|interval| *interval == drawn[0]), "one seed, one interval");
        assert!((5 * SECOND..=10 * SECOND).contains(&drawn[0]), "{drawn:?}");
        intervals.push(drawn[0]);
    }
    intervals.sort_unstable();
    assert!(intervals[0] < 6 * SECOND && intervals[49] > 9 * SECOND, "all over the bound");
}

#[tokio::test(start_paused = true)]
async fn it_is_open_until_somebody_asks() {
    for circuit in circuits(touchy().with_fixed_interval(SECOND)) {
        let mut seen = circuit.breaker.subscribe();
        circuit.play("F").await;
        advance(3600 * SECOND).await;
        circuit.is(State::Open);
        assert_eq!(circuit.breaker.snapshot().retry_after, Some(Duration::ZERO));
        assert_eq!(changes(&mut seen), [(State::Closed, State::Open)]);
        circuit.play("S").await;
        assert_eq!(
            changes(&mut seen),
            [(State::Open, State::HalfOpen), (State::HalfOpen, State::Closed)]
        );
    }
}

/// Rejections are no calls: a crowd that is refused does not keep the circuit open.
#[tokio::test(start_paused = true)]
async fn refusals_neither_count_nor_prolong() {
    for circuit in circuits(touchy().with_fixed_interval(SECOND)) {
        circuit.play("F").await;
        for left in (1..=10).rev() {
            assert_eq!(circuit.refused_for().await, left * 100 * MILLISECOND);
            advance(100 * MILLISECOND).await;
        }
        assert_eq!(circuit.counts().calls, 0);
        circuit.play("S").await;
        circuit.is(State::Closed);
    }
}
