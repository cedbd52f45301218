//! Retries among other guards, by pipeline and by layers.

use std::{error::Error as StdError, io};

use buttress::{
    Error, Fault, Lift, Pipeline, Refusal,
    backoff::{Backoff, Jitter},
    budget::{self, Budget},
    circuit_breaker::{CircuitBreaker, State},
    outcome::Outcome,
    policy::{Chain, Nothing},
    retry::{Config, GiveUp, Retry},
    testing::{Script, Step},
    time::Deadline,
    timeout::Timeout,
};
use tokio::time::{Duration, Instant};
use tower::{Service, ServiceBuilder, ServiceExt, buffer::Buffer, service_fn};

use crate::guards::{SECOND, breaker, down, failures, hang, timeout, up};

type BoxError = Box<dyn StdError + Send + Sync>;

/// A tenth of a second between attempts.
fn config(attempts: u32) -> Config {
    Config::new()
        .with_backoff(Backoff::constant(SECOND / 10))
        .with_jitter(Jitter::None)
        .with_max_attempts(attempts)
}

fn retry(attempts: u32) -> Retry {
    Retry::new("retry", config(attempts)).unwrap().without_budget()
}

#[tokio::test(start_paused = true)]
async fn a_breaker_inside_counts_each_attempt_and_one_outside_counts_the_call() {
    let (outside, inside) = (breaker("outside", 100), breaker("inside", 100));
    let backend = Script::<u32, _>::new([Step::err("down")]);
    let pipeline = Pipeline::new().with(outside.clone()).with(retry(3)).with(inside.clone());
    assert_eq!(pipeline.call(|| backend.call()).await, Err(Error::Inner("down")));
    assert_eq!((failures(&outside), failures(&inside)), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn attempts_that_succeed_in_the_end_are_a_success_outside() {
    let outside = breaker("outside", 1);
    let backend = Script::new([Step::err("down"), Step::err("down"), Step::ok(7)]);
    let pipeline = Pipeline::new().with(outside.clone()).with(retry(3));
    assert_eq!(pipeline.call(|| backend.call()).await, Ok(7));
    assert_eq!(outside.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_circuit_that_opens_between_attempts_ends_them() {
    let inside = breaker("inside", 2);
    let backend = Script::<u32, _>::new([Step::err("down")]);
    let pipeline = Pipeline::new().with(retry(10)).with(inside.clone());
    let error = pipeline.call(|| backend.call()).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().kind(), "circuit_open");
    assert_eq!((backend.counts().calls, inside.snapshot().totals.refused), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_inside_limits_each_attempt_and_one_outside_all_of_them() {
    let backend = Script::<u32, &str>::new([Step::hang()]);
    let (whole, each) = (timeout("whole", 5 * SECOND), timeout("each", 2 * SECOND));
    let pipeline = Pipeline::new().with(whole.clone()).with(retry(100)).with(each.clone());
    let start = Instant::now();
    let error = pipeline.call(|| backend.call()).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().name().as_str(), "whole");
    assert_eq!(start.elapsed(), 5 * SECOND);
    assert_eq!((backend.counts().calls, backend.counts().in_flight), (3, 0));
    assert_eq!(each.snapshot().totals.timed_out, 2);
}

/// What is left would be too little to wait for: the last timeout comes back, and nothing is refused.
#[tokio::test(start_paused = true)]
async fn attempts_end_before_the_deadline_that_they_could_not_keep() {
    let backend = Script::<u32, &str>::new([Step::hang()]);
    let pipeline = Pipeline::new().with(retry(100)).with(timeout("each", 2 * SECOND));
    let start = Instant::now();
    let call = pipeline.call(|| backend.call());
    let error = Deadline::within(21 * SECOND / 5).scope(call).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().kind(), "timed_out");
    assert_eq!((start.elapsed(), backend.counts().calls), (41 * SECOND / 10, 2));
}

/// Compiles if it can be spawned, and if the error is the one flat type.
#[tokio::test(start_paused = true)]
async fn a_pipeline_of_all_three_can_be_spawned_with_what_the_operation_borrows() {
    async fn ask(backend: &Script<u32, &'static str>) -> Result<u32, io::Error> {
        backend.call().await.map_err(io::Error::other)
    }

    let circuit = breaker("b", 100);
    let pipeline = Pipeline::new()
        .with(timeout("whole", 30 * SECOND))
        .with(retry(3))
        .with(circuit.clone())
        .with(timeout("each", SECOND));
    let calls: Vec<_> = (0..4)
        .map(|_| {
            let pipeline = pipeline.clone();
            let backend = Script::new([Step::err("down"), Step::hang(), Step::ok(7)]);
            tokio::spawn(async move {
                let answer: Result<u32, Error<io::Error>> = pipeline.call(|| ask(&backend)).await;
                answer
            })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), 7);
    }
    assert_eq!(circuit.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_retry_keeps_its_views_in_a_pipeline_and_may_be_lent() {
    let plain = retry(10);
    let view = plain
        .classify(|result: &Result<u32, Error<io::Error>>| match result {
            Err(Error::Inner(error)) if error.to_string() == "down" => Outcome::Ignore,
            Err(_) => Outcome::Failure,
            Ok(_) => Outcome::Success,
        })
        .delays(|| [SECOND, 2 * SECOND]);
    let pipeline = Pipeline::new().with(&view).with(timeout("each", SECOND));
    let start = Instant::now();
    assert!(pipeline.call(down).await.is_err());
    assert_eq!(start.elapsed(), Duration::ZERO, "to be ignored");
    assert!(pipeline.call(hang).await.is_err());
    assert_eq!(start.elapsed(), 6 * SECOND, "three attempts, and two waits of its own");
    assert_eq!(plain.snapshot().totals.retries, 2);
    assert_eq!(pipeline.call(up).await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_with_a_retry_can_be_kept_in_a_struct_with_its_type_spelled_out() {
    type Guards = Chain<Chain<Chain<Nothing, Timeout>, Retry>, CircuitBreaker>;

    struct Client {
        guarded: Pipeline<Guards>,
    }

    let guarded = Pipeline::new().with(timeout("t", SECOND)).with(retry(3)).with(breaker("b", 9));
    let client = Client { guarded };
    assert_eq!(client.guarded.call(up).await.unwrap(), 7);
    assert_eq!(client.guarded.call(down).await.unwrap_err().to_string(), "down");
}

/// Compiles if the error is the one flat type.
fn flat<S>(service: S) -> S
where
    S: Service<(), Response = u32, Error = Error<io::Error>>,
{
    service
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_stack_is_the_same_flat_type_for_any_number_of_retries() {
    let backend = Script::<u32, &'static str>::new([Step::err("down")]);
    let ask = || {
        let backend = backend.clone();
        service_fn(move |()| {
            let playing = backend.call();
            async move { playing.await.map_err(io::Error::other) }
        })
    };
    let lifted = || ServiceBuilder::new().layer(Lift::layer()).service(ask());
    let one = flat(ServiceBuilder::new().layer(retry(2).layer()).service(lifted()));
    let two = flat(ServiceBuilder::new().layer(timeout("t", SECOND).layer()).service(one));
    let three = flat(ServiceBuilder::new().layer(retry(2).layer()).service(two));
    let four = flat(ServiceBuilder::new().layer(breaker("b", 100).layer()).service(three));
    let five = flat(ServiceBuilder::new().layer(retry(2).layer()).service(four));
    let error = five.oneshot(()).await.unwrap_err();
    assert_eq!(error.into_inner().unwrap().to_string(), "down", "the backend's own");
    assert_eq!(backend.counts().calls, 8);
}

/// An error type with room for a refusal, in three lines.
#[derive(Clone, Debug, PartialEq)]
enum ApiError {
    NotFound,
    Refused(Refusal),
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Fault for ApiError {
    fn refusal(&self) -> Option<&Refusal> {
        if let Self::Refused(refusal) = self { Some(refusal) } else { None }
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_with_room_of_its_own_stays_what_it_is_by_every_door() {
    let refusing = Retry::new("retry", config(2).with_give_up(GiveUp::Refuse)).unwrap();
    let gone = Refusal::Exhausted { name: "retry".into(), attempts: 2, retry_after: None };
    for (retry, expected) in [(retry(2), ApiError::NotFound), (refusing, ApiError::Refused(gone))] {
        let backend = Script::<u32, _>::new([Step::err(ApiError::NotFound)]);
        let pipeline = Pipeline::new().with(retry.clone()).with(breaker("b", 100));
        assert_eq!(pipeline.run(|| backend.call()).await, Err(expected.clone()));
        assert_eq!(retry.run(|| backend.call()).await, Err(expected.clone()));
        let service = ServiceBuilder::new().layer(retry.layer()).service(backend.service());
        let answer: Result<u32, ApiError> = service.oneshot(()).await;
        assert_eq!(answer, Err(expected));
        assert_eq!(backend.counts().calls, 6);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_inside_a_boxed_error_is_seen_and_judged_by() {
    let (outer, open) = (retry(3), breaker("open", 1));
    open.isolate();
    // A refusal that a question mark erased: not tried again.
    let told = outer.call(async || Ok::<_, BoxError>(open.call(up).await?)).detailed().await;
    assert_eq!(told.attempts, 1);
    assert_eq!(told.result.unwrap_err().refusal().unwrap().name().as_str(), "open");
    let told = outer.run(async || Ok::<u32, BoxError>(open.call(up).await?)).detailed().await;
    assert_eq!(told.attempts, 1);
    let told = outer.run(async || Ok::<u32, anyhow::Error>(open.call(up).await?)).detailed().await;
    assert_eq!(told.attempts, 1);
    // A timeout, which began: tried again.
    let each = timeout("each", SECOND);
    let told = outer.run(async || Ok::<u32, BoxError>(each.call(hang).await?)).detailed().await;
    assert_eq!((told.attempts, each.snapshot().totals.timed_out), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn a_buffer_stands_inside_or_outside() {
    let flaky = || Script::new([Step::err(io::ErrorKind::Other), Step::ok(7)]);
    let ask = |backend: &Script<u32, io::ErrorKind>| {
        let backend = backend.clone();
        service_fn(move |()| {
            let playing = backend.call();
            async move { playing.await.map_err(io::Error::from) }
        })
    };
    for buffer_outside in [false, true] {
        let (retry, backend) = (retry(3), flaky());
        let answer = if buffer_outside {
            let tried = ServiceBuilder::new()
                .layer(retry.layer())
                .layer(Lift::layer())
                .service(ask(&backend));
            Buffer::new(tried, 8).oneshot(()).await
        } else {
            let buffered = Buffer::new(ask(&backend), 8);
            ServiceBuilder::new().layer(retry.layer()).service(buffered).oneshot(()).await
        };
        assert_eq!(answer.unwrap(), 7);
        assert_eq!((backend.counts().calls, retry.snapshot().totals.retries), (2, 1));
    }
}

/// Three layers of three attempts are twenty-seven calls, unless they pay from one purse.
#[tokio::test(start_paused = true)]
async fn retries_at_three_levels_share_a_purse() {
    let purse = Budget::new("purse", budget::Config::new()).unwrap();
    for (shares, calls) in [(false, 27), (true, 4)] {
        let level = || {
            let retry = Retry::new("level", config(3).with_backoff(Backoff::Immediate)).unwrap();
            if shares { retry.paying_from(&purse) } else { retry.without_budget() }
        };
        let backend = Script::<u32, _>::new([Step::err("down")]);
        let inner = Pipeline::new().with(level()).with(breaker("b", 100));
        let pipeline = Pipeline::new().with(level()).with(level()).with(inner);
        assert_eq!(pipeline.call(|| backend.call()).await, Err(Error::Inner("down")));
        assert_eq!(backend.counts().calls, calls, "one purse: {shares}");
    }
    assert_eq!(purse.snapshot().withdrawn, 3);
}
