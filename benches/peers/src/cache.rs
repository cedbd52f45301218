//! The cache against quick_cache, moka and an LRU behind a lock.

use std::hash::RandomState;
use std::sync::Arc;
use std::time::Duration;

use buttress::cache::{Bound, Cache, Config};

use crate::alloc::live_bytes;
use crate::calls::{accepted, poll_now};
use crate::harness::{Contest, Gate, Report};
use crate::sampling::Side;

/// Ours hashes as quick_cache does in every contest with it: what is compared is the caches. With its
/// own hasher it stands beside.
type Fast = foldhash::quality::RandomState;

pub fn run(report: &mut Report) {
    report.hold(hit("cache.hit.1k", 1_000, Gate::at_most(1.05)));
    report.hold(hit("cache.hit.100k", 100_000, Gate::at_most(1.05)));
    report.hold(hit("cache.hit.1m", 1_000_000, Gate::at_most(1.05)));
    report.hold(shared_hit("cache.hit.shared", 100_000));
    report.hold(mixed("cache.mixed.zipf99", 100_000, 0.99));
    report.hold(mixed("cache.mixed.zipf80", 100_000, 0.80));
    report.hold(mixed("cache.mixed.zipf99_1k", 1_000, 0.99));
    report.hold(insert());
    report.hold(ttl("cache.ttl.1k", 1_000));
    report.hold(ttl("cache.ttl.100k", 100_000));
    report.hold(load_hit());
    report.hold(load_miss());
    if report.wants("cache.memory") {
        memory();
    }
}

/// The same numbers in the same order for everybody.
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        (u128::from(self.next()) * u128::from(bound) >> 64) as u64
    }

    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn ours(entries: usize) -> Cache<u64, u64, Fast> {
    plain(entries).with_hasher(Fast::default())
}

/// Into one of ours.
fn store<S: std::hash::BuildHasher>(cache: &Cache<u64, u64, S>, key: u64) {
    cache.insert(key, key);
}

fn plain(entries: usize) -> Cache<u64, u64, RandomState> {
    Cache::new("cache", Config::entries(entries as u64)).expect("a fixed config")
}

fn quick(entries: usize) -> quick_cache::sync::Cache<u64, u64> {
    quick_cache::sync::Cache::new(entries)
}

fn moka(entries: usize) -> moka::sync::Cache<u64, u64> {
    moka::sync::Cache::new(entries as u64)
}

type Lru = parking_lot::Mutex<lru::LruCache<u64, u64>>;

fn lru(entries: usize) -> Lru {
    parking_lot::Mutex::new(lru::LruCache::new(entries.try_into().expect("not nought")))
}

/// Keys that are there: three quarters of what fits, so that no cache has thrown any out.
fn there(entries: usize, seed: u64) -> impl FnMut() -> u64 {
    let (mut random, keys) = (Random::new(seed), (entries * 3 / 4) as u64);
    move || random.below(keys)
}

fn filled<C>(entries: usize, cache: C, insert: impl Fn(&C, u64)) -> C {
    for key in 0..(entries * 3 / 4) as u64 {
        insert(&cache, key);
    }
    cache
}

/// One thread asks for what is there.
fn hit(name: &'static str, entries: usize, gate: Gate) -> Contest {
    let cache = filled(entries, ours(entries), store);
    let mut key = there(entries, 1);
    let ours = Side::new("buttress.get", move || cache.get(&key()));
    let cache = filled(entries, quick(entries), |cache, key| cache.insert(key, key));
    let mut key = there(entries, 1);
    let quick = Side::new("quick_cache.get", move || cache.get(&key()));
    let cache = filled(entries, moka(entries), |cache, key| cache.insert(key, key));
    let mut key = there(entries, 1);
    let moka = Side::new("moka.get", move || cache.get(&key()));
    let cache = filled(entries, lru(entries), |cache, key| {
        cache.lock().put(key, key);
    });
    let mut key = there(entries, 1);
    let lru = Side::new("lru.mutex_get", move || cache.lock().get(&key()).copied());
    let cache = filled(entries, plain(entries), store);
    let mut key = there(entries, 1);
    let siphash = Side::new("buttress.get_siphash", move || cache.get(&key()));
    let contest = Contest::new(name, ours).against(quick, gate);
    contest.against(moka, Gate::at_most(0.2)).beside(lru).beside(siphash)
}

