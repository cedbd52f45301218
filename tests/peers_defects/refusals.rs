//! Refusals that do not say who, why, or when.

use std::{error::Error as StdError, future::pending, io, time::Duration};

use buttress::{
    Error, Fault, Lift, OpenReason, Refusal,
    circuit_breaker::{CircuitBreaker, Config},
    time::Deadline,
    timeout::Timeout,
};
use tokio::time::advance;
use tower::{ServiceBuilder, ServiceExt, service_fn};

const SECOND: Duration = Duration::from_secs(1);

type Answer = Result<(), Error<io::Error>>;

/// A guard that refuses, and what its refusal must say.
struct Case {
    kind: &'static str,
    began: bool,
    retry_after: Option<Duration>,
    text: &'static str,
}

async fn hang() -> Result<(), io::Error> {
    pending().await
}

fn breaker() -> CircuitBreaker {
    let config = Config::off().with_consecutive_failures(1).with_probes(1).with_probe_lease(SECOND);
    CircuitBreaker::new("guard", config).unwrap()
}

async fn through_both_doors(breaker: &CircuitBreaker) -> [Answer; 2] {
    let service = ServiceBuilder::new()
        .layer(breaker.layer())
        .layer(Lift::layer())
        .service(service_fn(|()| hang()));
    [breaker.call(hang).await, service.oneshot(()).await]
}

async fn timed_through_both_doors(timeout: &Timeout) -> [Answer; 2] {
    let service = ServiceBuilder::new()
        .layer(timeout.layer())
        .layer(Lift::layer())
        .service(service_fn(|()| hang()));
    [timeout.call(hang).await, service.oneshot(()).await]
}

fn assert_says_it_all(answers: [Answer; 2], case: &Case) {
    for answer in answers {
        let error = answer.unwrap_err();
        assert_says(error.refusal(), case);
        assert_eq!(error.retry_after(), case.retry_after);
        // In the chain of sources, where anybody can find it who knows nothing of us …
        let source = error.source().unwrap();
        assert_says(source.downcast_ref(), case);
        // … and through any erasure.
        let boxed: Box<dyn StdError + Send + Sync> = error.into();
        assert_says(boxed.refusal(), case);
        let anyhow = anyhow::Error::from_boxed(boxed).context("while answering");
        assert_says(anyhow.refusal(), case);
        let erased_again: Error<anyhow::Error> = Error::Inner(anyhow);
        assert_says(erased_again.refusal(), case);
    }
}

fn assert_says(refusal: Option<&Refusal>, case: &Case) {
    let refusal = refusal.unwrap();
    assert_eq!(refusal.name().as_str(), "guard");
    assert_eq!((refusal.kind(), refusal.began()), (case.kind, case.began));
    assert_eq!(refusal.retry_after(), case.retry_after, "{}", case.text);
    assert_eq!(refusal.to_string(), case.text);
}

/// tower-resilience: `CircuitOpen { name: None }` and `retry_after: None`, always, and
/// `Error::source()` is deliberately none. Ours say it all, by every door and through any erasure.
#[tokio::test(start_paused = true)]
async fn d12_a_circuit_says_who_refuses_and_why_and_when_to_come_back() {
    let breaker = breaker();
    let open = |retry_after, text| Case { kind: "circuit_open", began: false, retry_after, text };

    breaker.open_for(4 * SECOND);
    advance(SECOND).await;
    let case = open(Some(3 * SECOND), "circuit `guard` is open; retry after 3s");
    assert_says_it_all(through_both_doors(&breaker).await, &case);

    advance(3 * SECOND).await;
    let probe = breaker.try_acquire().unwrap();
    let case =
        open(Some(SECOND), "circuit `guard` is half-open, all probes are out; retry after 1s");
    assert_says_it_all(through_both_doors(&breaker).await, &case);
    drop(probe);

    breaker.force_open();
    let case = open(None, "circuit `guard` is forced open");
    assert_says_it_all(through_both_doors(&breaker).await, &case);

    breaker.isolate();
    let case = open(None, "circuit `guard` is isolated");
    assert_says_it_all(through_both_doors(&breaker).await, &case);

    let reason = breaker.try_acquire().map(drop).unwrap_err();
    assert!(matches!(reason, Refusal::CircuitOpen { reason: OpenReason::Isolated, .. }));
    assert!(breaker.try_acquire_owned().is_err());
}

/// The same for timeouts and deadlines, which no unified error of tower-resilience covers in full.
#[tokio::test(start_paused = true)]
async fn d12_a_timeout_says_who_gave_up_and_after_how_long() {
    let timeout = Timeout::new("guard", 2 * SECOND).unwrap();
    let timed_out = Case {
        kind: "timed_out",
        began: true,
        retry_after: None,
        text: "`guard` timed out after 2s",
    };
    assert_says_it_all(timed_through_both_doors(&timeout).await, &timed_out);

    let passed = Deadline::within(SECOND);
    advance(4 * SECOND).await;
    let answers = passed.scope(timed_through_both_doors(&timeout)).await;
    for answer in answers {
        let error = answer.unwrap_err();
        let refusal = error.refusal().unwrap();
        assert_eq!((refusal.kind(), refusal.began()), ("deadline_exceeded", false));
        assert_eq!(refusal.name().as_str(), "guard");
        assert!(refusal.to_string().contains("3s"), "how late it was: {refusal}");
        assert!(error.source().unwrap().is::<Refusal>());
    }
}

/// And an operation's own error comes through as it is, with its own source and nothing around it.
#[tokio::test(start_paused = true)]
async fn d12_an_error_of_the_operation_is_not_wrapped() {
    let breaker = breaker();
    let answer = breaker.call(async || Err::<(), _>(io::Error::other("the disk is full"))).await;
    let error = answer.unwrap_err();
    assert_eq!(error.to_string(), "the disk is full");
    assert!(error.refusal().is_none());
    let boxed: Box<dyn StdError + Send + Sync> = error.into_boxed();
    assert!(boxed.is::<io::Error>());
}
