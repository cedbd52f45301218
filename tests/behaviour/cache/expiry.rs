use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use buttress::cache::{Bound, Cache, Config, Removal, Stored, presets};
use futures::FutureExt;
use tokio::time::advance;

use super::recorded;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const MILLISECOND: Duration = Duration::from_millis(1);

/// CA-04.
#[tokio::test(start_paused = true)]
async fn an_entry_is_there_until_its_time_is_up_and_not_a_moment_longer() {
    advance(Duration::from_nanos(123_456_789)).await;
    let cache = Cache::new("cache", Config::new().with_ttl(seconds(60))).unwrap();
    cache.insert("key", 1);
    advance(seconds(60) - MILLISECOND).await;
    assert_eq!(cache.get("key"), Some(1));
    advance(MILLISECOND).await;
    assert_eq!((cache.get("key"), cache.contains("key"), cache.peek("key")), (None, false, None));
    assert!(cache.look_up("key").is_none());
    assert_eq!(cache.iter().count(), 0);
    // To write it is to begin anew; to read it is not.
    cache.insert("key", 2);
    advance(seconds(40)).await;
    assert_eq!(cache.get("key"), Some(2));
    cache.insert("key", 3);
    advance(seconds(40)).await;
    assert_eq!(cache.get("key"), Some(3));
    advance(seconds(20)).await;
    assert_eq!(cache.get("key"), None);
}

/// Seed 49.
#[tokio::test(start_paused = true)]
async fn an_answer_lives_a_quarter_of_an_hour() {
    let cache = Cache::new("answers", presets::ANSWERS).unwrap();
    cache.insert("key", 1);
    advance(seconds(14 * 60 + 59)).await;
    assert_eq!(cache.get("key"), Some(1));
    advance(seconds(1)).await;
    assert_eq!(cache.get("key"), None);
}

/// CA-06.
#[tokio::test(start_paused = true)]
async fn no_time_to_live_is_not_stored() {
    let (cache, losses) = recorded(Config::new());
    assert_eq!(cache.insert_with_ttl("key", 1, Duration::ZERO), Stored::Expired);
    assert_eq!((cache.get("key"), cache.len()), (None, 0));
    cache.insert("key", 2);
    assert_eq!(cache.insert_with_ttl("key", 3, Duration::ZERO), Stored::Expired);
    assert_eq!(cache.get("key"), None, "nor is what was there before");
    assert_eq!(
        losses.take(),
        [("key", 1, Removal::Expired), ("key", 2, Removal::Replaced), ("key", 3, Removal::Expired)]
    );
}

/// CA-06.
#[tokio::test(start_paused = true)]
async fn who_is_asked_for_again_and_again_is_not_idle() {
    let cache = Cache::new("cache", Config::new().with_idle(seconds(10))).unwrap();
    cache.insert("key", 1);
    for _ in 0..3 {
        advance(seconds(9)).await;
        assert_eq!(cache.get("key"), Some(1));
    }
    advance(seconds(9)).await;
    assert!(cache.contains("key"), "which is not to ask for it");
    advance(seconds(1)).await;
    assert_eq!(cache.get("key"), None);
}

#[tokio::test(start_paused = true)]
async fn idle_and_ttl_go_together() {
    let config = Config::new().with_idle(seconds(10)).with_ttl(seconds(25));
    let cache = Cache::new("cache", config).unwrap();
    cache.insert("key", 1);
    for _ in 0..3 {
        advance(seconds(8)).await;
        assert_eq!(cache.get("key"), Some(1));
    }
    advance(seconds(1)).await;
    assert_eq!(cache.get("key"), None);
}

#[tokio::test(start_paused = true)]
async fn each_entry_may_have_a_time_to_live_of_its_own() {
    let cache = Cache::<_, u64>::new("cache", Config::new()).unwrap();
    let cache = cache.with_lifetime(|_, value| (*value > 0).then(|| seconds(*value)));
    cache.insert("for ever", 0);
    cache.insert("5 s", 5);
    cache.insert_with_ttl("2 s", 100, seconds(2));
    let there = || ["for ever", "5 s", "2 s"].map(|key| cache.get(key).is_some());
    advance(seconds(2)).await;
    assert_eq!(there(), [true, true, false]);
    advance(seconds(3)).await;
    assert_eq!(there(), [true, false, false]);
    advance(seconds(1_000_000_000)).await;
    assert_eq!(there(), [true, false, false]);
}

/// CA-23.
#[tokio::test(start_paused = true)]
async fn what_was_written_together_does_not_expire_together() {
    let config = Config::new().with_ttl(seconds(100)).with_ttl_jitter(0.1);
    let cache = Cache::new("cache", config).unwrap();
    for key in 0..1000 {
        cache.insert(key, ());
    }
    let there = || (0..1000).filter(|key| cache.contains(key)).count();
    advance(seconds(90) - MILLISECOND).await;
    assert_eq!(there(), 1000);
    advance(seconds(5)).await;
    let half = there();
    assert!((400..600).contains(&half), "{half}");
    advance(seconds(5) + MILLISECOND).await;
    assert_eq!(there(), 0, "never later than the ttl");
}

