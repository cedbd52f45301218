//! A rate for each key, where keys are kept and compared.

use std::{
    cell::Cell,
    hash::{Hash, Hasher, RandomState},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use buttress::rate_limit::{
    Rate, Verdict,
    keyed::{Config, Exact, KeyedRateLimiter, Store, Tagged, Tier, WhenCrowded},
};
use tokio::time::advance;

use super::{SECOND, short};

fn admitted<K: ?Sized, S: Store<K>>(
    limiter: &KeyedRateLimiter<K, S>,
    key: &K,
    calls: u32,
) -> usize {
    (0..calls).filter(|_| limiter.try_acquire(key).is_ok()).count()
}

/// The same by every store.
async fn by_override<S: Store<str>>(keys: KeyedRateLimiter<str, S>) {
    let vip = Tier::new(Rate::per_second(10)).unwrap();
    let usual = Tier::new(Rate::per_second(2)).unwrap();
    let keys = keys.with_tiers(move |key| if key == "vip" { vip } else { usual });
    assert_eq!(admitted(&keys, "a", 3), 2);
    assert_eq!(short(keys.try_acquire("a")), SECOND / 2);
    assert_eq!(admitted(&keys, "b", 3), 2);
    assert_eq!(admitted(&keys, "vip", 20), 10);
    advance(SECOND / 2).await;
    assert_eq!((admitted(&keys, "a", 3), admitted(&keys, "vip", 20)), (1, 5));
    assert_eq!(keys.peek("vip", 11).verdict, Verdict::NeverFits);
    assert_eq!(keys.check("b", 1).remaining, 0);
    keys.refund("b", 1);
    assert_eq!(keys.peek("b", 1).remaining, 1);
    keys.drain("vip");
    assert_eq!(short(keys.try_acquire("vip")), SECOND / 10);
    keys.drain("new");
    assert_eq!(short(keys.try_acquire("new")), SECOND / 2);
    assert_eq!(keys.snapshot().keys, 4);
    advance(SECOND).await;
    assert_eq!(keys.snapshot().keys, 0);
}

#[tokio::test(start_paused = true)]
async fn every_store_gives_keys_buckets_and_tiers_of_their_own_rl_30() {
    let rate = Rate::per_second(1);
    by_override(KeyedRateLimiter::new("keys", rate).unwrap()).await;
    by_override(KeyedRateLimiter::exact("keys", rate).unwrap()).await;
    let sip = KeyedRateLimiter::with_hasher("keys", rate, RandomState::new()).unwrap();
    by_override::<Tagged<RandomState>>(sip).await;
}

/// A key whose hash everybody shares.
#[derive(Clone, PartialEq, Eq)]
struct Alike(u32);

impl Hash for Alike {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(7);
    }
}

