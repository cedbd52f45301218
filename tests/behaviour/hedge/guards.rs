//! Guards further in, and around.

use std::{sync::Arc, time::Duration};

use buttress::{
    Error, Fault, Lift, Pipeline, Refusal,
    circuit_breaker::{self, CircuitBreaker, State},
    outcome::Outcome,
    retry::{self, Retry},
    testing::{Script, Step},
    timeout::Timeout,
};
use futures::future::BoxFuture;
use tokio::{sync::Semaphore, time::Instant};
use tower::{ServiceBuilder, ServiceExt};

use super::{Backend, Door, Down, SECOND, Seen, hedge, millis, seeing};

fn breaker() -> CircuitBreaker {
    let config = circuit_breaker::Config::off().with_consecutive_failures(2);
    CircuitBreaker::new("inner", config).unwrap()
}

/// The doors through which something guarded further in is called.
fn hedged(door: Door, breaker: &CircuitBreaker, backend: &Backend) -> BoxFuture<'static, Seen> {
    let (hedge, breaker, backend) = (hedge(10, 3), breaker.clone(), backend.clone());
    match door {
        Door::Call | Door::Run => {
            Box::pin(async move { hedge.run(|| breaker.call(|| backend.call())).await })
        }
        Door::Pipeline => Box::pin(async move {
            Pipeline::new().with(hedge).with(breaker).call(|| backend.call()).await
        }),
        Door::Layer => Box::pin(
            ServiceBuilder::new()
                .layer(hedge.layer())
                .layer(breaker.layer())
                .layer(Lift::layer())
                .service(backend.script.service())
                .oneshot(()),
        ),
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_open_breaker_inside_refuses_starts_no_other() {
    for door in Door::ALL {
        let (breaker, backend) = (breaker(), Backend::new([Step::ok(1)]));
        breaker.open_for(SECOND);
        let begun = Instant::now();
        let answer = hedged(door, &breaker, &backend).await;
        assert!(
            matches!(answer, Err(Error::Refused(Refusal::CircuitOpen { .. }))),
            "{door:?} {answer:?}"
        );
        assert!(begun.elapsed().is_zero());
        assert_eq!(breaker.snapshot().totals.refused, 1, "asked once, {door:?}");
        assert_eq!(backend.counts().calls, 0);
    }
}

/// A hedge that is refused is not the answer, nor is another started: the first is waited for.
#[tokio::test(start_paused = true)]
async fn a_hedge_that_is_refused_inside_is_not_the_answer() {
    for door in Door::ALL {
        let (breaker, backend) = (breaker(), Backend::new([Step::ok(1).after(millis(100))]));
        let call = hedged(door, &breaker, &backend);
        let meanwhile = async {
            tokio::time::sleep(millis(5)).await;
            breaker.open_for(SECOND);
        };
        let (answer, ()) = tokio::join!(call, meanwhile);
        assert_eq!(answer, Ok(1), "{door:?}");
        assert_eq!((backend.counts().calls, breaker.snapshot().totals.refused), (1, 1), "{door:?}");
    }
}

/// Where the first then fails, its own failure is the answer, and the refusal is not.
#[tokio::test(start_paused = true)]
async fn a_refusal_of_a_hedge_is_forgotten() {
    for door in Door::ALL {
        let backend = Backend::new([Step::err(Down::Broken(1)).after(millis(100))]);
        let breaker = breaker();
        let call = hedged(door, &breaker, &backend);
        let meanwhile = async {
            tokio::time::sleep(millis(5)).await;
            breaker.open_for(SECOND);
        };
        let (answer, ()) = tokio::join!(call, meanwhile);
        assert_eq!(answer, Err(Error::Inner(Down::Broken(1))), "{door:?}");
    }
}

/// A classifier is not asked about what never began.
#[tokio::test(start_paused = true)]
async fn a_refusal_that_never_began_reaches_no_classifier() {
    let breaker = breaker();
    breaker.force_open();
    let view = hedge(10, 3).classify(|_: &Seen| -> Outcome { panic!("asked") });
    let backend = Backend::new([Step::ok(1)]);
    let answer = view.run(|| breaker.call(|| backend.call())).await;
    assert!(answer.unwrap_err().refusal().is_some_and(|refusal| !refusal.began()));
}

/// What ran out of time inside had begun: a failure like another.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_timed_out_inside_starts_the_next_at_once() {
    let timeout = Timeout::new("attempt", millis(30)).unwrap();
    let (hedge, backend) = (hedge(1000, 1), Backend::new([Step::hang(), Step::ok(2)]));
    let begun = Instant::now();
    assert_eq!(hedge.run(|| timeout.call(|| backend.call())).await, Ok(2));
    assert_eq!((begun.elapsed(), backend.starts()), (millis(30), vec![0, 30]));
    assert_eq!(backend.counts().in_flight, 0);
}

