//! A breaker is asked before the service behind it: *gate first*.

use std::{sync::Arc, time::Duration};

use buttress::{
    Fault, OpenReason, Refusal,
    circuit_breaker::{CircuitBreaker, Config, State},
    testing::{Script, Step},
};
use tokio::sync::Semaphore;
use tower::{Layer, Service, ServiceExt, limit::ConcurrencyLimit};

use crate::terms::{Down, ask, poll_ready, ready, request, up};

const SECOND: Duration = Duration::from_secs(1);

/// Opens for a second after two failures, and then wants two probes.
fn breaker() -> CircuitBreaker {
    let config = Config::off()
        .with_consecutive_failures(2)
        .with_fixed_interval(SECOND)
        .with_probes(2)
        .with_successes_to_close(2);
    CircuitBreaker::new("gate", config).unwrap()
}

fn reason(error: &Down) -> Option<OpenReason> {
    match error.refusal() {
        Some(Refusal::CircuitOpen { reason, .. }) => Some(*reason),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn an_open_circuit_refuses_without_asking_the_inner_service() {
    let breaker = breaker();
    breaker.open_for(SECOND);
    let inner = up().service().never_ready();
    let seen = inner.watch();
    let mut service = breaker.layer().layer(inner);
    for _ in 0..3 {
        let error = ask(&mut service).await.unwrap_err();
        assert_eq!(reason(&error), Some(OpenReason::Tripped));
    }
    assert_eq!((seen().ready_polls, seen().calls), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_circuit_that_opens_between_ready_and_call_refuses_and_keeps_the_readied_service() {
    let breaker = breaker();
    let places = Arc::new(Semaphore::new(1));
    let inner = up().service();
    let seen = inner.watch();
    let limited = ConcurrencyLimit::with_semaphore(inner, Arc::clone(&places));
    let mut service = breaker.layer().layer(limited);

    ready(&mut service).await;
    breaker.open_for(SECOND);
    let error = service.call(request()).await.unwrap_err();
    assert_eq!(reason(&error), Some(OpenReason::Tripped));
    assert_eq!((seen().calls, seen().reserved, places.available_permits()), (0, 1, 0));

    breaker.reset();
    assert_eq!(ask(&mut service).await.unwrap(), "up");
    assert_eq!((seen().calls, seen().reserved, places.available_permits()), (1, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_call_made_ready_while_open_is_refused_even_if_the_circuit_is_half_open_by_then() {
    let breaker = breaker();
    breaker.open_for(SECOND);
    let inner = up().service();
    let seen = inner.watch();
    let mut service = breaker.layer().layer(inner);

    ready(&mut service).await;
    tokio::time::advance(2 * SECOND).await;
    let error = service.call(request()).await.unwrap_err();
    assert_eq!(reason(&error), Some(OpenReason::Tripped));
    assert_eq!(error.refusal().and_then(Refusal::retry_after), Some(Duration::ZERO));
    assert_eq!((seen().ready_polls, seen().calls), (0, 0));

    assert_eq!(ask(&mut service).await.unwrap(), "up");
    assert_eq!(breaker.state(), State::HalfOpen);
}

#[tokio::test(start_paused = true)]
async fn a_call_made_ready_while_open_is_refused_even_if_the_circuit_is_closed_by_then() {
    let breaker = breaker();
    breaker.isolate();
    let inner = up().service();
    let seen = inner.watch();
    let mut service = breaker.layer().layer(inner);
    ready(&mut service).await;
    breaker.reset();
    let error = service.call(request()).await.unwrap_err();
    assert_eq!(error.refusal().and_then(Refusal::retry_after), Some(Duration::ZERO));
    assert_eq!((seen().ready_polls, seen().calls), (0, 0));
    assert_eq!(breaker.snapshot().totals.refused, 1);
}

#[tokio::test(start_paused = true)]
async fn the_last_poll_ready_is_the_one_that_counts() {
    let breaker = breaker();
    let inner = up().service();
    let seen = inner.watch();
    let mut service = breaker.layer().layer(inner);

    // Ready, then open: the second answer is a refusal.
    ready(&mut service).await;
    breaker.force_open();
    ready(&mut service).await;
    assert_eq!(seen().ready_polls, 1);
    assert!(service.call(request()).await.is_err());

    // Open, then closed: the second answer is the service's, which was ready all along.
    ready(&mut service).await;
    breaker.reset();
    ready(&mut service).await;
    assert_eq!((seen().ready_polls, seen().reserved), (2, 1));
    assert_eq!(service.call(request()).await.unwrap(), "up");
    assert_eq!((seen().calls, seen().reserved), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_circuit_that_opens_while_the_service_is_awaited_lets_nobody_wait_on() {
    let breaker = breaker();
    let inner = up().service().never_ready();
    let seen = inner.watch();
    let mut service = breaker.layer().layer(inner);
    assert!(poll_ready(&mut service).is_pending());
    breaker.force_open();
    assert!(poll_ready(&mut service).is_ready());
    assert!(service.call(request()).await.is_err());
    assert_eq!(seen().ready_polls, 1);
}

#[tokio::test(start_paused = true)]
async fn readiness_takes_no_probes_place() {
    let breaker = breaker();
    breaker.open_for(SECOND);
    tokio::time::advance(SECOND).await;
    let backend = up();
    let mut services: Vec<_> = (0..10).map(|_| breaker.layer().layer(backend.service())).collect();
    for service in &mut services {
        ready(service).await;
    }
    // Two of them may probe; the others are told so by their call, and none of them hangs.
    let (mut served, mut refused) = (0, 0);
    let calls: Vec<_> = services.iter_mut().map(|service| service.call(request())).collect();
    for call in calls {
        match call.await {
            Ok(_) => served += 1,
            Err(error) => {
                assert_eq!(reason(&error), Some(OpenReason::Probing));
                refused += 1;
            }
        }
    }
    assert_eq!((served, refused, breaker.state()), (2, 8, State::Closed));
}

#[tokio::test(start_paused = true)]
async fn services_dropped_when_ready_take_no_probes_place_with_them() {
    let breaker = breaker();
    breaker.open_for(SECOND);
    tokio::time::advance(SECOND).await;
    for _ in 0..100 {
        ready(&mut breaker.layer().layer(up().service())).await;
    }
    for _ in 0..2 {
        assert!(breaker.layer().layer(up().service()).oneshot(request()).await.is_ok());
    }
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn an_inner_service_that_cannot_become_ready_is_no_failed_call() {
    let breaker = breaker();
    let mut service = breaker.layer().layer(crate::contracts::Unwilling);
    for _ in 0..10 {
        assert!(ask(&mut service).await.is_err());
    }
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn every_service_of_every_layer_of_every_clone_shares_the_circuit() {
    let breaker = breaker();
    let backend = Script::<&str, _>::new([Step::err(Down::Broken("down"))]);
    for _ in 0..2 {
        let service = breaker.clone().layer().layer(backend.service());
        service.clone().oneshot(request()).await.unwrap_err();
    }
    assert_eq!((breaker.state(), backend.counts().calls), (State::Open, 2));
    let error = breaker.layer().layer(backend.service()).oneshot(request()).await.unwrap_err();
    assert_eq!(reason(&error), Some(OpenReason::Tripped));
    assert_eq!(backend.counts().calls, 2);
}
