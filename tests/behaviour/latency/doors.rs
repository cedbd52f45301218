//! What is recorded, through every door (case 127).

use std::{
    future::{Future, pending, ready},
    panic::{AssertUnwindSafe, resume_unwind},
    pin::Pin,
    time::Duration,
};

use buttress::{
    Error, Lift, Pipeline, Refusal,
    latency::{Config, Ending, Latency},
    timeout::Timeout,
};
use futures::FutureExt;
use tokio::time::{advance, sleep};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::{MILLISECOND, SECOND, monitor, seen};

type Answer = Result<&'static str, Error<&'static str>>;
type Call<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;

/// The doors to one operation.
#[derive(Clone, Copy, Debug)]
enum Door {
    Wrap,
    WrapByName,
    Layer,
    Link,
}

const DOORS: [Door; 4] = [Door::Wrap, Door::WrapByName, Door::Layer, Door::Link];

impl Door {
    /// Does this through the door, as the operation `op`.
    fn call<F>(self, latency: &Latency, deed: impl Fn() -> F + Send + Sync + 'static) -> Call<'_>
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        match self {
            Self::Wrap => {
                let operation = latency.operation("op");
                let future = deed();
                Box::pin(async move { operation.wrap(future).await })
            }
            Self::WrapByName => Box::pin(latency.wrap("op", deed())),
            Self::Layer => {
                let mut service = latency.layer("op").layer(service_fn(move |()| deed()));
                Box::pin(async move { service.ready().await?.call(()).await })
            }
            Self::Link => {
                let pipeline = Pipeline::new().with(latency.operation("op"));
                Box::pin(async move { pipeline.run(deed).await })
            }
        }
    }
}

async fn takes(millis: u32, answer: Answer) -> Answer {
    sleep(millis * MILLISECOND).await;
    answer
}

/// How many of each: ok, err, cancelled, panicked.
fn ends(latency: &Latency) -> [u64; 4] {
    let seen = seen(latency, "op");
    assert_eq!(seen.count, seen.ok + seen.err + seen.cancelled + seen.panicked);
    assert_eq!(seen.total, seen.count);
    [seen.ok, seen.err, seen.cancelled, seen.panicked]
}

