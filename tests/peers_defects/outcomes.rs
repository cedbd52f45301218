//! Calls that end badly and are not counted.

use std::{future::pending, panic::resume_unwind, time::Duration};

use buttress::{
    Error, Lift, Refusal,
    circuit_breaker::{CircuitBreaker, Config, State, Window},
    timeout::Timeout,
};
use tokio::time::Instant;
use tower::{ServiceBuilder, ServiceExt, service_fn};

const SECOND: Duration = Duration::from_secs(1);

fn breaker(failures: u32) -> CircuitBreaker {
    CircuitBreaker::new("b", Config::off().with_consecutive_failures(failures)).unwrap()
}

async fn hang() -> Result<(), &'static str> {
    pending().await
}

async fn panic() -> Result<(), &'static str> {
    resume_unwind(Box::new("as planned"))
}

/// tower-resilience: 20 hung calls cut by a timeout outside leave the circuit closed with a total
/// of 0. Ours count as failures, whichever of the two is outside, through either door.
#[tokio::test(start_paused = true)]
async fn d10_calls_cut_by_a_timeout_open_the_circuit_in_either_order() {
    let timeout = Timeout::new("t", SECOND).unwrap();

    let outside = breaker(20);
    let inside = breaker(20);
    for _ in 0..20 {
        assert_eq!((outside.state(), inside.state()), (State::Closed, State::Closed));
        assert!(timeout.run(|| inside.call(hang)).await.is_err());
        assert!(outside.run(|| timeout.call(hang)).await.is_err());
    }
    assert_eq!((outside.state(), inside.state()), (State::Open, State::Open));

    let (outside, inside) = (breaker(20), breaker(20));
    let stack = ServiceBuilder::new()
        .layer(outside.layer())
        .layer(timeout.layer())
        .layer(inside.layer())
        .layer(Lift::layer())
        .service(service_fn(|()| hang()));
    for _ in 0..20 {
        assert!(stack.clone().oneshot(()).await.is_err());
    }
    assert_eq!((outside.state(), inside.state()), (State::Open, State::Open));
}

/// A timeout that is not ours cannot be told from a cancellation; where that matters, a call that
/// was slow until it was given up counts as slow.
#[tokio::test(start_paused = true)]
async fn d10_calls_cut_by_anybody_else_count_once_they_are_slow() {
    let config = Config::off()
        .with_slow_calls(SECOND, 1.0)
        .with_window(Window::Count(20))
        .with_min_calls(20);
    let breaker = CircuitBreaker::new("b", config).unwrap();
    for _ in 0..20 {
        assert_eq!(breaker.state(), State::Closed);
        assert!(tokio::time::timeout(2 * SECOND, breaker.call(hang)).await.is_err());
    }
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.snapshot().reason.unwrap().as_str(), "slow_ratio");
}

/// tower-resilience: 20 panics leave the circuit closed with a total of 0. Ours are failures.
#[tokio::test(start_paused = true)]
async fn d11_panics_open_the_circuit() {
    let plain = breaker(20);
    for _ in 0..20 {
        assert_eq!(plain.state(), State::Closed);
        let handle = plain.clone();
        let task = tokio::spawn(async move { handle.call(panic).await });
        assert!(task.await.unwrap_err().is_panic());
    }
    assert_eq!(plain.state(), State::Open);

    let tower = breaker(20);
    let stack = ServiceBuilder::new()
        .layer(tower.layer())
        .layer(Lift::layer())
        .service(service_fn(|()| panic()));
    for _ in 0..20 {
        assert_eq!(tower.state(), State::Closed);
        assert!(tokio::spawn(stack.clone().oneshot(())).await.unwrap_err().is_panic());
    }
    assert_eq!(tower.state(), State::Open);
}

/// tower-resilience: a panic inside its time limiter is reported as "request timed out", 133 µs
/// into a limit of 30 s. Ours stays a panic.
#[tokio::test(start_paused = true)]
async fn d11_a_panic_under_a_timeout_is_no_timeout() {
    let timeout = Timeout::new("t", 30 * SECOND).unwrap();
    let (handle, start) = (timeout.clone(), Instant::now());
    let task = tokio::spawn(async move { handle.call(panic).await });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!((timeout.snapshot().totals.timed_out, start.elapsed()), (0, Duration::ZERO));
}

/// tower-resilience keeps the work running, detached, when its time limiter gives up. Ours drops it
/// then and there.
#[tokio::test(start_paused = true)]
async fn d11_what_is_timed_out_does_not_run_on() {
    let backend = buttress::testing::Script::<(), &str>::new([buttress::testing::Step::hang()]);
    let timeout = Timeout::new("t", SECOND).unwrap();
    let answer = timeout.call(|| backend.call()).await;
    assert!(matches!(answer, Err(Error::Refused(Refusal::TimedOut { .. }))));
    assert_eq!((backend.counts().in_flight, backend.counts().cancelled), (0, 1));
}
