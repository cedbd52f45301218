use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use crate::{
    ground::{
        name::Name,
        sync::{
            Mutex, MutexGuard, Padded,
            atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
            shards,
        },
        time::{self, Clock, LATE, nanos},
    },
    resilience::cache::{
        config::{Bound, Eviction, Plan},
        loads::{Failure, Loads},
        meters::Meters,
        policy::Duel,
        removal::{Removal, Removed},
        room::Room,
        shard::{Counts, Shard},
        terms::Terms,
    },
};

/// What clones share.
pub(super) struct Shared<K, V> {
    pub(super) name: Name,
    pub(super) shards: Box<[Padded<Locked<K, V>>]>,
    pub(super) room: Room,
    /// A shard of less weight than this has much less than its part: others make room for it.
    pub(super) poor: AtomicU64,
    pub(super) told: Told<K, V>,
    /// Bits of a hash that are to be nought for the duel to see it; [`NOBODY`] while there is none.
    pub(super) watched: AtomicU32,
    /// The window's share by the rule that the duel has chosen.
    pub(super) share: AtomicU32,
    duel: Mutex<Option<Duel>>,
    /// The shard that gives room to others next.
    pub(super) donor: AtomicUsize,
    pub(super) terms: Terms,
    pub(super) meters: Meters,
    /// Who goes by another config, goes first or last.
    pub(super) changing: Mutex<()>,
    /// Whether the weigher is asked.
    pub(super) is_weighed: bool,
    /// Whether all go by one queue.
    is_exact: bool,
    /// Made when something is loaded for the first time.
    pub(super) loads: OnceLock<Box<Loads<K, V>>>,
    /// What is remembered of loads that have failed; made when the first is.
    pub(super) failed: OnceLock<Box<Shared<K, Failure>>>,
}

type Locked<K, V> = Mutex<Shard<K, V>>;
pub(super) type Guard<'a, K, V> = MutexGuard<'a, Shard<K, V>>;

/// What a cache asks its user for, and tells him.
pub(super) struct Told<K, V> {
    pub(super) weigher: Option<Arc<Weigher<K, V>>>,
    pub(super) lifetime: Option<Arc<Lifetime<K, V>>>,
    pub(super) listener: Option<Arc<Listener<K, V>>>,
}

pub(super) type Weigher<K, V> = dyn Fn(&K, &V) -> u32 + Send + Sync;
pub(super) type Lifetime<K, V> = dyn Fn(&K, &V) -> Option<Duration> + Send + Sync;
pub(super) type Listener<K, V> = dyn Fn(&K, &V, Removal) + Send + Sync;

pub(super) const NOBODY: u32 = u32::MAX;

/// Nobody has fewer entries than this to choose from.
const SHARD: u64 = 256;

impl<K, V> Told<K, V> {
    pub(super) const fn nothing() -> Self {
        Self { weigher: None, lifetime: None, listener: None }
    }
}

impl<K, V> Clone for Told<K, V> {
    fn clone(&self) -> Self {
        let Self { weigher, lifetime, listener } = self;
        Self { weigher: weigher.clone(), lifetime: lifetime.clone(), listener: listener.clone() }
    }
}

impl<K, V> Shared<K, V> {
    pub(super) fn new(name: Name, plan: Plan, told: Told<K, V>) -> Self {
        let config = plan.config();
        let most = match config.bound {
            Bound::Entries(most) | Bound::Weight(most) => most,
        };
        let width = match (config.eviction, config.bound) {
            // Exactly the oldest: there can only be one queue.
            (Eviction::Lru, _) => 1,
            // How many entries a weight is, nobody knows yet.
            (Eviction::Admission, Bound::Entries(most)) => most / SHARD,
            (Eviction::Admission, Bound::Weight(most)) => most / SHARD / SHARD,
        };
        let widest = shards() as u64 * 4;
        let width = 1_usize << width.clamp(1, widest).ilog2();
        let raw = |time: Option<Duration>| time.map(nanos);
        let (idle, grace) = (raw(config.idle).unwrap_or(u64::MAX), nanos(config.grace));
        let shard = |_| Padded(Mutex::new(Shard::new(config.eviction, idle, grace)));
        Self {
            shards: (0..width).map(shard).collect(),
            room: Room::new(most),
            poor: AtomicU64::new(poor(most, width)),
            watched: AtomicU32::new(NOBODY),
            share: AtomicU32::new(Duel::FIRST),
            duel: Mutex::new(None),
            donor: AtomicUsize::new(0),
            is_weighed: matches!(config.bound, Bound::Weight(_)),
            is_exact: config.eviction == Eviction::Lru,
            terms: Terms::new(plan),
            meters: Meters::new(&name),
            changing: Mutex::new(()),
            loads: OnceLock::new(),
            failed: OnceLock::new(),
            name,
            told,
        }
    }

    #[inline]
    pub(super) fn shard(&self, hash: u64) -> &Mutex<Shard<K, V>> {
        &self.shards[(hash >> 32) as usize & (self.shards.len() - 1)]
    }

    pub(super) fn shards(&self) -> impl Iterator<Item = &Mutex<Shard<K, V>>> {
        self.shards.iter().map(|shard| &**shard)
    }

    pub(super) fn nth_shard(&self, at: usize) -> Option<&Mutex<Shard<K, V>>> {
        self.shards.get(at).map(|shard| &**shard)
    }

    /// The present moment, raw, as far as this cache cares.
    #[inline]
    pub(super) fn now(&self) -> u64 {
        if self.terms.is_exact() { read(Clock::Exact) } else { time::recent().as_nanos() }
    }

