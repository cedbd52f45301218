//! Retries dropped at every await, and panics of what they run.

use std::{
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use buttress::{
    Error, Lift, Pipeline,
    backoff::{Backoff, Jitter},
    budget::{self, Budget},
    outcome::Outcome,
    retry::{Again, Config, Retry},
    testing::{Script, Step, drop_at_every_await},
    time::Deadline,
    timeout::Timeout,
};
use tokio::time::{advance, sleep};
use tower::{Service, ServiceBuilder, ServiceExt, util::BoxCloneService};

use crate::circuit::{SECOND, STEP, assert_unharmed, breaker, half_open};

type Backend = Script<&'static str, &'static str>;

/// Two waits of two steps, or none.
fn config(waits: bool) -> Config {
    let backoff = if waits { Backoff::constant(2 * STEP) } else { Backoff::Immediate };
    Config::new().with_backoff(backoff).with_jitter(Jitter::None)
}

/// A retry, and the purse that it pays from.
fn retry(config: Config) -> (Retry, Budget) {
    let ample = budget::Config::new().with_ratio(10.0).with_per_second(0);
    let purse = Budget::new("purse", ample).unwrap();
    (Retry::new("lost", config).unwrap().paying_from(&purse), purse)
}

/// Fails, slowly, so often that every call is tried three times.
fn down() -> Backend {
    Script::new([Step::err("down").after(2 * STEP)])
}

/// Nothing is in flight, and what was paid is what was tried again.
#[track_caller]
fn assert_settled(retry: &Retry, purse: &Budget, backend: &Backend) {
    assert_eq!(backend.counts().in_flight, 0);
    let (retries, paid) = (retry.snapshot().totals.retries, purse.snapshot().withdrawn);
    assert_eq!(retries, paid);
}

/// Drops calls at every await: afterwards no later attempt of theirs is made.
async fn drops_of<F: Future>(
    retry: &Retry,
    purse: &Budget,
    backend: &Backend,
    mut start: impl FnMut() -> F,
) {
    let calls = std::cell::Cell::new(0);
    let drops = drop_at_every_await(
        STEP,
        || {
            // Of the call before.
            assert_eq!(
                backend.counts().calls,
                calls.get(),
                "an attempt after its call was dropped"
            );
            start()
        },
        |_| {
            assert_settled(retry, purse, backend);
            calls.set(backend.counts().calls);
        },
    )
    .await;
    assert!(drops >= 6, "{drops} drops");
    assert_eq!(backend.counts().finished + backend.counts().cancelled, backend.counts().calls);
    advance(60 * SECOND).await;
    assert_eq!(backend.counts().calls, calls.get());
    let given_up = retry.snapshot().totals.given_up.attempts;
    assert_eq!(given_up, 1, "only the one that was let end");
}

#[tokio::test(start_paused = true)]
async fn a_call() {
    for waits in [false, true] {
        let ((retry, purse), backend) = (retry(config(waits)), down());
        drops_of(&retry, &purse, &backend, || retry.call(|| backend.call())).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_and_one_that_tells_how_it_went() {
    let ((retry, purse), backend) = (retry(config(true)), down());
    drops_of(&retry, &purse, &backend, || {
        retry.run(async || backend.call().await.map_err(Error::Inner)).detailed()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_call_of_a_service_from_readiness_to_its_end() {
    let ((retry, purse), backend) = (retry(config(true)), down());
    let inner = backend.service().ready_after(2);
    let seen = inner.watch();
    let service: BoxCloneService<(), &str, Error<&str>> = ServiceBuilder::new()
        .layer(BoxCloneService::layer())
        .layer(retry.layer())
        .layer(Lift::layer())
        .service(inner);
    let drops = drop_at_every_await(
        STEP,
        || service.clone().oneshot(()),
        |polls| {
            assert_settled(&retry, &purse, &backend);
            assert_eq!((seen().reserved, seen().in_flight), (0, 0), "after {polls} polls");
        },
    )
    .await;
    assert!(drops >= 12, "{drops} drops: three times not ready, at work, and waiting");
}

#[tokio::test(start_paused = true)]
async fn a_call_under_a_deadline_around_a_timeout_and_a_half_open_circuit() {
    let ((retry, purse), backend, circuit) = (retry(config(true)), down(), breaker());
    let each = Timeout::new("each", SECOND).unwrap();
    let pipeline = Pipeline::new().with(retry.clone()).with(circuit.clone()).with(each);
    let drops = drop_at_every_await(
        STEP,
        || {
            half_open(&circuit);
            Deadline::within(SECOND).scope(pipeline.call(|| backend.call()))
        },
        |_| {
            assert_settled(&retry, &purse, &backend);
            circuit.reset(); // failures that were let end did count
            assert_unharmed(&circuit, &backend);
        },
    )
    .await;
    assert!(drops >= 3, "{drops} drops");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_outside_ends_the_attempt_in_flight_as_a_failure_of_the_backend() {
    let circuit = breaker();
    let (retry, _) = retry(config(true));
    let backend = Backend::new([Step::err("down"), Step::hang()]);
    let whole = Timeout::new("whole", SECOND).unwrap();
    let attempt = || circuit.call(|| backend.call());
    let answer = whole.run(|| retry.run(attempt)).await;
    assert_eq!(answer.unwrap_err().retry_after(), None);
    assert_eq!((backend.counts().calls, backend.counts().cancelled), (2, 1));
    assert_eq!(circuit.snapshot().counts.consecutive_failures, 2, "cut off in the middle");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_outside_that_strikes_during_a_wait_is_no_failure_of_the_backend() {
    let circuit = breaker();
    let backoff = Backoff::constant(9 * SECOND);
    let (retry, purse) = retry(config(true).with_backoff(backoff));
    let whole = Timeout::new("whole", SECOND).unwrap();
    let waiting = retry.run(|| circuit.call(async || Err::<(), _>("down")));
    assert!(whole.run(|| waiting).await.is_err());
    assert_eq!(whole.snapshot().totals.timed_out, 1);
    assert_eq!(circuit.snapshot().counts.consecutive_failures, 1);
    assert_eq!(purse.snapshot().withdrawn, 1, "what was paid for stays paid for");
    // A deadline tells that there is no time, so the wait is not even begun.
    let waiting = retry.run(|| circuit.call(async || Err::<(), _>("down")));
    let answer = Deadline::within(SECOND).scope(waiting).await;
    assert_eq!(answer, Err(Error::Inner("down")));
    assert_eq!(purse.snapshot().withdrawn, 1);
}

/// Unwinds without a word on stderr.
fn blow_up() -> ! {
    resume_unwind(Box::new("as planned"))
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_operation_is_a_panic_of_the_call_whichever_attempt_it_is() {
    for panics_at in [1, 2, 3] {
        for in_future in [false, true] {
            let (retry, purse) = retry(config(true));
            let (handle, made) = (retry.clone(), Arc::new(AtomicU32::new(0)));
            let count = Arc::clone(&made);
            let task = tokio::spawn(async move {
                let operation = || {
                    let panics = count.fetch_add(1, Ordering::Relaxed) + 1 == panics_at;
                    if panics && !in_future {
                        blow_up();
                    }
                    async move { if panics { blow_up() } else { Err::<(), _>("down") } }
                };
                handle.call(operation).await
            });
            assert!(task.await.unwrap_err().is_panic());
            advance(60 * SECOND).await;
            let snapshot = retry.snapshot().totals;
            assert_eq!(made.load(Ordering::Relaxed), panics_at, "it is not tried again");
            assert_eq!((snapshot.retries, snapshot.recovered), (u64::from(panics_at) - 1, 0));
            assert_eq!(purse.snapshot().withdrawn, u64::from(panics_at) - 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_service_is_too() {
    let (retry, purse) = retry(config(true));
    let backend = Backend::new([Step::err("down"), Step::panic(), Step::ok("up")]);
    let service: BoxCloneService<(), &str, Error<&str>> = ServiceBuilder::new()
        .layer(BoxCloneService::layer())
        .layer(retry.layer())
        .layer(Lift::layer())
        .service(backend.service());
    assert!(tokio::spawn(service.clone().oneshot(())).await.unwrap_err().is_panic());
    assert_eq!((backend.counts().panicked, backend.counts().calls), (1, 2));
    assert_settled(&retry, &purse, &backend);
    assert_eq!(service.oneshot(()).await, Ok("up"), "the next call is none the worse");
}

#[tokio::test(start_paused = true)]
async fn a_classifier_or_an_observer_that_panics_keeps_nothing() {
    let ((retry, purse), backend) = (retry(config(true)), down());
    for round in 1..=20 {
        let view = retry.classify(|_: &Result<&str, Error<&str>>| -> Outcome { blow_up() });
        let script = backend.clone();
        let task = tokio::spawn(async move { view.call(|| script.call()).await });
        assert!(task.await.unwrap_err().is_panic());

        let view = retry.on_retry(|_: &Again<'_, &str, Error<&str>>| blow_up());
        let script = backend.clone();
        let task = tokio::spawn(async move { view.call(|| script.call()).await });
        assert!(task.await.unwrap_err().is_panic());
        assert_eq!((backend.counts().in_flight, backend.counts().calls), (0, 2 * round));
        assert_settled(&retry, &purse, &backend);
    }
    sleep(SECOND).await;
    assert_eq!(backend.counts().calls, 40, "and no attempt follows");
    let answer = retry.call(|| backend.call()).await;
    assert_eq!((answer, backend.counts().calls), (Err(Error::Inner("down")), 43), "still of use");
}

#[tokio::test(start_paused = true)]
async fn delays_or_a_replay_that_panic_keep_nothing() {
    let ((retry, purse), backend) = (retry(config(true)), down());
    let view = retry.delays(|| std::iter::from_fn(|| blow_up()));
    let script = backend.clone();
    let task = tokio::spawn(async move { view.call(|| script.call()).await });
    assert!(task.await.unwrap_err().is_panic());
    assert_settled(&retry, &purse, &backend);

    let layer = retry.layer().replay(|_: &()| -> Option<()> { blow_up() });
    let mut service =
        ServiceBuilder::new().layer(layer).layer(Lift::layer()).service(backend.service());
    let task = tokio::spawn(async move { service.ready().await?.call(()).await });
    assert!(task.await.unwrap_err().is_panic());
    assert_settled(&retry, &purse, &backend);
    assert_eq!(retry.call(|| backend.call()).await, Err(Error::Inner("down")));
}