/// A loser is nobody's failure; what is cut off by a timeout around them all is one for each.
#[tokio::test(start_paused = true)]
async fn a_breaker_inside_hears_of_losers_as_cancelled() {
    for door in Door::ALL {
        let (breaker, backend) =
            (breaker(), Backend::new([Step::hang(), Step::hang(), Step::ok(3)]));
        assert_eq!(hedged(door, &breaker, &backend).await, Ok(3));
        assert_eq!((backend.counts().calls, backend.counts().in_flight), (3, 0));
        let counts = breaker.snapshot().counts;
        assert_eq!((breaker.state(), counts.consecutive_failures), (State::Closed, 0), "{door:?}");

        let hanging = Backend::new([Step::hang()]);
        let timeout = Timeout::new("outer", millis(15)).unwrap();
        assert!(timeout.run(|| hedged(door, &breaker, &hanging)).await.is_err());
        assert_eq!((hanging.counts().calls, breaker.state()), (2, State::Open), "{door:?}");
    }
}

/// A hedge waits for its place while the first runs, and takes none from it.
#[tokio::test(start_paused = true)]
async fn a_full_limit_inside_makes_the_hedge_wait_and_not_the_first() {
    let places = Arc::new(Semaphore::new(1));
    let backend = Script::<_, Down>::new([Step::ok(1).after(millis(100))]);
    let hedge = hedge(10, 3);
    let limit = tower::limit::GlobalConcurrencyLimitLayer::with_semaphore(Arc::clone(&places));
    let mut service = ServiceBuilder::new()
        .layer(hedge.layer())
        .layer(limit)
        .layer(Lift::layer())
        .service(backend.service());
    for calls in 1..=3 {
        let ready = ServiceExt::<()>::ready(&mut service).await.unwrap();
        assert_eq!(tower::Service::call(ready, ()).await, Ok(1));
        assert_eq!((backend.counts().calls, places.available_permits()), (calls, 1));
    }
    assert_eq!(hedge.snapshot().totals.slow, 3, "paid for, and never made");
}

/// A retry around a hedge: its attempts are hedged each for themselves.
#[tokio::test(start_paused = true)]
async fn a_retry_around_it_sees_one_answer_for_each_race() {
    let retry = Retry::new("outer", retry::Config::new().with_max_attempts(2)).unwrap();
    let (hedge, backend) =
        (hedge(10, 1), Backend::new([1, 2, 3, 4].map(|n| Step::err(Down::Broken(n)))));
    let pipeline = Pipeline::new().with(retry).with(hedge.clone());
    let answer = pipeline.call(|| backend.call()).await;
    assert_eq!(answer, Err(Error::Inner(Down::Broken(3))), "the first of the second race");
    assert_eq!((backend.counts().calls, hedge.snapshot().totals.failed), (4, 2));
}

/// Inside a retry of its own the hedge sees only what the retry ends with.
#[tokio::test(start_paused = true)]
async fn a_hedge_around_a_retry_is_a_race_of_retries() {
    let retry = Retry::new("inner", retry::Config::new().with_max_attempts(3)).unwrap();
    let backend = Backend::new([Step::hang(), Step::err(Down::Broken(2)), Step::ok(3)]);
    let pipeline = Pipeline::new().with(hedge(10, 1)).with(retry.clone());
    assert_eq!(pipeline.call(|| backend.call()).await, Ok(3));
    assert_eq!((backend.counts().calls, backend.counts().in_flight), (3, 0));
}

/// Flat, however deep.
#[tokio::test(start_paused = true)]
async fn the_error_stays_what_it_is() {
    let backend = Backend::new([Step::err(Down::Missing)]);
    let (outer, inner) = (seeing(10, 1), seeing(20, 1));
    let answer: Seen = outer.run(|| inner.run(|| breaker_free(&backend))).await;
    assert_eq!(answer, Err(Error::Inner(Down::Missing)));
    assert_eq!(backend.counts().calls, 1);
}

async fn breaker_free(backend: &Backend) -> Seen {
    tokio::time::sleep(Duration::from_millis(1)).await;
    backend.call().await.map_err(Error::Inner)
}
