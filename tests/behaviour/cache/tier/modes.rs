//! A store under a cache whose values nobody is to get.

use buttress::cache::{CacheMode, Config, tier::TierFailure};

use super::{SECOND, Source, numbers, shelf::Shelf};

/// What the store holds is what the cache would hold: in as much doubt.
#[tokio::test(start_paused = true)]
async fn a_disabled_cache_gives_nothing_of_the_stores_either() {
    let (shelf, source) = (Shelf::new(), Source::default());
    shelf.set(1, 77, None);
    let config = Config::new();
    let numbers = numbers(config.clone(), &shelf);
    numbers.cache().reconfigure(config.clone().with_mode(CacheMode::Disabled)).unwrap();
    assert_eq!((source.get(&numbers, 1).await, source.get(&numbers, 2).await), (1, 2));
    let load = |keys: Vec<u8>| async move { Ok::<_, ()>(keys.into_iter().map(|key| (key, 5))) };
    assert_eq!(numbers.load_many([1, 3], load).await.unwrap(), [Some(5), Some(5)]);
    assert_eq!((numbers.get(&1).await, numbers.get_many([1]).await), (None, vec![None]));
    assert!(shelf.asked().is_empty(), "it is not waited for either");
    // Nothing new is put in, but what is out of date goes.
    assert_eq!((numbers.insert(1, 8).await, shelf.value(1)), (Ok(()), None));
    shelf.set(4, 44, None);
    assert_eq!((numbers.invalidate(&4).await, shelf.value(4)), (Ok(()), None));
    shelf.set(5, 55, None);
    shelf.fails("remove", TierFailure::TimedOut);
    assert_eq!(numbers.insert(5, 8).await, Err(TierFailure::TimedOut));
    numbers.cache().reconfigure(config).unwrap();
    shelf.set(6, 66, None);
    assert_eq!(numbers.get_many([1, 2, 3, 4, 5, 6]).await[..5], [None; 5]);
    assert_eq!(numbers.get(&6).await, Some(66));
}

/// What is there counts as found, stays as it is, and is not given.
#[tokio::test(start_paused = true)]
async fn in_the_shadow_the_store_is_asked_and_filled_and_nobody_gets_it() {
    let (shelf, source) = (Shelf::new(), Source::default());
    shelf.set(1, 77, None);
    let config = Config::new().with_mode(CacheMode::Shadow);
    let numbers = numbers(config, &shelf);
    assert_eq!((source.get(&numbers, 1).await, shelf.asked()), (1, vec!["get"]));
    assert_eq!((shelf.value(1), numbers.cache().peek(&1)), (Some(77), None));
    let slowly = source.slowly(&numbers, 2, SECOND);
    assert_eq!((slowly.await, shelf.value(2)), (2, Some(2)));
    assert_eq!(shelf.asked(), ["get", "claim_many", "put"], "nobody is waited for");
    let load = |keys: Vec<u8>| async move { Ok::<_, ()>(keys.into_iter().map(|key| (key, 5))) };
    assert_eq!(numbers.load_many([1, 3], load).await.unwrap(), [Some(5), Some(5)]);
    assert_eq!((shelf.value(1), shelf.value(3)), (Some(77), Some(5)));
    assert_eq!((numbers.get(&1).await, numbers.get_many([3]).await), (None, vec![None]));
    let totals = numbers.snapshot().totals;
    assert_eq!((totals.misses, totals.stored), (2, 2));
    assert!(totals.hits >= 2);
}
