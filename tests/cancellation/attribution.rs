//! Who ended it: our own timeout is the backend's failure, anybody else is nobody's.

use std::future::pending;

use buttress::{
    Error, Fault, Pipeline,
    circuit_breaker::{CircuitBreaker, Config, State},
    time::Deadline,
    timeout::Timeout,
};
use tokio::time::sleep;
use tower::{ServiceBuilder, ServiceExt, service_fn};

use crate::circuit::SECOND;

fn breaker() -> CircuitBreaker {
    CircuitBreaker::new("b", Config::off().with_consecutive_failures(100)).unwrap()
}

fn timeout(seconds: u32) -> Timeout {
    Timeout::new("t", seconds * SECOND).unwrap()
}

fn failures(breaker: &CircuitBreaker) -> u32 {
    breaker.snapshot().counts.consecutive_failures
}

async fn hang() -> Result<(), &'static str> {
    pending().await
}

#[tokio::test(start_paused = true)]
async fn a_timeout_outside_is_a_failure_of_the_breaker_inside() {
    let (breaker, timeout) = (breaker(), timeout(1));
    assert!(timeout.run(|| breaker.call(hang)).await.is_err());
    assert_eq!(failures(&breaker), 1);

    let pipeline = Pipeline::new().with(timeout.clone()).with(breaker.clone());
    assert!(pipeline.call(hang).await.is_err());
    assert_eq!(failures(&breaker), 2);

    let service = ServiceBuilder::new()
        .layer(timeout.layer())
        .layer(breaker.layer())
        .layer(buttress::Lift::layer())
        .service(service_fn(|()| hang()));
    assert!(service.oneshot(()).await.is_err());
    assert_eq!(failures(&breaker), 3);
}

