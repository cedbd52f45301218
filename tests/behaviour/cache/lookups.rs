use std::{collections::BTreeSet, sync::Arc};

use buttress::cache::{Cache, Config, Removal, Stored};

use super::recorded;

#[test]
fn keys_are_asked_for_by_what_they_borrow() {
    let cache = Cache::<String, Arc<str>>::new("cache", Config::new()).unwrap();
    assert_eq!(cache.insert("key".to_owned(), "value".into()), Stored::New);
    assert_eq!(cache.get("key").as_deref(), Some("value"));
    assert!(cache.contains("key") && !cache.contains("other"));
    assert_eq!(cache.get_many(["other", "key"]), [None, Some("value".into())]);
    let hit = cache.look_up("key").unwrap();
    assert_eq!((&*hit.value, hit.age, hit.is_stale), ("value", None, false));
    assert_eq!(cache.remove("key").as_deref(), Some("value"));
    assert_eq!(cache.remove("key"), None);
}

#[test]
fn clones_share_and_whoever_changes_the_hasher_does_not() {
    let cache = Cache::<u32, u32>::new("cache", Config::new()).unwrap();
    cache.clone().insert(1, 1);
    assert_eq!((cache.get(&1), cache.name().as_str()), (Some(1), "cache"));
    let other = cache.clone().with_hasher(std::hash::BuildHasherDefault::<Poor>::default());
    assert!(other.is_empty());
    // A hasher that is no good makes it slow, not wrong.
    for key in 0..2000 {
        other.insert(key, key);
    }
    assert!((0..2000).all(|key| other.get(&key) == Some(key)));
}

/// Says the same of everything.
#[derive(Default)]
struct Poor;

impl std::hash::Hasher for Poor {
    fn finish(&self) -> u64 {
        7
    }

    fn write(&mut self, _: &[u8]) {}
}

#[test]
fn what_is_taken_out_is_gone_and_told_of() {
    let (cache, losses) = recorded(Config::new());
    for (key, value) in [("a", 1), ("b", 2), ("c", 3), ("d", 4)] {
        cache.insert(key, value);
    }
    assert!(cache.invalidate("a") && !cache.invalidate("a"));
    assert_eq!(cache.remove("b"), Some(2));
    assert_eq!(cache.invalidate_if(|_, value| *value == 3), 1);
    assert_eq!(cache.iter().collect::<Vec<_>>(), [("d", 4)]);
    cache.clear();
    let removed = |key, value| (key, value, Removal::Removed);
    assert_eq!(losses.take(), [removed("a", 1), removed("b", 2), removed("c", 3), removed("d", 4)]);
    assert_eq!(cache.snapshot().totals.removed, 4);
    assert!(cache.is_empty());
    assert_eq!(cache.insert("a", 5), Stored::New);
}

#[test]
fn every_entry_that_stays_is_seen_whatever_is_done_meanwhile() {
    let cache = Cache::<u32, u32>::new("cache", Config::entries(20_000)).unwrap();
    for key in 0..10_000 {
        cache.insert(key, key);
    }
    let mut seen = BTreeSet::new();
    for (key, value) in cache.iter() {
        assert_eq!(key, value);
        seen.insert(key);
        // Of those that are gone there may be some; most entries go, so that the others are moved.
        if key % 100 != 0 {
            cache.invalidate(&key);
        }
    }
    assert!((0..100).all(|key| seen.contains(&(key * 100))), "{}", seen.len());
    assert_eq!(cache.invalidate_if(|key, _| key % 100 == 0), 100);
    assert_eq!(cache.iter().filter(|(key, _)| key % 100 == 0).count(), 0);
}

/// A sweep that forgets somebody is worse than none.
#[test]
fn a_sweep_takes_out_everything_it_is_asked_to() {
    let cache = Cache::<u32, u32>::new("cache", Config::entries(50_000)).unwrap();
    for key in 0..50_000 {
        cache.insert(key, key);
    }
    assert_eq!(cache.invalidate_if(|key, _| key % 50 != 0), 49_000);
    assert_eq!(cache.len(), 1000);
    assert!(cache.iter().all(|(key, _)| key % 50 == 0));
}

/// CA-24.
#[test]
fn every_look_up_of_eight_threads_is_counted_once() {
    let cache = Cache::<u64, u64>::new("cache", Config::entries(512)).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let cache = &cache;
            scope.spawn(move || {
                for turn in 0..10_000_u64 {
                    let key = turn * (thread + 7) % 1500;
                    if cache.get(&key).is_none() {
                        cache.insert(key, key);
                    }
                }
            });
        }
    });
    let totals = cache.snapshot().totals;
    assert_eq!(totals.hits + totals.misses, 80_000);
    let gone = totals.evicted + totals.expired + totals.removed + totals.replaced;
    assert_eq!(totals.inserted - gone, cache.len() as u64);
    assert!(cache.len() <= 512 && totals.hit_ratio() > 0.0);
}

/// Seed 53: exactly these names.
#[test]
fn a_snapshot_as_json_has_the_names_that_dashboards_know() {
    let config = Config::entries(50).with_ttl(std::time::Duration::from_secs(900));
    let cache = Cache::new("answers", config).unwrap();
    cache.insert(1, 1);
    let snapshot = serde_json::to_value(cache.snapshot()).unwrap();
    let expected = serde_json::json!({
        "name": "answers", "total_entries": 1, "expired_entries": 0, "active_entries": 1,
        "max_entries": 50, "total_weight": 1, "max_weight": null, "loading": 0,
        "ttl_minutes": 15,
        "totals": {
            "hits": 0, "misses": 0, "stale": 0, "loads": 0, "load_failures": 0, "coalesced": 0,
            "refreshes": 0, "inserted": 1, "evicted": 0, "expired": 0,
            "removed": 0, "replaced": 0, "too_heavy": 0,
        },
    });
    assert_eq!(snapshot, expected);
}
