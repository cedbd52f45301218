//! How often it is polled, and when it has a timer.

use std::{
    future::{Future, pending, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use buttress::{
    Mode,
    budget::{self, Budget},
    hedge::{Config, Hedge},
    testing::{Polls, Step},
};
use tokio::time::{Instant, timeout};

use super::{Backend, Door, Down, SECOND, hedge, millis, seeing};

const HOUR: Duration = Duration::from_secs(3600);

/// How often it is polled within an hour.
async fn polled<T>(call: impl Future<Output = T>) -> u64 {
    let polls = Polls::new();
    let _ = timeout(HOUR, polls.of(call)).await;
    polls.count()
}

#[tokio::test(start_paused = true)]
async fn a_call_is_polled_when_something_happens_and_at_no_other_time() {
    for door in Door::ALL {
        // At first, when each of two hedges is due, and when the hour is over.
        let hanging = Backend::new([Step::hang()]);
        assert_eq!(polled(hanging.ask(door, &hedge(10, 2))).await, 4, "{door:?}");
        // At first, when two are due, and when there is an answer.
        let slow = Backend::new([Step::ok(1).after(millis(100))]);
        assert_eq!(polled(slow.ask(door, &hedge(10, 2))).await, 4, "{door:?}");
        let ready = Backend::new([Step::ok(1)]);
        assert_eq!(polled(ready.ask(door, &hedge(10, 2))).await, 1, "{door:?}");
    }
}

/// At first, and when the hour is over.
#[tokio::test(start_paused = true)]
async fn a_call_that_cannot_be_hedged_has_no_timer() {
    for door in Door::ALL {
        let hanging = Backend::new([Step::hang()]);
        let never = hedge(10, 2).patience(|_| None);
        assert_eq!(polled(hanging.ask(door, &never)).await, 2, "{door:?}");
        assert_eq!(polled(hanging.ask(door, &super::measured(0.1))).await, 2, "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_timer_is_disarmed_once_no_hedge_can_start() {
    for door in Door::ALL {
        // It was due once, and there was no money.
        let config = Config::after(millis(10)).with_max_hedges(9);
        let poor = Hedge::new("backend", config.clone()).unwrap();
        let poor = poor.paying_from(
            &Budget::new("empty", budget::Config::new().with_ratio(0.0).with_per_second(0))
                .unwrap(),
        );
        let hanging = Backend::new([Step::hang()]);
        assert_eq!(polled(hanging.ask(door, &poor)).await, 3, "{door:?}");

        // It only watches.
        let shadow = Hedge::new("backend", config.with_mode(Mode::Shadow)).unwrap();
        assert_eq!(polled(hanging.ask(door, &shadow)).await, 11, "{door:?}: it counts nine");

        // A hedge was told to leave the backend alone.
        let steps = [Step::hang(), Step::err(Down::Busy).after(millis(5))];
        let busy = Backend::new(steps);
        assert_eq!(polled(busy.ask(door, &seeing(10, 9))).await, 4, "{door:?}");
        assert_eq!(busy.counts().calls, 2);
    }
}

/// Without a delay nothing is timed: a runtime without timers does.
#[test]
fn a_delay_of_zero_makes_no_timer() {
    let hedge = hedge(0, 3);
    let started = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&started);
    let mut call = pin!(hedge.call(|| {
        count.fetch_add(1, Ordering::Relaxed);
        pending::<Result<(), ()>>()
    }));
    let poll = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(poll.is_pending());
    assert_eq!(started.load(Ordering::Relaxed), 4);
}

/// Nor is anything timed before the first attempt has been polled.
#[test]
fn an_answer_that_is_there_at_once_needs_no_timer() {
    let hedge = hedge(10, 3);
    let mut call = pin!(hedge.call(|| std::future::ready(Ok::<_, ()>(7))));
    let poll = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(poll, Poll::Ready(Ok(7)));
}

/// Whoever is woken is polled, and the hedge does not poll for nothing.
#[tokio::test(start_paused = true)]
async fn an_attempt_is_polled_once_for_each_time_somebody_is_woken() {
    for door in Door::ALL {
        let polls = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&polls);
        let operation = move || {
            let count = Arc::clone(&count);
            poll_fn(move |_| {
                count.fetch_add(1, Ordering::Relaxed);
                Poll::<Result<(), Down>>::Pending
            })
        };
        let call = door.call(&hedge(10, 2), operation);
        assert!(timeout(SECOND, call).await.is_err());
        // The first at 0, 10 and 20 ms and at the end; the second from 10 ms on; the third from 20 ms on.
        // When one is started at the side of others those are looked at once more.
        let polls = polls.load(Ordering::Relaxed);
        assert!((8..=12).contains(&polls), "{door:?}: {polls}");
    }
}

/// A spurious wake starts nothing and ends nothing.
#[tokio::test(start_paused = true)]
async fn wakes_for_nothing_start_nothing() {
    for door in Door::ALL {
        let (hedge, backend) = (hedge(100, 3), Backend::new([Step::ok(1).after(millis(250))]));
        let mut call = backend.ask(door, &hedge);
        for _ in 0..50 {
            let poll = poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx)));
            assert!(poll.await.is_pending());
        }
        assert_eq!(backend.counts().calls, 1);
        assert_eq!(call.await, Ok(1));
        assert_eq!(backend.starts(), [0, 100, 200], "{door:?}");
    }
}

/// Polled again after its answer, it has no other, and starts nothing.
#[tokio::test(start_paused = true)]
async fn a_call_that_has_ended_stays_ended() {
    let (hedge, backend) = (hedge(10, 1), Backend::new([Step::ok(1).after(millis(30))]));
    let mut call = Box::pin(hedge.call(|| backend.call()));
    assert_eq!(call.as_mut().await, Ok(1));
    assert!(timeout(SECOND, call.as_mut()).await.is_err());
    assert_eq!((backend.counts().calls, backend.counts().in_flight), (2, 0));
    assert_eq!(format!("{call:?}"), "Hedging(done)");
}

/// An operation that uses up tokio's budget on every poll does not hold the hedge back.
#[tokio::test(start_paused = true)]
async fn a_greedy_attempt_cannot_hold_the_hedge_back() {
    let (hedge, calls) = (hedge(10, 1), AtomicU64::new(0));
    let call = hedge.call(|| {
        let first = calls.fetch_add(1, Ordering::Relaxed) == 0;
        poll_fn(move |cx| {
            if !first {
                return Poll::Ready(Ok::<_, ()>(2));
            }
            while pin!(tokio::task::coop::consume_budget()).poll(cx).is_ready() {}
            Poll::Pending
        })
    });
    // The greedy one is always ready to be polled, so time does not pass by itself.
    let clock = tokio::spawn(async {
        for _ in 0..100 {
            tokio::time::advance(millis(1)).await;
        }
    });
    let begun = Instant::now();
    assert_eq!(call.await, Ok(2));
    assert!(begun.elapsed() < millis(50), "{:?}", begun.elapsed());
    clock.abort();
}