#[tokio::test(start_paused = true)]
async fn so_is_a_deadline_that_strikes_midway() {
    let (breaker, timeout) = (breaker(), timeout(60));
    let call = timeout.run(|| breaker.call(hang));
    assert!(Deadline::within(SECOND).scope(call).await.is_err());
    assert_eq!(failures(&breaker), 1);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_inside_is_one_failure_of_every_breaker_around_it() {
    let (outer, inner) = (breaker(), breaker());
    let pipeline = Pipeline::new().with(outer.clone()).with(inner.clone()).with(timeout(1));
    assert!(pipeline.call(hang).await.is_err());
    assert_eq!((failures(&outer), failures(&inner)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn of_nested_timeouts_the_one_that_strikes_is_heard_and_each_breaker_counts_once() {
    for (outer_limit, inner_limit) in [(1, 9), (9, 1)] {
        let (outer, inner) = (timeout(outer_limit), timeout(inner_limit));
        let (between, innermost) = (breaker(), breaker());
        let pipeline = Pipeline::new()
            .with(outer.clone())
            .with(between.clone())
            .with(inner.clone())
            .with(innermost.clone());
        let error: Error<_> = pipeline.call(hang).await.unwrap_err();
        assert_eq!(error.refusal().unwrap().kind(), "timed_out");
        assert_eq!((failures(&between), failures(&innermost)), (1, 1));
        let struck = |timeout: &Timeout| timeout.snapshot().totals.timed_out;
        assert_eq!(struck(&outer), u64::from(outer_limit < inner_limit));
        assert_eq!(struck(&inner), u64::from(inner_limit < outer_limit));
    }
}

#[tokio::test(start_paused = true)]
async fn a_foreign_timeout_counts_as_nothing() {
    let breaker = breaker();
    assert!(tokio::time::timeout(SECOND, breaker.call(hang)).await.is_err());
    // Even where one of ours is around, as long as it is not the one that strikes.
    let ours = timeout(60);
    let call = ours.run(|| breaker.call(hang));
    assert!(tokio::time::timeout(SECOND, call).await.is_err());
    // And inside ours: it answers with an error of its own, which is for the classifier to judge.
    assert_eq!(failures(&breaker), 0);
}

#[tokio::test(start_paused = true)]
async fn an_abort_and_a_lost_race_count_as_nothing() {
    let breaker = breaker();
    let handle = breaker.clone();
    let task = tokio::spawn(async move { handle.call(hang).await });
    sleep(SECOND).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    tokio::select! {
        biased;
        _ = breaker.call(hang) => unreachable!(),
        () = sleep(SECOND) => {}
    }
    assert_eq!(failures(&breaker), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_cut_off_is_a_failure_and_not_what_runs_on_elsewhere() {
    // Inside the timeout, a task of its own: the timeout ends the waiting for it, not the task.
    let (breaker, timeout) = (breaker(), timeout(1));
    let handle = breaker.clone();
    let work = tokio::spawn(async move {
        handle
            .call(async || {
                sleep(10 * SECOND).await;
                Ok::<_, ()>("done")
            })
            .await
    });
    let abort = work.abort_handle();
    let waited = timeout.call(|| work).await;
    assert!(matches!(waited, Err(Error::Refused(_))));
    assert_eq!(failures(&breaker), 0);
    assert!(!abort.is_finished(), "it runs on");
    sleep(10 * SECOND).await;
    assert!(abort.is_finished());
    assert_eq!(failures(&breaker), 0, "and succeeds");
}

#[tokio::test(start_paused = true)]
async fn a_slow_abandoned_call_is_slow_where_that_matters() {
    let config = Config::off().with_slow_calls(SECOND, 0.5).with_min_calls(4);
    let breaker = CircuitBreaker::new("b", config).unwrap();
    for _ in 0..4 {
        let call = breaker.call(hang);
        assert!(tokio::time::timeout(SECOND / 2, call).await.is_err());
    }
    assert_eq!(breaker.snapshot().counts.calls, 0, "given up before they were slow");
    for _ in 0..4 {
        let call = breaker.call(hang);
        assert!(tokio::time::timeout(2 * SECOND, call).await.is_err());
    }
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_was_cut_off_has_failed_and_one_given_up_has_not() {
    let config = Config::off().with_consecutive_failures(1).with_probes(1);
    let breaker = CircuitBreaker::new("b", config).unwrap();
    breaker.open_for(SECOND / 1000);
    sleep(SECOND).await;
    assert!(tokio::time::timeout(SECOND, breaker.call(hang)).await.is_err());
    assert_eq!(breaker.state(), State::HalfOpen);
    let timeout = timeout(1);
    assert!(timeout.run(|| breaker.call(hang)).await.is_err());
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_probe_given_up_once_it_was_slow_is_no_evidence_of_health() {
    let config = Config::off().with_slow_calls(SECOND, 0.5).with_probes(1);
    let breaker = CircuitBreaker::new("b", config).unwrap();
    for (given_up_after, state) in [(SECOND, State::HalfOpen), (2 * SECOND, State::Open)] {
        breaker.reset();
        breaker.open_for(SECOND / 1000);
        sleep(SECOND).await;
        assert!(tokio::time::timeout(given_up_after, breaker.call(hang)).await.is_err());
        assert_eq!(breaker.state(), state, "given up after {given_up_after:?}");
    }
    assert_eq!(breaker.snapshot().reason.unwrap().as_str(), "probes_failed");
}

#[tokio::test(start_paused = true)]
async fn what_a_shadow_timeout_would_have_cut_off_is_no_failure() {
    let (breaker, shadow) = (breaker(), timeout(1));
    let config = buttress::timeout::Config::new(SECOND).with_mode(buttress::Mode::Shadow);
    shadow.reconfigure(config).unwrap();
    let call = shadow.run(|| breaker.call(hang));
    assert!(tokio::time::timeout(9 * SECOND, call).await.is_err());
    assert_eq!((failures(&breaker), shadow.snapshot().totals.timed_out), (0, 1));
}
