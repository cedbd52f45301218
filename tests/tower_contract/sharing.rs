//! Layers whose readiness is deferred because a call may need no service: single flight, and batches.

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use buttress::{
    Error,
    batch::{self, BatchLayer},
    single_flight::{self, SingleFlight},
    testing::{Polls, Script, Step},
};
use futures::future::join_all;
use tokio::sync::Semaphore;
use tower::{Layer, Service, limit::ConcurrencyLimit};

type Down = Error<&'static str>;

const SECOND: Duration = Duration::from_secs(1);

fn flights() -> SingleFlight<u8, &'static str, Down> {
    SingleFlight::new("row", single_flight::Config::new()).unwrap()
}

fn batches() -> BatchLayer<u8, u8, Down> {
    BatchLayer::new("row", batch::Config::new()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn they_are_ready_whatever_is_inside_and_reserve_nothing() {
    let inner = Script::<_, Down>::new([Step::ok("up")]).service().never_ready();
    let seen = inner.watch();
    let mut service = flights().layer(|_: &u8| Some(0)).layer(inner);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut cx).is_ready());
    assert_eq!((seen().ready_polls, seen().reserved), (0, 0));
    let inner = Script::<_, Down>::new([Step::ok(vec![1])]).service().never_ready();
    let seen = inner.watch();
    let mut service = batches().layer(inner);
    assert!(Service::<u8>::poll_ready(&mut service, &mut cx).is_ready());
    assert_eq!((seen().ready_polls, seen().reserved), (0, 0));
}

/// A place of a limit inside comes back whatever ends the call, that of the last who waits.
#[tokio::test(start_paused = true)]
async fn a_place_of_a_limit_inside_comes_back_whatever_ends_the_call() {
    let places = Arc::new(Semaphore::new(1));
    let backend: Script<_, Down> =
        Script::new([Step::ok("up"), Step::err(Error::Inner("broken")), Step::hang()]);
    let limited = ConcurrencyLimit::with_semaphore(backend.service(), Arc::clone(&places));
    let mut service = flights().layer(|_: &u8| Some(0)).layer(limited);
    for good in [true, false] {
        let calls = [service.call(1), service.call(1), service.call(1)];
        assert!(join_all(calls).await.iter().all(|answer| answer.is_ok() == good));
        assert_eq!(places.available_permits(), 1);
    }
    let (first, second) = (service.call(1), service.call(1));
    let first = tokio::time::timeout(SECOND, first);
    let second = tokio::time::timeout(2 * SECOND, second);
    let first = tokio::spawn(first);
    let second = tokio::spawn(second);
    assert!(first.await.unwrap().is_err());
    assert_eq!(places.available_permits(), 0, "the other waits for it");
    assert!(second.await.unwrap().is_err());
    assert_eq!((places.available_permits(), backend.counts().in_flight), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn many_clones_that_share_work_all_wake_and_do_not_spin() {
    let backend: Script<_, Down> = Script::new([Step::ok("up").after(SECOND)]);
    let service = flights().layer(|_: &u8| Some(0)).layer(backend.service().ready_after(1));
    let polls = Polls::new();
    let calls = (0..64).map(|_| tokio::spawn(polls.of(service.clone().call(1))));
    for answer in join_all(calls.collect::<Vec<_>>()).await {
        assert_eq!(answer.unwrap(), Ok("up"));
    }
    assert_eq!(backend.counts().calls, 1);
    // When it comes, when the inner service is ready, when it has answered.
    polls.assert_at_most(64 * 3);
}

/// Every call of a batch is made by a service that was made ready for it, halves among them.
#[tokio::test(start_paused = true)]
async fn a_service_is_made_ready_for_each_call_with_a_batch() {
    let backend: Script<_, Down> =
        Script::new([Step::err(Error::Inner("bad")), Step::ok(vec![1]).after(SECOND)]);
    let inner = backend.service().ready_after(3);
    let seen = inner.watch();
    let mut service = batches().isolate(|_| true).layer(inner);
    let answers = join_all([1, 2].map(|request| service.call(request))).await;
    assert_eq!(answers, [Ok(1), Ok(1)]);
    assert_eq!((seen().calls, seen().ready_polls, seen().reserved), (3, 12, 0));
    let mut call = Box::pin(service.call(3));
    assert!(matches!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
    drop(call);
    assert_eq!((seen().reserved, seen().in_flight), (0, 0));
}
