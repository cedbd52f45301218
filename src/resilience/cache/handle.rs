use std::{
    borrow::Borrow,
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    sync::Arc,
    time::Duration,
};

use crate::{
    ground::{
        config::ConfigError,
        name::Name,
        sync::atomic::{AtomicU64, Ordering},
    },
    resilience::cache::{
        config::{Bound, Config, Plan},
        loads,
        removal::{Removal, Removed},
        shard::Counts,
        shared::{Shared, Told},
        snapshot::{Snapshot, Totals},
        stored::{Hit, Stored},
    },
};

/// Keeps values by their keys, for as long and as many as its config says.
///
/// A handle: clones share the entries. A hit gives a clone of the value, made under a lock that other keys
/// need too: keep cloning cheap, with an `Arc` around what is large.
pub struct Cache<K, V, S = RandomState> {
    pub(super) shared: Arc<Shared<K, V>>,
    pub(super) hasher: S,
}

impl<K, V> Cache<K, V> {
    /// A cache by this config.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new(name: impl Into<Name>, config: Config) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, config.parse()?))
    }

    /// A cache by a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, plan: Plan) -> Self {
        let shared = Shared::new(name.into(), plan, Told::nothing());
        Self { shared: Arc::new(shared), hasher: RandomState::new() }
    }
}

impl<K, V, S> Cache<K, V, S> {
    /// Another, empty cache of the same name and config that hashes keys by this. The usual hasher is one
    /// that strangers cannot aim at; where nobody chooses keys to do harm, others are faster.
    #[must_use]
    pub fn with_hasher<S2>(self, hasher: S2) -> Cache<K, V, S2> {
        let told = self.shared.told.clone();
        let shared = Shared::new(self.shared.name.clone(), self.shared.terms.plan(), told);
        Cache { shared: Arc::new(shared), hasher }
    }

    /// Another, empty cache that asks this how heavy an entry is: once, when it is written. Nothing weighs
    /// 1. Only asked where [weight](Bound::Weight) is what counts.
    #[must_use]
    pub fn with_weigher(self, weigher: impl Fn(&K, &V) -> u32 + Send + Sync + 'static) -> Self {
        self.told(|told| told.weigher = Some(Arc::new(weigher)))
    }

    /// Another, empty cache that asks this how long an entry is to live: once, when it is written. `None`
    /// is what the config says, zero is not at all.
    #[must_use]
    pub fn with_lifetime(
        self,
        lifetime: impl Fn(&K, &V) -> Option<Duration> + Send + Sync + 'static,
    ) -> Self {
        self.told(|told| told.lifetime = Some(Arc::new(lifetime)))
    }

    /// Another, empty cache that tells this of every value that is gone, and why. It is called by whoever
    /// makes the value go, where no lock is held: it may use the cache.
    #[must_use]
    pub fn with_listener(self, listener: impl Fn(&K, &V, Removal) + Send + Sync + 'static) -> Self {
        self.told(|told| told.listener = Some(Arc::new(listener)))
    }

    fn told(self, tell: impl FnOnce(&mut Told<K, V>)) -> Self {
        let mut told = self.shared.told.clone();
        tell(&mut told);
        let shared = Shared::new(self.shared.name.clone(), self.shared.terms.plan(), told);
        Self { shared: Arc::new(shared), hasher: self.hasher }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.shared.name
    }

