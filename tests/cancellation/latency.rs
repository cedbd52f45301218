//! Measured operations dropped at every await: each is one record, whatever ended it.

use buttress::{
    Error, Lift, Pipeline,
    latency::{Config, Latency},
    testing::drop_at_every_await,
    time::Deadline,
    timeout::Timeout,
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use crate::circuit::{SECOND, STEP, slow};

fn monitor() -> Latency {
    Latency::new("lost", Config::new().with_window(3600 * SECOND)).unwrap()
}

/// So many were given up, and one has ended well.
#[track_caller]
fn assert_recorded(latency: &Latency, cancelled: u64, ok: u64) {
    let seen = latency.operation("op").snapshot().summary();
    assert_eq!((seen.cancelled, seen.ok, seen.err, seen.panicked), (cancelled, ok, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_wrapped_future() {
    let (latency, backend) = (monitor(), slow());
    let mut dropped = 0;
    let drops = drop_at_every_await(
        STEP,
        || latency.wrap("op", backend.call()),
        |_| {
            assert_eq!(backend.counts().in_flight, 0);
            let seen = latency.operation("op").snapshot().count();
            dropped += 1;
            assert_eq!(seen, dropped, "one record for each");
        },
    )
    .await;
    assert!(drops >= 4);
    assert_recorded(&latency, u64::from(drops), 1);
}

#[tokio::test(start_paused = true)]
async fn a_link_of_a_pipeline_records_only_what_has_begun() {
    let (latency, backend) = (monitor(), slow());
    let pipeline =
        Pipeline::new().with(Timeout::new("t", 30 * SECOND).unwrap()).with(latency.operation("op"));
    let drops = drop_at_every_await(STEP, || pipeline.call(|| backend.call()), |_| {}).await;
    assert!(drops >= 4);
    // An operation of a pipeline begins with the first poll, and the first was not polled at all.
    assert_recorded(&latency, u64::from(drops) - 1, 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_of_a_service() {
    let (latency, backend) = (monitor(), slow());
    let inner = backend.service().ready_after(2);
    let seen = inner.watch();
    let service =
        ServiceBuilder::new().layer(latency.layer("op")).layer(Lift::layer()).service(inner);
    let drops = drop_at_every_await(
        STEP,
        || service.clone().oneshot(()),
        |polls| {
            assert_eq!((seen().reserved, seen().in_flight), (0, 0), "after {polls} polls");
            // What was still waiting for readiness was no call yet.
            assert_eq!(latency.operation("op").snapshot().count(), seen().calls);
        },
    )
    .await;
    assert!(drops >= 6);
    assert_recorded(&latency, seen().calls - 1, 1);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_strikes_is_no_cancellation() {
    let latency = monitor();
    let timeout = Timeout::new("t", 30 * SECOND).unwrap();
    let hang = || latency.wrap("op", std::future::pending::<Result<(), Error<()>>>());
    let answer = Deadline::within(SECOND).scope(async { timeout.run(hang).await }).await;
    assert!(answer.is_err());
    let seen = latency.operation("op").snapshot().summary();
    assert_eq!((seen.err, seen.cancelled, seen.max), (1, 0, Some(SECOND)));
}

#[tokio::test(start_paused = true)]
async fn calls_outlive_the_service_and_the_monitor_they_came_from() {
    let (latency, backend) = (monitor(), slow());
    let operation = latency.operation("op");
    let mut service = latency.layer("op").layer(backend.service());
    let call = ServiceExt::<()>::ready(&mut service).await.unwrap().call(());
    drop(service);
    drop(latency);
    assert_eq!(call.await, Ok("up"));
    assert_eq!(operation.snapshot().summary().ok, 1);
}

#[tokio::test(start_paused = true)]
async fn a_task_aborted_at_any_time_is_one_record() {
    let (latency, backend) = (monitor(), slow());
    let service = latency.layer("op").layer(backend.service());
    for delay in 0..6 {
        let task = tokio::spawn(service.clone().oneshot(()));
        tokio::time::sleep(delay * STEP).await;
        task.abort();
        let _ = task.await;
        let begun = backend.counts().calls;
        assert_eq!(latency.operation("op").snapshot().count(), begun, "after {delay} steps");
    }
    let seen = latency.operation("op").snapshot().summary();
    assert!(seen.cancelled >= 2 && seen.ok >= 2, "{seen:?}");
}
