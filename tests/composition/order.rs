//! The first guard is the outermost: it is asked first, and what it refuses the others never see.

use std::sync::{Arc, Mutex};

use buttress::{
    Error, Fault, Lift, Pipeline, circuit_breaker::CircuitBreaker, policy::Policy, time::Deadline,
    timeout::DeadlineLayer,
};
use tokio::time::Instant;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

use crate::guards::{SECOND, breaker, down, failures, hang, timeout, up};

/// Who refused.
fn refused_by<T, E: Fault>(answer: Result<T, E>) -> String {
    match answer {
        Ok(_) => "nobody".into(),
        Err(error) => {
            error.refusal().map_or("the backend".into(), |refusal| refusal.name().to_string())
        }
    }
}

fn open(name: &'static str) -> CircuitBreaker {
    let breaker = breaker(name, 1);
    breaker.force_open();
    breaker
}

#[tokio::test(start_paused = true)]
async fn of_two_guards_that_would_refuse_the_first_does() {
    let (first, second) = (open("first"), open("second"));
    let pipeline = Pipeline::new().with(first.clone()).with(second.clone());
    assert_eq!(refused_by(pipeline.call(up).await), "first");

    let service = ServiceBuilder::new()
        .layer(first.layer())
        .layer(second.layer())
        .layer(Lift::layer())
        .service(service_fn(|()| up()));
    assert_eq!(refused_by(service.oneshot(()).await), "first");

    let service = (first.layer(), second.layer(), Lift::layer()).layer(service_fn(|()| up()));
    assert_eq!(refused_by(service.oneshot(()).await), "first");

    assert_eq!(refused_by(first.run(|| second.call(up)).await), "first");
    assert_eq!((first.snapshot().totals.refused, second.snapshot().totals.refused), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn a_guard_further_in_refuses_what_those_outside_let_through() {
    let (first, second, third) = (breaker("first", 1), timeout("second", SECOND), open("third"));
    let pipeline = Pipeline::new().with(first.clone()).with(second.clone()).with(third.clone());
    assert_eq!(refused_by(pipeline.call(up).await), "third");
    assert_eq!(failures(&first), 0);
    assert_eq!(second.snapshot().totals, Default::default());
}

#[tokio::test(start_paused = true)]
async fn of_two_timeouts_the_shorter_one_strikes_wherever_it_stands() {
    let (short, long) = (timeout("short", SECOND), timeout("long", 9 * SECOND));
    for pipeline in [
        Pipeline::new().with(short.clone()).with(long.clone()),
        Pipeline::new().with(long.clone()).with(short.clone()),
    ] {
        let start = Instant::now();
        assert_eq!(refused_by(pipeline.call(hang).await), "short");
        assert_eq!(start.elapsed(), SECOND);
    }
    assert_eq!(long.snapshot().totals, Default::default());
}

#[tokio::test(start_paused = true)]
async fn of_two_equal_timeouts_the_inner_one_is_asked_first() {
    let (outer, inner) = (timeout("outer", SECOND), timeout("inner", SECOND));
    let pipeline = Pipeline::new().with(outer.clone()).with(inner.clone());
    assert_eq!(refused_by(pipeline.call(hang).await), "inner");
    assert_eq!(outer.snapshot().totals.timed_out, 0, "one call, one timeout");
}

#[tokio::test(start_paused = true)]
async fn results_come_out_through_every_guard_from_the_inside() {
    struct Noting(&'static str, Arc<Mutex<Vec<String>>>);

    impl<T: Send, E: Send> Policy<T, E> for Noting {
        async fn run<F, Fut>(&self, operation: F) -> Result<T, E>
        where
            F: Fn() -> Fut + Send + Sync,
            Fut: Future<Output = Result<T, E>> + Send,
        {
            self.1.lock().unwrap().push(format!("into {}", self.0));
            let answer = operation().await;
            self.1.lock().unwrap().push(format!("out of {}", self.0));
            answer
        }
    }

    let log = Arc::default();
    let noting = |name| Noting(name, Arc::clone(&log));
    let pipeline = Pipeline::new()
        .with(noting("a"))
        .with(timeout("t", SECOND))
        .with(noting("b"))
        .with(breaker("b", 1))
        .with(noting("c"));
    assert_eq!(pipeline.call(up).await.unwrap(), 7);
    let log = log.lock().unwrap();
    assert_eq!(*log, ["into a", "into b", "into c", "out of c", "out of b", "out of a"]);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_outside_tightens_every_timeout_inside_and_one_inside_only_those_below() {
    let (outer, inner) = (timeout("outer", 30 * SECOND), timeout("inner", 20 * SECOND));
    let service = ServiceBuilder::new()
        .layer(outer.layer())
        .layer(DeadlineLayer::new(SECOND).unwrap())
        .layer(inner.layer())
        .layer(Lift::layer())
        .service(service_fn(|()| hang()));
    let start = Instant::now();
    assert_eq!(refused_by(service.oneshot(()).await), "inner");
    assert_eq!(start.elapsed(), SECOND);
    assert_eq!(outer.snapshot().totals, Default::default());

    let pipeline = Pipeline::new().with(outer.clone()).with(inner.clone());
    let start = Instant::now();
    let answer: Result<_, Error<_>> = Deadline::within(2 * SECOND).scope(pipeline.call(hang)).await;
    assert_eq!(refused_by(answer), "inner");
    assert_eq!(start.elapsed(), 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_asks_its_guards_when_it_is_polled_and_a_guard_alone_when_it_is_called() {
    let breaker = breaker("b", 1);
    let pipeline = Pipeline::new().with(breaker.clone());
    let (by_pipeline, alone) = (pipeline.call(up), breaker.call(up));
    breaker.try_acquire().unwrap().failure();
    assert_eq!(refused_by(by_pipeline.await), "b");
    assert_eq!(refused_by(alone.await), "nobody", "it was let through before");
    assert_eq!(refused_by(pipeline.call(down).await), "b");
}