/// A hit by the call that would load. Every side is polled by hand.
fn load_hit() -> Contest {
    let entries = 1_000;
    let cache = filled(entries, ours(entries), store);
    let mut key = there(entries, 1);
    let ours = Side::new("buttress.get_or_load", move || {
        let key = key();
        accepted(poll_now(cache.get_or_load(&key, || async move { key })))
    });
    let cache = filled(entries, quick(entries), |cache, key| cache.insert(key, key));
    let mut key = there(entries, 1);
    let quick = Side::new("quick_cache.get_or_insert_async", move || {
        let key = key();
        accepted(poll_now(cache.get_or_insert_async(&key, async move { Ok::<_, ()>(key) })))
    });
    let cache = moka::future::Cache::<u64, u64>::new(entries as u64);
    let mut key = there(entries, 1);
    let moka = Side::new("moka.get_with", move || {
        let key = key();
        poll_now(cache.get_with(key, async move { key }))
    });
    Contest::new("cache.load", ours).against(quick, Gate::at_most(1.1)).beside(moka)
}

/// A load that is done at once, each time of another key.
fn load_miss() -> Contest {
    let entries = 1_000;
    let cache = ours(entries);
    let mut key = 0;
    let ours = Side::new("buttress.get_or_load", move || {
        key += 1;
        accepted(poll_now(cache.get_or_load(&key, || async move { key })))
    });
    let cache = quick(entries);
    let mut key = 0;
    let quick = Side::new("quick_cache.get_or_insert_async", move || {
        key += 1;
        accepted(poll_now(cache.get_or_insert_async(&key, async move { Ok::<_, ()>(key) })))
    });
    let cache = moka::future::Cache::<u64, u64>::new(entries as u64);
    let mut key = 0;
    let moka = Side::new("moka.get_with", move || {
        key += 1;
        poll_now(cache.get_with(key, async move { key }))
    });
    Contest::new("cache.load_miss", ours)
        .allocating(3.1)
        .against(moka, Gate::at_most(1.0))
        .beside(quick)
}

/// Two threads ask for what is there.
fn shared_hit(name: &'static str, entries: usize) -> Contest {
    let cache = Arc::new(filled(entries, ours(entries), store));
    let ours = [1, 2].map(|seed| {
        let (cache, mut key) = (Arc::clone(&cache), there(entries, seed));
        move || cache.get(&key())
    });
    let cache = Arc::new(filled(entries, quick(entries), |cache, key| cache.insert(key, key)));
    let quick = [1, 2].map(|seed| {
        let (cache, mut key) = (Arc::clone(&cache), there(entries, seed));
        move || cache.get(&key())
    });
    let cache = filled(entries, moka(entries), |cache, key| cache.insert(key, key));
    let moka = [1, 2].map(|seed| {
        let (cache, mut key) = (cache.clone(), there(entries, seed));
        move || cache.get(&key())
    });
    Contest::new(name, Side::pair("buttress.get", ours))
        .against(Side::pair("quick_cache.get", quick), Gate::at_most(1.05))
        .against(Side::pair("moka.get", moka), Gate::at_most(0.2))
}

/// Keys of ten times as many as fit, some much more often than others.
pub fn zipf(keys: usize, skew: f64, seed: u64) -> Vec<u32> {
    let mut sum = 0.0;
    let weights = (1..=keys).map(|rank| {
        sum += (rank as f64).powf(-skew);
        sum
    });
    let weights: Vec<f64> = weights.collect();
    let mut random = Random::new(seed);
    let draw = |_| {
        let at = random.unit() * sum;
        weights.partition_point(|weight| *weight < at) as u32
    };
    (0..1 << 21).map(draw).collect()
}

/// An operation that was done often enough for the cache to be full: it has stopped growing then.
fn full<T>(entries: usize, mut operation: impl FnMut() -> T) -> impl FnMut() -> T {
    for _ in 0..(entries * 20).max(1 << 20) {
        operation();
    }
    operation
}

/// Asks, and inserts what is not there.
fn mixed(name: &'static str, entries: usize, skew: f64) -> Contest {
    let keys: Arc<[u32]> = zipf(entries * 10, skew, 3).into();
    let next = || {
        let (keys, mut at) = (Arc::clone(&keys), 0);
        move || {
            at = (at + 1) & (keys.len() - 1);
            u64::from(keys[at]).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        }
    };
    let (cache, mut key) = (ours(entries), next());
    let ours = Side::new(
        "buttress.get_or_insert",
        full(entries, move || {
            let key = key();
            if cache.get(&key).is_none() {
                cache.insert(key, key);
            }
        }),
    );
    let (cache, mut key) = (quick(entries), next());
    let quick = Side::new(
        "quick_cache.get_or_insert",
        full(entries, move || {
            let key = key();
            if cache.get(&key).is_none() {
                cache.insert(key, key);
            }
        }),
    );
    let (cache, mut key) = (moka(entries), next());
    let moka = Side::new(
        "moka.get_or_insert",
        full(entries, move || {
            let key = key();
            if cache.get(&key).is_none() {
                cache.insert(key, key);
            }
        }),
    );
    let (cache, mut key) = (lru(entries), next());
    let lru = Side::new(
        "lru.mutex_get_or_insert",
        full(entries, move || {
            let key = key();
            let is_there = cache.lock().get(&key).is_some();
            if !is_there {
                cache.lock().put(key, key);
            }
        }),
    );
    Contest::new(name, ours)
        .against(quick, Gate::at_most(1.1))
        .against(moka, Gate::at_most(0.2))
        .beside(lru)
}

