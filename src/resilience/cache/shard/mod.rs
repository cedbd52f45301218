use hashbrown::HashTable;

use crate::resilience::cache::{
    config::Eviction,
    policy::{Admission, HITS, Lru, Policy},
    removal::{Removal, Removed},
    slab::{Slab, Taken},
    stamp::Stamp,
    wheel::Wheel,
};

/// A part of a cache: told the time, the weight and how long an entry lasts, it knows what stands where,
/// and what has to go. It holds no lock and calls nobody but `Eq`.
///
/// What a hit writes stands beside the lock, in front of what it reads: two cache lines.
#[repr(C)]
pub(super) struct Shard<K, V> {
    /// How often somebody asked for a key.
    asked: u64,
    pub(super) misses: u64,
    /// Whether a hit is a mark in its place and nothing else.
    is_plain: bool,
    table: HashTable<u32>,
    slab: Slab<K, V>,
    /// When there is something to do in the wheel.
    due_at: u64,
    /// An entry that is not asked for in this many nanoseconds is gone.
    idle: u64,
    policy: Chosen,
    wheel: Option<Box<Wheel>>,
    /// The weight of all entries.
    pub(super) weight: u64,
    /// But for hits and misses.
    pub(super) counts: Counts,
    /// How long an entry is kept after it has expired, for want of a better one.
    grace: u64,
    /// The hashes of keys that somebody wants to change if nobody else does meanwhile, and which watch it
    /// is; so many were begun.
    watched: Vec<(u32, u64)>,
    watches: u64,
    /// How often entries were given new places.
    moves: u64,
}

enum Chosen {
    Admission(Admission),
    Lru(Lru),
}

macro_rules! chosen {
    ($chosen:expr, $policy:ident => $do:expr) => {
        match $chosen {
            Chosen::Admission($policy) => $do,
            Chosen::Lru($policy) => $do,
        }
    };
}

mod counts;
mod expiry;
mod retime;
mod sweep;

pub(super) use self::{counts::Counts, retime::Lasting};

