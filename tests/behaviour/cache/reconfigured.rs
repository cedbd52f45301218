//! A config that changes while the cache is used.

use std::{sync::Arc, time::Duration};

use buttress::{
    Error,
    cache::{Cache, Config, Eviction, Removal, Stored},
    testing::{Script, Step},
    time::Clock,
};
use futures::FutureExt;
use tokio::time::{advance, sleep};

use super::recorded;

const SECOND: Duration = Duration::from_secs(1);

fn numbers(config: Config) -> Cache<u64, u64> {
    Cache::new("numbers", config).unwrap()
}

/// CA-15 and CA-16: more room at once, and less at once as well.
#[test]
fn the_bound_holds_from_when_it_is_said() {
    for eviction in [Eviction::Admission, Eviction::Lru] {
        let cache = numbers(Config::entries(10_000).with_eviction(eviction));
        for key in 0..20_000 {
            cache.insert(key, key);
        }
        assert_eq!((cache.len(), cache.weight()), (10_000, 10_000));
        for bound in [100, 1, 50_000, 300] {
            let evicted = cache.snapshot().totals.evicted;
            let former = cache.len();
            cache.reconfigure(Config::entries(bound).with_eviction(eviction)).unwrap();
            let kept = former.min(bound as usize);
            assert_eq!((cache.len(), cache.weight()), (kept, kept as u64), "{eviction:?} {bound}");
            assert_eq!(cache.snapshot().totals.evicted - evicted, (former - kept) as u64);
            assert_eq!(cache.snapshot().max_entries, Some(bound));
            for key in 0..60_000 {
                cache.insert(key, key);
            }
            assert_eq!((cache.len(), cache.weight()), (bound as usize, bound));
        }
    }
}

/// CA-17.
#[test]
fn a_bound_of_weight_holds_from_when_it_is_said() {
    let config = |weight| Config::weight(weight).with_eviction(Eviction::Lru);
    let cache = numbers(config(100)).with_weigher(|_, weight| *weight as u32);
    for key in 0..10 {
        cache.insert(key, 10);
    }
    cache.reconfigure(config(35)).unwrap();
    assert_eq!(
        (cache.len(), cache.weight(), cache.peek(&6), cache.peek(&7)),
        (3, 30, None, Some(10))
    );
    assert_eq!(cache.insert(1, 36), Stored::TooHeavy);
    cache.reconfigure(config(36)).unwrap();
    assert_eq!((cache.insert(1, 36), cache.len()), (Stored::New, 1));
}

/// Who is told that something is gone may change the config again.
#[test]
fn a_listener_hears_who_has_to_go_and_may_use_the_cache() {
    let config = |entries| Config::entries(entries).with_eviction(Eviction::Lru);
    let (cache, losses) = recorded(config(3));
    for (key, value) in [("a", 1), ("b", 2), ("c", 3)] {
        cache.insert(key, value);
    }
    cache.reconfigure(config(1)).unwrap();
    assert_eq!(losses.take(), [("a", 1, Removal::Evicted), ("b", 2, Removal::Evicted)]);
    let slot = Arc::new(std::sync::OnceLock::<Cache<u64, u64>>::new());
    let own = Arc::clone(&slot);
    let cache = numbers(config(3)).with_listener(move |_, _, _| {
        own.get().unwrap().reconfigure(config(2)).unwrap();
    });
    slot.set(cache.clone()).unwrap();
    for key in 0..3 {
        cache.insert(key, key);
    }
    cache.reconfigure(config(1)).unwrap();
    assert!(cache.len() <= 2);
}

#[test]
fn what_cannot_change_is_refused_and_then_nothing_has() {
    let cache = numbers(Config::entries(3));
    let other = Config::weight(9).with_eviction(Eviction::Lru).with_ttl(SECOND);
    let error = cache.reconfigure(other).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cache config: bound must stay one of entries, or of weight; eviction must stay what it was"
    );
    let wrong = Config::entries(0).with_ttl(Duration::ZERO);
    assert_eq!(cache.reconfigure(wrong).unwrap_err().flaws().len(), 2);
    assert_eq!((cache.snapshot().max_entries, cache.snapshot().ttl_minutes), (Some(3), None));
}