#[tokio::test(start_paused = true)]
async fn keys_whose_hashes_meet_share_no_bucket() {
    let exact = KeyedRateLimiter::<Alike>::exact("keys", Rate::per_minute(1)).unwrap();
    for key in 0..16 {
        assert_eq!(admitted(&exact, &Alike(key), 3), 1);
    }
    // The seventeenth finds no place, and so no limit.
    assert_eq!(admitted(&exact, &Alike(16), 3), 3);
    assert_eq!(exact.snapshot().totals.crowded, 3);
    let tagged = KeyedRateLimiter::<Alike>::new("keys", Rate::per_minute(1)).unwrap();
    assert_eq!((admitted(&tagged, &Alike(0), 3), admitted(&tagged, &Alike(1), 3)), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_crowded_set_passes_or_refuses_what_finds_no_place() {
    for (when, passes) in [(WhenCrowded::Admit, true), (WhenCrowded::Refuse, false)] {
        let config = Config::new(Rate::per_minute(1)).with_max_keys(1).with_when_crowded(when);
        let keys = KeyedRateLimiter::<u32>::exact("small", config).unwrap();
        let passed = (0..1000).filter(|key| keys.try_acquire(key).is_ok()).count();
        let seen = keys.snapshot();
        assert_eq!((seen.keys, seen.totals.crowded), (16, 1000 - 16));
        assert_eq!(passed, if passes { 1000 } else { 16 });
        advance(60 * SECOND).await;
        assert!(keys.try_acquire(&5000).is_ok());
        assert_eq!(keys.snapshot().keys, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn nearly_every_key_of_a_full_table_is_limited() {
    let config = Config::new(Rate::per_minute(1)).with_max_keys(10_000);
    let keys = KeyedRateLimiter::<u64>::exact("keys", config).unwrap();
    let bytes = keys.snapshot().bytes;
    for round in 0..10 {
        for key in 0..10_000 {
            assert!(keys.try_acquire(&(round * 10_000 + key)).is_ok());
        }
        assert!(keys.snapshot().keys >= 9_950, "{:?}", keys.snapshot());
        advance(60 * SECOND).await;
    }
    assert_eq!((keys.snapshot().keys, keys.snapshot().bytes), (0, bytes));
    assert!(bytes <= 56 * 10_000, "{bytes}");
}

static CLONED: AtomicUsize = AtomicUsize::new(0);
static DROPPED: AtomicUsize = AtomicUsize::new(0);
static LIMITER: OnceLock<KeyedRateLimiter<Nosy, Exact<Nosy>>> = OnceLock::new();
thread_local! { static INSIDE: Cell<bool> = const { Cell::new(false) }; }

/// Asks the limiter whenever it is cloned or dropped, which would wait for ever inside a lock.
#[derive(PartialEq, Eq, Hash)]
struct Nosy(u32);

fn look() {
    if !INSIDE.replace(true) {
        let limiter = LIMITER.get().unwrap();
        // All that there is stands in one set.
        assert!((0..40).all(|key| limiter.peek(&Nosy(key), 1).limit == 2));
        INSIDE.set(false);
    }
}

impl Clone for Nosy {
    fn clone(&self) -> Self {
        CLONED.fetch_add(1, Ordering::Relaxed);
        look();
        Self(self.0)
    }
}

impl Drop for Nosy {
    fn drop(&mut self) {
        if !INSIDE.get() {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
        look();
    }
}

#[tokio::test(start_paused = true)]
async fn keys_are_cloned_for_a_bucket_only_and_dropped_where_no_lock_is_held() {
    let config = Config::new(Rate::per_minute(2)).with_max_keys(1);
    let keys = LIMITER.get_or_init(|| KeyedRateLimiter::exact("nosy", config).unwrap());
    let kept = |names: u32| {
        let names: Vec<Nosy> = (0..names).map(Nosy).collect();
        names.iter().for_each(|name| drop(keys.try_acquire(name)));
        names.iter().for_each(|name| drop(keys.try_acquire(name)));
        std::mem::forget(names);
        (CLONED.load(Ordering::Relaxed), DROPPED.load(Ordering::Relaxed))
    };
    // Once each, and not for the second call.
    assert_eq!(kept(10), (10, 0));
    // Those above sixteen find no place; what was cloned for them is dropped.
    assert_eq!(kept(20), (10 + 6 + 4 * 2, 4 * 2));
    advance(120 * SECOND).await;
    // Whose buckets are full again goes, a few at a time.
    let name = Nosy(30);
    assert!(keys.try_acquire(&name).is_ok());
    assert_eq!(DROPPED.load(Ordering::Relaxed), 4 * 2 + 3);
    std::mem::forget(name);
}

#[test]
fn threads_share_a_key_to_the_call() {
    let rate = Rate::new(1000, 900 * 86_400 * SECOND);
    let keys = Arc::new(KeyedRateLimiter::<str>::exact("keys", rate).unwrap());
    let got: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| admitted(&keys, "a", 1000))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(got, 1000);
}