/// CA-18, D23.
#[tokio::test(start_paused = true)]
async fn the_memory_of_what_has_expired_comes_back_by_itself() {
    const KEYS: u64 = 100_000;

    let config = Config::new().with_bound(Bound::Entries(KEYS)).with_ttl(seconds(1));
    let cache = Cache::new("cache", config).unwrap();
    for key in 0..KEYS {
        cache.insert(key, key);
    }
    assert_eq!(cache.len(), KEYS as usize);
    advance(seconds(2)).await;
    let snapshot = cache.snapshot();
    assert_eq!((snapshot.expired_entries, snapshot.active_entries), (KEYS, 0));
    // Somebody asks for something else, now and then.
    for key in 0..KEYS / 8 {
        assert_eq!(cache.get(&(KEYS + key)), None);
    }
    assert_eq!(cache.len(), 0);
    assert_eq!(cache.snapshot().totals.expired, KEYS);
    assert_eq!(cache.weight(), 0);
}

#[tokio::test(start_paused = true)]
async fn expired_entries_do_not_drive_out_live_ones() {
    let config = Config::entries(1000).with_ttl(seconds(1));
    let (cache, _) = (Cache::new("cache", config).unwrap(), ());
    for key in 0..1000 {
        cache.insert(key, ());
    }
    advance(seconds(2)).await;
    for key in 1000..2000 {
        cache.insert(key, ());
    }
    let totals = cache.snapshot().totals;
    assert!(totals.expired >= 900, "{totals:?}");
    assert!((1000..2000).filter(|key| cache.contains(key)).count() >= 950);
}

#[tokio::test(start_paused = true)]
async fn maintenance_is_as_much_as_it_is_asked_to_be() {
    let (cache, losses) = recorded(Config::new().with_ttl(seconds(1)));
    assert!(!cache.maintain(100));
    for key in ["a", "b", "c"] {
        cache.insert(key, 1);
    }
    assert!(!cache.maintain(100), "nothing is due");
    advance(seconds(3600)).await;
    assert!(cache.maintain(2));
    assert_eq!(losses.take().len(), 2);
    cache.maintain(2);
    assert_eq!((losses.take().len(), cache.len()), (1, 0));
    assert!(!cache.maintain(100));
}

/// Whoever maintains a cache may be held up on the way, by a listener for one, and others are ahead of him.
#[tokio::test(start_paused = true)]
async fn maintenance_that_is_late_looks_at_nobody_twice() {
    const KEYS: u64 = 10_000;
    const MOST: usize = 10_000_000;

    let slot = Arc::new(OnceLock::<Cache<u64, u64>>::new());
    let own = Arc::clone(&slot);
    let cache = Cache::new("cache", Config::new().with_ttl(seconds(5))).unwrap();
    let cache = cache.with_listener(move |key: &u64, _: &u64, _| {
        if *key == 0 {
            // In no time for those who wait, because the listener does not.
            assert!(advance(seconds(10)).now_or_never().is_none());
            let cache = own.get().unwrap();
            (1..200).for_each(|key| assert_eq!(cache.get(&key), None));
        }
    });
    slot.set(cache.clone()).unwrap();
    cache.insert_with_ttl(0, 0, seconds(1));
    for key in 1..KEYS {
        cache.insert(key, key);
    }
    advance(seconds(2)).await;
    assert!(!cache.maintain(MOST), "there are {KEYS} to look at");
    while cache.maintain(MOST) {}
    assert_eq!(cache.len(), 0);
}

/// CA-19, as far as the entry itself goes.
#[tokio::test(start_paused = true)]
async fn an_expired_entry_is_kept_for_its_grace_and_says_that_it_is_stale() {
    let config = Config::new().with_ttl(seconds(60)).with_grace(seconds(300));
    let cache = Cache::new("cache", config).unwrap();
    cache.insert("key", 1);
    advance(seconds(59)).await;
    let hit = cache.look_up_stale("key").unwrap();
    assert_eq!((hit.value, hit.age, hit.is_stale), (1, Some(seconds(59)), false));
    advance(seconds(2)).await;
    cache.maintain(100);
    assert_eq!((cache.get("key"), cache.look_up("key").is_none()), (None, true));
    let hit = cache.look_up_stale("key").unwrap();
    assert_eq!((hit.value, hit.age, hit.is_stale), (1, Some(seconds(61)), true));
    advance(seconds(298)).await;
    assert!(cache.look_up_stale("key").is_some());
    advance(seconds(1)).await;
    assert!(cache.look_up_stale("key").is_none());
    advance(seconds(1)).await;
    cache.maintain(100);
    assert_eq!(cache.len(), 0);
    assert_eq!(cache.snapshot().totals.stale, 2);
}

