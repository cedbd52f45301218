//! A store that fails, and loads that come to nothing.

use std::panic::AssertUnwindSafe;

use buttress::cache::{Config, tier::TierFailure};
use futures::FutureExt;

use super::{SECOND, Source, numbers, shelf::Shelf};

/// CA-20: whatever fails, the caller has his value.
#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_passed_by_and_counted() {
    let (shelf, source) = (Shelf::new(), Source::default());
    let numbers = numbers(Config::new(), &shelf);
    let failures = [
        ("get", TierFailure::Unavailable, &["get"][..], (1, 0)),
        ("get", TierFailure::TimedOut, &["get"], (1, 1)),
        ("claim", TierFailure::TimedOut, &["get", "claim"], (1, 2)),
        ("put", TierFailure::Unavailable, &["get", "claim", "put"], (2, 2)),
    ];
    for (key, (what, failure, asked, counted)) in (1..).zip(failures) {
        shelf.fails(what, failure);
        assert_eq!(source.get(&numbers, key).await, u32::from(key));
        assert_eq!(shelf.asked(), asked);
        let totals = numbers.snapshot().totals;
        assert_eq!((totals.failed, totals.timed_out), counted);
        assert_eq!(numbers.cache().peek(&key), Some(u32::from(key)), "stored here all the same");
        assert_eq!(shelf.value(key), None);
    }
    assert_eq!(numbers.snapshot().owed, Some(0), "nothing was there that is wrong by now");
}

#[tokio::test(start_paused = true)]
async fn many_keys_of_a_store_that_fails() {
    let shelf = Shelf::new();
    let numbers = numbers(Config::new(), &shelf);
    for (key, what) in [(1, "get"), (2, "claim_many"), (3, "put")] {
        shelf.fails(what, TierFailure::Unavailable);
        let loaded = numbers.load_many([key], |keys| async move { Ok::<_, ()>([(keys[0], 5)]) });
        assert_eq!(loaded.await.unwrap(), [Some(5)]);
        assert_eq!((numbers.cache().peek(&key), shelf.value(key)), (Some(5), None));
    }
    assert_eq!(numbers.snapshot().totals.failed, 3);
    shelf.fails("get", TierFailure::TimedOut);
    assert_eq!(numbers.get_many([9, 1]).await, [None, Some(5)]);
}

#[tokio::test(start_paused = true)]
async fn an_error_gives_the_claim_back() {
    let shelf = Shelf::new();
    let numbers = numbers(Config::new().with_negative_ttl(SECOND), &shelf);
    let failed = || numbers.try_get_or_load(&1, || async { Err::<u32, _>("down") });
    assert!(failed().await.is_err());
    assert_eq!(shelf.asked(), ["get", "claim", "release"]);
    assert!(failed().await.is_err());
    assert!(shelf.asked().is_empty(), "the cache remembers it, for itself");
}

/// CA-12 and CA-13 with a store: whatever ends a load, its claim ends with it.
#[tokio::test(start_paused = true)]
async fn a_load_that_is_dropped_or_panics_gives_its_claim_back() {
    let (shelf, source) = (Shelf::new(), Source::default());
    let numbers = numbers(Config::new(), &shelf);
    let left = tokio::time::timeout(SECOND, source.slowly(&numbers, 1, 10 * SECOND)).await;
    assert!(left.is_err());
    let panics = numbers.get_or_load(&2, || async { panic!("the loader's own") });
    assert!(AssertUnwindSafe(panics).catch_unwind().await.is_err());
    tokio::task::yield_now().await;
    assert_eq!(shelf.asked(), ["get", "claim", "get", "claim", "release", "release"]);
    assert_eq!(numbers.snapshot().totals.abandoned, 2);
    assert_eq!((source.get(&numbers, 1).await, source.get(&numbers, 2).await), (2, 3));
}

/// One of two who wait goes away: the claim stays with the load.
#[tokio::test(start_paused = true)]
async fn a_load_that_somebody_else_waits_for_keeps_its_claim() {
    let (shelf, source) = (Shelf::new(), Source::default());
    let numbers = numbers(Config::new(), &shelf);
    let impatient = tokio::time::timeout(SECOND, source.slowly(&numbers, 1, 10 * SECOND));
    let patient = source.slowly(&numbers, 1, 10 * SECOND);
    let (left, stayed) = futures::future::join(impatient, patient).await;
    assert!(left.is_err());
    assert_eq!((stayed, source.loads(), shelf.value(1)), (1, 1, Some(1)));
    assert_eq!(numbers.snapshot().totals.abandoned, 0);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_given_kept_here_and_counted() {
    let shelf = Shelf::new();
    let numbers = numbers(Config::new(), &shelf);
    assert_eq!(numbers.get_or_load(&1, || async { u32::MAX }).await, Ok(u32::MAX));
    assert_eq!((numbers.cache().peek(&1), shelf.value(1)), (Some(u32::MAX), None));
    assert_eq!(numbers.snapshot().totals.too_large, 1);
}

/// Without a runtime that knows of tasks there is nobody to give a claim back or to listen.
#[test]
fn outside_of_a_runtime_a_drop_does_no_harm() {
    let shelf = Shelf::listening();
    let numbers = numbers(Config::new(), &shelf);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut load = Box::pin(numbers.get_or_load(&1, std::future::pending::<u32>));
    runtime.block_on(async {
        assert!(tokio::time::timeout(SECOND / 2, &mut load).await.is_err());
    });
    drop(load);
    assert_eq!(numbers.snapshot().totals.abandoned, 1);
    assert!(!shelf.asked().contains(&"release"));
}