/// New keys into a full cache.
fn insert() -> Contest {
    const ENTRIES: usize = 100_000;

    let (cache, mut key) = (ours(ENTRIES), 0_u64);
    let ours = Side::new(
        "buttress.insert",
        full(ENTRIES, move || {
            key += 1;
            cache.insert(key, key)
        }),
    );
    let (cache, mut key) = (quick(ENTRIES), 0_u64);
    let quick = Side::new(
        "quick_cache.insert",
        full(ENTRIES, move || {
            key += 1;
            cache.insert(key, key);
        }),
    );
    let (cache, mut key) = (moka(ENTRIES), 0_u64);
    let moka = Side::new(
        "moka.insert",
        full(ENTRIES, move || {
            key += 1;
            cache.insert(key, key);
        }),
    );
    Contest::new("cache.insert", ours)
        .against(quick, Gate::at_most(1.2))
        .against(moka, Gate::at_most(0.2))
}

/// A hit where entries expire, against one where they do not.
fn ttl(name: &'static str, entries: usize) -> Contest {
    const HOUR: Duration = Duration::from_secs(3600);

    let config = Config::new().with_bound(Bound::Entries(entries as u64)).with_ttl(HOUR);
    let cache = Cache::new("cache", config).expect("a fixed config").with_hasher(Fast::default());
    let cache = filled(entries, cache, store);
    let mut key = there(entries, 1);
    let with = Side::new("buttress.get_ttl", move || cache.get(&key()));
    let cache = filled(entries, ours(entries), store);
    let mut key = there(entries, 1);
    let without = Side::new("buttress.get", move || cache.get(&key()));
    let moka = moka::sync::Cache::builder().max_capacity(entries as u64).time_to_live(HOUR).build();
    let cache = filled(entries, moka, |cache, key| cache.insert(key, key));
    let mut key = there(entries, 1);
    let moka = Side::new("moka.get_ttl", move || cache.get(&key()));
    Contest::new(name, with).against(without, Gate::at_most(1.6)).against(moka, Gate::at_most(0.2))
}

/// Heap bytes for each entry, after three times as many were inserted as fit.
fn memory() {
    fn bytes<C>(entries: usize, make: impl FnOnce() -> C, insert: impl Fn(&C, u64)) -> f64 {
        let before = live_bytes();
        let cache = make();
        for key in 0..entries as u64 * 3 {
            insert(&cache, key);
        }
        let bytes = live_bytes() - before;
        drop(cache);
        bytes as f64 / entries as f64
    }
    fn text(key: u64) -> (String, Vec<u8>) {
        (format!("{key:0100}"), vec![0; 1024])
    }

    const NUMBERS: usize = 1_000_000;
    const TEXTS: usize = 100_000;
    let ours_numbers = bytes(NUMBERS, || ours(NUMBERS), store);
    let quick_numbers = bytes(NUMBERS, || quick(NUMBERS), |cache, key| cache.insert(key, key));
    let moka_numbers = bytes(
        NUMBERS,
        || moka(NUMBERS),
        |cache, key| {
            cache.insert(key, key);
        },
    );
    let config = || Config::entries(TEXTS as u64);
    let ours_texts = bytes(
        TEXTS,
        || Cache::new("cache", config()).expect("a fixed config"),
        |cache, key| {
            let (key, value) = text(key);
            cache.insert(key, value);
        },
    ) - 1124.0;
    let quick_texts = bytes(
        TEXTS,
        || quick_cache::sync::Cache::new(TEXTS),
        |cache, key| {
            let (key, value) = text(key);
            cache.insert(key, value);
        },
    ) - 1124.0;
    let moka_texts = bytes(
        TEXTS,
        || moka::sync::Cache::new(TEXTS as u64),
        |cache, key| {
            let (key, value) = text(key);
            cache.insert(key, value);
            cache.run_pending_tasks();
        },
    ) - 1124.0;
    for (contest, ours, peer, theirs, gate) in [
        ("cache.memory.u64", ours_numbers, "quick_cache", quick_numbers, 0.65),
        ("cache.memory.u64", ours_numbers, "moka", moka_numbers, 0.25),
        ("cache.memory.text", ours_texts, "quick_cache", quick_texts, 1.0),
        ("cache.memory.text", ours_texts, "moka", moka_texts, 1.0),
    ] {
        let (ratio, pass) = (ours / theirs, if ours <= theirs * gate { "PASS" } else { "FAIL" });
        println!(
            "GATE contest={contest} peer={peer}.bytes ours={ours:.1} theirs={theirs:.1} ratio={ratio:.3} gate<={gate} {pass}"
        );
    }
}