/// CA-07: strictly older.
#[tokio::test(start_paused = true)]
async fn an_entry_is_stale_when_it_is_older_than_it_may_be() {
    let config = Config::new().with_ttl(seconds(600)).with_stale_after(seconds(60));
    let cache = Cache::new("cache", config).unwrap();
    cache.insert("key", 1);
    advance(seconds(60)).await;
    assert!(!cache.look_up("key").unwrap().is_stale);
    advance(MILLISECOND).await;
    let hit = cache.look_up("key").unwrap();
    assert_eq!((hit.is_stale, hit.age), (true, Some(seconds(60) + MILLISECOND)));
    assert_eq!(cache.get("key"), Some(1));
}

#[tokio::test(start_paused = true)]
async fn times_without_end_end_nothing() {
    let config = Config::new().with_ttl(Duration::MAX).with_idle(Duration::MAX);
    let cache = Cache::new("cache", config.with_grace(Duration::MAX)).unwrap();
    cache.insert("key", 1);
    cache.insert_with_ttl("other", 2, Duration::MAX);
    advance(seconds(1_000_000_000)).await;
    cache.maintain(100);
    assert_eq!((cache.get("key"), cache.get("other")), (Some(1), Some(2)));
}

/// CA-18, D23: a million keys that nobody asks for again.
#[tokio::test(start_paused = true)]
async fn keys_that_come_once_leave_nothing_behind() {
    let config = Config::new().with_bound(Bound::Entries(1 << 20)).with_ttl(seconds(1));
    let cache = Cache::new("cache", config).unwrap();
    let mut most = 0;
    for key in 0..1_000_000_u64 {
        cache.insert(key, ());
        if key % 1000 == 0 {
            advance(MILLISECOND * 10).await;
            most = most.max(cache.len());
        }
    }
    // A second's worth, and what the wheel has not come to yet.
    assert!(most < 150_000, "{most}");
    advance(seconds(2)).await;
    while cache.maintain(10_000) {}
    assert_eq!((cache.len(), cache.weight()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_written_again_and_again_is_looked_at_once() {
    let (cache, losses) = recorded(Config::new().with_ttl(seconds(3600)));
    for turn in 0..100_000 {
        cache.insert_with_ttl("key", turn, seconds(1 + u64::from(turn) % 7200));
    }
    losses.take();
    advance(seconds(8000)).await;
    // Each look is at one place: a hundred would do for a few hundred left behind.
    cache.maintain(100);
    assert!(!cache.maintain(1));
    assert_eq!((losses.take().len(), cache.len()), (1, 0));
}

/// What is remembered of failures goes as the entries do.
#[tokio::test(start_paused = true)]
async fn maintenance_clears_away_failures_as_well() {
    let cache = Cache::<u32, ()>::new("cache", Config::new().with_negative_ttl(seconds(1)));
    let (cache, down) = (cache.unwrap(), Arc::new("down"));
    for key in 0..100 {
        let down = Arc::clone(&down);
        assert!(cache.try_get_or_load(&key, || async { Err::<(), _>(down) }).await.is_err());
    }
    assert_eq!(Arc::strong_count(&down), 101);
    advance(seconds(2)).await;
    assert!(cache.maintain(60), "there is more to do");
    assert!((2..=41).contains(&Arc::strong_count(&down)));
    while cache.maintain(60) {}
    assert_eq!(Arc::strong_count(&down), 1);
}

/// A clock that runs for longer than a wheel goes round and a coarse tick counts: every answer is right
/// still, and memory comes back.
#[tokio::test(start_paused = true)]
async fn a_process_that_runs_for_ever_expires_what_it_should() {
    let cache = Cache::new("cache", Config::entries(1000).with_ttl(seconds(1))).unwrap();
    let years = |years: u64| seconds(years * 365 * 86_400);
    for jump in [years(0), years(10), years(10), seconds(1 << 16), years(80), years(100)] {
        advance(jump).await;
        for key in 0..100 {
            cache.insert(key, key);
        }
        cache.insert_with_ttl(1000, 1, years(10));
        advance(seconds(1) - MILLISECOND).await;
        assert!((0..100).all(|key| cache.get(&key) == Some(key)), "after {jump:?}");
        advance(MILLISECOND).await;
        assert!((0..100).all(|key| cache.get(&key).is_none()), "after {jump:?}");
        advance(seconds(1)).await;
        cache.maintain(1000);
        assert_eq!((cache.len(), cache.get(&1000)), (1, Some(1)), "after {jump:?}");
    }
}
