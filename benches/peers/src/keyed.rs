//! The keyed limiter against governor's, which keeps its keys in a dashmap.
//!
//! Everybody has the same rate: what a key is usually given, so that its bucket is not full again a moment
//! later, with a burst that no run comes to the end of. Which key is next is drawn before, so that
//! drawing is not measured. governor reads the CPU's time stamp counter; ours the clock of the operating
//! system, and the coarse one where that is as good.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;

use buttress::rate_limit::Rate;
use buttress::rate_limit::keyed::{Config, KeyedRateLimiter};
use governor::{DefaultKeyedRateLimiter, Quota};

use crate::alloc::live_bytes;
use crate::harness::{Contest, Gate, Report};
use crate::sampling::Side;

/// Holds the contests of this room. Making one takes a while.
pub fn run(report: &mut Report) {
    type Made = fn(&'static str) -> Contest;

    let contests: [(&str, Made); 6] = [
        ("keyed.one", one),
        ("keyed.zipf_100k", zipf),
        ("keyed.zipf_100k_string", zipf_of_strings),
        ("keyed.uniform_1m", uniform),
        ("keyed.shared_one", shared_one),
        ("keyed.shared_zipf", shared_zipf),
    ];
    for (name, contest) in contests {
        if report.wants(name) {
            report.hold(contest(name));
        }
    }
    if report.wants("keyed.bytes") {
        bytes_per_key(100_000);
        bytes_per_key(1_000_000);
    }
}

const BURST: u32 = 800_000_000;

fn ours<K: Hash>(max_keys: u32) -> Arc<KeyedRateLimiter<K>> {
    let rate = Rate::per_second(10).with_burst(BURST.into());
    let config = Config::new(rate).with_max_keys(max_keys);
    Arc::new(KeyedRateLimiter::new("peers", config).expect("a sound config"))
}

fn governors<K: Hash + Eq + Clone>() -> Arc<DefaultKeyedRateLimiter<K>> {
    let number = |number| NonZeroU32::new(number).expect("not zero");
    let quota = Quota::per_second(number(10)).allow_burst(number(BURST));
    Arc::new(DefaultKeyedRateLimiter::keyed(quota))
}

/// Which key is next. The drawn numbers are read in order, and a numbered key is made of its number: the
/// contest itself waits for no memory.
#[derive(Clone)]
struct Draws {
    draws: Arc<[u32]>,
    at: usize,
}

impl Draws {
    fn of(draws: &Arc<[u32]>, at: usize) -> Self {
        Self { draws: Arc::clone(draws), at }
    }

    #[inline]
    fn next(&mut self) -> u32 {
        self.at = (self.at + 1) & (DRAWS - 1);
        self.draws[self.at]
    }
}

/// Keys in no order: who is asked for often is not the neighbour of the next.
#[inline]
fn number(key: u32) -> u64 {
    u64::from(key).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A power of two, and far more than there are keys.
const DRAWS: usize = 1 << 22;

/// A number below 1 in no order, the same in every run.
fn random(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}

/// The second key is asked for half as often as the first, the third a third as often.
fn by_zipf(keys: u32) -> Arc<[u32]> {
    let mut sum = 0.0;
    let weights = (1..=keys).map(|rank| {
        sum += 1.0 / f64::from(rank);
        sum
    });
    let upto: Vec<f64> = weights.collect();
    let mut state = 1;
    let draw = |_| upto.partition_point(|upto| *upto < random(&mut state) * sum) as u32;
    (0..DRAWS).map(draw).map(|key| key.min(keys - 1)).collect()
}

fn evenly(keys: u32) -> Arc<[u32]> {
    let mut state = 1;
    (0..DRAWS).map(|_| (random(&mut state) * f64::from(keys)) as u32).collect()
}

/// Everybody has a bucket already, in both.
fn filled<K: Hash + Eq + Clone>(
    keys: u32,
    key: impl Fn(u32) -> K,
) -> (Arc<KeyedRateLimiter<K>>, Arc<DefaultKeyedRateLimiter<K>>) {
    let (ours, governor) = (ours(keys), governors());
    for key in (0..keys).map(key) {
        let _ = (ours.try_acquire(&key), governor.check_key(&key));
    }
    (ours, governor)
}

fn many(name: &'static str, keys: u32, draws: Arc<[u32]>, gate: Gate) -> Contest {
    let (ours, governor) = filled(keys, number);
    // Apart: neither finds the numbers in the cache that the other has just read.
    let [mut a, mut b] = [0, DRAWS / 2].map(|at| Draws::of(&draws, at));
    let ours =
        Side::new("buttress.keyed", move || assert!(ours.try_acquire(&number(a.next())).is_ok()));
    let theirs = Side::new("governor.dashmap", move || {
        assert!(governor.check_key(&number(b.next())).is_ok());
    });
    Contest::new(name, ours).against(theirs, gate)
}

/// The same on two threads, which begin far from each other.
fn many_shared(name: &'static str, keys: u32, draws: Arc<[u32]>, gate: Gate) -> Contest {
    let (ours, governor) = filled(keys, number);
    let ours = [0, DRAWS / 2].map(|at| {
        let (ours, mut draws) = (Arc::clone(&ours), Draws::of(&draws, at));
        move || assert!(ours.try_acquire(&number(draws.next())).is_ok())
    });
    let theirs = [DRAWS / 4, DRAWS / 4 * 3].map(|at| {
        let (governor, mut draws) = (Arc::clone(&governor), Draws::of(&draws, at));
        move || assert!(governor.check_key(&number(draws.next())).is_ok())
    });
    Contest::new(name, Side::pair("buttress.keyed", ours))
        .against(Side::pair("governor.dashmap", theirs), gate)
}

/// One key, asked for again and again.
fn one(name: &'static str) -> Contest {
    let (ours, governor) = (ours::<u64>(100_000), governors::<u64>());
    let ours = Side::new("buttress.keyed", move || assert!(ours.try_acquire(&7).is_ok()));
    let theirs = Side::new("governor.dashmap", move || assert!(governor.check_key(&7).is_ok()));
    Contest::new(name, ours).against(theirs, Gate::at_most(0.7).aim(0.5))
}

/// A hundred thousand keys, of whom some are asked for far more often than others.
fn zipf(name: &'static str) -> Contest {
    many(name, 100_000, by_zipf(100_000), Gate::at_most(0.85).aim(0.6))
}

/// The same with keys such as users have.
fn zipf_of_strings(name: &'static str) -> Contest {
    let text = |key| format!("user-{:016x}", number(key));
    let (ours, governor) = filled(100_000, text);
    let draws = by_zipf(100_000);
    let [mut a, mut b] = [0, DRAWS / 2].map(|at| Draws::of(&draws, at));
    let keys: Arc<[String]> = (0..100_000).map(text).collect();
    let texts = Arc::clone(&keys);
    let ours = Side::new("buttress.keyed", move || {
        assert!(ours.try_acquire(&texts[a.next() as usize]).is_ok());
    });
    let theirs = Side::new("governor.dashmap", move || {
        assert!(governor.check_key(&keys[b.next() as usize]).is_ok());
    });
    Contest::new(name, ours).against(theirs, Gate::at_most(0.85).aim(0.6))
}

/// A million keys, each as often as any other: memory is what counts.
fn uniform(name: &'static str) -> Contest {
    // Both wait for memory: ours once, the peer twice, and what that costs moves with whoever else uses the
    // cache. It is 0.65 to 0.8 from run to run.
    many(name, 1_000_000, evenly(1_000_000), Gate::at_most(0.85).aim(0.7))
}

fn shared_one(name: &'static str) -> Contest {
    let gate = Gate::at_most(0.7).aim(0.45);
    many_shared(name, 1, vec![0; DRAWS].into(), gate)
}

fn shared_zipf(name: &'static str) -> Contest {
    let gate = Gate::at_most(0.8).aim(0.55);
    many_shared(name, 100_000, by_zipf(100_000), gate)
}

/// What so many keys take, on both sides.
fn bytes_per_key(keys: u32) {
    let per_key = |before: i64| (live_bytes() - before) as f64 / f64::from(keys);
    let before = live_bytes();
    let limiter = ours::<u64>(keys);
    (0..keys).for_each(|key| drop(limiter.try_acquire(&number(key))));
    let ours = per_key(before);
    let before = live_bytes();
    let governor = governors::<u64>();
    (0..keys).for_each(|key| drop(governor.check_key(&number(key))));
    let theirs = per_key(before);
    eprintln!(
        "keyed.bytes, {keys} keys: {ours:.1} a key by buttress.keyed, {theirs:.1} by governor.dashmap"
    );
    drop((limiter, governor));
}
