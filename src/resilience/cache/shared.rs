use std::{sync::Arc, time::Duration};

use crate::{
    ground::{
        name::Name,
        random,
        sync::{
            Mutex, MutexGuard, Padded,
            atomic::{AtomicU32, AtomicUsize, Ordering},
            shards,
        },
        time::{self, LATE, nanos},
    },
    resilience::cache::{
        config::{Bound, Eviction, Plan},
        policy::Duel,
        removal::{Cause, Removed},
        room::Room,
        shard::Shard,
        slab::Stamp,
        stored::Stored,
    },
};

/// What clones share.
pub(super) struct Shared<K, V> {
    pub(super) name: Name,
    pub(super) plan: Plan,
    shards: Box<[Padded<Locked<K, V>>]>,
    pub(super) room: Room,
    /// A shard of less weight than this has much less than its part: others make room for it.
    poor: u64,
    pub(super) told: Told<K, V>,
    /// Bits of a hash that are to be nought for the duel to see it; [`NOBODY`] while there is none.
    watched: AtomicU32,
    /// The window's share by the rule that the duel has chosen.
    share: AtomicU32,
    duel: Mutex<Option<Duel>>,
    /// The shard that gives room to others next.
    donor: AtomicUsize,
    times: Times,
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
pub(super) type Listener<K, V> = dyn Fn(&K, &V, Cause) + Send + Sync;

/// The config's times, raw.
struct Times {
    ttl: Option<u64>,
    jitter: f64,
    /// Whether every entry has a stamp.
    always: bool,
}

const NOBODY: u32 = u32::MAX;

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
            poor: if width == 1 { 0 } else { most / width as u64 / 4 * 3 },
            watched: AtomicU32::new(NOBODY),
            share: AtomicU32::new(Duel::FIRST),
            duel: Mutex::new(None),
            donor: AtomicUsize::new(0),
            times: Times {
                ttl: raw(config.ttl),
                jitter: config.ttl_jitter,
                always: config.ttl.is_some()
                    || config.idle.is_some()
                    || config.stale_after.is_some(),
            },
            name,
            plan,
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
        self.plan.config().clock.read().as_nanos()
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
    fn begin(&self) {
        if self.plan.config().eviction == Eviction::Lru {
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

    /// How heavy it is, as the user says.
    fn weigh(&self, key: &K, value: &V) -> u32 {
        match (&self.told.weigher, self.plan.config().bound) {
            (Some(weigher), Bound::Weight(_)) => time::outside(|| weigher(key, value)).max(1),
            _ => 1,
        }
    }

    /// When it comes and goes. `Err` where it is gone before it has come.
    fn stamp(&self, key: &K, value: &V, ttl: Option<Duration>) -> Result<Option<Stamp>, ()> {
        let own = |lifetime: &Arc<Lifetime<K, V>>| time::outside(|| lifetime(key, value));
        let ttl = ttl.or_else(|| self.told.lifetime.as_ref().and_then(own));
        let ttl = match ttl.map(nanos).or(self.times.ttl) {
            None if !self.times.always => return Ok(None),
            None => u64::MAX,
            Some(0) => return Err(()),
            Some(ttl) if self.times.jitter > 0.0 => {
                ttl - (ttl as f64 * self.times.jitter * random::unit()) as u64
            }
            Some(ttl) => ttl,
        };
        let born = self.now();
        Ok(Some(Stamp { born, until: born.saturating_add(ttl), touched: born }))
    }

    /// Tells of what is gone, and drops it. No lock may be held.
    #[inline]
    pub(super) fn tell(&self, removed: Removed<K, V>) {
        for (key, value, cause) in removed.into_iter() {
            if let Some(listener) = &self.told.listener {
                time::outside(|| listener(&key, &value, cause));
            }
        }
    }

    /// Puts an entry in; what had to go for it is told of.
    pub(super) fn insert(&self, hash: u64, key: K, value: V, ttl: Option<Duration>) -> Stored
    where
        K: Eq,
    {
        self.insert_if(hash, key, value, ttl, None).unwrap_or(Stored::New)
    }

    /// The same, unless its key may have been written after so many writes: then `None`.
    pub(super) fn insert_if(
        &self,
        hash: u64,
        key: K,
        value: V,
        ttl: Option<Duration>,
        unchanged: Option<u64>,
    ) -> Option<Stored>
    where
        K: Eq,
    {
        let weight = self.weigh(&key, &value);
        let stamp = self.stamp(&key, &value, ttl);
        let mut removed = Removed::new();
        let stored = if u64::from(weight) > self.room.most() {
            Some(self.refuse(hash, (key, value), Stored::TooHeavy, &mut removed))
        } else {
            match stamp {
                Err(()) => Some(self.refuse(hash, (key, value), Stored::Expired, &mut removed)),
                Ok(stamp) => {
                    let incoming = Incoming { key, value, weight, stamp, unchanged };
                    self.put(hash, incoming, &mut removed)
                }
            }
        };
        self.tell(removed);
        stored
    }

    /// What is not stored still takes the place of what was there: nobody is to get the former value.
    #[cold]
    fn refuse(&self, hash: u64, entry: (K, V), why: Stored, removed: &mut Removed<K, V>) -> Stored
    where
        K: Eq,
    {
        let (key, value) = entry;
        self.take_out(hash, |theirs| *theirs == key, Cause::Replaced, removed);
        let cause = if why == Stored::TooHeavy { Cause::TooHeavy } else { Cause::Expired };
        self.shard(hash).lock().counts.removed[cause as usize] += 1;
        removed.push(key, value, cause);
        why
    }

    /// Takes an entry out, if it is there. Whether anybody would have got it.
    pub(super) fn take_out(
        &self,
        hash: u64,
        is: impl Fn(&K) -> bool,
        cause: Cause,
        removed: &mut Removed<K, V>,
    ) -> bool {
        let mut shard = self.shard(hash).lock();
        let Some(place) = shard.find(hash as u32, is) else { return false };
        let is_live = !shard.is_stamped() || Self::is_ahead(shard.stamp(place).until, self.now());
        let cause = if is_live { cause } else { Cause::Expired };
        if let Some(taken) = shard.remove(place, cause) {
            self.room.give(u64::from(taken.weight));
            removed.push(taken.key, taken.value, cause);
        }
        is_live
    }

    fn put(
        &self,
        hash: u64,
        incoming: Incoming<K, V>,
        removed: &mut Removed<K, V>,
    ) -> Option<Stored>
    where
        K: Eq,
    {
        let Incoming { key, value, weight: light, stamp, unchanged } = incoming;
        let weight = u64::from(light);
        let (mut got, mut stored) = (0, Stored::New);
        for round in 0..ROUNDS {
            let mut shard = self.shard(hash).lock();
            if let Some(Stamp { born, .. }) = stamp {
                if shard.is_due(born) {
                    got += shard.expire_few(born, removed);
                }
            }
            // After the first round, what was written may be what we took out.
            if round == 0 && unchanged.is_some_and(|at| shard.is_written_since(at, hash as u32)) {
                drop(shard);
                self.room.give(got);
                return None;
            }
            if let Some(place) = shard.find(hash as u32, |theirs| *theirs == key) {
                let had = u64::from(shard.weight_at(place));
                if weight <= had || self.room.take(weight - had) {
                    let former = shard.replace(place, value, light, stamp);
                    drop(shard);
                    self.room.give(had.saturating_sub(weight) + got);
                    if let Some(former) = former {
                        removed.push(key, former, Cause::Replaced);
                    }
                    return Some(Stored::Replaced);
                }
                // To make room it may have to go itself.
                if let Some(taken) = shard.remove(place, Cause::Replaced) {
                    got += had;
                    removed.push(taken.key, taken.value, Cause::Replaced);
                    stored = Stored::Replaced;
                }
            }
            let mut is_full = false;
            while got < weight {
                if self.room.take(weight - got) {
                    got = weight;
                    break;
                }
                is_full = true;
                if self.is_poor(&shard) {
                    break;
                }
                shard.set_share(self.share.load(Ordering::Relaxed));
                match shard.evict(removed) {
                    Some(freed) => got += u64::from(freed),
                    None => break,
                }
            }
            let fits = got >= weight;
            if fits {
                shard.insert(hash as u32, key, value, light, stamp);
                drop(shard);
                self.room.give(got - weight);
                if is_full && self.watched.load(Ordering::Relaxed) == NOBODY {
                    self.begin();
                }
                return Some(stored);
            }
            drop(shard);
            got += self.evict_elsewhere(weight - got, removed);
        }
        // Others hold what is left for heavy entries of their own.
        self.room.give(got);
        self.shard(hash).lock().counts.removed[Cause::TooHeavy as usize] += 1;
        removed.push(key, value, Cause::TooHeavy);
        Some(Stored::TooHeavy)
    }

    /// Whether a shard has much less than its part, so that others should make room for it.
    fn is_poor(&self, shard: &Shard<K, V>) -> bool {
        shard.weight < self.poor
    }

    /// Makes room in other shards: those first that have their part. How much came of it.
    #[cold]
    fn evict_elsewhere(&self, need: u64, removed: &mut Removed<K, V>) -> u64 {
        let mut got = 0;
        let first = self.donor.fetch_add(1, Ordering::Relaxed);
        for round in 0..self.shards.len() * 2 {
            let shard = &self.shards[(first + round) & (self.shards.len() - 1)];
            let mut shard = shard.lock();
            if round < self.shards.len() && self.is_poor(&shard) {
                continue;
            }
            shard.set_share(self.share.load(Ordering::Relaxed));
            while got < need {
                match shard.evict(removed) {
                    Some(freed) => got += u64::from(freed),
                    None => break,
                }
            }
            if got >= need {
                break;
            }
        }
        got
    }

    /// Takes out what has expired, looking at about `most` entries. Whether there is more to do.
    pub(super) fn maintain(&self, most: usize) -> bool {
        let (now, mut left, mut more) = (self.now(), most, false);
        for shard in self.shards() {
            let mut removed = Removed::new();
            let due = {
                let mut shard = shard.lock();
                let is_due = shard.is_due(now);
                if is_due && left > 0 {
                    let (freed, unfinished, looked) = shard.expire(now, left, &mut removed);
                    self.room.give(freed);
                    left -= looked.min(left);
                    unfinished
                } else {
                    is_due
                }
            };
            more |= due;
            self.tell(removed);
        }
        more
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

#[cold]
fn is_ahead_exactly(until: u64) -> bool {
    until > time::now().as_nanos()
}

/// A new entry.
struct Incoming<K, V> {
    key: K,
    value: V,
    weight: u32,
    stamp: Option<Stamp>,
    /// Only if its key was not written after so many writes.
    unchanged: Option<u64>,
}

/// So often is room looked for that others may take first.
const ROUNDS: usize = 8;
