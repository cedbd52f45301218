//! How long a value is good for, here and there.

use std::{convert::Infallible, time::Duration};

use buttress::cache::{Cache, Config, Loaded, tier::TierFailure};
use tokio::time::advance;

use super::{Numbers, SECOND, Source, numbers, shelf::Shelf};

/// CA-04 with a store: whatever copies are made of it, and however late.
#[tokio::test(start_paused = true)]
async fn a_copy_ends_with_what_it_is_a_copy_of() {
    for jitter in [0.0, 0.9] {
        let shelf = Shelf::new();
        shelf.set(1, 10, Some(60 * SECOND));
        let config = Config::new().with_ttl(600 * SECOND).with_ttl_jitter(jitter);
        for at in [0, 20, 59] {
            let copy = numbers(config.clone(), &shelf.of_another_process());
            advance(Duration::from_secs(at) - shelf.age(1).unwrap()).await;
            assert_eq!(copy.get(&1).await, Some(10));
        }
        let last = numbers(config.clone(), &shelf.of_another_process());
        assert_eq!(last.get(&1).await, Some(10));
        advance(SECOND - Duration::from_millis(1)).await;
        assert_eq!(
            last.cache().peek(&1),
            Some(10),
            "not earlier either: jitter is for lives of its own"
        );
        advance(Duration::from_millis(1)).await;
        assert_eq!((last.cache().peek(&1), last.get(&1).await), (None, None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_lives_no_longer_than_the_cache_keeps_anything() {
    let shelf = Shelf::new();
    shelf.set(1, 10, None);
    let numbers = numbers(Config::new().with_ttl(SECOND), &shelf);
    for _ in 0..3 {
        assert_eq!(numbers.get(&1).await, Some(10));
        advance(SECOND).await;
        assert_eq!(numbers.cache().peek(&1), None);
    }
    assert_eq!(shelf.asked(), ["get"; 3]);
}

/// A cache without times keeps a copy only for what it has left.
#[tokio::test(start_paused = true)]
async fn a_cache_without_times_keeps_to_the_stores() {
    let shelf = Shelf::new();
    shelf.set(1, 10, Some(5 * SECOND));
    shelf.set(2, 20, None);
    let numbers = numbers(Config::new(), &shelf);
    assert_eq!(numbers.get_many([1, 2]).await, [Some(10), Some(20)]);
    advance(5 * SECOND).await;
    assert_eq!((numbers.cache().peek(&1), numbers.cache().peek(&2)), (None, Some(20)));
}

#[tokio::test(start_paused = true)]
async fn what_the_loader_says_of_a_life_holds_in_both() {
    let shelf = Shelf::new();
    let numbers = numbers(Config::new().with_ttl(600 * SECOND), &shelf);
    let load = || async { Ok::<_, Infallible>(Loaded::new(1).with_ttl(2 * SECOND)) };
    assert_eq!(numbers.look_up_or_load(&1, load).await.unwrap().age, Some(Duration::ZERO));
    advance(SECOND).await;
    let copy = super::numbers(Config::new().with_ttl(600 * SECOND), &shelf.of_another_process());
    let never = || async { Err::<Loaded<u32>, ()>(()) };
    assert_eq!(copy.look_up_or_load(&1, never).await.unwrap().age, Some(SECOND));
    advance(SECOND).await;
    assert_eq!((numbers.get(&1).await, copy.get(&1).await), (None, None));
}

#[tokio::test(start_paused = true)]
async fn what_the_cache_says_of_lives_holds_in_the_store() {
    let shelf = Shelf::new();
    let cache = Cache::<u8, u32>::new("numbers", Config::new()).unwrap();
    let numbers = cache.with_lifetime(|key, _| (*key == 1).then_some(SECOND)).over(shelf.clone());
    let source = Source::default();
    source.get(&numbers, 1).await;
    source.get(&numbers, 2).await;
    let many = numbers.load_many([3, 1, 4], |missing| async move {
        Ok::<_, Infallible>(missing.into_iter().map(|key| (key, 5)))
    });
    many.await.unwrap();
    advance(SECOND).await;
    assert_eq!((shelf.value(1), shelf.value(2), shelf.value(3)), (None, Some(2), Some(5)));
}

/// CA-07 with a store: what is stale is loaded anew, not copied again.
#[tokio::test(start_paused = true)]
async fn a_refresh_wants_something_younger() {
    let (shelf, source) = (Shelf::new(), Source::default());
    let config = Config::new().with_stale_after(10 * SECOND).with_ttl(100 * SECOND);
    let one = numbers(config.clone(), &shelf);
    let other = numbers(config, &shelf.of_another_process());
    assert_eq!((source.get(&one, 1).await, source.get(&other, 1).await), (1, 1));
    advance(10 * SECOND).await;
    assert_eq!((source.get(&one, 1).await, source.loads()), (1, 1), "strictly older");
    advance(SECOND).await;
    assert_eq!(source.get(&one, 1).await, 1, "the old one, at once");
    settled(&one, 2).await;
    assert_eq!((source.loads(), shelf.value(1)), (2, Some(2)));
    // The other process finds what the first one has loaded.
    assert_eq!(source.get(&other, 1).await, 1);
    settled(&other, 2).await;
    assert_eq!(source.loads(), 2);
    // One that has nothing here takes what there is, however old, and looks for a better one next time.
    advance(20 * SECOND).await;
    let third = numbers(
        Config::new().with_stale_after(10 * SECOND).with_ttl(100 * SECOND),
        &shelf.of_another_process(),
    );
    assert_eq!((source.get(&third, 1).await, source.loads()), (2, 2));
    assert_eq!(source.get(&third, 1).await, 2);
    settled(&third, 3).await;
    assert_eq!(source.loads(), 3);
}

async fn settled(numbers: &Numbers, value: u32) {
    for _ in 0..100 {
        if numbers.cache().peek(&1) == Some(value) {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{:?}", numbers.snapshot());
}

/// A refresh whose value does not get there leaves an older one behind, which is not believed again.
#[tokio::test(start_paused = true)]
async fn a_refresh_that_is_not_stored_takes_the_old_value_along() {
    for fails in ["get", "claim", "put"] {
        let (shelf, source) = (Shelf::new(), Source::default());
        let config = Config::new().with_stale_after(10 * SECOND).with_ttl(100 * SECOND);
        let numbers = numbers(config, &shelf);
        assert_eq!(source.get(&numbers, 1).await, 1);
        advance(11 * SECOND).await;
        shelf.fails(fails, TierFailure::TimedOut);
        source.get(&numbers, 1).await;
        settled(&numbers, 2).await;
        assert_eq!((shelf.value(1), numbers.snapshot().owed), (Some(1), Some(1)), "{fails}");
        numbers.cache().clear();
        assert_eq!(numbers.get(&1).await, None, "the first one is gone for good");
        assert_eq!((shelf.value(1), numbers.snapshot().owed), (None, Some(0)));
    }
}

/// CA-19 with a store.
#[tokio::test(start_paused = true)]
async fn a_load_that_fails_falls_back_on_what_there_was_here() {
    let shelf = Shelf::new();
    let numbers = numbers(Config::new().with_ttl(SECOND).with_grace(10 * SECOND), &shelf);
    let load = || async { Ok::<_, &str>(Loaded::new(1).with_ttl(SECOND)) };
    numbers.look_up_or_load(&1, load).await.unwrap();
    advance(2 * SECOND).await;
    let hit = numbers.look_up_or_load(&1, || async { Err("down") }).await.unwrap();
    assert_eq!((hit.value, hit.is_stale), (1, true));
}