#[tokio::test(start_paused = true)]
async fn a_success_and_an_error_pass_through_and_are_recorded_with_what_they_took() {
    for door in DOORS {
        let latency = monitor(Config::new());
        assert_eq!(door.call(&latency, || takes(30, Ok("up"))).await, Ok("up"), "{door:?}");
        assert_eq!(ends(&latency), [1, 0, 0, 0], "{door:?}");
        assert_eq!(seen(&latency, "op").max, Some(30 * MILLISECOND), "{door:?}");
        let down = door.call(&latency, || takes(70, Err(Error::Inner("down")))).await;
        assert_eq!(down, Err(Error::Inner("down")), "{door:?}");
        assert_eq!(ends(&latency), [1, 1, 0, 0], "{door:?}");
        let seen = seen(&latency, "op");
        assert_eq!((seen.max, seen.mean), (Some(70 * MILLISECOND), Some(50 * MILLISECOND)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_recorded_and_goes_on() {
    for door in DOORS {
        let latency = monitor(Config::new());
        let call = door.call(&latency, || async {
            sleep(20 * MILLISECOND).await;
            resume_unwind(Box::new("as planned"))
        });
        assert!(AssertUnwindSafe(call).catch_unwind().await.is_err(), "{door:?}");
        assert_eq!(ends(&latency), [0, 0, 0, 1], "{door:?}");
        assert_eq!(seen(&latency, "op").max, Some(20 * MILLISECOND), "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_panics_before_there_is_a_future_is_recorded() {
    let blow_up = || -> std::future::Ready<Answer> { resume_unwind(Box::new("as planned")) };
    let latency = monitor(Config::new());
    let mut service = latency.layer("op").layer(service_fn(move |()| blow_up()));
    let call = std::panic::catch_unwind(AssertUnwindSafe(|| drop(service.call(()))));
    assert!(call.is_err());
    assert_eq!(ends(&latency), [0, 0, 0, 1]);
    let pipeline = Pipeline::new().with(latency.operation("op"));
    assert!(AssertUnwindSafe(pipeline.run(blow_up)).catch_unwind().await.is_err());
    assert_eq!(ends(&latency), [0, 0, 0, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_drop_is_recorded_as_cancelled_with_what_it_had_taken() {
    for door in DOORS {
        let latency = monitor(Config::new());
        let call = door.call(&latency, pending);
        assert!(tokio::time::timeout(3 * SECOND, call).await.is_err(), "{door:?}");
        assert_eq!(ends(&latency), [0, 0, 1, 0], "{door:?}");
        assert_eq!(seen(&latency, "op").max, Some(3 * SECOND), "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_future_dropped_unpolled_was_given_up_too() {
    let latency = monitor(Config::new());
    let operation = latency.operation("op");
    let wrapped = operation.wrap(takes(1, Ok("up")));
    advance(SECOND).await;
    drop(wrapped);
    let mut service = operation.layer().layer(service_fn(|()| takes(1, Ok("up"))));
    drop(service.ready().await.unwrap().call(()));
    assert_eq!(ends(&latency), [0, 0, 2, 0]);
    assert_eq!(seen(&latency, "op").max, Some(SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_drop_by_our_own_timeout_is_an_error_and_a_drop_by_anything_else_is_not() {
    for door in DOORS {
        let latency = monitor(Config::new());
        let timeout = Timeout::new("limit", SECOND).unwrap();
        let answer = timeout.run(|| door.call(&latency, pending)).await;
        assert!(matches!(answer, Err(Error::Refused(Refusal::TimedOut { .. }))), "{door:?}");
        assert_eq!(ends(&latency), [0, 1, 0, 0], "{door:?}");
        assert_eq!(seen(&latency, "op").max, Some(SECOND), "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_next_door_cancels() {
    let latency = monitor(Config::new());
    let operation = latency.operation("op");
    let both = async {
        tokio::join!(operation.wrap(pending::<Answer>()), async {
            resume_unwind(Box::new("as planned"))
        })
    };
    assert!(AssertUnwindSafe(both).catch_unwind().await.is_err());
    assert_eq!(ends(&latency), [0, 0, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn time_begins_with_the_call_and_not_with_the_first_poll() {
    let latency = monitor(Config::new());
    let wrapped = latency.wrap("op", takes(5, Ok("up")));
    advance(10 * MILLISECOND).await;
    assert_eq!(wrapped.await, Ok("up"));
    assert_eq!(seen(&latency, "op").max, Some(15 * MILLISECOND));
}

#[tokio::test(start_paused = true)]
async fn waiting_for_readiness_is_not_measured() {
    let latency = monitor(Config::new());
    let mut service = latency
        .layer("op")
        .layer(tower::limit::ConcurrencyLimit::new(service_fn(|()| takes(10, Ok("up"))), 1));
    let first = service.ready().await.unwrap().call(());
    let mut other = service.clone();
    let second = async { other.ready().await.unwrap().call(()).await };
    assert_eq!(tokio::join!(first, second), (Ok("up"), Ok("up")));
    let seen = seen(&latency, "op");
    assert_eq!((seen.ok, seen.max), (2, Some(10 * MILLISECOND)));
}

#[tokio::test(start_paused = true)]
async fn a_service_needs_no_room_for_a_refusal() {
    let latency = monitor(Config::new());
    let mut bare = latency.layer("op").layer(service_fn(|()| ready(Err::<(), _>("down"))));
    assert_eq!(bare.ready().await.unwrap().call(()).await, Err("down"));
    let mut lifted = Lift::layer().layer(bare);
    assert_eq!(lifted.ready().await.unwrap().call(()).await, Err(Error::Inner("down")));
    assert_eq!(ends(&latency), [0, 2, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn polled_again_after_its_answer_it_has_no_other_and_records_no_more() {
    let latency = monitor(Config::new());
    let mut wrapped = Box::pin(latency.wrap("op", ready::<Answer>(Ok("up"))));
    assert_eq!(wrapped.as_mut().await, Ok("up"));
    assert!(wrapped.as_mut().now_or_never().is_none());
    assert_eq!(format!("{wrapped:?}"), "Measured(done)");
    drop(wrapped);
    assert_eq!(ends(&latency), [1, 0, 0, 0]);
}

#[test]
fn what_something_else_has_timed_is_recorded_as_it_says() {
    let latency = monitor(Config::new());
    for (ending, times) in
        [(Ending::Ok, 4), (Ending::Err, 3), (Ending::Cancelled, 2), (Ending::Panicked, 1)]
    {
        for _ in 0..times {
            latency.record("op", Duration::from_micros(45_200), ending);
        }
    }
    assert_eq!(ends(&latency), [4, 3, 2, 1]);
    let snapshot = latency.snapshot();
    assert_eq!(snapshot.operation("op").unwrap().count_of(Ending::Cancelled), 2);
}