    /// How many entries it holds; some may have expired.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What its entries weigh together.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.shared.room.taken()
    }

    /// Clears away what has expired, looking at about so many entries. Whether there is more to do.
    ///
    /// Every operation does a little of this. Where nobody uses the cache for a while, and its memory
    /// matters, call it now and then.
    pub fn maintain(&self, most: usize) -> bool {
        self.shared.maintain(most)
    }

    /// A look at how full it is and what it has done. Where entries expire, it looks at the time of each, some
    /// thousand of them under one lock: a millisecond for a million.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let plan = self.shared.terms.plan();
        let config = plan.config();
        let now = self.shared.now();
        let (mut counts, mut total, mut expired) = (Counts::default(), 0, 0);
        for shard in self.shared.shards() {
            let places = {
                let shard = shard.lock();
                total += shard.len() as u64;
                counts += shard.counts();
                shard.stamped_places()
            };
            // Whoever wants an entry waits for a few of them only.
            for from in (0..places).step_by(FEW) {
                expired += shard.lock().expired(from..from + FEW, now);
            }
        }
        self.shared.meters.report(counts.removed);
        let (max_entries, max_weight) = match config.bound {
            Bound::Entries(most) => (Some(most), None),
            Bound::Weight(most) => (None, Some(most)),
        };
        let removed = |cause: Removal| counts.removed[cause as usize];
        let loads = self.shared.loads.get();
        let load = |count: fn(&loads::Counts) -> &AtomicU64| {
            loads.map_or(0, |loads| count(&loads.counts).load(Ordering::Relaxed))
        };
        Snapshot {
            name: self.shared.name.clone(),
            total_entries: total,
            expired_entries: expired,
            active_entries: total.saturating_sub(expired),
            max_entries,
            total_weight: self.shared.room.taken(),
            max_weight,
            loading: loads.map_or(0, |loads| loads.flights.in_flight()),
            ttl_minutes: config.ttl.map(|ttl| ttl.as_secs() / 60),
            totals: Totals {
                hits: counts.hits,
                misses: counts.misses,
                stale: counts.stale + load(|counts| &counts.stale),
                loads: load(|counts| &counts.loads),
                load_failures: load(|counts| &counts.failures),
                coalesced: loads.map_or(0, |loads| loads.flights.snapshot().totals.followed),
                refreshes: load(|counts| &counts.refreshes),
                inserted: counts.inserted,
                evicted: removed(Removal::Evicted),
                expired: removed(Removal::Expired),
                removed: removed(Removal::Removed),
                replaced: removed(Removal::Replaced),
                too_heavy: removed(Removal::TooHeavy),
            },
        }
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> Cache<K, V, S> {
    /// Keeps a value, for as long as the config says.
    pub fn insert(&self, key: K, value: V) -> Stored {
        let hash = self.hasher.hash_one(&key);
        self.shared.forget_failure(hash, |theirs| *theirs == key);
        self.shared.insert(hash, key, value, None)
    }

    /// Keeps a value for so long, whatever else is said about it. Zero is not at all.
    pub fn insert_with_ttl(&self, key: K, value: V, ttl: Duration) -> Stored {
        let hash = self.hasher.hash_one(&key);
        self.shared.forget_failure(hash, |theirs| *theirs == key);
        self.shared.insert(hash, key, value, Some(ttl))
    }

    /// Whether whoever asks for this key gets a value. Asking here counts as nothing.
    #[must_use]
    pub fn contains<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        !self.shared.terms.is_aside()
            && self.shared.look(hash, |theirs| theirs.borrow() == key, |_, _| ()).is_some()
    }

    /// Takes an entry out. Whether it was there. What is on its way for this key is given to those who wait
    /// for it, and not stored.
    pub fn invalidate<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let mut removed = Removed::new();
        let is = |theirs: &K| theirs.borrow() == key;
        self.shared.void(hash, is);
        let was_there = self.shared.take_out(hash, is, Removal::Removed, &mut removed);
        self.shared.tell(removed);
        was_there
    }

    /// Takes everything out. What is on its way is given to those who wait for it, and not stored.
    pub fn clear(&self) {
        self.shared.void_all();
        self.shared.clear();
    }
}

impl<K: Hash + Eq, V: Clone, S: BuildHasher> Cache<K, V, S> {
    /// The value of this key.
    #[inline]
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        self.shared.get(hash, |theirs| theirs.borrow() == key)
    }

    /// The value of this key; asking here counts as nothing.
    #[must_use]
    pub fn peek<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        if self.shared.terms.is_aside() {
            return None;
        }
        let hash = self.hasher.hash_one(key);
        self.shared.look(hash, |theirs| theirs.borrow() == key, |_, value| value.clone())
    }

    /// The value of this key, and how old it is.
    pub fn look_up<Q>(&self, key: &Q) -> Option<Hit<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        self.shared.look_up(hash, |theirs| theirs.borrow() == key, 0)
    }

    /// The same, even of an entry that has expired, as long as its [`grace`](Config::grace) lasts.
    pub fn look_up_stale<Q>(&self, key: &Q) -> Option<Hit<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let grace = self.shared.terms.grace();
        let hash = self.hasher.hash_one(key);
        self.shared.look_up(hash, |theirs| theirs.borrow() == key, grace)
    }

    /// The values of these keys, in their order.
    pub fn get_many<'a, Q>(&self, keys: impl IntoIterator<Item = &'a Q>) -> Vec<Option<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized + 'a,
    {
        keys.into_iter().map(|key| self.get(key)).collect()
    }

    /// Takes an entry out and gives its value, where anybody [gets](Config::mode) what is there.
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        self.shared.void(hash, |theirs| theirs.borrow() == key);
        let value = self.shared.remove(hash, |theirs| theirs.borrow() == key);
        value.filter(|_| !self.shared.terms.is_aside())
    }
}

/// So many entries are looked at under one lock.
const FEW: usize = 4096;

impl<K, V, S: Clone> Clone for Cache<K, V, S> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), hasher: self.hasher.clone() }
    }
}

impl<K, V, S> fmt::Debug for Cache<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("name", &self.shared.name)
            .field("entries", &self.len())
            .finish_non_exhaustive()
    }
}
