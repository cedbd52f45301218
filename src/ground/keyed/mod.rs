//! One guard per tenant, host or user, in bounded memory.

mod shard;

use std::{
    borrow::Borrow,
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use self::shard::Shard;
use super::{
    config::{Check, ConfigError},
    name::Name,
    sync::{Mutex, Padded},
    telemetry,
};

/// A guard that can be one of many.
pub trait Member: Clone {
    /// Whether nobody else holds it: no clone, no permit, no future.
    fn is_idle(&self) -> bool;

    /// Whether it remembers nothing bad. A guard that does is kept longer.
    fn is_healthy(&self) -> bool;
}

/// Parsed settings that guards of a family are made from, which cannot fail.
pub trait Plan {
    /// The guard.
    type Guard: Member;

    /// A guard of this family, made to be one of many.
    fn member(&self, family: &Name) -> Self::Guard;
}

/// Guards by key, at most so many of them.
///
/// All members go by one name, so no key ever reaches a metric label. A guard is made the first
/// time its key is asked for and handed out as a clone. At the cap a new key takes the place of
/// another: first of one that is idle and healthy, else of one that is idle; a guard that anybody
/// holds or has a permit of is never given up, so no key ever has two states. If every guard is
/// in use, the new key is served by a guard that is not kept (counted as an overflow).
///
/// A breaker of a family takes 2.2 KB, its place in the table included (3.5 KB resident). Guards
/// live in shards by the hash of their key; a shard that holds far more than its share, which
/// hashing hardly ever makes it, gives up one of its own for a new key.
///
/// ```
/// use buttress::{Keyed, circuit_breaker::{CircuitBreaker, Config}};
///
/// let plan = Config::new().parse()?;
/// let hosts: Keyed<String, CircuitBreaker> = Keyed::new("hosts", 10_000, move |_: &String| plan.clone())?;
/// let breaker = hosts.get("db-1.internal");
/// # Ok::<_, buttress::config::ConfigError>(())
/// ```
pub struct Keyed<K, G> {
    shared: Arc<Shared<K, G>>,
}

struct Shared<K, G> {
    family: Name,
    capacity: usize,
    /// A shard with more guards than this is crowded: its share, and what chance may add to it.
    crowded: usize,
    make: Box<dyn Fn(&K) -> G + Send + Sync>,
    hasher: RandomState,
    shards: Vec<Padded<Mutex<Shard<K, G>>>>,
    entries: AtomicUsize,
    evicted: AtomicU64,
    overflowed: AtomicU64,
}

impl<K, G: Member> Keyed<K, G> {
    /// A family of at most `capacity` guards; `plan` gives the settings for a key.
    ///
    /// # Errors
    ///
    /// `capacity` is zero.
    pub fn new<P>(
        family: impl Into<Name>,
        capacity: usize,
        plan: impl Fn(&K) -> P + Send + Sync + 'static,
    ) -> Result<Self, ConfigError>
    where
        P: Plan<Guard = G>,
    {
        /// Small families are not worth splitting.
        const PER_SHARD: usize = 64;

        let mut check = Check::new("keyed");
        check.require(capacity > 0, "capacity", "must be at least 1");
        check.finish(())?;
        let family = family.into();
        let name = family.clone();
        let shards = (capacity / PER_SHARD + 1).next_power_of_two().min(32);
        Ok(Self {
            shared: Arc::new(Shared {
                family,
                capacity,
                crowded: capacity / shards + capacity / shards / 4 + 16,
                make: Box::new(move |key| plan(key).member(&name)),
                hasher: RandomState::new(),
                shards: (0..shards).map(|_| Padded(Mutex::new(Shard::new()))).collect(),
                entries: AtomicUsize::new(0),
                evicted: AtomicU64::new(0),
                overflowed: AtomicU64::new(0),
            }),
        })
    }

    /// The guard of this key, made if need be. Every guard of one key is the same guard.
    #[must_use]
    pub fn get<Q>(&self, key: &Q) -> G
    where
        K: Borrow<Q> + Hash + Eq,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let shared = &*self.shared;
        let hash = shared.hasher.hash_one(key);
        let home = shared.home(hash);
        if let Some(guard) = shared.shards[home].lock().get(hash, key) {
            return guard;
        }
        // The caller's closure and clone run under no lock.
        let owned = key.to_owned();
        let guard = (shared.make)(&owned);
        shared.insert(hash, home, owned, guard)
    }

    /// Gives the guard of this key up, even if it is in use. Whether there was one.
    pub fn remove<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q> + Hash + Eq,
        Q: Hash + Eq + ?Sized,
    {
        let shared = &*self.shared;
        let hash = shared.hasher.hash_one(key);
        let removed = shared.shards[shared.home(hash)].lock().remove(hash, key);
        if removed.is_some() {
            shared.entries.fetch_sub(1, Ordering::Relaxed);
        }
        removed.is_some()
    }

    /// Every key with its guard, as they are now. Holds no lock while you look at them.
    #[must_use]
    pub fn entries(&self) -> Vec<(K, G)>
    where
        K: Clone,
    {
        self.shared.shards.iter().flat_map(|shard| shard.lock().entries()).collect()
    }

    /// How many guards are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.entries.load(Ordering::Relaxed)
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name all members go by.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.shared.family
    }

    /// How full the family is and what it had to give up.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            name: self.shared.family.clone(),
            entries: self.len(),
            capacity: self.shared.capacity,
            evicted: self.shared.evicted.load(Ordering::Relaxed),
            overflowed: self.shared.overflowed.load(Ordering::Relaxed),
        }
    }
}

