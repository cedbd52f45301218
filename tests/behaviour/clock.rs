//! One process, many paused clocks: each test sees its own time move.

use buttress::{
    circuit_breaker::{CircuitBreaker, Config, State},
    time,
};
use tokio::{runtime::Builder, time::advance};

use crate::doors::{MILLISECOND, SECOND, circuits};

async fn time_moves() {
    let before = time::now();
    advance(SECOND).await;
    assert_eq!((time::now().since(before), time::recent().since(before)), (SECOND, SECOND));

    let config = Config::off().with_consecutive_failures(1).with_fixed_interval(60 * SECOND);
    for circuit in circuits(config) {
        circuit.play("F").await;
        advance(60 * SECOND - MILLISECOND).await;
        assert_eq!(circuit.refused_for().await, MILLISECOND);
        advance(MILLISECOND).await;
        circuit.play("S").await;
        circuit.is(State::HalfOpen);
    }
}

#[tokio::test(start_paused = true)]
async fn one_paused_test_sees_time_move() {
    time_moves().await;
}

#[tokio::test(start_paused = true)]
async fn another_paused_test_of_the_same_process_sees_time_move_too() {
    time_moves().await;
}

#[test]
fn time_moves_in_each_of_two_paused_runtimes_one_after_the_other() {
    for _ in 0..2 {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.unwrap().block_on(time_moves());
    }
}

/// The second runtime's clock starts at the real time again, far behind where the first one was
/// left. For a circuit that outlives both, time has gone backwards.
#[test]
fn a_circuit_survives_a_clock_that_goes_backwards() {
    let config = Config::new().with_min_calls(4).with_fixed_interval(60 * SECOND);
    let breaker = CircuitBreaker::new("backend", config).unwrap();
    let runtime = || Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime().unwrap().block_on(async {
        advance(3600 * SECOND).await;
        for _ in 0..3 {
            breaker.try_acquire().unwrap().failure();
        }
        breaker.try_acquire().unwrap().success();
    });
    runtime().unwrap().block_on(async {
        breaker.try_acquire().unwrap().success();
        breaker.try_acquire().unwrap().failure();
        assert_eq!(breaker.state(), State::Open, "what failed an hour ahead still counts");
        assert_eq!(breaker.try_acquire().unwrap_err().retry_after(), Some(60 * SECOND));
        advance(60 * SECOND).await;
        for _ in 0..3 {
            breaker.try_acquire().unwrap().success();
        }
        assert_eq!(breaker.state(), State::Closed);
    });
}
