use std::time::Duration;

use buttress::{
    Error, Refusal,
    bulkhead::{Bulkhead, Class, State},
    time::{Deadline, Instant as Moment},
};
use futures::FutureExt;
use tokio::time::{Instant, advance, sleep};

use super::{Answer, SECOND, houses, limit};

fn shutting_down() -> Answer {
    Err(Error::Refused(Refusal::ShuttingDown { name: "house".into() }))
}

#[tokio::test(start_paused = true)]
async fn a_close_waits_for_the_last_in_flight_and_cuts_nobody_off_dr_01() {
    let bulkhead = Bulkhead::new("house", limit(5)).unwrap();
    let start = Instant::now();
    let mut calls = Vec::new();
    for seconds in [4, 7] {
        let bulkhead = bulkhead.clone();
        calls.push(tokio::spawn(async move {
            let work = || async {
                sleep(seconds * SECOND).await;
                Ok::<_, ()>(seconds)
            };
            bulkhead.call(work).await
        }));
    }
    tokio::task::yield_now().await;
    let mut closing = Box::pin(bulkhead.close(Deadline::within(10 * SECOND)));
    assert_eq!(bulkhead.snapshot().state, State::Draining);
    sleep(5 * SECOND).await;
    assert!(closing.as_mut().now_or_never().is_none(), "one is still in flight");
    assert_eq!(closing.await, 0);
    assert_eq!(start.elapsed(), 7 * SECOND);
    assert_eq!(bulkhead.snapshot().state, State::Closed);
    assert_eq!(calls.remove(0).await.unwrap(), Ok(4));
    assert_eq!(calls.remove(0).await.unwrap(), Ok(7));
}

#[tokio::test(start_paused = true)]
async fn a_close_ends_at_its_deadline_and_says_how_many_are_left_dr_01() {
    for house in houses(limit(5)) {
        let start = Instant::now();
        let calls = [house.start(), house.start()];
        let left = house.bulkhead.close(Deadline::within(SECOND / 2)).await;
        assert_eq!((left, start.elapsed()), (2, SECOND / 2));
        for call in calls {
            assert_eq!(call.await, Ok("up"), "cut off by nobody");
        }
        assert_eq!(house.bulkhead.close(Deadline::within(SECOND)).await, 0);
    }
}

/// There is no timer in this runtime.
#[test]
fn a_close_of_an_empty_house_is_over_at_once_and_sets_no_timer_dr_03() {
    let bulkhead = Bulkhead::new("house", limit(5)).unwrap();
    let closing = bulkhead.close(Deadline::within(SECOND));
    assert_eq!(bulkhead.snapshot().state, State::Closed);
    assert_eq!(closing.now_or_never(), Some(0));
}

