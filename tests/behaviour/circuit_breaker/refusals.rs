//! Other guards' refusals: what began and timed out is a failure, what never began is nobody's.

use std::{error::Error as StdError, io};

use buttress::{
    Error, Fault, Lift, OpenReason, Refusal,
    circuit_breaker::{CircuitBreaker, Config, Counts, State},
    testing::{Script, Step},
    timeout::Timeout,
};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

use crate::doors::{Down, SECOND, circuits};

type Boxed = Box<dyn StdError + Send + Sync>;

fn breaker(name: &'static str) -> CircuitBreaker {
    CircuitBreaker::new(name, Config::new().with_consecutive_failures(5)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn fifty_timeouts_under_a_breaker_open_it() {
    let timeout = Timeout::new("model", SECOND / 10).unwrap();
    let backend = Script::<(), Down>::new([Step::hang()]);
    let [plain, layered] = ["plain", "layered"]
        .map(|name| CircuitBreaker::new(name, Config::new().with_min_calls(50)).unwrap());
    let service = ServiceBuilder::new()
        .layer(layered.layer())
        .layer(timeout.layer())
        .layer(Lift::layer())
        .service(backend.service());
    for done in 0..50 {
        assert_eq!((plain.state(), layered.state()), (State::Closed, State::Closed), "{done}");
        let answer = plain.run(|| timeout.call(|| backend.call())).await;
        assert_eq!(answer.unwrap_err().refusal().unwrap().kind(), "timed_out");
        let answer = service.clone().oneshot(()).await;
        assert_eq!(answer.unwrap_err().refusal().unwrap().kind(), "timed_out");
    }
    assert_eq!((plain.state(), layered.state()), (State::Open, State::Open));
}

#[tokio::test(start_paused = true)]
async fn fifty_refusals_of_what_never_began_do_not() {
    let name = || "inner".into();
    let never_began = [
        Refusal::RateLimited { name: name(), retry_after: Some(SECOND) },
        Refusal::Full { name: name(), limit: 5 },
        Refusal::Throttled { name: name() },
        Refusal::Overloaded { name: name() },
        Refusal::ShuttingDown { name: name() },
        Refusal::Invalid { name: name(), rule: "too long" },
        Refusal::CircuitOpen { name: name(), reason: OpenReason::Tripped, retry_after: None },
        Refusal::DeadlineExceeded { name: name(), began: false, late: SECOND },
    ];
    for refusal in never_began {
        assert!(!refusal.began());
        let error = || Error::<Down>::Refused(refusal.clone());
        let breaker = breaker("outer");
        let service =
            breaker.layer().layer(service_fn(|()| std::future::ready(Err::<(), _>(error()))));
        for _ in 0..50 {
            let answer = breaker.run(async || Err::<(), _>(error())).await;
            assert_eq!(answer, Err(error()), "it comes back as it is");
            assert_eq!(service.clone().oneshot(()).await, Err(error()));
        }
        assert_eq!(breaker.state(), State::Closed);
        assert_eq!(breaker.snapshot().counts, Counts::default());
    }
}

#[tokio::test(start_paused = true)]
async fn what_began_and_was_cut_off_does() {
    let name = || "inner".into();
    let began = [
        Refusal::TimedOut { name: name(), limit: SECOND },
        Refusal::DeadlineExceeded { name: name(), began: true, late: SECOND },
    ];
    for refusal in began {
        assert!(refusal.began());
        let breaker = breaker("outer");
        for _ in 0..5 {
            assert_eq!(breaker.state(), State::Closed);
            let error = Error::<Down>::Refused(refusal.clone());
            assert!(breaker.run(async || Err::<(), _>(error)).await.is_err());
        }
        assert_eq!(breaker.state(), State::Open);
    }
}

/// An inner breaker that is open, called with `?` inside an operation whose error is boxed.
#[tokio::test(start_paused = true)]
async fn a_refusal_survives_a_question_mark_into_a_boxed_error() {
    let (outer, inner) = (breaker("outer"), breaker("inner"));
    inner.force_open();
    for _ in 0..50 {
        let answer = outer
            .call(async || {
                let reply = inner.call(async || Ok::<_, io::Error>(1)).await?;
                Ok::<_, Boxed>(reply)
            })
            .await;
        let error = answer.unwrap_err();
        assert_eq!(error.refusal().map(|refusal| refusal.name().as_str()), Some("inner"));
        // The same, the error being boxed already and left as it is.
        let answer = outer
            .run(async || {
                let reply = inner.call(async || Ok::<_, io::Error>(1)).await?;
                Ok::<_, Boxed>(reply)
            })
            .await;
        assert_eq!(answer.unwrap_err().refusal().unwrap().kind(), "circuit_open");
    }
    assert_eq!((outer.state(), outer.snapshot().counts), (State::Closed, Counts::default()));
    assert_eq!(inner.snapshot().totals.refused, 100);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_survives_a_question_mark_into_anyhow() {
    use anyhow::Context;

    let (outer, inner) = (breaker("outer"), breaker("inner"));
    inner.isolate();
    for _ in 0..50 {
        let answer = outer
            .call(async || {
                let reply = inner
                    .call(async || Ok::<_, io::Error>(1))
                    .await
                    .context("asking the model")
                    .context("answering")?;
                Ok::<_, anyhow::Error>(reply)
            })
            .await;
        assert_eq!(answer.unwrap_err().refusal().unwrap().name().as_str(), "inner");
        let answer: Result<(), anyhow::Error> = outer
            .run(async || {
                inner.call(async || Ok::<_, io::Error>(())).await.context("asking the model")
            })
            .await;
        assert_eq!(answer.unwrap_err().refusal().unwrap().kind(), "circuit_open");
    }
    assert_eq!((outer.state(), outer.snapshot().counts), (State::Closed, Counts::default()));
}

/// Boxed or not, an operation's own errors are failures.
#[tokio::test(start_paused = true)]
async fn a_boxed_error_without_a_refusal_in_it_is_a_failure() {
    let (outer, inner) = (breaker("outer"), breaker("inner"));
    for _ in 0..5 {
        let answer = outer
            .call(async || {
                inner.call(async || Err::<(), _>(io::Error::other("down"))).await?;
                Ok::<_, Boxed>(())
            })
            .await;
        assert!(answer.unwrap_err().refusal().is_none());
    }
    assert_eq!((outer.state(), inner.state()), (State::Open, State::Open));
}

/// A timeout further in did begin, however deep it is wrapped.
#[tokio::test(start_paused = true)]
async fn a_boxed_timeout_is_a_failure() {
    let (outer, timeout) = (breaker("outer"), Timeout::new("inner", SECOND).unwrap());
    for _ in 0..5 {
        assert_eq!(outer.state(), State::Closed);
        let answer = outer
            .call(async || {
                timeout.call(std::future::pending::<Result<(), io::Error>>).await?;
                Ok::<_, Boxed>(())
            })
            .await;
        assert!(answer.unwrap_err().refusal().unwrap().began());
    }
    assert_eq!(outer.state(), State::Open);
}

/// A refusal that was made by the circuit itself is not counted by it when it comes round again.
#[tokio::test(start_paused = true)]
async fn an_operation_that_asks_its_own_circuit_does_not_deadlock() {
    for circuit in circuits(Config::off().with_consecutive_failures(2)) {
        let breaker = &circuit.breaker;
        let answer = breaker
            .run(async || {
                circuit.play("FF").await;
                circuit.is(State::Open);
                breaker.call(async || Ok::<_, Down>("up")).await
            })
            .await;
        assert!(matches!(answer, Err(Error::Refused(_))));
        circuit.is(State::Open);
        assert_eq!(breaker.snapshot().totals.opened, 1);
    }
}
