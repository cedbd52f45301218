//! What is held here of keys: their leases, and who is known to be refused.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use hashbrown::HashTable;

use super::machine::Lease;
use crate::ground::{sync::Mutex, time::Instant};

/// Leases by key, in bounded memory.
pub(super) struct Held {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    /// What a token takes to come back, in nanoseconds.
    interval: u64,
    room: usize,
}

/// Who may ask the store for more tokens of a key: one at a time.
pub(super) type Turn = Arc<tokio::sync::Mutex<()>>;

#[derive(Default)]
struct Shard {
    table: HashTable<usize>,
    slots: Vec<Slot>,
    hand: usize,
}

struct Slot {
    hash: u64,
    key: Box<[u8]>,
    lease: Lease,
    turn: Option<Turn>,
}

/// What is known here about a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Its tokens were there, and are spent; so many are left.
    Spent(u64),
    /// They are not there, for so long.
    Barred(Duration),
    Nothing,
}

impl Held {
    /// Of at most so many keys, in so many parts, a power of two.
    pub(super) fn new(keys: u32, parts: usize, interval: u64) -> Self {
        let parts = parts.min((keys as usize).next_power_of_two());
        Self {
            shards: (0..parts).map(|_| Mutex::new(Shard::default())).collect(),
            hasher: RandomState::new(),
            interval,
            room: (keys as usize).div_ceil(parts),
        }
    }

    /// Spends tokens of this key, or tells that there are none anywhere.
    pub(super) fn take(&self, key: &[u8], tokens: u64, now: Instant) -> Known {
        let interval = self.interval;
        self.with(key, |lease| {
            if lease.spend(tokens, interval, now) {
                return Known::Spent(lease.left(interval, now));
            }
            lease.bars(tokens, now).map_or(Known::Nothing, Known::Barred)
        })
        .unwrap_or(Known::Nothing)
    }

    /// Makes room for this key, and gives its turn; none if every key has something that would be lost.
    pub(super) fn place(&self, key: &[u8], now: Instant) -> Option<Turn> {
        let hash = self.hasher.hash_one(key);
        let mut evicted = None;
        let turn = {
            let mut shard = self.shard(hash).lock();
            let at = match shard.find(hash, key) {
                Some(at) => at,
                None => {
                    if shard.slots.len() >= self.room {
                        evicted = Some(shard.evict(self.interval, now)?);
                    }
                    shard.insert(hash, key)
                }
            };
            Arc::clone(shard.slots[at].turn.get_or_insert_default())
        };
        drop(evicted);
        Some(turn)
    }

    /// As many tokens of this key are worth asking for.
    pub(super) fn size(&self, key: &[u8], most: u64) -> u64 {
        self.with(key, |lease| lease.next(most)).unwrap_or(1)
    }

    /// A request that was sent then has granted tokens, of which some are spent already.
    pub(super) fn grant(&self, key: &[u8], granted: u64, spent: u64, sent: Instant) {
        self.with(key, |lease| lease.grant(granted, spent, self.interval, sent));
    }

    /// So many tokens of this key will not be there before then.
    pub(super) fn bar(&self, key: &[u8], tokens: u64, until: Instant) {
        self.with(key, |lease| lease.bar(tokens, until));
    }

    /// Tokens of this key were given back.
    pub(super) fn unbar(&self, key: &[u8]) {
        self.with(key, Lease::unbar);
    }

    /// Keys that something is held of.
    pub(super) fn keys(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().slots.len()).sum()
    }

    fn with<R>(&self, key: &[u8], f: impl FnOnce(&mut Lease) -> R) -> Option<R> {
        let hash = self.hasher.hash_one(key);
        let mut shard = self.shard(hash).lock();
        let at = shard.find(hash, key)?;
        Some(f(&mut shard.slots[at].lease))
    }

    fn shard(&self, hash: u64) -> &Mutex<Shard> {
        // The upper bits: the table of a shard goes by the lower ones.
        &self.shards[(hash >> 48) as usize & (self.shards.len() - 1)]
    }
}

impl Shard {
    fn find(&self, hash: u64, key: &[u8]) -> Option<usize> {
        self.table.find(hash, |at| *self.slots[*at].key == *key).copied()
    }

    fn insert(&mut self, hash: u64, key: &[u8]) -> usize {
        let at = self.slots.len();
        self.table.insert_unique(hash, at, |at| self.slots[*at].hash);
        self.slots.push(Slot { hash, key: key.into(), lease: Lease::default(), turn: None });
        at
    }

    /// Takes a slot out that nothing is lost with, if there is one among the next few.
    fn evict(&mut self, interval: u64, now: Instant) -> Option<Slot> {
        /// So few are looked at each time.
        const FEW: usize = 32;

        for _ in 0..self.slots.len().min(FEW) {
            self.hand = if self.hand + 1 < self.slots.len() { self.hand + 1 } else { 0 };
            let slot = &self.slots[self.hand];
            let waited_for = slot.turn.as_ref().is_some_and(|turn| Arc::strong_count(turn) > 1);
            if !waited_for && slot.lease.is_idle(interval, now) {
                return Some(self.take(self.hand));
            }
        }
        None
    }

    fn take(&mut self, at: usize) -> Slot {
        let slot = self.slots.swap_remove(at);
        if let Ok(entry) = self.table.find_entry(slot.hash, |index| *index == at) {
            entry.remove();
        }
        if let Some(moved) = self.slots.get(at) {
            // The last slot now stands here.
            let last = self.slots.len();
            if let Some(index) = self.table.find_mut(moved.hash, |index| *index == last) {
                *index = at;
            }
        }
        slot
    }
}

#[cfg(all(test, not(buttress_loom)))]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::ORIGIN.after(Duration::from_millis(millis))
    }

    #[test]
    fn a_full_house_gives_up_only_what_nothing_is_lost_with() {
        let held = Held::new(4, 1, 1_000_000);
        for key in [b"a", b"b", b"c", b"d"] {
            assert!(held.place(key, at(0)).is_some());
            held.grant(key, 10, 0, at(0));
        }
        assert!(held.place(b"e", at(0)).is_none(), "all of them have tokens");
        let kept = held.place(b"a", at(0));
        assert!(kept.is_some());
        for _ in 0..3 {
            assert!(held.place(b"e", at(10)).is_some(), "their tokens are worth nothing now");
        }
        assert_eq!(held.keys(), 4);
        for key in [b"f", b"g", b"h", b"i"] {
            assert!(held.place(key, at(10)).is_some());
            assert_eq!(held.keys(), 4);
        }
        held.grant(b"a", 5, 0, at(10));
        assert_eq!(held.take(b"a", 5, at(10)), Known::Spent(0), "somebody was asking for it");
    }

    #[test]
    fn a_key_has_its_own_tokens() {
        let held = Held::new(100, 4, 1_000_000_000);
        for key in 0..50_u8 {
            assert_eq!(held.take(&[key], 1, at(0)), Known::Nothing);
            assert!(held.place(&[key], at(0)).is_some());
            assert_eq!(held.size(&[key], 32), 1);
            held.grant(&[key], u64::from(key), 0, at(0));
        }
        for key in 0..50_u8 {
            held.bar(&[key], 1, at(100));
            let known = held.take(&[key], 1, at(0));
            let barred = Known::Barred(Duration::from_millis(100));
            assert_eq!(known, if key == 0 { barred } else { Known::Spent(u64::from(key) - 1) });
            held.unbar(&[key]);
        }
        assert_eq!(held.take(&[0], 1, at(0)), Known::Nothing);
    }
}
