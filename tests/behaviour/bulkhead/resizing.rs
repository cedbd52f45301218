use buttress::bulkhead::{Class, Config, Order};
use futures::FutureExt;
use tokio::time::advance;

use super::{Call, SECOND, houses, limit, ready};

#[tokio::test(start_paused = true)]
async fn a_larger_limit_lets_in_as_many_at_once_bh_07() {
    for house in houses(limit(3).with_queue(10, 60 * SECOND)) {
        let mut calls: Vec<Option<Call>> = (0..6).map(|_| Some(house.start())).collect();
        assert_eq!(house.counts(), (3, 3));
        house.bulkhead.set_limit(5).unwrap();
        assert_eq!(house.counts(), (5, 1));
        assert!(ready(&mut calls).is_empty());
        assert_eq!(house.backend.counts().in_flight, 5);
    }
}

#[tokio::test(start_paused = true)]
async fn a_smaller_limit_cuts_nobody_off_and_lets_nobody_in_bh_07() {
    for house in houses(limit(5).with_queue(10, 60 * SECOND)) {
        let mut permits: Vec<_> =
            (0..5).map(|_| house.bulkhead.try_acquire_owned().unwrap()).collect();
        house.bulkhead.set_limit(2).unwrap();
        assert_eq!(house.counts(), (5, 0));
        let mut waiting = Some(house.start());
        for in_flight in (2..5).rev() {
            permits.pop();
            assert_eq!(house.counts(), (in_flight, 1), "{:?}", house.door);
        }
        permits.pop();
        assert_eq!(house.counts(), (2, 0), "one has left, and one who waited is in");
        assert!(house.bulkhead.try_acquire().is_err());
        drop(permits);
        assert_eq!(waiting.take().unwrap().await, Ok("up"));
        assert_eq!(house.counts(), (0, 0), "never below nothing");
    }
}

#[tokio::test(start_paused = true)]
async fn many_more_are_let_in_at_once_than_are_woken_at_once() {
    for house in houses(limit(1).with_queue(100, 60 * SECOND)) {
        let calls: Vec<Call> = (0..101).map(|_| house.start()).collect();
        house.bulkhead.set_limit(101).unwrap();
        assert_eq!(house.counts(), (101, 0));
        let start = tokio::time::Instant::now();
        for answer in futures::future::join_all(calls).await {
            assert_eq!(answer, Ok("up"));
        }
        assert_eq!(start.elapsed(), SECOND, "side by side");
    }
}

#[tokio::test(start_paused = true)]
async fn another_config_holds_for_calls_from_then_on() {
    for house in houses(limit(1).with_queue(1, SECOND)) {
        let _running = house.start_as(Class::Critical);
        let mut waiting = house.start();
        house.bulkhead.reconfigure(Config::new().with_limit(1)).unwrap();
        house.is_full();
        advance(SECOND - super::MILLISECOND).await;
        assert!((&mut waiting).now_or_never().is_none(), "it waits as long as the old one said");
        advance(super::MILLISECOND).await;
        assert!(waiting.await.is_err());
        let config = limit(1).with_queue(2, 60 * SECOND).with_order(Order::Lifo);
        house.bulkhead.reconfigure(config).unwrap();
        let _second = house.start();
        assert_eq!(house.bulkhead.snapshot().queued, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_was_set_holds_until_the_next_config() {
    let bulkhead = buttress::bulkhead::Bulkhead::new("house", limit(5)).unwrap();
    bulkhead.set_limit(3).unwrap();
    assert_eq!(bulkhead.snapshot().limit, 3);
    bulkhead.reconfigure(limit(7)).unwrap();
    assert_eq!(bulkhead.snapshot().limit, 7);
}
