use std::{
    hash::{Hash, Hasher},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use buttress::{
    Error,
    cache::{Cache, Config, Eviction, Removal},
    testing::{Script, Step},
};
use tokio::time::advance;
use tower::{Layer, Service};

use crate::allocator::live_bytes;

const SECOND: Duration = Duration::from_secs(1);

/// D23, tower-resilience: of 1 000 entries that lived for 10 ms all are there later, and drive live ones
/// out; nobody is told that they expired. It calls a value that took another's place an eviction.
#[tokio::test(start_paused = true)]
async fn what_has_expired_goes_without_being_asked_for() {
    for eviction in [Eviction::Admission, Eviction::Lru] {
        let config = Config::entries(1000).with_eviction(eviction).with_ttl(SECOND / 100);
        let told = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&told);
        let cache = Cache::new("cache", config).unwrap();
        let cache = cache.with_listener(move |_, (), cause| notes.lock().unwrap().push(cause));
        for key in 0..1000 {
            cache.insert(key, ());
        }
        cache.insert(999, ());
        assert_eq!(std::mem::take(&mut *told.lock().unwrap()), [Removal::Replaced]);
        advance(SECOND).await;
        for other in 1000..1200 {
            assert_eq!(cache.get(&other), None);
        }
        assert_eq!(cache.len(), 0);
        assert_eq!(*told.lock().unwrap(), [Removal::Expired; 1000]);
    }
}

/// D23, tower-resilience: a hit copies the key, and so does whoever goes.
#[test]
fn a_key_is_copied_for_nobody() {
    #[derive(PartialEq, Eq, Hash)]
    struct Own(u32);
    // Neither of the two is `Clone`, and the cache does without.
    let cache = Cache::<Own, Arc<Mutex<u32>>>::new("cache", Config::entries(10)).unwrap();
    for key in 0..100 {
        cache.insert(Own(key), Arc::default());
        assert!(cache.get(&Own(key)).is_some());
    }
    assert_eq!(cache.len(), 10);
}

/// D23, tower-resilience: room for nothing silently is room for a hundred.
#[test]
fn room_for_nothing_is_refused() {
    for config in [Config::entries(0), Config::weight(0)] {
        let error = Cache::<u32, ()>::new("cache", config).unwrap_err();
        assert!(error.to_string().contains("bound"), "{error}");
    }
}

/// D23, tower-resilience: an answer that is there keeps a place of the service inside, and is not given
/// where that has none; whatever is `Ok` is kept, and nobody can take it out.
#[tokio::test(start_paused = true)]
async fn a_hit_needs_nothing_of_the_service_inside() {
    let backend: Script<u16, Error<&'static str>> = Script::new([Step::ok(500), Step::ok(200)]);
    let inner = backend.service().ready_after(2);
    let seen = inner.watch();
    let cache = Cache::new("cache", Config::new()).unwrap();
    let layer = cache.layer(|request: &u8| Some(*request)).cache_if(|status| *status < 500);
    let mut service = layer.layer(inner);
    assert_eq!(service.call(1).await, Ok(500));
    assert_eq!((service.call(1).await, cache.len()), (Ok(200), 1), "only what is worth it");
    let before = seen();
    for _ in 0..50 {
        assert_eq!(service.call(1).await, Ok(200));
    }
    let after = seen();
    assert_eq!((after.calls, after.ready_polls), (before.calls, before.ready_polls));
    assert_eq!((after.reserved, backend.counts().calls), (0, 2));
    assert!(cache.invalidate(&1) && cache.is_empty());
}

/// D23: what has expired costs no memory, though it is never asked for again: a million keys, each there
/// for a second, and then nothing but a bounded number of looks at something else.
#[tokio::test(start_paused = true)]
async fn a_million_keys_that_come_once_leave_no_memory_behind() {
    const KEYS: u64 = 1_000_000;

    for eviction in [Eviction::Admission, Eviction::Lru] {
        let config = Config::entries(KEYS).with_eviction(eviction).with_ttl(SECOND);
        let cache = Cache::<u64, u64>::new("cache", config).unwrap();
        let floor = live_bytes();
        let (mut peak, mut most) = (0, 0);
        for key in 0..KEYS {
            cache.insert(key, key);
            if key % 10_000 == 0 {
                advance(SECOND / 10).await;
                (peak, most) = (peak.max(live_bytes() - floor), most.max(cache.len()));
            }
        }
        advance(2 * SECOND).await;
        // As many looks as what was left asks for, sixteen a look, in every part of the cache.
        let mut looks = 0;
        while !cache.is_empty() {
            assert_eq!(cache.get(&(KEYS + looks)), None);
            looks += 1;
            assert!(looks < most as u64, "{} of {most} are still there", cache.len());
        }
        let left = live_bytes() - floor;
        assert!(left < peak / 50, "{left} bytes of {peak}");
    }
}

/// Whose keys strangers choose: the usual hasher has a secret of its own in every cache.
#[test]
fn nobody_can_tell_which_keys_collide() {
    struct Seen(Arc<Mutex<Vec<u64>>>);
    impl PartialEq for Seen {
        fn eq(&self, _: &Self) -> bool {
            true
        }
    }
    impl Eq for Seen {}
    impl Hash for Seen {
        fn hash<H: Hasher>(&self, to: &mut H) {
            1_u64.hash(to);
            self.0.lock().unwrap().push(to.finish());
        }
    }
    let hashes = Arc::default();
    for _ in 0..8 {
        let cache = Cache::<Seen, ()>::new("cache", Config::new()).unwrap();
        assert!(!cache.contains(&Seen(Arc::clone(&hashes))));
        let shared = cache.clone();
        assert!(!shared.contains(&Seen(Arc::clone(&hashes))), "clones agree");
    }
    let hashes = hashes.lock().unwrap();
    assert!(hashes.chunks(2).all(|of_one| of_one[0] == of_one[1]));
    let mut secrets: Vec<u64> = hashes.clone();
    secrets.sort_unstable();
    secrets.dedup();
    assert_eq!(secrets.len(), 8);
}

/// D3, D23, tower-resilience: who waits for another's call wakes itself in every poll; 50 who miss at once
/// are 50 calls.
#[tokio::test(start_paused = true)]
async fn fifty_who_miss_at_once_are_one_call_and_sleep_meanwhile() {
    let (calls, polls) = (AtomicU32::new(0), buttress::testing::Polls::new());
    let cache = Cache::<u8, u8>::new("cache", Config::new()).unwrap();
    let load = || {
        calls.fetch_add(1, Ordering::Relaxed);
        async {
            tokio::time::sleep(SECOND).await;
            7
        }
    };
    let waiting = (0..50).map(|_| tokio::spawn(polls.of(cache.get_or_load(&1, load))));
    for answer in futures::future::join_all(waiting.collect::<Vec<_>>()).await {
        assert_eq!(answer.unwrap(), Ok(7));
    }
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    // Once when they come, once when the load wakes, once when it is over.
    polls.assert_at_most(50 * 3);
}