/// CA-04: those that are there last as long as they were to last, and later ones as is said now.
#[tokio::test(start_paused = true)]
async fn a_time_to_live_is_that_of_what_is_written_later() {
    for eviction in [Eviction::Admission, Eviction::Lru] {
        for clock in [Clock::Coarse, Clock::Exact] {
            let config = Config::entries(900).with_eviction(eviction).with_clock(Clock::Coarse);
            let cache = numbers(config.clone());
            cache.insert(1, 1);
            cache.reconfigure(config.clone().with_clock(clock).with_ttl(10 * SECOND)).unwrap();
            cache.insert(2, 2);
            cache.reconfigure(config.clone().with_ttl(20 * SECOND)).unwrap();
            cache.insert(3, 3);
            assert_eq!(cache.look_up(&1).unwrap().age, Some(Duration::ZERO), "as if written then");
            advance(10 * SECOND).await;
            assert_eq!([1, 2, 3].map(|key| cache.get(&key)), [Some(1), None, Some(3)]);
            advance(10 * SECOND).await;
            assert_eq!([1, 2, 3].map(|key| cache.get(&key)), [Some(1), None, None]);
            cache.reconfigure(config).unwrap();
            cache.insert(4, 4);
            advance(10_000 * SECOND).await;
            assert_eq!([1, 4].map(|key| cache.get(&key)), [Some(1), Some(4)]);
        }
    }
}

/// CA-06 and CA-18: from then on, for all; and what is gone is cleared away.
#[tokio::test(start_paused = true)]
async fn idleness_counts_from_when_it_is_said() {
    for eviction in [Eviction::Admission, Eviction::Lru] {
        let config = Config::entries(900).with_eviction(eviction);
        let cache = numbers(config.clone());
        for key in 0..500 {
            cache.insert(key, key);
        }
        cache.insert_with_ttl(7, 7, 3600 * SECOND);
        advance(100 * SECOND).await;
        cache.reconfigure(config.clone().with_idle(10 * SECOND)).unwrap();
        advance(9 * SECOND).await;
        assert_eq!((cache.get(&1), cache.snapshot().active_entries), (Some(1), 500));
        advance(SECOND).await;
        assert_eq!((cache.get(&1), cache.get(&2), cache.get(&7)), (Some(1), None, None));
        assert_eq!(cache.snapshot().active_entries, 1);
        // Somebody was looked at too early, and is looked at again a little later.
        advance(2 * SECOND).await;
        while cache.maintain(1000) {}
        assert_eq!(cache.len(), 1);
        // Longer, and not at all any more.
        cache.reconfigure(config.clone().with_idle(100 * SECOND)).unwrap();
        advance(50 * SECOND).await;
        assert_eq!(cache.get(&1), Some(1));
        cache.reconfigure(config).unwrap();
        advance(1000 * SECOND).await;
        assert_eq!(cache.get(&1), Some(1));
    }
}

/// What is gone is gone, though nobody has cleared it away yet.
#[tokio::test(start_paused = true)]
async fn who_was_idle_for_too_long_does_not_come_back() {
    for then in [Config::entries(900), Config::entries(900).with_idle(100 * SECOND)] {
        let cache = numbers(Config::entries(900).with_idle(10 * SECOND));
        cache.insert(1, 1);
        advance(20 * SECOND).await;
        assert_eq!(cache.snapshot().active_entries, 0);
        cache.reconfigure(then).unwrap();
        assert_eq!(
            (cache.snapshot().active_entries, cache.peek(&1), cache.get(&1)),
            (0, None, None)
        );
    }
}

