//! A bulkhead is asked before the service behind it, and by the call: *gate first*.

use std::{sync::Arc, time::Duration};

use buttress::{
    Fault, Refusal,
    bulkhead::{Bulkhead, Config},
    testing::{Script, Step},
    time::Deadline,
};
use futures::FutureExt;
use tokio::sync::Semaphore;
use tower::{Layer, Service, ServiceExt, limit::ConcurrencyLimit};

use crate::terms::{Down, ask, poll_ready, ready, request, up};

const SECOND: Duration = Duration::from_secs(1);

fn bulkhead(config: Config) -> Bulkhead {
    Bulkhead::new("gate", config.with_limit(1)).unwrap()
}

fn is_full(error: &Down) -> bool {
    matches!(error.refusal(), Some(Refusal::Full { limit: 1, .. }))
}

#[tokio::test(start_paused = true)]
async fn a_full_bulkhead_refuses_without_asking_the_inner_service() {
    let bulkhead = bulkhead(Config::new());
    let _taken = bulkhead.try_acquire().unwrap();
    let inner = up().service().never_ready();
    let seen = inner.watch();
    let mut service = bulkhead.layer().layer(inner);
    for _ in 0..3 {
        assert!(is_full(&ask(&mut service).await.unwrap_err()));
    }
    assert_eq!((seen().ready_polls, seen().calls), (0, 0));
    assert_eq!(bulkhead.snapshot().totals.full, 3);
}

#[tokio::test(start_paused = true)]
async fn a_closed_bulkhead_refuses_without_asking_the_inner_service() {
    let bulkhead = bulkhead(Config::new().with_queue(10, SECOND));
    assert_eq!(bulkhead.close(Deadline::within(SECOND)).await, 0);
    let inner = up().service().never_ready();
    let seen = inner.watch();
    let mut service = bulkhead.layer().layer(inner);
    let error = ask(&mut service).await.unwrap_err();
    assert!(matches!(error.refusal(), Some(Refusal::ShuttingDown { .. })));
    assert_eq!(seen().ready_polls, 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_made_ready_while_full_is_refused_even_if_there_is_a_place_by_then() {
    let bulkhead = bulkhead(Config::new());
    let taken = bulkhead.try_acquire().unwrap();
    let inner = up().service();
    let seen = inner.watch();
    let mut service = bulkhead.layer().layer(inner);
    ready(&mut service).await;
    drop(taken);
    assert!(is_full(&service.call(request()).await.unwrap_err()));
    assert_eq!((seen().ready_polls, seen().calls), (0, 0));
    assert_eq!(ask(&mut service).await.unwrap(), "up");
}

#[tokio::test(start_paused = true)]
async fn what_was_made_ready_and_then_refused_is_kept_for_the_next_call() {
    let bulkhead = bulkhead(Config::new());
    let places = Arc::new(Semaphore::new(1));
    let inner = up().service();
    let seen = inner.watch();
    let limited = ConcurrencyLimit::with_semaphore(inner, Arc::clone(&places));
    let mut service = bulkhead.layer().layer(limited);
    ready(&mut service).await;
    let taken = bulkhead.try_acquire().unwrap();
    assert!(is_full(&service.call(request()).await.unwrap_err()));
    assert_eq!((seen().calls, seen().reserved, places.available_permits()), (0, 1, 0));
    drop(taken);
    assert_eq!(ask(&mut service).await.unwrap(), "up");
    assert_eq!((seen().calls, seen().reserved, places.available_permits()), (1, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn readiness_takes_no_place_cx_13() {
    let bulkhead = bulkhead(Config::new());
    let mut idle: Vec<_> = (0..10).map(|_| bulkhead.layer().layer(up().service())).collect();
    for service in &mut idle {
        ready(service).await;
    }
    assert_eq!(bulkhead.snapshot().in_flight, 0);
    assert_eq!(bulkhead.layer().layer(up().service()).oneshot(request()).await.unwrap(), "up");
    for service in &mut idle {
        assert_eq!(service.call(request()).await.unwrap(), "up");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_has_to_wait_does_so_in_its_future_and_on_a_service_of_its_own() {
    let bulkhead = bulkhead(Config::new().with_queue(10, 60 * SECOND));
    let taken = bulkhead.try_acquire().unwrap();
    let inner = up().service().ready_after(2);
    let seen = inner.watch();
    let mut service = bulkhead.layer().layer(inner);
    ready(&mut service).await;
    let mut first = Box::pin(service.call(request()));
    assert!(first.as_mut().now_or_never().is_none());
    assert_eq!((seen().reserved, seen().clones), (1, 1), "what was ready is so still");
    assert!(poll_ready(&mut service).is_ready());
    let second = service.call(request());
    assert_eq!(bulkhead.snapshot().queued, 2);
    drop(taken);
    assert_eq!(first.await.unwrap(), "up");
    assert_eq!(second.await.unwrap(), "up");
    assert_eq!((seen().calls, seen().finished), (2, 2));
    drop(service);
    assert_eq!(seen().reserved, 0);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_to_become_ready_after_the_wait_gives_the_place_back() {
    let bulkhead = bulkhead(Config::new().with_queue(10, 60 * SECOND));
    let taken = bulkhead.try_acquire().unwrap();
    let mut service = bulkhead.layer().layer(crate::contracts::Unwilling);
    // Called although it was never ready: all that is asked here is what becomes of the place.
    let call = service.call(request());
    drop(taken);
    assert_eq!(call.await.unwrap_err(), Down::Broken("unwilling"));
    assert_eq!(bulkhead.snapshot().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn every_service_of_every_layer_of_every_clone_shares_the_places() {
    let bulkhead = bulkhead(Config::new());
    let backend = Script::<&str, Down>::new([Step::ok("up").after(SECOND)]);
    let in_flight =
        tokio::spawn(bulkhead.clone().layer().layer(backend.service()).oneshot(request()));
    tokio::task::yield_now().await;
    for _ in 0..3 {
        let service = bulkhead.clone().layer().layer(backend.service());
        assert!(is_full(&service.clone().oneshot(request()).await.unwrap_err()));
    }
    assert_eq!(in_flight.await.unwrap().unwrap(), "up");
    assert_eq!(backend.counts().calls, 1);
}
