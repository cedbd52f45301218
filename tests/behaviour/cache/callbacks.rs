use std::{
    hash::{Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use buttress::cache::{Cache, Change, Config, Eviction, Removal, Stored};

#[test]
fn a_listener_may_use_the_cache() {
    for eviction in [Eviction::Admission, Eviction::Lru] {
        let own: Arc<OnceLock<Cache<u32, u32>>> = Arc::default();
        let inside = Arc::clone(&own);
        let config = Config::entries(4).with_eviction(eviction);
        let cache = Cache::new("cache", config).unwrap().with_listener(move |key, _, cause| {
            let Some(cache) = inside.get() else { return };
            assert!(!matches!(cause, Removal::Removed) || cache.peek(key).is_none());
            cache.get(key);
            if *key < 1000 && cause == Removal::Evicted {
                cache.insert(key + 1000, 0);
            }
        });
        own.set(cache.clone()).unwrap();
        for key in 0..100 {
            cache.insert(key, key);
        }
        cache.invalidate(&99);
        cache.invalidate_if(|key, _| key % 2 == 0);
        cache.clear();
        assert_eq!(cache.len(), 0);
    }
}

#[test]
fn a_value_may_use_the_cache_while_it_is_dropped() {
    #[derive(Clone)]
    struct Busy(Arc<OnceLock<Cache<u32, Self>>>);
    impl Drop for Busy {
        fn drop(&mut self) {
            if let Some(cache) = self.0.get() {
                let _ = cache.contains(&1);
                cache.invalidate(&2);
            }
        }
    }
    let own = Arc::default();
    let cache = Cache::<u32, Busy>::new("cache", Config::entries(4)).unwrap();
    for key in 0..20 {
        cache.insert(key, Busy(Arc::clone(&own)));
        cache.insert(key, Busy(Arc::clone(&own)));
    }
    let _ = own.set(cache.clone());
    for key in 20..40 {
        cache.insert(key, Busy(Arc::clone(&own)));
        cache.insert(key, Busy(Arc::clone(&own)));
        cache.remove(&(key - 1));
    }
    cache.clear();
    assert_eq!(cache.len(), 0);
}

#[test]
fn a_panic_in_what_the_user_wrote_leaves_the_cache_as_good_as_new() {
    let armed = Arc::new(AtomicBool::new(false));
    let (weigher, listener) = (Arc::clone(&armed), Arc::clone(&armed));
    let blow = |armed: &AtomicBool, key: u32, at: u32| {
        assert!(!(armed.load(Ordering::Relaxed) && key == at), "as planned");
    };
    let cache = Cache::<u32, u32>::new("cache", Config::weight(100))
        .unwrap()
        .with_weigher(move |key, value| {
            blow(&weigher, *key, 1);
            *value
        })
        .with_listener(move |key, _, _| blow(&listener, *key, 2));
    for key in 0..10 {
        cache.insert(key, 10);
    }
    armed.store(true, Ordering::Relaxed);
    let fails = |run: &dyn Fn()| assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    fails(&|| _ = cache.insert(1, 5));
    fails(&|| _ = cache.insert(2, 5));
    fails(&|| _ = cache.compute(3, |_| panic!("as planned")));
    fails(&|| _ = cache.invalidate_if(|_, _| panic!("as planned")));
    armed.store(false, Ordering::Relaxed);
    assert_eq!((cache.get(&1), cache.get(&2), cache.get(&3)), (Some(10), Some(5), Some(10)));
    assert_eq!((cache.len(), cache.weight()), (10, 95));
    for key in 100..200 {
        cache.insert(key, 10);
        assert!(cache.weight() <= 100);
    }
    cache.clear();
    assert_eq!((cache.len(), cache.weight()), (0, 0));
}

#[test]
fn a_panic_in_eq_or_clone_leaves_the_lock_free() {
    static ARMED: AtomicBool = AtomicBool::new(false);
    fn blow() {
        assert!(!ARMED.load(Ordering::Relaxed), "as planned");
    }
    #[derive(Debug)]
    struct Touchy(u32);
    impl PartialEq for Touchy {
        fn eq(&self, other: &Self) -> bool {
            blow();
            self.0 == other.0
        }
    }
    impl Eq for Touchy {}
    impl Hash for Touchy {
        fn hash<H: Hasher>(&self, to: &mut H) {
            self.0.hash(to);
        }
    }
    impl Clone for Touchy {
        fn clone(&self) -> Self {
            blow();
            Self(self.0)
        }
    }
    let cache = Cache::<Touchy, Touchy>::new("cache", Config::entries(2)).unwrap();
    cache.insert(Touchy(1), Touchy(1));
    ARMED.store(true, Ordering::Relaxed);
    let fails = |run: &dyn Fn()| assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    fails(&|| _ = cache.get(&Touchy(1)));
    fails(&|| _ = cache.insert(Touchy(1), Touchy(2)));
    fails(&|| _ = cache.remove(&Touchy(1)));
    fails(&|| _ = cache.iter().count());
    ARMED.store(false, Ordering::Relaxed);
    assert_eq!(cache.get(&Touchy(1)), Some(Touchy(1)));
    for key in 0..10 {
        assert!(cache.insert(Touchy(key), Touchy(key)).is_stored());
    }
    assert_eq!((cache.len(), cache.weight()), (2, 2));
}

#[test]
fn the_weigher_is_asked_once_for_each_entry() {
    let asked = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&asked);
    let cache = Cache::<u32, u32>::new("cache", Config::weight(10)).unwrap();
    // It never says the same twice: who is asked again when an entry goes, loses count.
    let cache = cache.with_weigher(move |_, _| counter.fetch_add(1, Ordering::Relaxed) % 5);
    for key in 0..100 {
        cache.insert(key, 0);
        assert!(cache.weight() <= 10);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 100);
    cache.clear();
    assert_eq!(cache.weight(), 0);
}

#[test]
fn what_is_computed_is_what_becomes_of_the_entry() {
    let cache = Cache::<&str, u32>::new("cache", Config::new()).unwrap();
    let add_one = |value: Option<u32>| Change::Put(value.unwrap_or(0) + 1);
    assert_eq!(cache.compute("key", add_one), Some(1));
    assert_eq!(cache.compute("key", add_one), Some(2));
    assert_eq!(cache.compute("key", |_| Change::Keep), Some(2));
    assert_eq!(cache.compute("key", |_| Change::Remove), None);
    assert_eq!(
        cache.compute("key", |value| {
            assert_eq!(value, None);
            Change::Keep
        }),
        None
    );
    assert_eq!(cache.len(), 0);
}

#[test]
fn no_computation_of_eight_threads_is_lost() {
    let cache = Cache::<u32, u32>::new("cache", Config::entries(1000)).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for turn in 0..2000 {
                    cache.compute(turn % 3, |value| Change::Put(value.unwrap_or(0) + 1));
                    cache.insert(100 + turn % 50, 0);
                }
            });
        }
    });
    assert_eq!((0..3).map(|key| cache.get(&key).unwrap()).sum::<u32>(), 16_000);
}

