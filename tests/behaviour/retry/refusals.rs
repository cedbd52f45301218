//! Other guards' refusals.

use std::time::Duration;

use buttress::{
    Error, Lift, OpenReason, Refusal,
    backoff::{Backoff, Jitter},
    circuit_breaker::{self, CircuitBreaker, State},
    outcome::Outcome,
    retry::{Attempted, Config, Ending, Retry},
    testing::{Script, Step},
    time::Deadline,
};
use tokio::time::Instant;
use tower::{Service, ServiceBuilder};

use super::doors::{Answer, Down, MILLISECOND, SECOND, ready, steady};

fn retry(config: Config) -> Retry {
    Retry::new("retry", config).unwrap().without_budget()
}

/// Opens at the first failure, for 5 s.
fn breaker() -> CircuitBreaker {
    let config = circuit_breaker::Config::off()
        .with_consecutive_failures(1)
        .with_probes(1)
        .with_fixed_interval(5 * SECOND);
    CircuitBreaker::new("inner", config).unwrap()
}

/// Through the breaker, by either door.
async fn ask(
    retry: &Retry,
    breaker: &CircuitBreaker,
    backend: &Script<&'static str, Down>,
    tower: bool,
) -> Attempted<&'static str, Error<Down>> {
    if tower {
        let mut service = ServiceBuilder::new()
            .layer(retry.layer())
            .layer(breaker.layer())
            .layer(Lift::layer())
            .service(backend.service());
        ready(&mut service).await.call(()).detailed().await
    } else {
        retry.run(|| breaker.call(|| backend.call())).detailed().await
    }
}

fn up() -> Script<&'static str, Down> {
    Script::new([Step::ok("up")])
}

fn refused(answer: &Answer) -> bool {
    matches!(answer, Err(Error::Refused(Refusal::CircuitOpen { .. })))
}

#[tokio::test(start_paused = true)]
async fn an_open_circuit_inside_is_not_tried_again_cx_05() {
    for tower in [false, true] {
        let (retry, breaker, backend) = (retry(steady()), breaker(), up());
        breaker.force_open();
        let told = ask(&retry, &breaker, &backend, tower).await;
        assert!(refused(&told.result));
        assert_eq!((told.attempts, told.ending), (1, Ending::Answered));
        assert_eq!((backend.counts().calls, breaker.snapshot().totals.refused), (0, 1));
        assert_eq!(retry.snapshot().totals, Default::default());
    }
}

