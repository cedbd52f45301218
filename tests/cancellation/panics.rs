//! Calls that are dropped because something panics.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};

use buttress::{
    Error, Pipeline,
    circuit_breaker::{CircuitBreaker, Config, State},
    outcome::Outcome,
    testing::{Script, Step},
    timeout::Timeout,
};
use tower::{Layer, Service, ServiceExt};

use crate::circuit::{SECOND, assert_unharmed, breaker, half_open, slow};

/// One failure opens it.
fn touchy() -> CircuitBreaker {
    let config = Config::off().with_consecutive_failures(1).with_probes(1);
    CircuitBreaker::new("touchy", config).unwrap()
}

/// Unwinds without a word on stderr.
fn blow_up() -> ! {
    resume_unwind(Box::new("as planned"))
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_operation_is_a_failure() {
    for awaits_first in [false, true] {
        let breaker = touchy();
        let handle = breaker.clone();
        let task = tokio::spawn(async move {
            handle
                .call(async || {
                    if awaits_first {
                        tokio::time::sleep(SECOND).await;
                    }
                    blow_up() as Result<(), ()>
                })
                .await
        });
        assert!(task.await.unwrap_err().is_panic());
        assert_eq!(breaker.state(), State::Open, "awaits first: {awaits_first}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_before_there_is_a_future_is_a_failure_too() {
    let breaker = touchy();
    let call = || breaker.call(|| -> std::future::Ready<Result<(), ()>> { blow_up() });
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_probe_opens_again_and_its_place_is_free() {
    let (breaker, backend) = (touchy(), Script::<(), ()>::new([Step::panic()]));
    for _ in 0..20 {
        half_open(&breaker);
        let (handle, script) = (breaker.clone(), backend.clone());
        let probe = tokio::spawn(async move { handle.call(|| script.call()).await });
        assert!(probe.await.unwrap_err().is_panic());
        assert_eq!(breaker.state(), State::Open);
    }
    half_open(&breaker);
    breaker.call(|| async { Ok::<_, ()>(()) }).await.unwrap();
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_panic_next_door_is_no_failure() {
    let (breaker, backend) = (breaker(), Script::<(), ()>::new([Step::hang()]));
    half_open(&breaker);
    let (handle, script) = (breaker.clone(), backend.clone());
    let task = tokio::spawn(async move {
        tokio::join!(handle.call(|| script.call()), async { blow_up() as () })
    });
    assert!(task.await.unwrap_err().is_panic());
    assert_unharmed(&breaker, &backend);
}

#[tokio::test(start_paused = true)]
async fn a_permit_dropped_by_a_panic_is_a_failure() {
    let breaker = touchy();
    let holding = || {
        let _permit = breaker.try_acquire().unwrap();
        blow_up()
    };
    assert!(catch_unwind(AssertUnwindSafe(holding)).is_err());
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn every_breaker_around_a_panic_hears_of_it() {
    let (outer, inner) = (touchy(), touchy());
    let timeout = Timeout::new("t", SECOND).unwrap();
    let pipeline = Pipeline::new().with(outer.clone()).with(timeout.clone()).with(inner.clone());
    let task =
        tokio::spawn(async move { pipeline.call(async || blow_up() as Result<(), ()>).await });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!((outer.state(), inner.state()), (State::Open, State::Open));
    assert_eq!(timeout.snapshot().totals, Default::default());
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_service_counts_whether_in_call_or_later() {
    #[derive(Clone)]
    struct Volatile;

    impl Service<()> for Volatile {
        type Response = ();
        type Error = Error<()>;
        type Future = std::future::Ready<Result<(), Error<()>>>;

        fn poll_ready(
            &mut self,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), Error<()>>> {
            std::task::Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            blow_up()
        }
    }

    let breaker = touchy();
    let service = breaker.layer().layer(Volatile);
    assert!(tokio::spawn(service.oneshot(())).await.unwrap_err().is_panic());
    assert_eq!(breaker.state(), State::Open, "in call");

    breaker.reset();
    let backend = Script::<(), Error<()>>::new([Step::panic()]);
    let service = breaker.layer().layer(backend.service());
    assert!(tokio::spawn(service.oneshot(())).await.unwrap_err().is_panic());
    assert_eq!(breaker.state(), State::Open, "in its future");
}

#[tokio::test(start_paused = true)]
async fn a_classifier_that_panics_keeps_no_place_and_no_lock() {
    let (breaker, backend) = (breaker(), slow());
    half_open(&breaker);
    for _ in 0..20 {
        let view = breaker.classify(|_: &Result<&str, Error<&str>>| -> Outcome { blow_up() });
        let script = backend.clone();
        let task = tokio::spawn(async move { view.call(|| script.call()).await });
        assert!(task.await.unwrap_err().is_panic());
    }
    assert_unharmed(&breaker, &backend);
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_panics_while_it_is_cut_off_is_still_one_failure() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                panic_any("while dropping");
            }
        }
    }

    let breaker = touchy();
    let (handle, timeout) = (breaker.clone(), Timeout::new("t", SECOND).unwrap());
    let task = tokio::spawn(async move {
        timeout
            .run(|| {
                handle.call(async || {
                    let _bomb = Bomb;
                    std::future::pending::<Result<(), ()>>().await
                })
            })
            .await
    });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!((breaker.state(), breaker.snapshot().totals.opened), (State::Open, 1));

    // The mark that says "we are cutting off" went with the panic.
    breaker.reset();
    let call = breaker.call(std::future::pending::<Result<(), ()>>);
    assert!(tokio::time::timeout(SECOND, call).await.is_err());
    assert_eq!(breaker.state(), State::Closed, "somebody else's timeout is a cancellation");
}
