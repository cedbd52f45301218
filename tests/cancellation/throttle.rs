//! Calls through a throttle dropped at every await: taken out of the count, whatever they had come to.

use std::{future::pending, panic::AssertUnwindSafe};

use buttress::{
    Error, Lift, Pipeline,
    testing::{Probe, drop_at_every_await},
    throttle::{Config, Throttle},
    timeout::Timeout,
};
use futures::FutureExt;
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::circuit::{SECOND, STEP, slow};

/// What is in flight for long counts, so what is lost would show.
fn throttle() -> Throttle {
    let config = Config::new().with_window(3600 * SECOND).with_unanswered_after(STEP / 10);
    Throttle::new("lost", config).unwrap()
}

/// One call was accepted; nothing else is in the count, and nothing is in flight.
async fn assert_unharmed(throttle: &Throttle) {
    // Past the bucket: what is in flight now shows.
    tokio::time::advance(600 * SECOND).await;
    let counts = throttle.snapshot().counts;
    assert_eq!((counts.accepted, counts.requests), (1, 1), "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call() {
    let (throttle, backend) = (throttle(), slow());
    let drops = drop_at_every_await(
        STEP,
        || throttle.call(|| backend.call()),
        |_| assert_eq!(backend.counts().in_flight, 0),
    )
    .await;
    assert!(drops >= 4);
    assert_unharmed(&throttle).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_of_a_service_from_readiness_to_its_end() {
    let (throttle, backend) = (throttle(), slow());
    let inner = backend.service().ready_after(2);
    let seen = inner.watch();
    let service = throttle.layer().layer(Lift::layer().layer(inner));
    let drops = drop_at_every_await(
        STEP,
        || service.clone().oneshot(()),
        |_| assert_eq!((seen().reserved, seen().in_flight), (0, 0)),
    )
    .await;
    assert!(drops >= 6);
    assert_unharmed(&throttle).await;
}

#[tokio::test(start_paused = true)]
async fn a_link_of_a_pipeline() {
    let (throttle, backend) = (throttle(), slow());
    let pipeline = Pipeline::new().with(throttle.clone());
    let drops = drop_at_every_await(STEP, || pipeline.call(|| backend.call()), |_| {}).await;
    assert!(drops >= 4);
    assert_unharmed(&throttle).await;
}

#[tokio::test(start_paused = true)]
async fn a_permit_held_over_awaits() {
    let (throttle, backend) = (throttle(), slow());
    let drops = drop_at_every_await(
        STEP,
        || {
            let (permit, backend) = (throttle.try_acquire_owned().unwrap(), backend.clone());
            async move {
                let reply = backend.call().await;
                permit.record(&reply);
            }
        },
        |_| {},
    )
    .await;
    assert!(drops >= 4);
    assert_unharmed(&throttle).await;
}

#[tokio::test(start_paused = true)]
async fn calls_and_services_that_were_never_polled() {
    let (throttle, backend) = (throttle(), slow());
    drop(throttle.call(|| backend.call()));
    let mut service = throttle.layer().layer(Lift::layer().layer(Probe::new(backend.service())));
    let ready: &mut _ = ServiceExt::<()>::ready(&mut service).await.unwrap();
    drop(ready.call(()));
    ServiceExt::<()>::ready(&mut service).await.unwrap();
    drop(service);
    throttle.try_acquire().unwrap().accepted();
    assert_unharmed(&throttle).await;
}

#[tokio::test(start_paused = true)]
async fn services_that_were_readied_to_refuse_count_nothing_when_they_are_dropped() {
    buttress::random::seed(7);
    let throttle = Throttle::new("lost", Config::new()).unwrap();
    for _ in 0..50 {
        if let Ok(permit) = throttle.try_acquire() {
            permit.rejected();
        }
    }
    let before = throttle.snapshot();
    let inner = service_fn(|()| pending::<Result<(), ()>>());
    for _ in 0..100 {
        let mut service = throttle.layer().layer(Lift::layer().layer(inner));
        ServiceExt::<()>::ready(&mut service).await.unwrap();
    }
    assert_eq!(throttle.snapshot(), before);
}

#[tokio::test(start_paused = true)]
async fn cut_off_by_a_timeout_it_was_not_accepted_at_whatever_await() {
    let (throttle, backend) = (throttle(), slow());
    for step in 0..3 {
        let timeout = Timeout::new("t", STEP * step + STEP / 2).unwrap();
        timeout.run(|| throttle.call(|| backend.call())).await.unwrap_err();
        let service = throttle.layer().layer(Lift::layer().layer(backend.service()));
        timeout.layer().layer(service).oneshot(()).await.unwrap_err();
    }
    assert_eq!(throttle.snapshot().counts.failed, 6);
    assert_eq!(throttle.snapshot().counts.requests, 6);
}

#[tokio::test(start_paused = true)]
async fn panics_settle_once_wherever_they_come() {
    async fn ends<F: Future>(future: F) {
        assert!(AssertUnwindSafe(future).catch_unwind().await.is_err());
    }
    let throttle = throttle();
    fn out<T>() -> T {
        std::panic::panic_any("out")
    }
    let failed = |count: u64| {
        let counts = throttle.snapshot().counts;
        assert_eq!((counts.failed, counts.requests), (count, count));
    };
    ends(async { throttle.call(|| -> std::future::Ready<Result<(), ()>> { out() }).await }).await;
    failed(1);
    ends(throttle.call(|| async { out::<Result<(), ()>>() })).await;
    failed(2);
    let service = throttle
        .layer()
        .layer(Lift::layer().layer(service_fn(|()| async { out::<Result<(), ()>>() })));
    ends(service.oneshot(())).await;
    failed(3);
    let looks_away = throttle.classify(|_: &Result<(), Error<()>>| std::panic::panic_any("eyes"));
    ends(looks_away.call(|| async { Ok::<(), ()>(()) })).await;
    assert_eq!(throttle.snapshot().counts.failed, 3, "nobody knows what it was");
    ends(async {
        let _permit = throttle.try_acquire().unwrap();
        out::<()>();
    })
    .await;
    failed(4);
    tokio::time::advance(600 * SECOND).await;
    failed(4);
}

#[tokio::test(start_paused = true)]
async fn an_owned_permit_outlives_every_handle_and_a_queue_that_nobody_reads() {
    let throttle = throttle();
    let (send, receive) = tokio::sync::mpsc::channel(8);
    for _ in 0..8 {
        send.send(throttle.try_acquire_owned().unwrap()).await.unwrap();
    }
    drop((send, receive));
    let permit = throttle.try_acquire_owned().unwrap();
    let watching = throttle.clone();
    drop(throttle);
    permit.accepted();
    assert_unharmed(&watching).await;
}
