//! A runtime that goes away takes its calls with it, and nothing else.

use std::{future::poll_fn, task::Poll};

use buttress::{
    Lift,
    circuit_breaker::{CircuitBreaker, Config, State},
    testing::{Script, Step},
    time::Deadline,
    timeout::Timeout,
};
use tokio::runtime::{Builder, Runtime};
use tower::{ServiceBuilder, ServiceExt};

use crate::circuit::{SECOND, assert_unharmed, breaker, half_open};

type Hanging = Script<&'static str, &'static str>;

fn paused() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

fn hanging() -> Hanging {
    Script::new([Step::hang()])
}

/// Calls in flight by every door, each in a task of its own.
fn in_flight(runtime: &Runtime, breaker: &CircuitBreaker, backend: &Hanging) {
    let timeout = Timeout::new("t", 60 * SECOND).unwrap();

    let (guard, script) = (breaker.clone(), backend.clone());
    let limit = timeout.clone();
    runtime.spawn(async move {
        let call = limit.run(|| guard.call(|| script.call()));
        Deadline::within(30 * SECOND).scope(call).await
    });

    let stack = ServiceBuilder::new()
        .layer(timeout.layer())
        .layer(breaker.layer())
        .layer(Lift::layer())
        .service(backend.service());
    runtime.spawn(stack.oneshot(()));

    let (guard, script) = (breaker.clone(), backend.clone());
    runtime.spawn(async move {
        let permit = guard.try_acquire_owned();
        let reply = script.call().await;
        permit.unwrap().record(&reply);
    });
}

#[test]
fn calls_in_flight_end_with_their_runtime_and_count_as_nothing() {
    let (breaker, backend) = (breaker(), hanging());
    for half in [false, true] {
        if half {
            half_open(&breaker);
        }
        let runtime = paused();
        in_flight(&runtime, &breaker, &backend);
        runtime.block_on(async { tokio::time::sleep(SECOND).await });
        assert_eq!(backend.counts().in_flight, 3, "half-open: {half}");
        drop(runtime);
        assert_unharmed(&breaker, &backend);
    }
}

#[test]
fn calls_that_were_never_polled_end_with_their_runtime_too() {
    let (breaker, backend) = (breaker(), hanging());
    half_open(&breaker);
    let runtime = paused();
    in_flight(&runtime, &breaker, &backend);
    drop(runtime);
    assert_unharmed(&breaker, &backend);
}

#[test]
fn a_runtime_shut_down_in_the_background_leaves_nothing_behind_either() {
    let (breaker, backend) = (breaker(), hanging());
    let runtime = paused();
    in_flight(&runtime, &breaker, &backend);
    runtime.block_on(async { tokio::time::sleep(SECOND).await });
    runtime.shutdown_background();
    assert_unharmed(&breaker, &backend);
}

#[test]
fn a_circuit_serves_one_runtime_after_another() {
    let config =
        Config::off().with_consecutive_failures(1).with_probes(1).with_fixed_interval(SECOND);
    let breaker = CircuitBreaker::new("b", config).unwrap();
    paused().block_on(async {
        assert!(breaker.call(async || Err::<(), _>("down")).await.is_err());
        assert_eq!(breaker.state(), State::Open);
        tokio::time::sleep(SECOND).await;
        assert!(breaker.call(async || Ok::<_, &str>("up")).await.is_ok());
    });
    paused().block_on(async {
        assert_eq!(breaker.call(async || Ok::<_, &str>("up")).await, Ok("up"));
        assert_eq!(breaker.state(), State::Closed);
    });
}

#[test]
fn a_future_outlives_the_runtime_it_was_polled_in() {
    let (breaker, backend) = (breaker(), hanging());
    let timeout = Timeout::new("t", SECOND).unwrap();
    let mut call = Box::pin(timeout.run(|| breaker.call(|| backend.call())));
    let runtime = paused();
    runtime.block_on(async {
        assert!(poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_pending())).await);
    });
    drop(runtime);
    drop(call);
    assert_unharmed(&breaker, &backend);
}
