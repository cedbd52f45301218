//! What goes through the store, by each door, and what does not.

use std::convert::Infallible;

use buttress::{
    Error, Refusal,
    cache::{Config, Loaded},
    testing::{Script, Step},
    time::Deadline,
};
use tower::{Layer, Service, ServiceExt};

use super::{SECOND, Source, numbers, shelf::Shelf};

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_asked_of_the_store_claimed_loaded_and_stored_in_both() {
    let (shelf, source) = (Shelf::new(), Source::default());
    let first = numbers(Config::new(), &shelf);
    assert_eq!(source.get(&first, 1).await, 1);
    assert_eq!(shelf.asked(), ["get", "claim", "put"]);
    assert_eq!(source.get(&first, 1).await, 1);
    assert!(shelf.asked().is_empty(), "a hit is the cache's own");
    let second = numbers(Config::new(), &shelf.of_another_process());
    assert_eq!(source.get(&second, 1).await, 1);
    assert_eq!((shelf.asked(), source.loads()), (vec!["get"], 1));
    assert_eq!(second.cache().peek(&1), Some(1));
    let (one, other) = (first.snapshot().totals, second.snapshot().totals);
    assert_eq!((one.misses, one.claimed, one.stored, one.hits), (1, 1, 1, 0));
    assert_eq!((other.misses, other.claimed, other.stored, other.hits), (0, 0, 0, 1));
}

/// CA-11 with a store: the store is asked once as well.
#[tokio::test(start_paused = true)]
async fn a_hundred_who_want_one_key_ask_the_store_once() {
    let (shelf, source) = (Shelf::new(), Source::default());
    let numbers = numbers(Config::new(), &shelf);
    let calls = (0..100).map(|_| source.slowly(&numbers, 1, SECOND));
    assert!(futures::future::join_all(calls).await.iter().all(|number| *number == 1));
    assert_eq!((shelf.asked(), source.loads()), (vec!["get", "claim", "put"], 1));
}

/// CA-02 and CA-03 with a store.
#[tokio::test(start_paused = true)]
async fn a_service_over_a_store() {
    type Down = Error<&'static str>;

    let shelf = Shelf::new();
    let backend =
        Script::new([Step::ok(7), Step::err(Down::Inner("down")), Step::ok(8), Step::ok(9)]);
    let over = |shelf: &Shelf| {
        let layer = numbers(Config::new(), shelf).layer(|key: &u8| (*key != 0).then_some(*key));
        let backend = backend.clone();
        layer.cache_if(|number| *number != 8).layer(tower::service_fn(move |_| {
            let backend = backend.clone();
            async move { backend.call().await }
        }))
    };
    let mut service = over(&shelf);
    assert_eq!(service.ready().await.unwrap().call(1).await, Ok(7));
    assert_eq!(service.call(1).await, Ok(7));
    assert_eq!(shelf.asked(), ["get", "claim", "put"]);
    let mut next = over(&shelf.of_another_process());
    assert_eq!(next.call(1).await, Ok(7));
    assert_eq!(shelf.asked(), ["get"]);
    assert_eq!(next.call(2).await, Err(Error::Inner("down")));
    assert_eq!(shelf.asked(), ["get", "claim", "release"], "an error is not stored");
    assert_eq!(next.call(2).await, Ok(8));
    assert_eq!(shelf.asked(), ["get", "claim", "release"], "nor what is not worth it");
    assert_eq!(next.call(0).await, Ok(9));
    assert!(shelf.asked().is_empty(), "nor is the store asked for what is like nothing else");
    assert_eq!((backend.counts().calls, shelf.value(2)), (4, None));
}