impl<K, G: Member> Shared<K, G> {
    fn home(&self, hash: u64) -> usize {
        // The table inside a shard uses the low bits and the top seven.
        (hash >> 32) as usize & (self.shards.len() - 1)
    }

    fn insert(&self, hash: u64, home: usize, key: K, guard: G) -> G
    where
        K: Hash + Eq,
    {
        let kept = guard.clone();
        if !self.make_room(home) {
            // Another thread may have been first with this key.
            if let Some(theirs) = self.shards[home].lock().get(hash, &key) {
                return theirs;
            }
            self.overflowed.fetch_add(1, Ordering::Relaxed);
            telemetry::evicted(&self.family, "overflow");
            return guard;
        }
        let found = self.shards[home].lock().insert(hash, key, kept);
        match found {
            // Another thread was first: ours was never handed out, and its place is free again.
            Some(theirs) => {
                self.entries.fetch_sub(1, Ordering::Relaxed);
                theirs
            }
            None => guard,
        }
    }

    /// Makes room for one guard at home.
    fn make_room(&self, home: usize) -> bool {
        let at_home = std::iter::once(home);
        let everywhere = (0..self.shards.len()).map(|step| (home + step) & (self.shards.len() - 1));
        // A crowded shard makes room in itself, or it would grow at the cost of the others.
        let crowded = self.shards[home].lock().len() >= self.crowded;
        (crowded && self.evict(at_home)) || self.reserve() || self.evict(everywhere)
    }

    /// Counts one guard more, unless the family is full.
    fn reserve(&self) -> bool {
        self.entries
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |entries| {
                (entries < self.capacity).then_some(entries + 1)
            })
            .is_ok()
    }

    /// Takes one guard out of these shards, an unhealthy one only where none of them has a healthy
    /// one.
    fn evict(&self, shards: impl Iterator<Item = usize> + Clone) -> bool {
        for healthy in [true, false] {
            for at in shards.clone() {
                let evicted = self.shards[at].lock().evict(healthy);
                if evicted.is_some() {
                    self.evicted.fetch_add(1, Ordering::Relaxed);
                    let cause = if healthy { "idle" } else { "unhealthy" };
                    telemetry::evicted(&self.family, cause);
                    return true;
                }
            }
        }
        false
    }
}

impl<K, G> Clone for Keyed<K, G> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<K, G> fmt::Debug for Keyed<K, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed")
            .field("name", &self.shared.family)
            .field("entries", &self.shared.entries.load(Ordering::Relaxed))
            .field("capacity", &self.shared.capacity)
            .finish_non_exhaustive()
    }
}

/// A look at a [`Keyed`] family.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// The name all members go by.
    pub name: Name,
    /// Guards kept.
    pub entries: usize,
    /// The most that are kept.
    pub capacity: usize,
    /// Guards given up for new keys.
    pub evicted: u64,
    /// Keys served without being kept, because every guard was in use.
    pub overflowed: u64,
}

#[cfg(all(test, not(buttress_loom)))]
mod tests {
    use super::*;

    /// A guard that is as healthy as it is made, and never held.
    #[derive(Clone)]
    struct Guard {
        healthy: bool,
    }

    impl Member for Guard {
        fn is_idle(&self) -> bool {
            true
        }

        fn is_healthy(&self) -> bool {
            self.healthy
        }
    }

    impl Plan for Guard {
        type Guard = Self;

        fn member(&self, _: &Name) -> Self {
            self.clone()
        }
    }

    #[test]
    fn no_shard_grows_at_the_cost_of_the_others_however_many_keys_come() {
        const CAPACITY: usize = 1000;
        let family = Keyed::new("family", CAPACITY, |key: &u64| Guard { healthy: key % 7 != 0 });
        let family = family.unwrap();
        for key in 0..300_000 {
            let _ = family.get(&key);
            assert!(family.len() <= CAPACITY);
        }
        let share = CAPACITY / family.shared.shards.len();
        let longest = family.shared.shards.iter().map(|shard| shard.lock().len()).max();
        assert!(
            longest <= Some(share * 2),
            "{longest:?} guards in one shard, its share is {share}"
        );
    }
}
