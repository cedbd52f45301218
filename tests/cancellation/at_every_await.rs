//! The plain door: breaker, timeout, pipeline, deadline.

use std::future::pending;

use buttress::{
    Error, Pipeline,
    circuit_breaker::State,
    testing::{Script, Step, drop_at_every_await},
    time::Deadline,
    timeout::Timeout,
};
use tokio::time::sleep;

use crate::circuit::{SECOND, STEP, assert_unharmed, breaker, half_open, slow};

fn timeout() -> Timeout {
    Timeout::new("t", SECOND).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_call_of_a_closed_breaker() {
    let (breaker, backend) = (breaker(), slow());
    let drops = drop_at_every_await(
        STEP,
        || breaker.call(|| backend.call()),
        |_| assert_unharmed(&breaker, &backend),
    )
    .await;
    assert!(drops >= 4);
    assert_eq!(backend.counts().finished, 1);
}

#[tokio::test(start_paused = true)]
async fn a_probe() {
    let (breaker, backend) = (breaker(), slow());
    let drops = drop_at_every_await(
        STEP,
        || {
            half_open(&breaker);
            breaker.call(|| backend.call())
        },
        |_| {
            assert_eq!(breaker.state(), State::HalfOpen);
            assert_unharmed(&breaker, &backend);
        },
    )
    .await;
    assert!(drops >= 4);
}

#[tokio::test(start_paused = true)]
async fn a_run_of_several_awaits() {
    let (breaker, backend) = (breaker(), slow());
    let drops = drop_at_every_await(
        STEP,
        || {
            half_open(&breaker);
            breaker.run(async || {
                for _ in 0..3 {
                    backend.call().await.map_err(Error::Inner)?;
                    tokio::task::yield_now().await;
                }
                Ok::<_, Error<&str>>(())
            })
        },
        |_| assert_unharmed(&breaker, &backend),
    )
    .await;
    assert!(drops >= 12);
}

#[tokio::test(start_paused = true)]
async fn a_refused_call() {
    let (breaker, backend) = (breaker(), slow());
    let drops = drop_at_every_await(
        STEP,
        || {
            breaker.open_for(SECOND);
            breaker.call(|| backend.call())
        },
        |_| {
            assert_eq!(breaker.state(), State::Open);
            half_open(&breaker);
            assert_unharmed(&breaker, &backend);
        },
    )
    .await;
    assert_eq!(drops, 1);
    assert_eq!(backend.counts().calls, 0);
}

#[tokio::test(start_paused = true)]
async fn a_timed_call() {
    let (timeout, backend) = (timeout(), slow());
    let drops = drop_at_every_await(
        STEP,
        || timeout.call(|| backend.call()),
        |_| assert_eq!(backend.counts().in_flight, 0),
    )
    .await;
    assert!(drops >= 4);
    assert_eq!(timeout.snapshot().totals, Default::default());
}

#[tokio::test(start_paused = true)]
async fn a_timed_call_that_ends_by_its_limit() {
    let timeout = Timeout::new("t", 3 * STEP).unwrap();
    let backend = Script::<(), &str>::new([Step::hang()]);
    let drops = drop_at_every_await(
        STEP,
        || timeout.call(|| backend.call()),
        |_| assert_eq!(backend.counts().in_flight, 0),
    )
    .await;
    assert!(drops >= 4);
    assert_eq!(timeout.snapshot().totals.timed_out, 1, "only the one that was let end");
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_with_a_timeout_around_a_breaker() {
    let (breaker, backend) = (breaker(), slow());
    let pipeline = Pipeline::new().with(timeout()).with(breaker.clone());
    let drops = drop_at_every_await(
        STEP,
        || {
            half_open(&breaker);
            pipeline.call(|| backend.call())
        },
        |_| assert_unharmed(&breaker, &backend),
    )
    .await;
    assert!(drops >= 4);
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_with_a_breaker_around_a_timeout_around_another() {
    let (outer, inner, backend) = (breaker(), breaker(), slow());
    let pipeline = Pipeline::new().with(outer.clone()).with(timeout()).with(inner.clone());
    let drops = drop_at_every_await(
        STEP,
        || {
            half_open(&outer);
            half_open(&inner);
            pipeline.call(async || {
                backend.call().await?;
                backend.call().await
            })
        },
        |_| {
            assert_unharmed(&outer, &backend);
            assert_unharmed(&inner, &backend);
        },
    )
    .await;
    assert!(drops >= 6);
}

#[tokio::test(start_paused = true)]
async fn a_call_under_a_deadline() {
    let (breaker, timeout, backend) = (breaker(), timeout(), slow());
    let drops = drop_at_every_await(
        STEP,
        || {
            half_open(&breaker);
            let call = breaker.run(|| timeout.call(|| backend.call()));
            Deadline::within(SECOND).scope(call)
        },
        |_| {
            assert_unharmed(&breaker, &backend);
            assert_eq!(Deadline::current(), None);
        },
    )
    .await;
    assert!(drops >= 4);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_probes_and_not_one_place_lost() {
    let (breaker, backend) = (breaker(), slow());
    breaker.open_for(SECOND);
    sleep(SECOND).await;
    for round in 0..10_000 {
        let mut call = Box::pin(breaker.call(|| backend.call()));
        if round % 2 == 0 {
            let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx)));
            assert!(polled.await.is_pending(), "let through");
        }
    }
    assert_eq!((breaker.state(), backend.counts().calls), (State::HalfOpen, 10_000));
    assert_unharmed(&breaker, &backend);
}

#[tokio::test(start_paused = true)]
async fn a_future_that_ended_can_be_dropped_and_polled_again_in_peace() {
    let breaker = breaker();
    half_open(&breaker);
    let mut call = Box::pin(breaker.call(async || Ok::<_, &str>("up")));
    assert_eq!(call.as_mut().await, Ok("up"));
    assert_eq!(breaker.snapshot().counts.calls, 1);
    assert!(tokio::time::timeout(SECOND, call.as_mut()).await.is_err(), "it has no other answer");
    drop(call);
    assert_eq!(breaker.snapshot().counts.calls, 1, "settled once");

    let timeout = timeout();
    let mut call = Box::pin(timeout.call(pending::<Result<(), ()>>));
    assert!(call.as_mut().await.is_err());
    assert!(tokio::time::timeout(9 * SECOND, call.as_mut()).await.is_err());
    drop(call);
    assert_eq!(timeout.snapshot().totals.timed_out, 1);
}
