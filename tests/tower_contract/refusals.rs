//! A refusal is the answer of a call, never a service that cannot become ready.

use std::{sync::Arc, task::Poll, time::Duration};

use buttress::{
    Fault, Mode, Refusal,
    circuit_breaker::{CircuitBreaker, Config},
    throttle::{
        self, Throttle,
        shed::{self, Shed},
    },
    time::Deadline,
    timeout::Timeout,
};
use tokio::sync::Semaphore;
use tower::{Layer, Service, limit::ConcurrencyLimit};

use crate::terms::{Inner, Wrapped, ask, poll_ready, ready, request, up};

fn open() -> CircuitBreaker {
    let breaker = CircuitBreaker::new("refusing", Config::new()).unwrap();
    breaker.force_open();
    breaker
}

/// Refuses everything, or as good as.
fn throttling() -> Throttle {
    let config = throttle::Config::new().with_max_refused_share(1.0).with_mode(Mode::Shadow);
    let throttle = Throttle::new("refusing", config.clone()).unwrap();
    (0..100_000).for_each(|_| throttle.try_acquire().unwrap().rejected());
    throttle.reconfigure(config.with_mode(Mode::Enforce)).unwrap();
    throttle
}

fn timeout() -> Timeout {
    Timeout::new("refusing", Duration::from_secs(10)).unwrap()
}

/// Inside, the time of every call is over.
async fn too_late<F: Future>(future: F) -> F::Output {
    let deadline = Deadline::within(Duration::from_secs(1));
    tokio::time::advance(Duration::from_secs(2)).await;
    deadline.scope(future).await
}

async fn refuses_with_every_call<L>(layer: L, kind: &str)
where
    L: Layer<Inner, Service: Wrapped>,
{
    let inner = up().service();
    let seen = inner.watch();
    let mut service = layer.layer(inner);
    for _ in 0..3 {
        assert!(matches!(poll_ready(&mut service), Poll::Ready(Ok(()))));
        let error = service.call(request()).await.unwrap_err();
        let refusal = error.refusal().unwrap();
        assert_eq!((refusal.kind(), refusal.name().as_str()), (kind, "refusing"));
        assert!(!refusal.began());
    }
    assert_eq!(seen().calls, 0);
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_is_ready_and_refuses_with_the_call() {
    refuses_with_every_call(open().layer(), "circuit_open").await;
}

#[tokio::test(start_paused = true)]
async fn a_throttle_is_ready_and_refuses_with_the_call() {
    buttress::random::seed(7);
    refuses_with_every_call(throttling().layer(), "throttled").await;
}

#[tokio::test(start_paused = true)]
async fn a_shed_that_is_full_is_ready_and_refuses_with_the_call() {
    let shed = Shed::new("refusing", shed::Config::new().with_max_in_flight(1)).unwrap();
    let _place = shed.try_acquire().unwrap();
    refuses_with_every_call(shed.layer(), "overloaded").await;
}

#[tokio::test(start_paused = true)]
async fn a_place_readied_for_a_call_that_a_shed_refused_goes_with_the_service() {
    let shed = Shed::new("refusing", shed::Config::new().with_max_in_flight(1)).unwrap();
    let mut place = None;
    a_refused_call_keeps_the_place(shed.layer(), false, || {
        place = Some(shed.try_acquire_owned().unwrap());
    })
    .await;
    drop(place);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_past_its_deadline_is_ready_and_refuses_with_the_call() {
    too_late(refuses_with_every_call(timeout().layer(), "deadline_exceeded")).await;
}

async fn a_refused_call_keeps_the_place<L>(layer: L, late: bool, meanwhile: impl FnOnce())
where
    L: Layer<ConcurrencyLimit<Inner>, Service: Wrapped>,
{
    let places = Arc::new(Semaphore::new(1));
    let limited = ConcurrencyLimit::with_semaphore(up().service(), Arc::clone(&places));
    let mut service = layer.layer(limited);
    ready(&mut service).await;
    assert_eq!(places.available_permits(), 0);
    meanwhile();
    let refused = async { service.call(request()).await.unwrap_err().refusal().is_some() };
    assert!(if late { too_late(refused).await } else { refused.await });
    assert_eq!(places.available_permits(), 0, "kept for the next call");
    drop(service);
    assert_eq!(places.available_permits(), 1, "or given back with the service");
}

#[tokio::test(start_paused = true)]
async fn a_place_readied_for_a_call_that_a_breaker_refused_goes_with_the_service() {
    let breaker = CircuitBreaker::new("refusing", Config::new()).unwrap();
    a_refused_call_keeps_the_place(breaker.layer(), false, || breaker.force_open()).await;
}

#[tokio::test(start_paused = true)]
async fn a_place_readied_for_a_call_that_a_timeout_refused_goes_with_the_service() {
    a_refused_call_keeps_the_place(timeout().layer(), true, || {}).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_refused_by_its_deadline_leaves_the_readied_service_to_the_next() {
    let inner = up().service().ready_after(1);
    let seen = inner.watch();
    let mut service = timeout().layer().layer(inner);
    ready(&mut service).await;
    let refused = too_late(async { service.call(request()).await }).await.unwrap_err();
    assert!(matches!(
        refused.refusal(),
        Some(Refusal::DeadlineExceeded { began: false, late, .. }) if *late == Duration::from_secs(1)
    ));
    assert_eq!((seen().reserved, seen().ready_polls), (1, 2));
    assert_eq!(ask(&mut service).await.unwrap(), "up");
    assert_eq!((seen().calls, seen().clones, seen().ready_polls), (1, 0, 3));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_takes_one_poll_and_no_timer() {
    let polls = buttress::testing::Polls::new();
    let mut service = open().layer().layer(up().service());
    polls.of(ready(&mut service).await.call(request())).await.unwrap_err();
    polls.assert_at_most(1);

    let mut service = timeout().layer().layer(up().service());
    too_late(async { polls.of(ready(&mut service).await.call(request())).await })
        .await
        .unwrap_err();
    polls.assert_at_most(2);
}
