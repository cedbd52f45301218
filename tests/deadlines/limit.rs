//! A limit of a call's own.

use std::{
    cell::Cell,
    future::{pending, poll_fn},
    task::Poll,
    time::Duration,
};

use buttress::{
    Error, Lift,
    testing::{Polls, Script, Step},
    timeout::{Config, Timeout},
};
use tokio::time::{Instant, advance, sleep};
use tower::{Layer, Service, ServiceExt};

use crate::doors::{Door, SECOND, timed_out, timeout};

#[tokio::test(start_paused = true)]
async fn what_ends_in_time_comes_back_unchanged() {
    for door in Door::ALL {
        let backend =
            Script::new([Step::ok(7).after(SECOND), Step::err("broken").after(2 * SECOND)]);
        let timeout = timeout(3 * SECOND);
        assert_eq!(door.time(&timeout, || backend.call()).await, Ok(7), "{door:?}");
        assert_eq!(
            door.time(&timeout, || backend.call()).await,
            Err(Error::Inner("broken")),
            "{door:?}"
        );
        assert_eq!(timeout.snapshot().totals, Default::default());
    }
}

#[tokio::test(start_paused = true)]
async fn what_takes_too_long_is_dropped_when_the_limit_is_up_and_not_later() {
    for door in Door::ALL {
        let backend = Script::<(), &str>::new([Step::hang()]);
        let timeout = timeout(10 * SECOND);
        let (start, dropped_at) = (Instant::now(), Cell::new(None));
        let answer = door
            .time(&timeout, async || {
                let _leaving = Leaving(&dropped_at);
                backend.call().await
            })
            .await;
        assert_eq!(answer, timed_out(10 * SECOND), "{door:?}");
        assert_eq!(dropped_at.get().unwrap() - start, 10 * SECOND, "{door:?}");
        assert_eq!((backend.counts().in_flight, backend.counts().cancelled), (0, 1));
        assert_eq!(timeout.snapshot().totals.timed_out, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_is_dropped_before_the_refusal_is_told() {
    for door in Door::ALL {
        let (timeout, dropped_at) = (timeout(SECOND), Cell::new(None));
        let mut call = Box::pin(door.time(&timeout, || async {
            let _leaving = Leaving(&dropped_at);
            pending::<Result<(), ()>>().await
        }));
        assert!(poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_pending())).await);
        advance(SECOND).await;
        assert!(call.as_mut().await.is_err());
        assert!(
            dropped_at.get().is_some(),
            "{door:?}: the future is still here, the operation gone"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_limit_counts_from_the_end_of_the_first_poll() {
    for door in Door::ALL {
        let timeout = timeout(10 * SECOND);
        let start = Instant::now();
        let answer = door
            .time(&timeout, async || {
                advance(5 * SECOND).await; // five seconds of work before it first waits
                pending::<Result<(), ()>>().await
            })
            .await;
        assert_eq!(answer, timed_out(10 * SECOND), "{door:?}");
        assert_eq!(start.elapsed(), 15 * SECOND, "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_operation_does_before_it_first_waits_is_never_cut_off() {
    for door in Door::ALL {
        let answer: Result<_, Error<()>> = door
            .time(&timeout(SECOND), || {
                poll_fn(|cx| {
                    // An hour, and it does not even wait.
                    let _ = std::pin::pin!(advance(3600 * SECOND)).poll(cx);
                    Poll::Ready(Ok("done"))
                })
            })
            .await;
        assert_eq!(answer, Ok("done"), "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_is_ready_together_with_its_timer_wins() {
    for door in Door::ALL {
        let timeout = timeout(SECOND);
        let answer: Result<_, Error<()>> = door
            .time(&timeout, async || {
                sleep(SECOND).await;
                Ok("in time")
            })
            .await;
        assert_eq!(answer, Ok("in time"), "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_operation_is_asked_first_even_when_its_time_is_long_up() {
    for door in Door::ALL {
        let (timeout, polls) = (timeout(SECOND), Cell::new(0));
        let operation = || {
            poll_fn(|_| {
                polls.set(polls.get() + 1);
                if polls.get() == 1 { Poll::Pending } else { Poll::Ready(Ok::<_, ()>("late")) }
            })
        };
        let mut call = Box::pin(door.time(&timeout, operation));
        assert!(poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_pending())).await);
        advance(3600 * SECOND).await;
        assert_eq!(call.await, Ok("late"), "{door:?}");
        assert_eq!(polls.get(), 2, "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_is_polled_when_something_happens_and_not_in_between() {
    for door in Door::ALL {
        let polls = Polls::new();
        let timeout = timeout(3600 * SECOND);
        let answer: Result<(), Error<()>> =
            polls.of(door.time(&timeout, pending::<Result<(), ()>>)).await;
        assert_eq!(answer, timed_out(3600 * SECOND));
        polls.assert_at_most(2);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_nothing_ever_strikes() {
    for door in Door::ALL {
        let polls = Polls::new();
        let timeout = timeout(Duration::MAX);
        let call = polls.of(door.time(&timeout, pending::<Result<(), ()>>));
        let years = Duration::from_secs(100 * 365 * 86_400);
        assert!(tokio::time::timeout(years, call).await.is_err(), "{door:?}");
        polls.assert_at_most(2); // at first, and at the very end
        assert_eq!(timeout.snapshot().totals, Default::default());
        assert_eq!(timeout.snapshot().limit, None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_centuries_is_no_panic_and_no_moment_long_past() {
    for door in Door::ALL {
        let timeout = timeout(Duration::from_secs(500 * 365 * 86_400));
        let answer: Result<_, Error<()>> = door
            .time(&timeout, async || {
                sleep(86_400 * SECOND).await;
                Ok("a day later")
            })
            .await;
        assert_eq!(answer, Ok("a day later"), "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_uses_up_its_budget_on_every_poll_cannot_hold_the_timer_back() {
    for door in Door::ALL {
        let (timeout, polls) = (timeout(10 * SECOND), Cell::new(0));
        let hog = || {
            poll_fn(|cx| {
                polls.set(polls.get() + 1);
                assert!(polls.get() < 10_000, "{door:?}: nobody ends it");
                // A tenth of a second of work, and then every bit of the budget.
                let _ = std::pin::pin!(advance(SECOND / 10)).poll(cx);
                while std::pin::pin!(tokio::task::consume_budget()).poll(cx).is_ready() {}
                Poll::<Result<(), ()>>::Pending
            })
        };
        assert_eq!(door.time(&timeout, hog).await, timed_out(10 * SECOND), "{door:?}");
        assert!(polls.get() >= 100);
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_panic_and_not_a_timeout() {
    for door in Door::ALL {
        let timeout = timeout(30 * SECOND);
        let watched = timeout.clone();
        let start = Instant::now();
        let call = tokio::task::LocalSet::new();
        let task = call.spawn_local(async move {
            door.time(&timeout, || async { panic!("at once") as Result<(), ()> }).await
        });
        call.await;
        assert!(task.await.unwrap_err().is_panic(), "{door:?}");
        assert_eq!((start.elapsed(), watched.snapshot().totals.timed_out), (Duration::ZERO, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_counts_nothing() {
    for door in Door::ALL {
        let (timeout, backend) = (timeout(SECOND), Script::<(), &str>::new([Step::hang()]));
        drop(door.time(&timeout, || backend.call()));
        let call = door.time(&timeout, || backend.call());
        assert!(tokio::time::timeout(SECOND / 2, call).await.is_err());
        assert_eq!(
            (backend.counts().in_flight, timeout.snapshot().totals),
            (0, Default::default())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_of_a_service_keeps_its_limit_when_every_handle_is_gone() {
    let (timeout, backend) = (timeout(3 * SECOND), Script::<(), &str>::new([Step::hang()]));
    let mut service = timeout.layer().layer(Lift::layer().layer(backend.service()));
    let call = ServiceExt::<()>::ready(&mut service).await.unwrap().call(());
    timeout.reconfigure(60 * SECOND).unwrap();
    drop((service, timeout));
    let start = Instant::now();
    assert_eq!(call.await, timed_out(3 * SECOND));
    assert_eq!((start.elapsed(), backend.counts().in_flight), (3 * SECOND, 0));
}

#[test]
fn a_limit_of_zero_is_refused_by_name() {
    let error = Timeout::new("t", Duration::ZERO).unwrap_err();
    assert_eq!(error.to_string(), "timeout config: limit must be above zero");
    let fields = |error: &buttress::config::ConfigError| {
        error.flaws().iter().map(|flaw| flaw.field).collect::<Vec<_>>()
    };
    let config = Config::new(Duration::ZERO).with_max_refused_share(f64::NAN);
    assert_eq!(fields(&config.parse().unwrap_err()), ["limit", "max_refused_share"]);
    for share in [-0.1, 1.1, f64::INFINITY] {
        let config = Config::new(SECOND).with_max_refused_share(share);
        assert_eq!(fields(&config.parse().unwrap_err()), ["max_refused_share"], "{share}");
    }
}

/// Notes when it is dropped.
struct Leaving<'a>(&'a Cell<Option<Instant>>);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.set(Some(Instant::now()));
    }
}