#[tokio::test(start_paused = true)]
async fn where_that_is_asked_for_its_time_to_come_back_is_waited_for_cx_05() {
    for tower in [false, true] {
        let (retry, breaker, backend) =
            (retry(steady().with_retry_refusals(true)), breaker(), up());
        breaker.open_for(5 * SECOND);
        let start = Instant::now();
        let told = ask(&retry, &breaker, &backend, tower).await;
        assert_eq!((told.result, told.attempts), (Ok("up"), 2));
        assert_eq!((start.elapsed(), told.waited), (5 * SECOND, 5 * SECOND));
        assert_eq!((breaker.state(), backend.counts().calls), (State::Closed, 1));
        assert_eq!(retry.snapshot().totals.recovered, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_circuit_that_opens_meanwhile_ends_the_attempts_or_is_waited_for() {
    for (wait_for_it, attempts, calls) in [(false, 2, 1), (true, 3, 2)] {
        for tower in [false, true] {
            let config = steady().with_retry_refusals(wait_for_it);
            let (retry, breaker) = (retry(config), breaker());
            let backend = Script::new([Step::err(Down::Broken), Step::ok("up")]);
            let told = ask(&retry, &breaker, &backend, tower).await;
            assert_eq!((told.attempts, backend.counts().calls), (attempts, calls));
            assert_eq!(told.result.is_ok(), wait_for_it);
            // A second by itself, and the four that were left.
            assert_eq!(told.waited, if wait_for_it { 5 * SECOND } else { SECOND });
        }
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_waited_for_only_within_the_deadline_cx_05() {
    for (left, calls) in [(4 * SECOND, 0), (5 * SECOND, 0), (5 * SECOND + MILLISECOND, 1)] {
        for tower in [false, true] {
            let retry = retry(steady().with_retry_refusals(true));
            let (breaker, backend, start) = (breaker(), up(), Instant::now());
            breaker.open_for(5 * SECOND);
            let call = ask(&retry, &breaker, &backend, tower);
            let told = Deadline::within(left).scope(call).await;
            assert_eq!(backend.counts().calls, calls, "{left:?}");
            if calls == 0 {
                assert!(refused(&told.result), "the refusal itself");
                assert_eq!((told.ending, start.elapsed()), (Ending::Deadline, Duration::ZERO));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_circuit_that_only_a_person_closes_is_not_waited_for() {
    for tower in [false, true] {
        let (retry, breaker, backend) =
            (retry(steady().with_retry_refusals(true)), breaker(), up());
        breaker.isolate();
        let told = ask(&retry, &breaker, &backend, tower).await;
        assert!(refused(&told.result));
        assert_eq!((told.attempts, told.ending), (1, Ending::Answered));
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_cost_the_budget_nothing() {
    for tower in [false, true] {
        let config = steady().with_retry_refusals(true).with_max_attempts(10);
        let broke = buttress::budget::Config::new().with_ratio(0.0).with_per_second(0);
        let broke = buttress::budget::Budget::new("purse", broke).unwrap();
        let retry = retry(config).paying_from(&broke);
        let (breaker, backend) = (breaker(), up());
        breaker.open_for(5 * SECOND);
        let told = ask(&retry, &breaker, &backend, tower).await;
        assert_eq!((told.result, told.attempts), (Ok("up"), 2));
        assert_eq!((broke.snapshot().withdrawn, broke.snapshot().exhausted), (0, 0));
    }
}

/// What every kind of refusal is worth: attempts by default, attempts where it is asked for, and what
/// is then waited between them.
#[tokio::test(start_paused = true)]
async fn every_refusal_is_worth_what_it_says() {
    let name = || "inner".into();
    let open = |retry_after| Refusal::CircuitOpen {
        name: name(),
        reason: OpenReason::Tripped,
        retry_after,
    };
    let limited = |retry_after| Refusal::RateLimited { name: name(), retry_after };
    let late = |began| Refusal::DeadlineExceeded { name: name(), began, late: SECOND };
    let wait = Some(3 * SECOND);
    let table = [
        (open(wait), 1, 3, 6),
        (open(None), 1, 1, 0),
        (limited(wait), 1, 3, 6),
        (limited(None), 1, 1, 0),
        (Refusal::Disconnected { name: name(), retry_after: wait }, 1, 3, 6),
        (Refusal::Disconnected { name: name(), retry_after: None }, 1, 1, 0),
        (Refusal::Full { name: name(), limit: 5 }, 1, 3, 2),
        (Refusal::Throttled { name: name() }, 1, 3, 2),
        (Refusal::ShuttingDown { name: name() }, 1, 3, 2),
        (Refusal::Invalid { name: name(), rule: "must not be empty" }, 1, 1, 0),
        (late(false), 1, 1, 0),
        (late(true), 3, 3, 2),
        (Refusal::TimedOut { name: name(), limit: SECOND }, 3, 3, 2),
    ];
    for (refusal, by_default, asked, seconds) in table {
        for (ask, attempts) in [(false, by_default), (true, asked)] {
            let retry = retry(steady().with_retry_refusals(ask));
            let error = || Error::<Down>::Refused(refusal.clone());
            let told = retry.run(async || Err::<(), _>(error())).detailed().await;
            assert_eq!(told.result, Err(error()), "it comes back as it is");
            assert_eq!(told.attempts, attempts, "{refusal}, asked for: {ask}");
            let waited = if ask { seconds } else { attempts - 1 };
            assert_eq!(told.waited, waited * SECOND, "{refusal}, asked for: {ask}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_began_does_not_reach_the_classifier() {
    let retry = retry(steady()).classify(|result: &Result<(), Error<Down>>| {
        assert!(result.is_ok(), "asked about {result:?}");
        Outcome::Success
    });
    let full = || Error::<Down>::Refused(Refusal::Full { name: "inner".into(), limit: 1 });
    let answer = retry.run(async || Err::<(), _>(full())).await;
    assert_eq!(answer, Err(full()));
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_refusal_is_bounded_and_jittered_as_any_that_is_asked_for() {
    buttress::random::seed(4);
    let config = Config::new()
        .with_backoff(Backoff::constant(SECOND))
        .with_jitter(Jitter::Full)
        .with_retry_refusals(true)
        .with_max_retry_after(10 * SECOND);
    for tower in [false, true] {
        let (retry, breaker, backend) = (retry(config.clone()), breaker(), up());
        breaker.open_for(8 * SECOND);
        let told = ask(&retry, &breaker, &backend, tower).await;
        assert!((8 * SECOND..12 * SECOND).contains(&told.waited), "{:?}", told.waited);
        assert_eq!(told.result, Ok("up"));

        breaker.open_for(11 * SECOND);
        let told = ask(&retry, &breaker, &backend, tower).await;
        assert!(refused(&told.result));
        assert_eq!((told.attempts, told.ending), (1, Ending::Pushback));
    }
}

/// Somebody answers when the guards refuse: once, and the body never runs.
#[tokio::test(start_paused = true)]
async fn an_answer_in_place_of_an_open_circuit_is_given_once_fb_07() {
    let (retry, breaker, backend) = (retry(steady()), breaker(), up());
    breaker.force_open();
    let mut answered = 0;
    let answer = match retry.run(|| breaker.call(|| backend.call())).await {
        Err(Error::Refused(_)) => {
            answered += 1;
            "otherwise"
        }
        other => other.unwrap(),
    };
    assert_eq!((answer, answered), ("otherwise", 1));
    assert_eq!((backend.counts().calls, breaker.snapshot().totals.refused), (0, 1));
}