impl<K, V> Shard<K, V> {
    pub(super) fn new(eviction: Eviction, idle: u64, grace: u64) -> Self {
        let policy = match eviction {
            Eviction::Admission => Chosen::Admission(Admission::new()),
            Eviction::Lru => Chosen::Lru(Lru::new()),
        };
        Self {
            asked: 0,
            misses: 0,
            is_plain: eviction == Eviction::Admission,
            table: HashTable::new(),
            slab: Slab::new(),
            policy,
            wheel: None,
            due_at: u64::MAX,
            weight: 0,
            counts: Counts::default(),
            idle,
            grace,
            watched: Vec::new(),
            watches: 0,
            moves: 0,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.slab.len()
    }

    pub(super) fn set_share(&mut self, share: u32) {
        if let Chosen::Admission(admission) = &mut self.policy {
            admission.set_share(share);
        }
    }

    /// Whether entries of it may expire, so that whoever asks has to tell the time.
    #[inline]
    pub(super) fn is_stamped(&self) -> bool {
        self.slab.is_stamped()
    }

    /// The place of a key, whether it has expired or not.
    #[inline]
    pub(super) fn find(&self, hash: u32, is: impl Fn(&K) -> bool) -> Option<u32> {
        self.table.find(spread(hash), |at| self.slab.is_key(*at, hash, &is)).copied()
    }

    #[inline]
    pub(super) fn entry(&self, place: u32) -> Option<(&K, &V)> {
        self.slab.entry(place)
    }

    pub(super) fn weight_at(&self, place: u32) -> u32 {
        self.slab.weight_of(place)
    }

    /// When the entry there came and goes.
    #[inline]
    pub(super) fn stamp(&self, place: u32) -> Stamp {
        let mut stamp = self.slab.stamp(place);
        if self.idle != u64::MAX {
            stamp.until = stamp.until.min(stamp.touched.saturating_add(self.idle));
        }
        stamp
    }

    /// The value there, for somebody who makes do with what there is.
    pub(super) fn get(&mut self, place: u32) -> Option<&V> {
        self.counts.stale += 1;
        self.slab.entry(place).map(|(_, value)| value)
    }

    /// Whether a hit is a mark in its place and nothing else.
    #[inline]
    pub(super) const fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// A hit where [`is_plain`](Self::is_plain).
    #[inline]
    pub(super) fn plain_hit(&mut self, place: u32) -> Option<&V> {
        self.slab.mark_up(place, HITS)
    }

    /// Whether the entry there is certainly not gone yet. If not, its stamp tells.
    #[inline]
    pub(super) fn is_surely_there(&self, place: u32, now: u64) -> bool {
        self.idle == u64::MAX && self.slab.is_surely_there(place, now)
    }

    /// The next time it may be there for sure.
    pub(super) fn note_sure(&mut self, place: u32) {
        self.slab.note_sure(place);
    }

    /// It was asked for. Its value.
    #[inline]
    pub(super) fn hit(&mut self, place: u32, now: u64) -> Option<&V> {
        if self.idle != u64::MAX {
            self.slab.touch(place, now);
        }
        match &mut self.policy {
            // What the policy does with a hit, in one look at the place.
            Chosen::Admission(_) => self.slab.mark_up(place, HITS),
            Chosen::Lru(lru) => {
                lru.hit(place, &mut self.slab);
                self.slab.entry(place).map(|(_, value)| value)
            }
        }
    }

    /// Puts a new entry in, for which there is room.
    #[inline]
    pub(super) fn insert(
        &mut self,
        hash: u32,
        key: K,
        value: V,
        weight: u32,
        stamp: Option<Stamp>,
    ) {
        let place = self.slab.fill(hash, key, value);
        self.slab.set_weight(place, weight);
        self.weight += u64::from(weight);
        self.settle(place, hash, stamp);
    }

    /// What there is to do where a new entry stands.
    #[inline(always)]
    fn settle(&mut self, place: u32, hash: u32, stamp: Option<Stamp>) {
        self.table.insert_unique(spread(hash), place, |at| spread(self.slab.hash(*at)));
        self.stamp_with(place, stamp);
        chosen!(&mut self.policy, policy => policy.filled(place, &mut self.slab));
        self.counts.inserted += 1;
        self.note(hash);
    }

    /// Chooses what has to go first, and says where it stands and what it weighs. It is still there, but
    /// only to be [exchanged](Self::exchange) or [thrown out](Self::throw_out) at once.
    #[inline(always)]
    pub(super) fn choose(&mut self) -> Option<(u32, u32)> {
        let place = chosen!(&mut self.policy, policy => policy.evict(&mut self.slab))?;
        Some((place, self.slab.weight_of(place)))
    }

    /// Puts a new entry in where the one stands that was chosen to go, and weighs as much; the former one.
    #[inline]
    pub(super) fn exchange(
        &mut self,
        place: u32,
        (hash, key, value): (u32, K, V),
        stamp: Option<Stamp>,
    ) -> Option<(K, V)> {
        let former = self.slab.hash(place);
        self.forget(former, place);
        self.counts.removed[Removal::Evicted as usize] += 1;
        self.note(former);
        let former = self.slab.exchange(place, (hash, key, value));
        self.settle(place, hash, stamp);
        former
    }

    /// Takes a place out of the table.
    #[inline]
    fn forget(&mut self, hash: u32, place: u32) {
        if let Ok(entry) = self.table.find_entry(spread(hash), |at| *at == place) {
            entry.remove();
        }
    }

    /// Puts another value in for a key that is there; the former one, which is gone for this cause.
    pub(super) fn replace(
        &mut self,
        place: u32,
        value: V,
        weight: u32,
        stamp: Option<Stamp>,
        cause: Removal,
    ) -> Option<V> {
        let hash = self.slab.hash(place);
        let former = self.slab.weight_of(place);
        if former != weight {
            // Policies count weights: to them it is another entry.
            chosen!(&mut self.policy, policy => policy.emptied(place, &mut self.slab));
            self.slab.set_weight(place, weight);
            chosen!(&mut self.policy, policy => policy.filled(place, &mut self.slab));
            self.weight = self.weight.saturating_sub(u64::from(former)) + u64::from(weight);
        } else {
            chosen!(&mut self.policy, policy => policy.hit(place, &mut self.slab));
        }
        self.stamp_with(place, stamp);
        self.counts.inserted += 1;
        self.counts.removed[cause as usize] += 1;
        self.note(hash);
        self.slab.replace(place, value)
    }

    #[inline]
    fn stamp_with(&mut self, place: u32, stamp: Option<Stamp>) {
        if stamp.is_some() || self.is_stamped() {
            self.note_stamp(place, stamp);
        }
    }

    fn note_stamp(&mut self, place: u32, stamp: Option<Stamp>) {
        self.slab.set_stamp(place, stamp);
        self.is_plain = false;
        if let Some(Stamp { touched: now, .. }) = stamp {
            let at = self.gone_at(place);
            let wheel = self.wheel.get_or_insert_with(|| Box::new(Wheel::new(now)));
            wheel.plan(place, at);
            self.due_at = wheel.due_at();
            if wheel.is_crowded() {
                self.replan();
            }
        }
    }

    /// Takes the entry there out.
    pub(super) fn remove(&mut self, place: u32, cause: Removal) -> Option<Taken<K, V>> {
        chosen!(&mut self.policy, policy => policy.emptied(place, &mut self.slab));
        let taken = self.take(place, cause);
        self.tidy();
        taken
    }

    /// Takes out what has to go first. Its weight; `None` where there is nothing.
    #[inline]
    pub(super) fn evict(&mut self, removed: &mut Removed<K, V>) -> Option<u32> {
        let (place, _) = self.choose()?;
        self.throw_out(place, removed)
    }

    /// Takes out what was chosen to go. Its weight.
    pub(super) fn throw_out(&mut self, place: u32, removed: &mut Removed<K, V>) -> Option<u32> {
        let taken = self.take(place, Removal::Evicted)?;
        let weight = taken.weight;
        removed.push(taken.key, taken.value, Removal::Evicted);
        Some(weight)
    }

    #[inline]
    fn take(&mut self, place: u32, cause: Removal) -> Option<Taken<K, V>> {
        let taken = self.slab.take(place)?;
        self.forget(taken.hash, place);
        self.weight = self.weight.saturating_sub(u64::from(taken.weight));
        self.counts.removed[cause as usize] += 1;
        self.note(taken.hash);
        Some(taken)
    }

    /// Whether something may have expired that is still here.
    #[inline]
    pub(super) fn is_due(&self, now: u64) -> bool {
        now >= self.due_at
    }
}

/// A table looks at both ends of a hash.
#[inline]
const fn spread(hash: u32) -> u64 {
    hash as u64 | (hash as u64) << 32
}
