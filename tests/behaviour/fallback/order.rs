//! Fallbacks and other guards, one around the other.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use buttress::{
    Error, Lift, Pipeline, Refusal,
    circuit_breaker::{self, CircuitBreaker},
    testing::{Script, Step},
    timeout::Timeout,
};
use tower::{Layer, ServiceBuilder, ServiceExt};

use super::{Answer, Down, SECOND, fallback};

fn timeout() -> Timeout {
    Timeout::new("t", SECOND).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_fallback_around_a_timeout_answers_to_11() {
    let (value, timeout) = (fallback().to_value(7), timeout());
    let slow = Script::<u32, Down>::new([Step::hang()]);
    assert_eq!(value.run(|| timeout.call(|| slow.call())).await, Ok(7));
    let pipeline = Pipeline::new().with(value.clone()).with(timeout.clone());
    assert_eq!(pipeline.call(|| slow.call()).await, Ok(7));
    let service = ServiceBuilder::new()
        .layer(value.layer())
        .layer(timeout.layer())
        .layer(Lift::layer())
        .service(slow.service());
    assert_eq!(service.oneshot(()).await, Ok(7));
    assert_eq!(value.snapshot().totals.timed_out, 3);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_around_a_slow_fallback_times_out_to_11() {
    let timeout = timeout();
    let slow = Script::new([Step::ok(7).after(2 * SECOND)]);
    let operation = {
        let slow = slow.clone();
        fallback().to_operation(move |_: Answer| slow.call())
    };
    let down = Script::new([Step::err(Down::Broken)]);
    let timed_out =
        |answer: Answer| matches!(answer, Err(Error::Refused(Refusal::TimedOut { .. })));
    assert!(timed_out(timeout.run(|| operation.call(|| down.call())).await));
    let pipeline = Pipeline::new().with(timeout.clone()).with(operation.clone());
    assert!(timed_out(pipeline.call(|| down.call()).await));
    let service =
        timeout.layer().layer(operation.layer().layer(Lift::layer().layer(down.service())));
    assert!(timed_out(service.oneshot(()).await));
    assert_eq!((slow.counts().calls, slow.counts().cancelled), (3, 3));
}

/// With a loop for the retry: it stops at a refusal that never began, as a retry does.
#[tokio::test(start_paused = true)]
async fn around_a_retry_around_an_open_breaker_the_body_does_not_run_and_the_fallback_once_fb_07() {
    let breaker = CircuitBreaker::new("b", circuit_breaker::Config::new()).unwrap();
    breaker.force_open();
    let body = Script::new([Step::<u32, Down>::ok(1)]);
    let fallbacks = Arc::new(AtomicU32::new(0));
    let function = {
        let fallbacks = Arc::clone(&fallbacks);
        fallback().to_fn(move |failed: Answer| {
            fallbacks.fetch_add(1, Ordering::Relaxed);
            assert!(matches!(failed, Err(Error::Refused(Refusal::CircuitOpen { .. }))));
            Ok(7)
        })
    };
    let mut attempts = 0;
    let retry = async || {
        loop {
            attempts += 1;
            match breaker.call(|| body.call()).await {
                Err(Error::Inner(_)) if attempts < 3 => {}
                other => return other,
            }
        }
    };
    assert_eq!(function.run(retry).await, Ok(7));
    assert_eq!((attempts, body.counts().calls, fallbacks.load(Ordering::Relaxed)), (1, 0, 1));
    assert_eq!(function.snapshot().totals.short_circuited, 1);
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_with_a_fallback_can_be_spawned() {
    let pipeline = Pipeline::new().with(fallback().to_value(7)).with(timeout());
    let call = async move {
        let borrowed = String::from("prompt");
        pipeline.call(|| async { Err::<u32, _>(borrowed.len()) }).await
    };
    assert_eq!(tokio::spawn(call).await.unwrap(), Ok(7));
}
