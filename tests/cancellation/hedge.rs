//! Races dropped at every await: every attempt goes with its call, and the hedge works on.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::atomic::{AtomicU32, Ordering},
    task::Poll,
};

use buttress::{
    Error, Lift, Pipeline,
    circuit_breaker::State,
    hedge::{Config, Hedge},
    outcome::Outcome,
    testing::{Script, Step, drop_at_every_await},
    time::Deadline,
    timeout::Timeout,
};
use tower::{Service, ServiceBuilder, ServiceExt};

use crate::circuit::{SECOND, STEP, assert_unharmed, breaker, half_open};

/// Two hedges, 10 ms apart.
fn hedge() -> Hedge {
    Hedge::new("lost", Config::after(STEP).with_max_hedges(2)).unwrap().without_budget()
}

/// Two at most, and one that measures.
fn measuring() -> Hedge {
    Hedge::new("lost", Config::new().with_extra_load(0.5).with_max_hedges(2))
        .unwrap()
        .without_budget()
}

/// Answered by the third attempt.
fn backend() -> Script<&'static str, &'static str> {
    Script::new([
        Step::ok("first").after(9 * STEP),
        Step::err("second").after(3 * STEP),
        Step::ok("up").after(2 * STEP),
    ])
}

/// Nothing runs, and the next call is answered.
async fn assert_works<C>(hedge: &Hedge<C>, backend: &Script<&'static str, &'static str>)
where
    C: buttress::outcome::Classify<&'static str, Error<&'static str>>,
{
    assert_eq!(backend.counts().in_flight, 0);
    assert_eq!(hedge.call(async || Ok::<_, &str>("on")).await, Ok("on"));
}

/// A backend of its own for each call.
fn backends() -> (impl Fn() -> Script<&'static str, &'static str>, impl Fn() -> u64) {
    let made = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let seen = std::rc::Rc::clone(&made);
    let make = move || {
        let backend = backend();
        made.borrow_mut().push(backend.clone());
        backend
    };
    let in_flight = move || seen.borrow().iter().map(|backend| backend.counts().in_flight).sum();
    (make, in_flight)
}

