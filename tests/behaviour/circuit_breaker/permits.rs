//! The low-level door: permits.

use std::panic::{AssertUnwindSafe, catch_unwind};

use buttress::{
    Error, OpenReason, Refusal,
    circuit_breaker::{CircuitBreaker, Config, Counts, State, Window},
    outcome::Outcome,
};
use tokio::time::advance;

use crate::doors::{Answer, Circuit, Down, LONG, SECOND, circuits};

fn config() -> Config {
    Config::off()
        .with_consecutive_failures(2)
        .with_soft_failure_ratio(1.0)
        .with_slow_calls(SECOND, 1.0)
        .with_window(Window::Count(100))
        .with_min_calls(100)
        .with_fixed_interval(SECOND)
        .with_probes(1)
}

fn breaker() -> CircuitBreaker {
    CircuitBreaker::new("backend", config()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_permit_says_how_its_call_ended() {
    let breaker = breaker();
    breaker.try_acquire().unwrap().success();
    breaker.try_acquire().unwrap().soft_failure(None);
    breaker.try_acquire().unwrap().ignore();
    breaker.try_acquire().unwrap().failure();
    let slow = breaker.try_acquire().unwrap();
    advance(LONG).await;
    slow.success();
    let counts = breaker.snapshot().counts;
    assert_eq!((counts.calls, counts.failures, counts.soft_failures, counts.slow), (4, 1, 1, 1));
    assert_eq!(counts.consecutive_failures, 0);
}

#[tokio::test(start_paused = true)]
async fn a_permit_dropped_without_a_word_counts_as_nothing() {
    let breaker = breaker();
    for _ in 0..10 {
        drop(breaker.try_acquire().unwrap());
        drop(breaker.try_acquire_owned().unwrap());
    }
    assert_eq!(breaker.snapshot().counts, Counts::default());
    let forgotten_for_long = breaker.try_acquire_owned().unwrap();
    advance(LONG).await;
    drop(forgotten_for_long);
    assert_eq!((breaker.snapshot().counts.calls, breaker.snapshot().counts.slow), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_permit_dropped_by_a_panic_is_a_failure() {
    let breaker = breaker();
    let held = || {
        let _permit = breaker.try_acquire().unwrap();
        std::panic::resume_unwind(Box::new("as planned"))
    };
    assert!(catch_unwind(AssertUnwindSafe(held)).is_err());
    assert_eq!(breaker.snapshot().counts.consecutive_failures, 1);
}

#[tokio::test(start_paused = true)]
async fn permits_are_refused_as_calls_are() {
    let breaker = breaker();
    breaker.try_acquire().unwrap().failure();
    breaker.try_acquire_owned().unwrap().failure();
    let expected =
        |reason, retry_after| Refusal::CircuitOpen { name: "backend".into(), reason, retry_after };
    let tripped = expected(OpenReason::Tripped, Some(SECOND));
    assert_eq!(breaker.try_acquire().unwrap_err(), tripped);
    assert_eq!(breaker.try_acquire_owned().unwrap_err(), tripped);
    assert_eq!(breaker.snapshot().totals.refused, 2);

    advance(SECOND).await;
    let probe = breaker.try_acquire_owned().unwrap();
    let probing = expected(OpenReason::Probing, Some(SECOND));
    assert_eq!(breaker.try_acquire().unwrap_err(), probing);
    probe.success();
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn an_owned_permit_outlives_every_handle() {
    let breaker = breaker();
    let mut seen = breaker.subscribe();
    let (one, two) = (breaker.try_acquire_owned().unwrap(), breaker.try_acquire_owned().unwrap());
    drop(breaker);
    one.failure();
    tokio::spawn(async move { two.failure() }).await.unwrap();
    assert_eq!(seen.try_next().map(|change| change.to), Some(State::Open));
}

#[tokio::test(start_paused = true)]
async fn record_asks_the_classifier_and_settle_sees_refusals_first() {
    let limited =
        || Error::Refused(Refusal::RateLimited { name: "inner".into(), retry_after: None });
    let timed_out = || Error::Refused(Refusal::TimedOut { name: "inner".into(), limit: SECOND });
    let breaker = breaker();
    breaker.try_acquire().unwrap().settle(&Err::<(), Error<Down>>(limited()));
    assert_eq!(breaker.snapshot().counts, Counts::default(), "it never began");
    breaker.try_acquire().unwrap().settle(&Err::<(), Error<Down>>(timed_out()));
    assert_eq!(breaker.snapshot().counts.consecutive_failures, 1, "that did");
    breaker.try_acquire().unwrap().record(&Ok::<_, ()>("up"));
    assert_eq!(breaker.snapshot().counts.consecutive_failures, 0);
    breaker.try_acquire().unwrap().record(&Err::<(), Error<Down>>(limited()));
    assert_eq!(breaker.snapshot().counts.consecutive_failures, 1, "record cannot see it");
    breaker.try_acquire().unwrap().record(&Err::<(), _>("an error of any type"));
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn each_view_judges_with_its_own_eyes_and_all_share_one_circuit() {
    let kind = |answer: &Answer| match answer {
        Err(Error::Inner(Down::Missing)) => Outcome::Ignore,
        Err(_) => Outcome::Failure,
        Ok(_) => Outcome::Success,
    };
    for circuit in circuits(config()) {
        let strict = circuit.breaker.clone();
        let mild = strict.classify(kind);
        assert!(mild.same_circuit(&strict) && strict.same_circuit(&circuit.breaker));
        mild.try_acquire().unwrap().record(&Err(Error::Inner(Down::Missing)));
        assert_eq!(circuit.counts(), Counts::default());
        strict.try_acquire().unwrap().record(&Err::<(), _>(Down::Missing));
        assert_eq!(circuit.counts().consecutive_failures, 1);
        mild.try_acquire().unwrap().record(&Err(Error::Inner(Down::Broken)));
        circuit.is(State::Open);
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_clones_are_one_circuit() {
    for circuit in circuits(Config::off().with_consecutive_failures(1_000)) {
        let clones: Vec<_> = (0..1_000)
            .map(|_| {
                let Circuit { breaker, .. } = &circuit;
                breaker.clone()
            })
            .collect();
        for clone in &clones[1..] {
            clone.try_acquire().unwrap().failure();
        }
        circuit.is(State::Closed);
        circuit.play("F").await;
        assert!(clones.iter().all(|clone| clone.state() == State::Open));
        assert!(!circuit.breaker.same_circuit(&breaker()));
    }
}