#[tokio::test(start_paused = true)]
async fn a_second_close_waits_for_the_same_dr_03() {
    let bulkhead = Bulkhead::new("house", limit(5)).unwrap();
    let permit = bulkhead.try_acquire_owned().unwrap();
    let start = Instant::now();
    let first = bulkhead.close(Deadline::within(3 * SECOND));
    let second = bulkhead.close(Deadline::within(60 * SECOND));
    let dropped = bulkhead.close(Deadline::within(SECOND));
    drop(dropped);
    assert_eq!(tokio::join!(first, second), (1, 1));
    assert_eq!(start.elapsed(), 3 * SECOND, "the first deadline stands");

    let (one, other) = (
        tokio::spawn(bulkhead.close(Deadline::at(Moment::FOREVER))),
        tokio::spawn(bulkhead.close(Deadline::at(Moment::FOREVER))),
    );
    tokio::task::yield_now().await;
    drop(permit);
    // Its deadline is over, and so was the house while nobody looked.
    assert!(one.await.unwrap() <= 1 && other.await.unwrap() <= 1);
    assert_eq!(bulkhead.close(Deadline::within(SECOND)).now_or_never(), Some(0));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_the_end_is_woken_by_the_last_to_leave_dr_01() {
    let bulkhead = Bulkhead::new("house", limit(5)).unwrap();
    let permits = [bulkhead.try_acquire_owned().unwrap(), bulkhead.try_acquire_owned().unwrap()];
    let closings: Vec<_> =
        (0..3).map(|_| tokio::spawn(bulkhead.close(Deadline::at(Moment::FOREVER)))).collect();
    for permit in permits {
        tokio::task::yield_now().await;
        assert!(closings.iter().all(|closing| !closing.is_finished()));
        drop(permit);
    }
    for closing in closings {
        assert_eq!(closing.await.unwrap(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_is_refused_and_counted_apart_dr_04() {
    for house in houses(limit(5).with_queue(5, SECOND)) {
        let running = house.start();
        let closing = house.bulkhead.close(Deadline::within(10 * SECOND));
        for _ in 0..3 {
            let refusal = house.refusal(Class::Critical);
            assert_eq!(refusal, Refusal::ShuttingDown { name: "house".into() });
            assert!(!refusal.began(), "it may be tried elsewhere");
        }
        assert!(house.bulkhead.try_acquire().is_err());
        let seen = house.bulkhead.snapshot();
        assert_eq!((seen.totals.shutting_down, seen.totals.full), (4, 0));
        assert_eq!(seen.state, State::Draining, "busy");
        assert_eq!(running.await, Ok("up"));
        assert_eq!(closing.await, 0);
        assert_eq!(house.bulkhead.snapshot().state, State::Closed);
        assert_eq!(house.start().await, shutting_down());
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_refused_at_once_dr_05() {
    for house in houses(limit(1).with_queue(50, 60 * SECOND)) {
        let _running = house.start();
        let waiting: Vec<_> = (0..50).map(|_| house.start()).collect();
        let start = Instant::now();
        let _closing = house.bulkhead.close(Deadline::within(10 * SECOND));
        assert_eq!(house.counts(), (1, 0));
        for call in waiting {
            assert_eq!(call.await, shutting_down());
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        let totals = house.bulkhead.snapshot().totals;
        assert_eq!((totals.shutting_down, totals.full, totals.expired), (50, 0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_woken_by_the_close_dr_05() {
    let bulkhead = Bulkhead::new("house", limit(1).with_queue(50, 60 * SECOND)).unwrap();
    let permit = bulkhead.try_acquire().unwrap();
    let waiting: Vec<_> = (0..50).map(|_| tokio::spawn(bulkhead.acquire_owned())).collect();
    tokio::task::yield_now().await;
    let start = Instant::now();
    let closing = bulkhead.close(Deadline::within(10 * SECOND));
    for task in waiting {
        assert!(matches!(task.await.unwrap(), Err(Refusal::ShuttingDown { .. })));
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    drop(permit);
    assert_eq!(closing.await, 0);
}

/// Somebody who was given a place before the close has it, and is waited for.
#[tokio::test(start_paused = true)]
async fn a_place_that_was_given_is_not_taken_back() {
    for house in houses(limit(1).with_queue(1, 60 * SECOND)) {
        let permit = house.bulkhead.try_acquire().unwrap();
        let waiting = house.start();
        drop(permit);
        let closing = house.bulkhead.close(Deadline::within(10 * SECOND));
        let start = Instant::now();
        assert_eq!(tokio::join!(waiting, closing), (Ok("up"), 0));
        assert_eq!(start.elapsed(), SECOND);
    }
}

/// Nothing of it is a task, and nothing stays when all is dropped.
#[tokio::test(start_paused = true)]
async fn closing_leaves_no_task_behind_dr_06() {
    let bulkhead = Bulkhead::new("house", limit(1).with_queue(1, 60 * SECOND)).unwrap();
    let permit = bulkhead.try_acquire().unwrap();
    let waiting = bulkhead.acquire();
    let mut closing = Box::pin(bulkhead.close(Deadline::within(10 * SECOND)));
    assert!(closing.as_mut().now_or_never().is_none());
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
    drop((closing, waiting, permit));
    assert_eq!(bulkhead.snapshot().state, State::Closed);
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_close_may_outlive_its_handle_and_be_given_up() {
    let bulkhead = Bulkhead::new("house", limit(1)).unwrap();
    let permit = bulkhead.try_acquire_owned().unwrap();
    let closing = bulkhead.close(Deadline::at(Moment::FOREVER));
    drop(bulkhead);
    drop(permit);
    advance(SECOND).await;
    assert_eq!(closing.await, 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_exempt_is_let_in_and_not_waited_for() {
    for house in houses(limit(1)) {
        let closing = house.bulkhead.close(Deadline::within(10 * SECOND));
        let check = house.start_as(Class::Exempt);
        assert_eq!(closing.now_or_never(), Some(0));
        assert_eq!(check.await, Ok("up"));
    }
}