#[tokio::test(start_paused = true)]
async fn a_call() {
    let (hedge, (make, in_flight)) = (hedge(), backends());
    let drops = drop_at_every_await(
        STEP,
        || {
            let backend = make();
            async { hedge.call(move || backend.call()).await.unwrap() }
        },
        |polls| assert_eq!(in_flight(), 0, "after {polls} polls"),
    )
    .await;
    assert!(drops >= 5, "{drops}");
    let totals = hedge.snapshot().totals;
    assert!(totals.wins == 1 && totals.slow >= 6, "{totals:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_measured() {
    let hedge = measuring();
    let eager = hedge.patience(|_| Some(STEP));
    // For the tokens.
    for _ in 0..100 {
        hedge.call(async || Ok::<_, &str>("up")).await.unwrap();
    }
    let before = hedge.snapshot().samples;
    let (make, in_flight) = backends();
    let drops = drop_at_every_await(
        STEP,
        || {
            let backend = make();
            async { eager.call(move || backend.call()).await.unwrap() }
        },
        |polls| assert_eq!(in_flight(), 0, "after {polls} polls"),
    )
    .await;
    assert!(drops >= 5, "{drops}");
    // What was dropped lasted at least so long, which is no sample of how long it lasts.
    assert_eq!(hedge.snapshot().samples, before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_of_a_service_from_readiness_to_its_end() {
    let hedge = hedge();
    let backend = Script::<_, &str>::new([Step::ok("up").after(7 * STEP)]);
    let inner = backend.service().ready_after(2);
    let seen = inner.watch();
    let service = ServiceBuilder::new().layer(hedge.layer()).layer(Lift::layer()).service(inner);
    let drops = drop_at_every_await(
        STEP,
        || service.clone().oneshot(()),
        |polls| {
            assert_eq!((seen().reserved, seen().in_flight), (0, 0), "after {polls} polls");
            assert_eq!(backend.counts().in_flight, 0);
        },
    )
    .await;
    assert!(drops >= 8, "{drops}");
    assert!(seen().calls > u64::from(drops) && seen().cancelled > 0);
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_around_and_inside() {
    let (inner, backend) = (breaker(), Script::<_, &str>::new([Step::ok("up").after(5 * STEP)]));
    let pipeline =
        Pipeline::new().with(Timeout::new("t", SECOND).unwrap()).with(hedge()).with(inner.clone());
    let drops = drop_at_every_await(
        STEP,
        || {
            half_open(&inner);
            pipeline.call(|| backend.call())
        },
        |_| assert_unharmed(&inner, &backend),
    )
    .await;
    assert!(drops >= 6, "{drops}");
}

#[tokio::test(start_paused = true)]
async fn a_breaker_around_it() {
    let (outer, backend) = (breaker(), Script::<_, &str>::new([Step::ok("up").after(5 * STEP)]));
    let pipeline = Pipeline::new().with(outer.clone()).with(hedge());
    let drops = drop_at_every_await(
        STEP,
        || {
            half_open(&outer);
            Deadline::within(SECOND).scope(pipeline.call(|| backend.call()))
        },
        |_| assert_unharmed(&outer, &backend),
    )
    .await;
    assert!(drops >= 6, "{drops}");
}

#[tokio::test(start_paused = true)]
async fn a_task_aborted_at_any_time() {
    let hedge = hedge();
    for steps in 0..8 {
        let (handle, backend) = (hedge.clone(), backend());
        let script = backend.clone();
        let task = tokio::spawn(async move { handle.call(|| script.call()).await });
        tokio::time::sleep(steps * STEP).await;
        task.abort();
        let _ = task.await;
        assert_works(&hedge, &backend).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_never_polled() {
    for hedge in [hedge(), measuring()] {
        let backend = backend();
        drop(hedge.call(|| backend.call()));
        assert_eq!((backend.counts().calls, backend.counts().cancelled), (1, 1));
        assert_works(&hedge, &backend).await;
    }
}

/// Unwinds without a word on stderr.
fn blow_up() -> ! {
    resume_unwind(Box::new("as planned"))
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_any_attempt_drops_the_others_and_leaves_the_hedge_usable() {
    for hedge in [hedge(), measuring()] {
        let eager = hedge.patience(|_| Some(STEP));
        for _ in 0..100 {
            hedge.call(async || Ok::<_, &str>("up")).await.unwrap();
        }
        for volatile in 0..3_usize {
            let mut steps = vec![Step::hang(); 3];
            steps[volatile] = Step::<&str, &str>::panic().after(5 * STEP);
            let (handle, backend) = (eager.clone(), Script::new(steps));
            let script = backend.clone();
            let task = tokio::spawn(async move { handle.call(|| script.call()).await });
            assert!(task.await.unwrap_err().is_panic(), "{volatile}");
            let seen = backend.counts();
            assert_eq!((seen.in_flight, seen.panicked), (0, seen.calls), "dropped unwinding");
            assert_works(&hedge, &backend).await;
        }
    }
}

/// In `operation()`, and in `call` of a service.
#[tokio::test(start_paused = true)]
async fn a_panic_before_there_is_an_attempt() {
    let hedge = hedge();
    let first = || hedge.call(|| -> std::future::Pending<Result<&str, &str>> { blow_up() });
    assert!(catch_unwind(AssertUnwindSafe(first)).is_err());

    let calls = AtomicU32::new(0);
    let backend = Script::<_, &str>::new([Step::ok("up").after(9 * STEP)]);
    let mut call = Box::pin(hedge.call(|| {
        if calls.fetch_add(1, Ordering::Relaxed) == 1 {
            blow_up();
        }
        backend.call()
    }));
    assert!(poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_pending())).await);
    tokio::time::advance(STEP).await;
    let poll = poll_fn(|cx| {
        Poll::Ready(catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx).is_ready())))
    });
    assert!(poll.await.is_err(), "the second start panics in the middle of a poll");
    drop(call);
    assert_works(&hedge, &backend).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_classifier_or_of_a_patience() {
    let (hedge, backend) = (hedge(), backend());
    let blind = hedge.classify(|_: &Result<&str, Error<&str>>| -> Outcome { blow_up() });
    let script = Script::<&str, &str>::new([Step::ok("up").after(5 * STEP), Step::hang()]);
    let seen = script.clone();
    let task = tokio::spawn(async move { blind.call(|| script.call()).await });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!((seen.counts().in_flight, seen.counts().calls), (0, 3));
    assert_works(&hedge, &backend).await;

    let impatient = hedge.patience(|_| -> Option<std::time::Duration> { blow_up() });
    let call = || drop(impatient.call(|| backend.call()));
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    assert_eq!(backend.counts().calls, 0);
    assert_works(&hedge, &backend).await;
}

/// The others are dropped all the same.
#[tokio::test(start_paused = true)]
async fn a_panic_while_a_loser_is_dropped() {
    struct Bomb(bool);
    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.0 && !std::thread::panicking() {
                blow_up()
            }
        }
    }

    let (hedge, calls) = (hedge(), AtomicU32::new(0));
    let others = Script::<&str, &str>::new([Step::hang()]);
    let script = others.clone();
    let handle = hedge.clone();
    let task = tokio::spawn(async move {
        handle
            .call(|| {
                let number = calls.fetch_add(1, Ordering::Relaxed);
                let other = script.call();
                async move {
                    let _bomb = Bomb(number == 0);
                    if number == 2 { Ok("up") } else { other.await }
                }
            })
            .await
    });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(others.counts().in_flight, 0);
    assert_works(&hedge, &others).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_service_in_call() {
    #[derive(Clone)]
    struct Volatile(Script<&'static str, Error<&'static str>>, u32);

    impl Service<()> for Volatile {
        type Response = &'static str;
        type Error = Error<&'static str>;
        type Future = buttress::testing::Scripted<&'static str, Error<&'static str>>;

        fn poll_ready(
            &mut self,
            _: &mut std::task::Context<'_>,
        ) -> Poll<Result<(), Error<&'static str>>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            self.1 += 1;
            if self.1 == 2 {
                blow_up();
            }
            self.0.call()
        }
    }

    let (breaker, backend) = (breaker(), Script::new([Step::hang()]));
    let service = ServiceBuilder::new()
        .layer(breaker.layer())
        .layer(hedge().layer())
        .service(Volatile(backend.clone(), 0));
    assert!(tokio::spawn(service.oneshot(())).await.unwrap_err().is_panic());
    assert_eq!((backend.counts().calls, backend.counts().in_flight), (1, 0));
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.snapshot().counts.failures, 1, "a panic of a race is one failure");
}