/// CA-19.
#[tokio::test(start_paused = true)]
async fn grace_is_as_it_was_said_last() {
    let config = Config::entries(9).with_ttl(10 * SECOND);
    let cache = numbers(config.clone());
    let fail = || async { Err::<u64, _>("down") };
    cache.insert(1, 1);
    cache.reconfigure(config.clone().with_grace(60 * SECOND)).unwrap();
    advance(30 * SECOND).await;
    assert_eq!(cache.try_get_or_load(&1, fail).await, Ok(1));
    cache.reconfigure(config).unwrap();
    assert_eq!(cache.try_get_or_load(&1, fail).await, Err(Error::Inner("down")));
}

/// CA-07.
#[tokio::test(start_paused = true)]
async fn what_is_stale_is_as_it_was_said_last() {
    let config = Config::entries(9).with_ttl(100 * SECOND);
    let cache = numbers(config.clone());
    cache.insert(1, 1);
    advance(30 * SECOND).await;
    cache.reconfigure(config.clone().with_stale_after(20 * SECOND)).unwrap();
    assert_eq!(cache.get_or_load(&1, || async { 2 }).await, Ok(1));
    sleep(SECOND).await;
    assert_eq!(cache.get(&1), Some(2), "it was renewed");
    advance(30 * SECOND).await;
    cache.reconfigure(config).unwrap();
    assert_eq!(cache.get_or_load(&1, || async { 3 }).await, Ok(2));
    sleep(SECOND).await;
    assert_eq!(cache.get(&1), Some(2), "nobody says any more that it is stale");
}

/// CA-22.
#[tokio::test(start_paused = true)]
async fn failures_are_remembered_as_it_was_said_last() {
    let config = Config::entries(9);
    let cache = numbers(config.clone().with_negative_ttl(100 * SECOND));
    let backend: Script<u64, Error<&str>> = Script::new([Step::err(Error::Inner("down"))]);
    let asks = async |calls| {
        let operation = backend.clone();
        let asked = cache.run_or_load(&1, move || async move { operation.call().await });
        assert_eq!((asked.await, backend.counts().calls), (Err(Error::Inner("down")), calls));
    };
    asks(1).await;
    asks(1).await;
    cache.reconfigure(config.clone()).unwrap();
    asks(2).await;
    asks(3).await;
    cache.reconfigure(config.with_negative_ttl(SECOND)).unwrap();
    asks(4).await;
    asks(4).await;
    advance(SECOND).await;
    asks(5).await;
}

/// CA-12: work goes on by itself if that is what was said when it began.
#[tokio::test(start_paused = true)]
async fn loads_that_begin_later_are_detached() {
    let cache = numbers(Config::new());
    let load = || async {
        sleep(SECOND).await;
        1
    };
    assert!(cache.get_or_load(&1, load).now_or_never().is_none());
    cache.reconfigure(Config::new().with_detached(true)).unwrap();
    assert!(cache.get_or_load(&2, load).now_or_never().is_none());
    sleep(2 * SECOND).await;
    assert_eq!((cache.get(&1), cache.get(&2)), (None, Some(1)));
}

/// What has no time to live among others that have: nobody knows how old it is.
#[tokio::test(start_paused = true)]
async fn what_came_without_a_time_has_no_age() {
    let cache = numbers(Config::entries(9));
    cache.insert(1, 1);
    cache.insert_with_ttl(2, 2, SECOND);
    advance(SECOND / 2).await;
    assert_eq!(cache.look_up(&1).unwrap().age, None);
    assert_eq!(cache.look_up(&2).unwrap().age, Some(SECOND / 2));
}

/// While others write, nothing is lost of the count.
#[test]
fn a_bound_that_changes_under_load_holds_in_the_end() {
    let cache = numbers(Config::entries(5_000));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let cache = &cache;
            scope.spawn(move || {
                for key in 0..20_000 {
                    cache.insert(key * 4 + thread, key);
                    cache.get(&(key / 2));
                }
            });
        }
        for round in 0..200 {
            cache.reconfigure(Config::entries(100 + round % 7 * 800)).unwrap();
        }
    });
    cache.reconfigure(Config::entries(64)).unwrap();
    assert_eq!((cache.len(), cache.weight()), (64, 64));
}
