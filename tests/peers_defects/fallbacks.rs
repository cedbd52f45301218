//! Fallbacks that cost where none is needed, or wait behind each other.

use std::{
    cell::Cell,
    convert::Infallible,
    future::{poll_fn, ready},
    rc::Rc,
    task::Poll,
};

use buttress::{
    Error,
    fallback::{Config, Failover, FailoverConfig, Fallback, LastGood},
    outcome::Outcome,
    testing::{Script, Step},
};
use tower::{Layer, Service, service_fn};

use crate::allocator::allocations;

type Answer = Result<u64, Error<Infallible>>;

fn fallback() -> Fallback {
    Fallback::new("cost", Config::new()).unwrap()
}

/// How many allocations a thousand of these make, after a few to warm up.
async fn allocations_of<F: Future>(mut call: impl FnMut() -> F) -> u64 {
    for _ in 0..10 {
        call().await;
    }
    let before = allocations();
    for _ in 0..1000 {
        call().await;
    }
    allocations() - before
}

/// tower-resilience boxes the future of every call.
#[tokio::test(start_paused = true)]
async fn a_call_that_succeeds_allocates_nothing_and_one_that_falls_back_to_a_value_neither() {
    let (good, seldom) = (|| ready(Ok::<_, Infallible>(1_u64)), std::time::Duration::from_secs(60));
    let value = fallback().to_value(7_u64);
    assert_eq!(allocations_of(|| value.call(good)).await, 0);
    let operation = fallback().to_operation(|failed: Answer| ready(failed));
    assert_eq!(allocations_of(|| operation.call(good)).await, 0);
    let given = fallback();
    assert_eq!(allocations_of(|| given.call_or(good, ready)).await, 0);
    let last = fallback().to_last_good(&LastGood::new(seldom).unwrap().every(seldom));
    assert_eq!(allocations_of(|| last.call(good)).await, 0);
    let failover = Failover::new("cost", FailoverConfig::new(), [("a", 1), ("b", 2)]).unwrap();
    assert_eq!(allocations_of(|| failover.call(|_| good())).await, 0);

    let mut service = value.layer().layer(service_fn(|()| ready(Answer::Ok(1))));
    assert_eq!(allocations_of(|| service.call(())).await, 0);
    let backup = fallback().to_service(service_fn(|()| ready(Answer::Ok(2))));
    let mut service = backup.layer().layer(service_fn(|()| ready(Answer::Ok(1))));
    assert_eq!(allocations_of(|| service.call(())).await, 0);

    // Without a recorder or a subscriber, falling back tells nobody.
    let always = fallback().classify(|_: &Answer| Outcome::Failure).to_value(7_u64);
    let made = allocations_of(|| always.call(good)).await;
    assert!(made <= 1000, "{made}: a metric's labels at most");
}

/// tower-resilience copies every request before it is sent, even for a constant value.
#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_copied_may_fall_back_to_a_value() {
    struct Once(Rc<Cell<u32>>);
    let sent = Rc::new(Cell::new(0));
    let mut service = fallback().to_value(7_u64).layer().layer(service_fn(|request: Once| {
        request.0.set(request.0.get() + 1);
        ready(Err::<u64, Error<&str>>(Error::Inner("down")))
    }));
    assert_eq!(service.call(Once(Rc::clone(&sent))).await, Ok(7));
    assert_eq!(sent.get(), 1);
}

/// tower-resilience holds an async lock while its backup becomes ready, so that one slow readiness
/// holds all other fallbacks up. Ours waits with a clone of its own for each call.
#[tokio::test(start_paused = true)]
async fn a_backup_that_is_not_ready_for_one_call_is_not_in_the_way_of_another() {
    let down = Script::new([Step::<u64, _>::err(Error::Inner("down"))]);
    let backup = Script::new([Step::ok(9)]).service().ready_after(3);
    let seen = backup.watch();
    let mut service = fallback().to_service(backup).layer().layer(down.service());
    let mut calls = Vec::new();
    for _ in 0..2 {
        assert!(poll_fn(|cx| Service::<()>::poll_ready(&mut service, cx)).await.is_ok());
        calls.push(Box::pin(service.call(())));
    }
    let mut stuck = calls.remove(0);
    assert!(poll_fn(|cx| Poll::Ready(stuck.as_mut().poll(cx).is_pending())).await);
    assert_eq!(seen().ready_polls, 1, "it has begun to wait");
    assert_eq!(calls.remove(0).await, Ok(9));
    assert_eq!((seen().calls, seen().clones), (1, 2));
    assert_eq!(stuck.await, Ok(9));
}
