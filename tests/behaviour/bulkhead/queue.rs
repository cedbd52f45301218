use buttress::{
    Error, Refusal,
    bulkhead::{Bulkhead, Class, Order},
    time::Deadline,
};
use futures::FutureExt;
use tokio::time::{Instant, advance, sleep};

use super::{Answer, Call, House, MILLISECOND, SECOND, TICK, houses, limit, ready};

fn full(house: &House) -> Answer {
    let limit = u64::from(house.bulkhead.snapshot().limit);
    Err(Error::Refused(Refusal::Full { name: "house".into(), limit }))
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_as_long_as_it_may_and_not_longer_bh_03() {
    for house in houses(limit(1).with_queue(1, 50 * MILLISECOND)) {
        let taken = house.bulkhead.try_acquire().unwrap();
        let start = Instant::now();
        assert_eq!(house.start().await, full(&house));
        assert_eq!(start.elapsed(), 50 * MILLISECOND);
        assert_eq!(house.counts(), (1, 0));
        drop(taken);
        assert_eq!(house.bulkhead.snapshot().totals.expired, 1);
        assert_eq!(house.backend.counts().calls, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_runs_when_a_place_is_free_bh_03() {
    for house in houses(limit(1).with_queue(1, 50 * MILLISECOND)) {
        let taken = house.bulkhead.try_acquire_owned().unwrap();
        let start = Instant::now();
        tokio::spawn(async move {
            sleep(30 * MILLISECOND).await;
            drop(taken);
        });
        assert_eq!(house.start().await, Ok("up"));
        assert_eq!(start.elapsed(), 30 * MILLISECOND + SECOND);
        assert_eq!(house.bulkhead.snapshot().totals.queued, 1);
        assert_eq!(house.counts(), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn the_wait_is_counted_from_the_call_and_not_from_the_first_poll() {
    let bulkhead = Bulkhead::new("waits", limit(1).with_queue(1, SECOND)).unwrap();
    let _taken = bulkhead.try_acquire().unwrap();
    let call = bulkhead.call(|| async { Ok::<_, ()>(()) });
    advance(SECOND - TICK).await;
    let start = Instant::now();
    assert!(call.await.is_err());
    assert!(start.elapsed() <= MILLISECOND, "{:?}", start.elapsed()); // a timer's step
}

#[tokio::test(start_paused = true)]
async fn whoever_came_first_is_served_first_bh_04() {
    for house in houses(limit(1).with_queue(3, SECOND * 60)) {
        let mut taken = house.bulkhead.try_acquire().ok();
        let mut calls: Vec<Option<Call>> = (0..3).map(|_| Some(house.start())).collect();
        assert_eq!(house.counts(), (1, 3));
        for next in 0..3 {
            taken.take();
            assert_eq!(house.counts(), (1, 2 - next as u32), "a place is handed over at once");
            assert!(ready(&mut calls).is_empty());
            assert_eq!(house.backend.counts().in_flight, 1);
            advance(SECOND).await;
            assert_eq!(ready(&mut calls), [(next, Ok("up"))], "{:?}", house.door);
        }
        assert_eq!(house.backend.counts().peak, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_does_not_overtake_bh_04() {
    for house in houses(limit(1).with_queue(3, SECOND * 60)) {
        let taken = house.bulkhead.try_acquire().unwrap();
        let waiting = house.start();
        drop(taken);
        // Its place is taken, although nobody has polled it since.
        assert!(house.bulkhead.try_acquire().is_err());
        let newcomer = house.start();
        assert_eq!(house.counts(), (1, 1));
        assert_eq!(waiting.await, Ok("up"));
        assert_eq!(newcomer.await, Ok("up"));
    }
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_dropped_in_the_queue_leave_nothing_behind_bh_05() {
    for house in houses(limit(10).with_queue(100, SECOND)) {
        let taken: Vec<_> = (0..10).map(|_| house.bulkhead.try_acquire().unwrap()).collect();
        for _ in 0..100 {
            let waiting: Vec<Call> = (0..100).map(|_| house.start()).collect();
            assert_eq!(house.counts(), (10, 100));
            advance(20 * MILLISECOND).await;
            drop(waiting);
            assert_eq!(house.counts(), (10, 0));
        }
        drop(taken);
        let calls: Vec<Call> = (0..10).map(|_| house.start()).collect();
        assert_eq!(house.counts(), (10, 0), "as many as ever");
        assert!(house.bulkhead.try_acquire().is_err());
        for call in calls {
            assert_eq!(call.await, Ok("up"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_leaves_its_place_in_the_queue_to_the_next_bh_05() {
    for house in houses(limit(1).with_queue(2, SECOND * 60)) {
        let taken = house.bulkhead.try_acquire().unwrap();
        let (first, second) = (house.start(), house.start());
        house.is_full();
        drop(first);
        let third = house.start();
        drop(taken);
        assert_eq!(second.await, Ok("up"));
        assert_eq!(third.await, Ok("up"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_passes_the_place_on_that_it_was_given_meanwhile_bh_05() {
    for house in houses(limit(1).with_queue(2, SECOND * 60)) {
        let taken = house.bulkhead.try_acquire().unwrap();
        let (first, second) = (house.start(), house.start());
        drop(taken);
        drop(first);
        assert_eq!(house.counts(), (1, 0));
        assert_eq!(second.await, Ok("up"));
        assert_eq!(house.backend.counts().calls, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn so_many_wait_and_the_next_is_refused_at_once_bh_08() {
    for house in houses(limit(10).with_queue(5, SECOND * 60)) {
        let calls: Vec<Call> = (0..15).map(|_| house.start()).collect();
        assert_eq!(house.counts(), (10, 5));
        house.is_full();
        let start = Instant::now();
        for answer in futures::future::join_all(calls).await {
            assert_eq!(answer, Ok("up"));
        }
        assert_eq!(start.elapsed(), 2 * SECOND);
        assert_eq!((house.backend.counts().calls, house.backend.counts().peak), (15, 10));
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_to_come_is_the_first_served_where_that_is_wanted_bh_13() {
    for house in houses(limit(1).with_queue(100, SECOND).with_order(Order::Lifo)) {
        let taken = house.bulkhead.try_acquire().unwrap();
        let mut calls: Vec<Option<Call>> = (0..100).map(|_| Some(house.start())).collect();
        house.is_full();
        advance(900 * MILLISECOND).await;
        drop(taken);
        assert!(ready(&mut calls).is_empty());
        advance(100 * MILLISECOND).await;
        let expired = ready(&mut calls);
        assert_eq!(expired.len(), 99);
        assert!(expired.iter().all(|(at, answer)| *at < 99 && *answer == full(&house)));
        assert_eq!(calls.pop().flatten().unwrap().await, Ok("up"), "the newest");
        assert_eq!(house.bulkhead.snapshot().totals.expired, 99);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_beyond_a_deadline() {
    for house in houses(limit(1).with_queue(1, 60 * SECOND)) {
        let _taken = house.bulkhead.try_acquire().unwrap();
        let start = Instant::now();
        let answer = Deadline::within(SECOND).scope(async { house.start().await }).await;
        let late = std::time::Duration::ZERO;
        let refusal = Refusal::DeadlineExceeded { name: "house".into(), began: false, late };
        assert_eq!(answer, Err(Error::Refused(refusal)));
        assert_eq!(start.elapsed(), SECOND);
        let totals = house.bulkhead.snapshot().totals;
        assert_eq!((totals.deadline, totals.expired, totals.queued), (1, 0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_late_already_does_not_begin_to_wait() {
    for house in houses(limit(1).with_queue(1, 60 * SECOND)) {
        let taken = house.bulkhead.try_acquire().unwrap();
        let deadline = Deadline::within(SECOND);
        advance(3 * SECOND).await;
        let answer = deadline.scope(async { house.start().now_or_never() }).await;
        let refusal =
            Refusal::DeadlineExceeded { name: "house".into(), began: false, late: 2 * SECOND };
        assert_eq!(answer, Some(Err(Error::Refused(refusal))));
        assert_eq!(house.counts(), (1, 0));
        drop(taken);
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_wait_is_refused_while_others_do() {
    let bulkhead = Bulkhead::new("waits", limit(1).with_queue(1, SECOND)).unwrap();
    let taken = bulkhead.try_acquire().unwrap();
    assert!(bulkhead.try_acquire().is_err(), "it is not asked to wait");
    let mut waiting = bulkhead.acquire();
    assert!((&mut waiting).now_or_never().is_none());
    drop(taken);
    assert!(bulkhead.sort(Class::Critical).try_acquire().is_err());
    drop(waiting.await.unwrap());
    assert!(bulkhead.try_acquire().is_ok());
    assert_eq!(bulkhead.snapshot().totals.full, 2);
}