#[test]
fn who_computes_sees_that_somebody_was_faster() {
    let cache = Cache::<&str, u32>::new("cache", Config::new()).unwrap();
    cache.insert("key", 1);
    let mut seen = Vec::new();
    let value = cache.compute("key", |value| {
        seen.push(value);
        if seen.len() == 1 {
            assert_eq!(cache.insert("key", 10), Stored::Replaced);
        }
        Change::Put(value.unwrap_or(0) + 1)
    });
    assert_eq!((value, seen), (Some(11), vec![Some(1), Some(10)]));
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_eq_loses_no_room() {
    struct Touchy(u32, bool);
    impl Hash for Touchy {
        fn hash<H: Hasher>(&self, to: &mut H) {
            self.0.hash(to);
        }
    }
    impl PartialEq for Touchy {
        fn eq(&self, other: &Self) -> bool {
            assert!(!self.1 && !other.1, "as planned");
            self.0 == other.0
        }
    }
    impl Eq for Touchy {}
    // Everything in one place: every key is compared.
    let hasher = std::hash::BuildHasherDefault::<Same>::default();
    let config = Config::entries(100).with_ttl(std::time::Duration::from_secs(1));
    let cache = Cache::<Touchy, u32>::new("cache", config).unwrap().with_hasher(hasher);
    for key in 0..100 {
        cache.insert(Touchy(key, false), key);
    }
    tokio::time::advance(std::time::Duration::from_secs(2)).await;
    // What has expired is taken out first, then the key is looked for.
    let insert = || _ = cache.insert(Touchy(1000, true), 0);
    assert!(catch_unwind(AssertUnwindSafe(insert)).is_err());
    assert!(cache.len() < 100);
    assert_eq!(cache.weight(), cache.len() as u64);
}

#[derive(Default)]
struct Same;

impl Hasher for Same {
    fn finish(&self) -> u64 {
        7
    }

    fn write(&mut self, _: &[u8]) {}
}

/// Whatever it is told, the listener may ask, write, take out and clear away in the same cache.
#[tokio::test(start_paused = true)]
async fn a_listener_may_use_the_cache_whatever_it_is_told() {
    use std::{collections::BTreeSet, sync::Mutex, time::Duration};

    let own: Arc<OnceLock<Cache<u32, u32>>> = Arc::default();
    let (inside, causes) = (Arc::clone(&own), Arc::new(Mutex::new(BTreeSet::new())));
    let told = Arc::clone(&causes);
    let config = Config::weight(30).with_ttl(Duration::from_secs(1));
    let cache = Cache::<u32, u32>::new("cache", config).unwrap().with_weigher(|_, value| *value);
    let cache = cache.with_listener(move |key, _, cause| {
        let Some(cache) = inside.get() else { return };
        // Not for what it did itself.
        if *key < 100 && told.lock().unwrap().insert(cause.as_str()) {
            cache.get(key);
            cache.insert(key + 100, 1);
            cache.insert_with_ttl(key + 200, 1, Duration::ZERO);
            cache.invalidate(&(key + 100));
            cache.compute(key + 300, |_| Change::Put(2));
            cache.invalidate_if(|other, _| other % 100 == 77);
            assert!(cache.iter().count() <= 30);
            cache.maintain(1);
            cache.clear();
        }
    });
    own.set(cache.clone()).unwrap();
    cache.insert(1, 31);
    cache.insert(2, 5);
    cache.insert(2, 6);
    cache.insert(2, 6);
    cache.invalidate(&2);
    for key in 3..40 {
        cache.insert(key, 10);
    }
    cache.insert(50, 10);
    tokio::time::advance(Duration::from_secs(2)).await;
    while cache.maintain(100) {}
    let told = ["evicted", "expired", "removed", "replaced", "too_heavy"];
    assert_eq!(causes.lock().unwrap().iter().copied().collect::<Vec<_>>(), told);
    cache.clear();
    assert_eq!((cache.len(), cache.weight()), (0, 0));
}
