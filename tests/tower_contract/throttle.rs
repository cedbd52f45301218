//! A throttle decides before the service behind it is asked: *gate first*, and once for each call.

use std::sync::Arc;

use buttress::{
    Fault, Mode, Refusal,
    testing::{Script, Step},
    throttle::{Config, Throttle},
};
use tokio::sync::Semaphore;
use tower::{Layer, Service, limit::ConcurrencyLimit};

use crate::terms::{Down, ask, poll_ready, ready, request, up};

/// Refuses about this share of its calls, and goes on doing so.
fn throttling(share: f64) -> Throttle {
    buttress::random::seed(7);
    let config = Config::new().with_max_refused_share(share);
    let throttle = Throttle::new("gate", config.clone().with_mode(Mode::Shadow)).unwrap();
    (0..10_000).for_each(|_| throttle.try_acquire().unwrap().rejected());
    throttle.reconfigure(config).unwrap();
    throttle
}

fn is_refusal(answer: Result<&str, Down>) -> bool {
    match answer {
        Ok(_) => false,
        Err(error) => matches!(error.refusal(), Some(Refusal::Throttled { .. })),
    }
}

#[tokio::test(start_paused = true)]
async fn the_inner_service_is_not_asked_for_a_call_that_is_refused() {
    let throttle = throttling(0.5);
    let before = throttle.snapshot().totals.refused;
    let inner = up().service();
    let seen = inner.watch();
    let mut service = throttle.layer().layer(inner);
    let mut refused = 0;
    for _ in 0..1000 {
        let asked = seen().ready_polls;
        if is_refusal(ask(&mut service).await) {
            refused += 1;
            assert_eq!(seen().ready_polls, asked);
        }
    }
    assert!((450..550).contains(&refused), "{refused}");
    assert_eq!(seen().calls, 1000 - refused);
    assert_eq!(throttle.snapshot().totals.refused - before, refused);
}

/// Who waits for the inner service polls often; were it decided each time, hardly anybody would pass.
#[tokio::test(start_paused = true)]
async fn it_is_decided_once_however_often_readiness_is_asked_for() {
    let throttle = throttling(0.5);
    let mut refused = 0;
    for _ in 0..400 {
        let mut service = throttle.layer().layer(up().service().ready_after(20));
        refused += u32::from(is_refusal(ask(&mut service).await));
    }
    assert!((160..240).contains(&refused), "{refused}");

    let mut service = throttle.layer().layer(up().service().never_ready());
    let mut waits = 0;
    for _ in 0..100 {
        let first = poll_ready(&mut service).is_ready();
        waits += u32::from(!first);
        assert!((0..10).all(|_| poll_ready(&mut service).is_ready() == first));
        if first {
            assert!(is_refusal(service.call(request()).await));
        }
    }
    assert!(waits > 50, "once it waits it does not decide again");
}

#[tokio::test(start_paused = true)]
async fn a_place_readied_for_one_call_is_there_for_the_next() {
    let throttle = throttling(0.5);
    let places = Arc::new(Semaphore::new(1));
    let limited = ConcurrencyLimit::with_semaphore(up().service(), Arc::clone(&places));
    let mut service = throttle.layer().layer(limited);
    for _ in 0..100 {
        ready(&mut service).await;
        let held = places.available_permits() == 0;
        assert_eq!(is_refusal(service.call(request()).await), !held);
        assert_eq!(places.available_permits(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_readied_to_refuse_passes_when_asked_again_once_nothing_is_refused() {
    let throttle = throttling(1.0);
    let mut service = throttle.layer().layer(up().service());
    ready(&mut service).await;
    throttle.reconfigure(Config::new().with_max_refused_share(0.0)).unwrap();
    assert_eq!(ask(&mut service).await.unwrap(), "up");
    throttle.reconfigure(Config::new().with_max_refused_share(1.0)).unwrap();
    ready(&mut service).await;
    throttle.reconfigure(Config::new().with_max_refused_share(0.0)).unwrap();
    // Not asked again: the inner service was not made ready, so there is nothing to call.
    assert!(is_refusal(service.call(request()).await));
}

#[tokio::test(start_paused = true)]
async fn one_that_watches_draws_with_the_call() {
    let throttle = throttling(1.0);
    throttle.reconfigure(Config::new().with_mode(Mode::Shadow)).unwrap();
    let before = throttle.snapshot().totals.refused;
    let mut service = throttle.layer().layer(up().service());
    for _ in 0..100 {
        ready(&mut service).await;
    }
    assert_eq!(throttle.snapshot().totals.refused, before);
    for _ in 0..100 {
        assert_eq!(ask(&mut service).await.unwrap(), "up");
    }
    let would = throttle.snapshot().totals.refused - before;
    assert!((60..95).contains(&would), "{would}");
}

#[tokio::test(start_paused = true)]
async fn an_inner_service_that_cannot_become_ready_is_no_request() {
    let throttle = Throttle::new("gate", Config::new()).unwrap();
    let mut service = throttle.layer().layer(crate::contracts::Unwilling);
    for _ in 0..100 {
        assert!(ask(&mut service).await.is_err());
    }
    assert_eq!(throttle.snapshot().counts.requests, 0);
}

#[tokio::test(start_paused = true)]
async fn every_service_of_every_layer_of_every_clone_shares_the_throttle() {
    buttress::random::seed(7);
    let throttle = Throttle::new("gate", Config::new()).unwrap();
    let backend = Script::<&str, _>::new([Step::err(Down::Broken("down"))]);
    for _ in 0..40 {
        let mut service = throttle.clone().layer().layer(backend.service());
        ask(&mut service.clone()).await.unwrap_err();
        ask(&mut service).await.unwrap_err();
    }
    assert_eq!(throttle.snapshot().counts.requests, 80);
    assert_eq!(throttle.snapshot().counts.failed, backend.counts().calls);
    assert!(throttle.snapshot().counts.refused > 20);
}
