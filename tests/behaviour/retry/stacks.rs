//! A retry among other guards.

use buttress::{
    Error, Lift, Refusal,
    budget::{self, Budget},
    circuit_breaker::{self, CircuitBreaker},
    retry::{Config, Ending, GiveUp, Retry},
    testing::{Script, Step},
    time::Deadline,
    timeout::Timeout,
};
use tokio::time::Instant;
use tower::{Service, ServiceBuilder, ServiceExt};

use super::doors::{Down, MILLISECOND, SECOND, immediate, ready, steady};

fn retry(config: Config) -> Retry {
    Retry::new("retry", config).unwrap().without_budget()
}

fn breaker() -> CircuitBreaker {
    let config = circuit_breaker::Config::off().with_consecutive_failures(100);
    CircuitBreaker::new("breaker", config).unwrap()
}

fn timeout(limit: std::time::Duration) -> Timeout {
    Timeout::new("timeout", limit).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_breaker_inside_counts_each_attempt_and_one_outside_the_call_cx_03() {
    for tower in [false, true] {
        let (outside, inside, retry) = (breaker(), breaker(), retry(steady()));
        let backend = Script::<&str, _>::new([Step::err(Down::Broken)]);
        let answer = if tower {
            let service = ServiceBuilder::new()
                .layer(outside.layer())
                .layer(retry.layer())
                .layer(inside.layer())
                .layer(Lift::layer())
                .service(backend.service());
            service.oneshot(()).await
        } else {
            outside.run(|| retry.run(|| inside.call(|| backend.call()))).await
        };
        assert_eq!(answer, Err(Error::Inner(Down::Broken)));
        let failures = |breaker: &CircuitBreaker| breaker.snapshot().counts.consecutive_failures;
        assert_eq!((failures(&outside), failures(&inside)), (1, 3), "tower: {tower}");
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_that_are_too_slow_are_given_up_and_a_fast_one_is_taken_to_06() {
    for tower in [false, true] {
        let (retry, each) = (retry(immediate()), timeout(50 * MILLISECOND));
        let slow = || Step::ok("slow").after(100 * MILLISECOND);
        let backend = Script::<_, Down>::new([slow(), slow(), Step::ok("fast")]);
        let (answer, start) = (ask(&retry, &each, &backend, tower), Instant::now());
        assert_eq!(answer.await, (Ok("fast"), 3), "tower: {tower}");
        assert_eq!(each.snapshot().totals.timed_out, 2);
        assert_eq!((start.elapsed(), backend.counts().cancelled), (100 * MILLISECOND, 2));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_waited_between_attempts_is_not_timed_by_the_attempt_to_07() {
    for tower in [false, true] {
        let (retry, each) = (retry(steady()), timeout(50 * MILLISECOND));
        let backend = Script::<&str, _>::new([Step::err(Down::Broken)]);
        let answer = ask(&retry, &each, &backend, tower).await;
        assert_eq!(answer, (Err(Error::Inner(Down::Broken)), 3), "tower: {tower}");
        assert_eq!(each.snapshot().totals.timed_out, 0);
    }
}

/// A retry around a timeout: the answer, and how many attempts it took.
async fn ask(
    retry: &Retry,
    each: &Timeout,
    backend: &Script<&'static str, Down>,
    tower: bool,
) -> (Result<&'static str, Error<Down>>, u32) {
    let told = if tower {
        let mut service = ServiceBuilder::new()
            .layer(retry.layer())
            .layer(each.layer())
            .layer(Lift::layer())
            .service(backend.service());
        ready(&mut service).await.call(()).detailed().await
    } else {
        retry.run(|| each.call(|| backend.call())).detailed().await
    };
    (told.result, told.attempts)
}

/// The whole time, the attempts, the circuit, the time of each.
#[tokio::test(start_paused = true)]
async fn attempts_that_time_out_end_with_the_whole_time_cx_01() {
    for tower in [false, true] {
        let (whole, each) = (timeout(30 * SECOND), timeout(10 * SECOND));
        let (retry, circuit) = (retry(steady().with_max_attempts(100)), breaker());
        let backend = Script::<&str, Down>::new([Step::hang()]);
        let start = Instant::now();
        let answer = if tower {
            let service = ServiceBuilder::new()
                .layer(whole.layer())
                .layer(retry.layer())
                .layer(circuit.layer())
                .layer(each.layer())
                .layer(Lift::layer())
                .service(backend.service());
            service.oneshot(()).await
        } else {
            let attempt = || circuit.run(|| each.call(|| backend.call()));
            whole.run(|| retry.run(attempt)).await
        };
        assert!(matches!(answer, Err(Error::Refused(Refusal::TimedOut { .. }))));
        // At 0, 11 and 22 s; the third is cut off.
        assert_eq!((start.elapsed(), backend.counts().calls), (30 * SECOND, 3), "tower: {tower}");
        assert_eq!((backend.counts().in_flight, each.snapshot().totals.timed_out), (0, 2));
        assert_eq!(circuit.snapshot().counts.consecutive_failures, 3);
    }
}

fn purse() -> Budget {
    Budget::new("purse", budget::Config::new()).unwrap()
}

/// Three attempts at each of three layers.
async fn nested(layers: &[Retry; 3], backend: &Script<&'static str, Down>, tower: bool) {
    let [outer, middle, inner] = layers;
    let answer = if tower {
        let service = ServiceBuilder::new()
            .layer(outer.layer())
            .layer(middle.layer())
            .layer(inner.layer())
            .layer(Lift::layer())
            .service(backend.service());
        service.oneshot(()).await
    } else {
        outer.run(|| middle.run(|| inner.call(|| backend.call()))).await
    };
    assert_eq!(answer, Err(Error::Inner(Down::Broken)), "the backend's own error");
}

#[tokio::test(start_paused = true)]
async fn three_layers_of_three_attempts_are_27_calls_and_four_with_one_purse_cx_12() {
    for tower in [false, true] {
        let backend = Script::<&str, _>::new([Step::err(Down::Broken)]);
        let unbound = [(); 3].map(|()| retry(immediate()));
        nested(&unbound, &backend, tower).await;
        assert_eq!(backend.counts().calls, 27, "tower: {tower}");

        let (backend, purse) = (Script::<&str, _>::new([Step::err(Down::Broken)]), purse());
        let sharing = unbound.map(|retry| retry.paying_from(&purse));
        nested(&sharing, &backend, tower).await;
        assert_eq!(backend.counts().calls, 4, "tower: {tower}");
    }
}

/// Each layer pays in for what it takes for a first attempt.
#[tokio::test(start_paused = true)]
async fn in_the_long_run_layers_that_share_a_purse_spend_what_they_have_paid_in_cx_12() {
    for tower in [false, true] {
        let (backend, purse) = (Script::<&str, _>::new([Step::err(Down::Broken)]), purse());
        let sharing = [(); 3].map(|()| retry(immediate()).paying_from(&purse));
        for _ in 0..1000 {
            nested(&sharing, &backend, tower).await;
        }
        let calls = backend.counts().calls;
        assert!((1600..=1700).contains(&calls), "{calls} calls for 1000, tower: {tower}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_purse_at_one_level_bounds_the_others_only_there() {
    let backend = Script::<&str, _>::new([Step::err(Down::Broken)]);
    let inner = Retry::new("inner", immediate()).unwrap();
    for _ in 0..1000 {
        let answer = retry(immediate()).run(|| inner.call(|| backend.call())).await;
        assert!(answer.is_err());
    }
    let calls = backend.counts().calls;
    assert!((3600..=3603).contains(&calls), "three times as many, and a fifth: {calls}");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_reaches_through_all_layers() {
    let (outer, inner) = (retry(steady().with_max_attempts(10)), retry(steady()));
    let backend = Script::<&str, _>::new([Step::err(Down::Broken)]);
    let start = Instant::now();
    let call = outer.run(|| inner.call(|| backend.call())).detailed();
    let told = Deadline::within(7 * SECOND / 2).scope(call).await;
    // Attempts at 0, 1, 2 by the inner, and at 3 once more by the outer.
    assert_eq!((told.attempts, told.ending), (2, Ending::Deadline));
    assert_eq!((start.elapsed(), backend.counts().calls), (3 * SECOND, 4));
}

/// Its refusal says for how long the backend asked to be left alone; nobody else could tell.
#[tokio::test(start_paused = true)]
async fn what_an_inner_retry_was_asked_is_waited_for_by_an_outer_one() {
    let asked = |_: &Result<&str, Error<Down>>| Some(30 * SECOND);
    let config = steady().with_max_retry_after(SECOND).with_give_up(GiveUp::Refuse);
    let (outer, inner) = (retry(steady().with_max_attempts(2)), retry(config).retry_after(asked));
    let backend = Script::<&str, _>::new([Step::err(Down::Busy)]);
    let told = outer.run(|| inner.call(|| backend.call())).detailed().await;
    assert_eq!((told.attempts, told.waited, backend.counts().calls), (2, 30 * SECOND, 2));
}