    /// Whether a moment is still to come. Near to it the clock is read exactly: an entry is never there
    /// too late.
    #[inline]
    pub(super) fn is_ahead(until: u64, now: u64) -> bool {
        const NEAR: u64 = nanos(LATE);

        until.saturating_sub(now) > NEAR || until > now && is_ahead_exactly(until)
    }

    /// Tells the duel, if this hash is one of those it sees.
    #[inline]
    pub(super) fn seen(&self, hash: u64, hit: bool) {
        if (hash >> 48) as u32 & self.watched.load(Ordering::Relaxed) == 0 {
            self.judge(hash as u32, hit);
        }
    }

    #[cold]
    #[inline(never)]
    fn judge(&self, hash: u32, hit: bool) {
        // Who is judging already will do: a part of a part is as good.
        let Some(mut slot) = self.duel.try_lock() else { return };
        let Some(duel) = slot.as_mut() else { return };
        if duel.see(hash, hit) {
            self.share.store(duel.share(), Ordering::Relaxed);
        }
        if duel.wants_to_know_the_size() {
            duel.resize(self.len());
            self.watched.store(duel.mask(), Ordering::Relaxed);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.shards().map(|shard| shard.lock().len()).sum()
    }

    /// The cache is full for the first time: from now on it matters who goes.
    #[cold]
    pub(super) fn begin(&self) {
        if self.is_exact {
            return;
        }
        let entries = self.len();
        let mut slot = self.duel.lock();
        if slot.is_none() {
            let duel = Duel::new(entries);
            self.watched.store(duel.mask(), Ordering::Relaxed);
            *slot = Some(duel);
        }
    }

    /// Tells of what is gone, and drops it. No lock may be held.
    #[inline]
    pub(super) fn tell(&self, removed: Removed<K, V>) {
        for (key, value, cause) in removed.into_iter() {
            self.tell_one(&key, &value, cause);
        }
    }

    /// The same of one, which the caller drops.
    #[inline]
    pub(super) fn tell_one(&self, key: &K, value: &V, cause: Removal) {
        if let Some(listener) = &self.told.listener {
            time::outside(|| listener(key, value, cause));
        }
    }

    /// Takes an entry out, if it is there. Whether anybody would have got it.
    pub(super) fn take_out(
        &self,
        hash: u64,
        is: impl Fn(&K) -> bool,
        cause: Removal,
        removed: &mut Removed<K, V>,
    ) -> bool {
        let mut shard = self.shard(hash).lock();
        let Some(place) = shard.find(hash as u32, is) else { return false };
        self.take_out_of(&mut shard, place, cause, removed) != Removal::Expired
    }

    /// Takes out the entry there. Why it goes.
    pub(super) fn take_out_of(
        &self,
        shard: &mut Shard<K, V>,
        place: u32,
        cause: Removal,
        removed: &mut Removed<K, V>,
    ) -> Removal {
        let cause = self.cause(shard, place, cause);
        if let Some(taken) = shard.remove(place, cause) {
            self.room.give(u64::from(taken.weight));
            removed.push(taken.key, taken.value, cause);
        }
        cause
    }

    /// Why an entry goes that somebody takes out or replaces: if its time was up before, that is why.
    pub(super) fn cause(&self, shard: &Shard<K, V>, place: u32, otherwise: Removal) -> Removal {
        let is_live = !shard.is_stamped() || Self::is_ahead(shard.stamp(place).until, self.now());
        if is_live { otherwise } else { Removal::Expired }
    }

    /// Takes out what has expired, looking at about `most` entries. Whether there is more to do.
    pub(super) fn maintain(&self, most: usize) -> bool {
        let mut left = most;
        let (more, counts) = self.clear_away(&mut left);
        self.meters.report(counts.removed);
        // What is remembered there is none of the cache's entries: nobody is told of it.
        self.failed.get().is_some_and(|failed| failed.clear_away(&mut left).0) || more
    }

    /// The same of the entries alone, and what has happened so far.
    fn clear_away(&self, left: &mut usize) -> (bool, Counts) {
        let (now, mut more, mut counts) = (self.now(), false, Counts::default());
        for shard in self.shards() {
            let mut removed = Removed::new();
            let due = {
                let mut shard = shard.lock();
                let mut is_due = shard.is_due(now);
                if is_due && *left > 0 {
                    let (freed, unfinished, looked) = shard.expire(now, *left, &mut removed);
                    self.room.give(freed);
                    *left -= looked.min(*left);
                    is_due = unfinished;
                }
                counts += shard.counts();
                is_due
            };
            more |= due;
            self.tell(removed);
        }
        (more, counts)
    }

    /// A share of that work which an operation does that has found some to do.
    #[cold]
    #[inline(never)]
    pub(super) fn maintain_a_little(&self, hash: u64, now: u64) {
        let mut removed = Removed::new();
        {
            let mut shard = self.shard(hash).lock();
            let freed = shard.expire_few(now, &mut removed);
            self.room.give(freed);
        }
        self.tell(removed);
    }
}

/// A shard of less weight than this has much less than its part of `most`.
pub(super) fn poor(most: u64, width: usize) -> u64 {
    if width == 1 { 0 } else { most / width as u64 / 4 * 3 }
}

/// A reading that costs so much that a call does not matter.
#[inline(never)]
fn read(clock: Clock) -> u64 {
    clock.read().as_nanos()
}

#[cold]
fn is_ahead_exactly(until: u64) -> bool {
    until > time::now().as_nanos()
}
