//! Caches that only look on, or do nothing at all.

use std::time::Duration;

use buttress::{
    Error,
    cache::{Cache, CacheMode, Change, Config, Stored},
    testing::{Script, Step},
};
use futures::future::join_all;
use tokio::time::{advance, sleep};
use tower::{Layer, ServiceExt};

const SECOND: Duration = Duration::from_secs(1);

type Down = Error<&'static str>;

fn numbers(config: Config) -> Cache<u32, u32> {
    Cache::new("numbers", config).unwrap()
}

/// Every kind of reading, in every kind of cache.
fn configs() -> [Config; 4] {
    let config = Config::entries(9);
    [
        config.clone(),
        config.clone().with_ttl(60 * SECOND),
        config.clone().with_ttl(60 * SECOND).with_stale_after(SECOND).with_grace(60 * SECOND),
        config.with_idle(60 * SECOND).with_eviction(buttress::cache::Eviction::Lru),
    ]
}

/// Through both doors: how often the backend was asked for three calls.
async fn asked(config: Config, plain: bool) -> (Cache<u32, u32>, usize) {
    let cache = numbers(config);
    let backend: Script<u32, Down> = Script::new([Step::ok(1).after(SECOND)]);
    for _ in 0..3 {
        let answer = if plain {
            let operation = backend.clone();
            cache.run_or_load(&1, move || async move { operation.call().await }).await
        } else {
            let layer = cache.layer(|request: &u32| Some(*request));
            layer.layer(backend.service()).oneshot(1).await
        };
        assert_eq!(answer, Ok(1));
    }
    (cache, backend.counts().calls as usize)
}

#[tokio::test(start_paused = true)]
async fn in_the_shadow_everybody_gets_a_fresh_value_and_hits_are_counted() {
    for config in configs() {
        for plain in [true, false] {
            let (cache, calls) = asked(config.clone().with_mode(CacheMode::Shadow), plain).await;
            let totals = cache.snapshot().totals;
            assert_eq!((calls, totals.hits, totals.misses), (3, 2, 1), "{config:?}");
            assert_eq!((cache.len(), totals.inserted), (1, 1), "it grows as old as it would");
            assert_eq!((cache.get(&1), cache.peek(&1), cache.look_up(&1)), (None, None, None));
            assert!(!cache.contains(&1));
            assert_eq!(cache.iter().collect::<Vec<_>>(), [(1, 1)]);
            // From here on it counts.
            cache.reconfigure(config.clone()).unwrap();
            assert_eq!(cache.get(&1), Some(1));
        }
    }
}

/// What has expired would have been missing: it is loaded, and stored.
#[tokio::test(start_paused = true)]
async fn in_the_shadow_a_value_expires_as_it_would() {
    let cache = numbers(Config::entries(9).with_ttl(10 * SECOND).with_mode(CacheMode::Shadow));
    for second in 0..20 {
        assert_eq!(cache.get_or_load(&1, || async move { second }).await, Ok(second));
        advance(SECOND).await;
    }
    let totals = cache.snapshot().totals;
    assert_eq!((totals.hits, totals.misses, totals.inserted), (18, 2, 2));
}

/// CA-11 and CA-24.
#[tokio::test(start_paused = true)]
async fn a_disabled_cache_holds_nothing_and_still_loads_once_for_all() {
    for config in configs() {
        for plain in [true, false] {
            let (cache, calls) = asked(config.clone().with_mode(CacheMode::Disabled), plain).await;
            let totals = cache.snapshot().totals;
            assert_eq!((calls, totals.hits, totals.misses, cache.len()), (3, 0, 3, 0));
        }
        let cache = numbers(config.with_mode(CacheMode::Disabled));
        let backend: Script<u32, Down> = Script::new([Step::ok(1).after(SECOND)]);
        let calls = (0..100).map(|_| {
            let operation = backend.clone();
            cache.run_or_load(&1, move || async move { operation.call().await })
        });
        assert!(join_all(calls).await.into_iter().all(|answer| answer == Ok(1)));
        assert_eq!((backend.counts().calls, cache.len()), (1, 0));
    }
}

/// What was there before is there again, unless there was news of it.
#[tokio::test(start_paused = true)]
async fn a_disabled_cache_forgets_what_it_is_told_about() {
    let config = Config::entries(9);
    let cache = numbers(config.clone());
    for key in 1..=6 {
        cache.insert(key, key);
    }
    cache.reconfigure(config.clone().with_mode(CacheMode::Disabled)).unwrap();
    assert_eq!(cache.insert(1, 10), Stored::Disabled);
    assert!(!Stored::Disabled.is_stored());
    assert!(cache.invalidate(&2));
    assert_eq!(cache.get_or_load(&3, || async { 30 }).await, Ok(30));
    assert_eq!(cache.compute(4, |_| Change::Put(40)), None);
    let many = cache.load_many([5], |_| async { Ok::<_, Down>([(5, 50)]) }).await;
    assert_eq!(many.unwrap(), [Some(50)]);
    cache.reconfigure(config).unwrap();
    assert_eq!([1, 2, 3, 4, 5].map(|key| cache.get(&key)), [None; 5]);
    assert_eq!(cache.get(&6), Some(6));
}

/// CA-19 and CA-22: nobody gets an old answer, nor an old error.
#[tokio::test(start_paused = true)]
async fn nothing_old_is_given_where_nothing_is() {
    for mode in [CacheMode::Shadow, CacheMode::Disabled] {
        let config = Config::entries(9).with_ttl(SECOND).with_grace(60 * SECOND);
        let config = config.with_negative_ttl(60 * SECOND);
        let cache = numbers(config.clone());
        cache.insert(1, 1);
        cache.reconfigure(config.with_mode(mode)).unwrap();
        sleep(2 * SECOND).await;
        for error in ["down", "still down"] {
            let failing = cache.try_get_or_load(&1, || async move { Err::<u32, _>(error) });
            assert_eq!(failing.await, Err(Error::Inner(error)), "{mode:?}");
        }
    }
}