#[tokio::test(start_paused = true)]
async fn many_keys_are_one_question() {
    let shelf = Shelf::new();
    shelf.set(1, 10, None);
    let numbers = numbers(Config::new(), &shelf);
    numbers.cache().insert(2, 20);
    let loaded = numbers.load_many([1, 2, 3, 4, 3, 5], |missing| async move {
        assert_eq!(missing, [3, 4, 5]);
        Ok::<_, Infallible>([(5, u32::MAX), (3, 30)])
    });
    let loaded = loaded.await.unwrap();
    assert_eq!(loaded, [Some(10), Some(20), Some(30), None, Some(30), Some(u32::MAX)]);
    assert_eq!((shelf.value(3), shelf.value(4), shelf.value(5)), (Some(30), None, None));
    let totals = numbers.snapshot().totals;
    assert_eq!((totals.hits, totals.misses, totals.stored, totals.too_large), (1, 3, 1, 1));
    shelf.asked();
    assert_eq!(numbers.get_many([1, 2, 3, 5]).await.iter().flatten().count(), 4);
    assert!(shelf.asked().is_empty(), "all of them are here by now");
    assert_eq!(numbers.get_many([4, 1]).await, [None, Some(10)]);
    assert_eq!(shelf.asked(), ["get"], "and nobody claims what he will not load");
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_not_to_be_stored_is_stored_nowhere() {
    let shelf = Shelf::new();
    let numbers = numbers(Config::new(), &shelf);
    let load = || async { Ok::<_, Infallible>(Loaded::new(1).not_stored()) };
    assert_eq!(numbers.look_up_or_load(&1, load).await.unwrap().value, 1);
    assert_eq!((numbers.cache().peek(&1), shelf.value(1)), (None, None));
    assert_eq!(shelf.asked(), ["get", "claim", "release"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_written_is_in_both() {
    let shelf = Shelf::new();
    shelf.set(1, 10, None);
    let numbers = numbers(Config::new(), &shelf);
    assert_eq!(numbers.insert(1, 11).await, Ok(()));
    assert_eq!((numbers.cache().peek(&1), shelf.value(1)), (Some(11), Some(11)));
    assert_eq!(shelf.asked(), ["supersede", "put"]);
    assert_eq!(numbers.insert(1, u32::MAX).await, Ok(()));
    assert_eq!(shelf.value(1), None, "what does not fit makes way all the same");
    assert_eq!(numbers.get(&1).await, Some(u32::MAX));
}

/// The one who begins a load lends it his deadline for the store, and for the store only.
#[tokio::test(start_paused = true)]
async fn the_store_has_no_more_time_than_the_caller() {
    let (shelf, source) = (Shelf::new(), Source::default());
    let numbers = numbers(Config::new(), &shelf);
    let soon = Deadline::within(3 * SECOND);
    assert_eq!(soon.scope(async { source.get(&numbers, 1).await }).await, 1);
    assert_eq!(shelf.left(), None, "what is stored is everybody's");
    shelf.fails("claim", buttress::cache::tier::TierFailure::Unavailable);
    let left = soon.scope(async {
        source.get(&numbers, 2).await;
        shelf.left()
    });
    assert_eq!(left.await, Some(3 * SECOND));
    let slow = Shelf::new().slow(10 * SECOND);
    let slowly = super::numbers(Config::new(), &slow);
    let load = || async { Ok::<_, Infallible>(1) };
    let refused = soon.scope(async { slowly.try_get_or_load(&1, load).await }).await;
    assert!(
        matches!(refused, Err(Error::Refused(Refusal::DeadlineExceeded { .. }))),
        "{refused:?}"
    );
}

/// CA-14 with a store.
#[tokio::test(start_paused = true)]
async fn a_loader_may_ask_for_another_key() {
    let (shelf, source) = (Shelf::new(), Source::default());
    let numbers = numbers(Config::new(), &shelf);
    let inner = (numbers.clone(), source.clone());
    let load = move || async move { inner.1.get(&inner.0, 2).await + 100 };
    assert_eq!(numbers.get_or_load(&1, load).await, Ok(101));
    assert_eq!((shelf.value(1), shelf.value(2)), (Some(101), Some(1)));
}
