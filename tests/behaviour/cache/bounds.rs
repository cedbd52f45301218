use buttress::cache::{Bound, Cache, Config, Eviction, Removal, Stored, presets};

use super::recorded;

/// CA-15.
#[test]
fn the_one_that_was_not_asked_for_the_longest_goes() {
    let (cache, losses) = recorded(Config::entries(3).with_eviction(Eviction::Lru));
    for (key, value) in [("a", 1), ("b", 2), ("c", 3)] {
        assert_eq!(cache.insert(key, value), Stored::New);
    }
    assert_eq!(cache.get("a"), Some(1));
    cache.insert("d", 4);
    assert_eq!(losses.take(), [("b", 2, Removal::Evicted)]);
    assert_eq!(["a", "b", "c", "d"].map(|key| cache.peek(key)), [Some(1), None, Some(3), Some(4)]);
    assert_eq!(cache.snapshot().totals.evicted, 1);
}

/// CA-16.
#[test]
fn a_replaced_value_leaves_the_number_of_entries_as_it_is() {
    let (cache, losses) = recorded(Config::entries(2));
    cache.insert("a", 1);
    cache.insert("b", 2);
    assert_eq!(cache.insert("a", 3), Stored::Replaced);
    assert_eq!((cache.len(), cache.get("a"), cache.get("b")), (2, Some(3), Some(2)));
    assert_eq!(losses.take(), [("a", 1, Removal::Replaced)], "and nobody was evicted for it");
}

/// CA-16.
#[test]
fn room_for_nothing_is_refused_when_the_config_is_parsed() {
    for bound in [Bound::Entries(0), Bound::Weight(0), Bound::Entries(u64::MAX)] {
        let error = Config::new().with_bound(bound).parse().unwrap_err();
        assert_eq!(error.flaws()[0].field, "bound");
    }
}

/// CA-17.
#[test]
fn entries_go_until_there_is_room_for_their_weight() {
    for eviction in [Eviction::Admission, Eviction::Lru] {
        let (cache, losses) = recorded(Config::weight(10).with_eviction(eviction));
        let cache = cache.with_weigher(|_, weight| *weight);
        cache.insert("six", 6);
        assert_eq!(cache.insert("five", 5), Stored::New);
        assert_eq!(losses.take(), [("six", 6, Removal::Evicted)]);
        assert_eq!(cache.insert("eleven", 11), Stored::TooHeavy);
        assert_eq!(losses.take(), [("eleven", 11, Removal::TooHeavy)]);
        assert_eq!((cache.len(), cache.weight(), cache.get("eleven")), (1, 5, None));
        // One that is as heavy as everything.
        assert_eq!(cache.insert("ten", 10), Stored::New);
        assert_eq!((cache.len(), cache.weight()), (1, 10));
        assert_eq!(losses.take(), [("five", 5, Removal::Evicted)]);
        let totals = cache.snapshot().totals;
        assert_eq!((totals.evicted, totals.too_heavy, totals.inserted), (2, 1, 3));
    }
}

#[test]
fn a_value_that_is_refused_takes_what_was_there_with_it() {
    let (cache, losses) = recorded(Config::weight(10));
    let cache = cache.with_weigher(|_, weight| *weight);
    cache.insert("a", 3);
    assert_eq!(cache.insert("a", 11), Stored::TooHeavy);
    assert_eq!(cache.get("a"), None, "the former value is not the value any more");
    assert_eq!(losses.take(), [("a", 3, Removal::Replaced), ("a", 11, Removal::TooHeavy)]);
    assert_eq!(cache.weight(), 0);
}

#[test]
fn a_value_may_grow_and_shrink() {
    let (cache, losses) = recorded(Config::weight(10));
    let cache = cache.with_weigher(|_, weight| *weight);
    cache.insert("a", 3);
    cache.insert("b", 3);
    assert_eq!(cache.insert("a", 7), Stored::Replaced);
    assert_eq!(cache.weight(), 10);
    assert_eq!(cache.insert("a", 1), Stored::Replaced);
    assert_eq!((cache.weight(), cache.len()), (4, 2));
    losses.take();
    assert_eq!(cache.insert("b", 10), Stored::Replaced);
    assert_eq!((cache.weight(), cache.len(), cache.get("b")), (10, 1, Some(10)));
    assert_eq!(losses.take(), [("b", 3, Removal::Replaced), ("a", 1, Removal::Evicted)]);
}

#[test]
fn one_entry_may_be_as_heavy_as_everything_however_many_cores_there_are() {
    const MOST: u64 = 1 << 24;

    let cache = Cache::<u32, u32>::new("cache", Config::weight(MOST)).unwrap();
    let cache = cache.with_weigher(|_, weight| *weight);
    for key in 0..100_000 {
        cache.insert(key, 1 + key % 1000);
        assert!(cache.weight() <= MOST);
    }
    assert!(cache.weight() > MOST - 1000, "{}", cache.weight());
    assert_eq!(cache.insert(1_000_000, MOST as u32), Stored::New);
    assert_eq!((cache.len(), cache.weight()), (1, MOST));
}

#[test]
fn a_full_cache_is_full_and_no_fuller() {
    let cache = Cache::<u64, u64>::new("cache", Config::entries(10_000)).unwrap();
    for key in 0..10_000 {
        cache.insert(key, key);
    }
    assert_eq!(cache.len(), 10_000, "no part of it is full before all of it is");
    assert_eq!(cache.snapshot().totals.evicted, 0);
    for key in 10_000..50_000 {
        cache.insert(key, key);
        assert_eq!(cache.get(&key), Some(key), "what was just written is there");
    }
    assert_eq!(cache.len(), 10_000);
}

/// Seeds: 100 forecasts, 256 searches.
#[test]
fn the_presets_hold_what_they_say() {
    for (preset, entries, minutes) in [(presets::ANSWERS, 100, 15), (presets::SEARCH, 256, 30)] {
        let cache = Cache::<u64, u64>::new("cache", preset).unwrap();
        for key in 0..entries {
            cache.insert(key, key);
        }
        cache.get(&0);
        cache.insert(entries, 0);
        assert_eq!((cache.get(&0), cache.get(&1)), (Some(0), None), "the least recently used went");
        let snapshot = cache.snapshot();
        assert_eq!((snapshot.max_entries, snapshot.ttl_minutes), (Some(entries), Some(minutes)));
    }
}
