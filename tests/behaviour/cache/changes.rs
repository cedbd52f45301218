//! Changes of an entry while others change it, or the rest of the cache.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use buttress::cache::{Cache, CacheMode, Change, Config, Eviction, Loaded, Stored};

type Numbers = Cache<u32, u32>;

/// Whose callbacks use the cache itself.
#[derive(Clone, Default)]
struct Own(Arc<OnceLock<Numbers>>);

impl Own {
    fn insert(&self, key: u32, value: u32) {
        assert_eq!(self.0.get().unwrap().insert(key, value), Stored::New);
    }

    fn is(&self, cache: &Numbers) {
        assert!(self.0.set(cache.clone()).is_ok());
    }
}

/// Values above this are not stored.
const MOST: u32 = 100;

/// Caches that refuse a value above [`MOST`], for its weight or its time. While they are asked what they
/// think of it, somebody puts 9 in.
fn refusing() -> [(Numbers, Own); 2] {
    let own = [Own::default(), Own::default()];
    let [weighs, lives] = own.clone();
    let busy = |value: u32, own: &Own| {
        if value == MOST + 1 {
            own.insert(1, 9);
        }
        value > MOST
    };
    let heavy = Numbers::new("heavy", Config::weight(MOST.into())).unwrap();
    let heavy = heavy.with_weigher(move |_, value| {
        busy(*value, &weighs);
        *value
    });
    let short = Numbers::new("short", Config::new()).unwrap();
    let short = short.with_lifetime(move |_, value| busy(*value, &lives).then_some(Duration::ZERO));
    let [first, second] = own;
    let both = [(heavy, first), (short, second)];
    both.iter().for_each(|(cache, own)| own.is(cache));
    both
}

/// CA-10: what is refused is not stored either, and undoes nothing.
#[tokio::test]
async fn a_load_that_is_refused_leaves_what_was_written_meanwhile() {
    for (cache, _own) in refusing() {
        let load = || async { Ok::<_, ()>(Loaded::new(MOST + 1)) };
        let hit = cache.look_up_or_load(&1, load).await.unwrap();
        assert_eq!((hit.value, cache.get(&1)), (MOST + 1, Some(9)), "{cache:?}");
    }
}

#[test]
fn a_computed_value_that_is_refused_loses_no_change_of_others() {
    for (cache, _own) in refusing() {
        let mut seen = Vec::new();
        let value = cache.compute(1, |value| {
            seen.push(value);
            Change::Put(value.map_or(MOST + 1, |value| value + 1))
        });
        assert_eq!((value, cache.get(&1)), (Some(10), Some(10)), "{cache:?}");
        assert_eq!(seen, [None, Some(9)]);
    }
}

/// Everything stands behind one lock.
fn in_one_part() -> Numbers {
    Numbers::new("numbers", Config::entries(10_000).with_eviction(Eviction::Lru)).unwrap()
}

#[test]
fn what_is_written_to_other_keys_is_no_reason_to_compute_again() {
    let cache = in_one_part();
    cache.insert(1, 1);
    let mut calls = 0;
    let value = cache.compute(1, |value| {
        calls += 1;
        for key in 0..100 {
            cache.insert(100 + key, key + calls);
        }
        Change::Put(value.unwrap() + 1)
    });
    assert_eq!((value, cache.get(&1), calls), (Some(2), Some(2), 1));
    let mut calls = 0;
    let removed = cache.invalidate_if(|key, _| {
        calls += 1;
        for key in 0..100 {
            cache.insert(100 + key, calls);
        }
        *key == 1
    });
    assert_eq!((removed, calls), (1, 101));
}

/// An entry that is written whenever somebody looks: it is not the one that was asked about.
#[test]
fn who_is_written_again_and_again_holds_nobody_up() {
    let cache = in_one_part();
    cache.insert(1, 1);
    cache.insert(2, 2);
    let removed = cache.invalidate_if(|key, value| {
        if *key == 1 {
            cache.insert(1, value + 1);
        }
        true
    });
    assert_eq!((removed, cache.contains(&1), cache.contains(&2)), (1, true, false));
}

/// A change whose room has to be made first is still the change of what was there.
#[test]
fn a_value_that_grows_while_there_is_no_room_is_computed_once() {
    let cache = Numbers::new("numbers", Config::weight(100).with_eviction(Eviction::Lru)).unwrap();
    let cache = cache.with_weigher(|_, value| *value);
    for key in 0..10 {
        cache.insert(key, 10);
    }
    let mut calls = 0;
    let value = cache.compute(1, |value| {
        calls += 1;
        Change::Put(value.unwrap() * 9)
    });
    assert_eq!((value, cache.get(&1), cache.weight(), calls), (Some(90), Some(90), 100, 1));
}

/// Nobody gets what is there, whatever he does.
#[test]
fn what_nobody_gets_is_not_computed_with_either() {
    for mode in [CacheMode::Shadow, CacheMode::Disabled] {
        let cache = in_one_part();
        cache.insert(1, 1);
        cache.insert(2, 2);
        let config = Config::entries(10_000).with_eviction(Eviction::Lru);
        cache.reconfigure(config.with_mode(mode)).unwrap();
        let kept = cache.compute(1, |value| {
            assert_eq!(value, None, "{mode:?}");
            Change::Keep
        });
        assert_eq!((kept, cache.remove(&2), cache.len()), (None, None, 1), "{mode:?}");
    }
}
