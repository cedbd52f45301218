//! What is said of a key while it is being loaded is newer than what comes.

use std::{
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use buttress::cache::{Cache, Change, Config};
use tokio::time::sleep;

const MILLISECOND: Duration = Duration::from_millis(1);

type Says = fn(&Cache<String, u32>);

/// CA-10. What it comes to goes to those who wait for it, and not into the cache.
#[tokio::test(start_paused = true)]
async fn what_was_out_of_date_before_it_came_is_not_stored() {
    let says: [(Says, Option<u32>); 8] = [
        (|cache| assert!(!cache.invalidate("key")), None),
        (|cache| assert_eq!(cache.remove("key"), None), None),
        (Cache::clear, None),
        (|cache| assert_eq!(cache.invalidate_if(|_, _| false), 0), None),
        (|cache| assert_eq!(cache.compute("key".to_owned(), |_| Change::Remove), None), None),
        (|cache| assert!(cache.insert("key".to_owned(), 9).is_stored()), Some(9)),
        (|cache| assert_eq!(cache.compute("key".to_owned(), |_| Change::Put(9)), Some(9)), Some(9)),
        (
            |cache| {
                assert!(cache.insert_with_ttl("key".to_owned(), 9, MILLISECOND * 500).is_stored());
            },
            Some(9),
        ),
    ];
    for (say, then) in says {
        let cache = Cache::<String, u32>::new("cache", Config::new()).unwrap();
        let load = |value| {
            move || async move {
                sleep(10 * MILLISECOND).await;
                value
            }
        };
        let early = tokio::spawn(cache.get_or_load("key", load(1)));
        // Many other writes do not make it forget.
        sleep(MILLISECOND).await;
        say(&cache);
        for key in 0..100 {
            cache.insert(key.to_string(), key);
        }
        let later = cache.get_or_load("key", load(2));
        assert_eq!(early.await.unwrap(), Ok(1), "those who wait get it");
        assert_eq!(cache.get("key"), then, "and nobody else");
        // Who came after it began anew.
        assert_eq!(later.await, Ok(then.unwrap_or(2)));
        assert_eq!(cache.get("key"), Some(then.unwrap_or(2)));
    }
}

/// Neither does what is said of other keys, nor what is only looked at.
#[tokio::test(start_paused = true)]
async fn what_is_said_of_other_keys_does_not_matter() {
    let cache = Cache::<String, u32>::new("cache", Config::new()).unwrap();
    let load = tokio::spawn(cache.get_or_load("key", || async {
        sleep(10 * MILLISECOND).await;
        1
    }));
    sleep(MILLISECOND).await;
    cache.invalidate("other");
    cache.insert("third".to_owned(), 3);
    assert_eq!(cache.compute("key".to_owned(), |_| Change::Keep), None);
    assert_eq!((cache.get("key"), cache.snapshot().loading), (None, 1));
    assert_eq!(load.await.unwrap(), Ok(1));
    assert_eq!(cache.get("key"), Some(1));
}

/// CA-10. An insert takes its time where a weigher or a lifetime does; who begins a load meanwhile has
/// begun before it ended, and may have read what was there before.
#[tokio::test(start_paused = true)]
async fn a_load_that_begins_within_an_insert_does_not_undo_it() {
    type Puts = fn(&Cache<String, u32>) -> bool;
    let puts: [Puts; 3] = [
        |cache| cache.insert("key".to_owned(), 9).is_stored(),
        |cache| cache.insert_with_ttl("key".to_owned(), 9, MILLISECOND * 500).is_stored(),
        |cache| cache.compute("key".to_owned(), |_| Change::Put(9)) == Some(9),
    ];
    for put in puts {
        let own = Arc::new(OnceLock::<Cache<String, u32>>::new());
        let (inside, loads) = (Arc::clone(&own), Arc::new(Mutex::new(Vec::new())));
        let begun = Arc::clone(&loads);
        let cache = Cache::<String, u32>::new("cache", Config::weight(100)).unwrap();
        let cache = cache.with_weigher(move |key, _| {
            let Some(cache) = inside.get() else { return 1 };
            let mut begun = begun.lock().unwrap();
            if begun.is_empty() {
                begun.push(cache.get_or_load(key, || async {
                    sleep(10 * MILLISECOND).await;
                    1
                }));
            }
            1
        });
        own.set(cache.clone()).unwrap();
        assert!(put(&cache));
        let load = loads.lock().unwrap().pop().unwrap();
        assert_eq!(load.await, Ok(1), "who waits gets what he waited for");
        assert_eq!(cache.get("key"), Some(9));
    }
}
