//! The time a task has left, and what a timeout makes of it.

use std::{future::pending, time::Duration};

use buttress::{
    Error,
    testing::{Script, Step},
    time::{Deadline, Instant, now},
};
use tokio::time::{Instant as Tokio, advance, sleep};

use crate::doors::{Door, SECOND, struck, timed_out, timeout, too_late};

#[tokio::test(start_paused = true)]
async fn with_three_seconds_left_a_limit_of_ten_is_three() {
    for door in Door::ALL {
        let (timeout, backend) = (timeout(10 * SECOND), Script::<(), &str>::new([Step::hang()]));
        let start = Tokio::now();
        let call = door.time(&timeout, || backend.call());
        assert_eq!(Deadline::within(3 * SECOND).scope(call).await, struck(), "{door:?}");
        assert_eq!(start.elapsed(), 3 * SECOND, "{door:?}");
        assert_eq!((backend.counts().calls, backend.counts().cancelled), (1, 1));
        let totals = timeout.snapshot().totals;
        assert_eq!((totals.deadline_struck, totals.timed_out, totals.not_started), (1, 0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn with_thirty_seconds_left_a_limit_of_ten_is_ten() {
    for door in Door::ALL {
        let (timeout, start) = (timeout(10 * SECOND), Tokio::now());
        let call = door.time(&timeout, pending::<Result<(), ()>>);
        assert_eq!(Deadline::within(30 * SECOND).scope(call).await, timed_out(10 * SECOND));
        assert_eq!(start.elapsed(), 10 * SECOND, "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_deadline_has_passed_is_not_started() {
    for door in Door::ALL {
        let (timeout, backend) = (timeout(10 * SECOND), Script::<_, &str>::new([Step::ok(7)]));
        let deadline = Deadline::within(SECOND);
        advance(3 * SECOND).await;
        let answer = deadline.scope(door.time(&timeout, || backend.call())).await;
        assert_eq!(answer, too_late(2 * SECOND), "{door:?}");
        assert_eq!(backend.counts().calls, 0);
        assert_eq!(timeout.snapshot().totals.not_started, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_has_passed_at_its_very_moment() {
    for door in Door::ALL {
        let (timeout, backend) = (timeout(10 * SECOND), Script::<_, &str>::new([Step::ok(7)]));
        let deadline = Deadline::at(now());
        assert_eq!(
            deadline.scope(door.time(&timeout, || backend.call())).await,
            too_late(Duration::ZERO),
            "{door:?}"
        );
        let a_moment_later = Deadline::at(now().after(Duration::from_nanos(1)));
        assert_eq!(a_moment_later.scope(door.time(&timeout, || backend.call())).await, Ok(7));
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_left_counts_from_the_call_and_not_from_the_first_poll() {
    for door in Door::ALL {
        let timeout = timeout(10 * SECOND);
        let start = Tokio::now();
        let call = door.time(&timeout, async || {
            advance(5 * SECOND).await;
            pending::<Result<(), ()>>().await
        });
        assert_eq!(Deadline::within(20 * SECOND).scope(call).await, timed_out(10 * SECOND));
        assert_eq!(start.elapsed(), 10 * SECOND, "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_holds_even_where_there_is_no_limit() {
    for door in Door::ALL {
        let (timeout, start) = (timeout(Duration::MAX), Tokio::now());
        let call = door.time(&timeout, pending::<Result<(), ()>>);
        assert_eq!(Deadline::within(4 * SECOND).scope(call).await, struck(), "{door:?}");
        assert_eq!(start.elapsed(), 4 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_never_comes_is_none() {
    for door in Door::ALL {
        let never = Deadline::at(Instant::FOREVER);
        never.scope(async { assert_eq!(Deadline::current(), None) }).await;
        let timeout = timeout(2 * SECOND);
        let call = door.time(&timeout, pending::<Result<(), ()>>);
        assert_eq!(Deadline::within(Duration::MAX).scope(call).await, timed_out(2 * SECOND));
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_ends_together_with_its_deadline_wins() {
    for door in Door::ALL {
        let timeout = timeout(10 * SECOND);
        let call = door.time(&timeout, async || {
            sleep(SECOND).await;
            Ok::<_, ()>("in time")
        });
        assert_eq!(Deadline::within(SECOND).scope(call).await, Ok("in time"), "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_inner_scope_can_tighten_and_not_extend() {
    for door in Door::ALL {
        let (timeout, start) = (timeout(60 * SECOND), Tokio::now());
        Deadline::within(5 * SECOND)
            .scope(async {
                let tight = Deadline::within(2 * SECOND);
                let call = door.time(&timeout, pending::<Result<(), ()>>);
                assert_eq!(tight.scope(call).await, struck());
                assert_eq!(start.elapsed(), 2 * SECOND, "{door:?}: tightened");

                let loose = Deadline::within(60 * SECOND);
                let call = door.time(&timeout, pending::<Result<(), ()>>);
                assert_eq!(loose.scope(call).await, struck());
                assert_eq!(start.elapsed(), 5 * SECOND, "{door:?}: not extended");
            })
            .await;
        assert_eq!(Deadline::current(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_there_between_the_polls_of_its_own_future_and_of_no_other() {
    let within = |seconds: u32| {
        let deadline = Deadline::within(seconds * SECOND);
        deadline.scope(async move {
            for _ in 0..10 {
                assert_eq!(Deadline::current(), Some(deadline));
                tokio::task::yield_now().await;
            }
        })
    };
    let without = async {
        for _ in 0..10 {
            assert_eq!(Deadline::current(), None);
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(within(1), without, within(2));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_does_not_follow_a_spawned_task_but_can_be_carried_over() {
    let deadline = Deadline::within(SECOND);
    deadline
        .scope(async move {
            let left = tokio::spawn(async { Deadline::current() }).await.unwrap();
            assert_eq!(left, None);

            let carried = Deadline::current().unwrap();
            let work = carried.scope(async { Deadline::current() });
            assert_eq!(tokio::spawn(work).await.unwrap(), Some(deadline));
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_seen_by_what_the_operation_calls_in_turn() {
    for door in Door::ALL {
        let (outer, inner) = (timeout(60 * SECOND), timeout(60 * SECOND));
        let call = outer.run(async || {
            sleep(SECOND).await;
            door.time(&inner, pending::<Result<(), ()>>).await
        });
        assert_eq!(Deadline::within(3 * SECOND).scope(call).await, struck(), "{door:?}");
        let strikes =
            |timeout: &buttress::timeout::Timeout| timeout.snapshot().totals.deadline_struck;
        assert_eq!(strikes(&outer) + strikes(&inner), 1, "told once, by whoever saw it first");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_whether_the_call_began() {
    for door in Door::ALL {
        let timeout = timeout(10 * SECOND);
        let text = |answer: Result<(), Error<()>>| match answer {
            Err(Error::Refused(refusal)) => (refusal.began(), refusal.to_string()),
            other => panic!("{other:?}"),
        };
        let call = || door.time(&timeout, pending::<Result<(), ()>>);
        let (began, during) = text(Deadline::within(SECOND).scope(call()).await);
        assert!(began, "{door:?}");
        assert!(!during.contains("during the call was done"), "{during}");

        let passed = Deadline::at(now());
        let (began, at_once) = text(passed.scope(call()).await);
        assert!(!began, "{door:?}");
        assert!(!at_once.contains("was done"), "it never began: {at_once}");

        advance(2 * SECOND).await;
        let (began, before) = text(passed.scope(call()).await);
        assert!(!began && before.contains("2s"), "{door:?}: {before}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_scope_prints_and_clones_like_what_it_holds() {
    let scope = Deadline::at(Instant::ORIGIN + SECOND).scope(std::future::ready(7));
    assert_eq!(scope.clone().await, 7);
    assert_eq!(format!("{scope:?}"), "Scoped { future: Ready(Some(7)), deadline: Deadline(+1s) }");
}
