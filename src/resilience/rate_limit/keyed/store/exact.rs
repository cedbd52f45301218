use std::{
    borrow::{Borrow, ToOwned},
    fmt,
    hash::{BuildHasher, Hash},
};

use super::{Words, sealed};
use crate::{
    ground::sync::{Mutex, atomic::AtomicU64},
    resilience::rate_limit::keyed::hash::Seeded,
};

/// Keeps every key that has a bucket and compares it: no two ever share one. It takes twice a key's own
/// size and 18 bytes more, besides what the key itself has allocated, and a lock for each call that only
/// one in some thousands of other keys has in common.
pub struct Exact<K: ?Sized + ToOwned, H = Seeded> {
    sets: Box<[Mutex<Set<K::Owned>>]>,
    hasher: H,
    further: usize,
}

/// The places that a key may stand in. The lock is held for one look at them.
struct Set<K> {
    /// Of who stands there, a part of the hash that is not zero: nearly always only the key itself need be
    /// compared.
    tags: [u8; WIDTH],
    entries: [Option<Entry<K>>; WIDTH],
    /// The words of further rates, so many for each place.
    also: Box<[AtomicU64]>,
}

struct Entry<K> {
    key: K,
    word: AtomicU64,
}

const WIDTH: usize = 16;

/// So many keys with full buckets a new one sends away, so that who no longer comes is no longer kept.
const FEW: usize = 3;

impl<K: ?Sized + ToOwned, H> Exact<K, H> {
    /// Twice as many places as keys, with so many further words each.
    pub(in super::super) fn new(keys: u32, further: usize, hasher: H) -> Self {
        Self::of_sets((keys as usize).div_ceil(WIDTH / 2), further, hasher)
    }

    fn of_sets(sets: usize, further: usize, hasher: H) -> Self {
        let sets = (0..sets.max(1)).map(|_| Mutex::new(Set::new(further)));
        Self { sets: sets.collect(), hasher, further }
    }

    fn set(&self, hash: u64) -> &Mutex<Set<K::Owned>> {
        // The upper bits of a multiple: a cheaper remainder.
        &self.sets[((u128::from(hash) * self.sets.len() as u128) >> 64) as usize]
    }
}

/// From bits that do not choose the set.
const fn tag(hash: u64) -> u8 {
    hash as u8 | 1
}

impl<K> Set<K> {
    fn new(further: usize) -> Self {
        Self {
            tags: [0; WIDTH],
            entries: std::array::from_fn(|_| None),
            also: (0..WIDTH * further).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    #[inline]
    fn find<Q: ?Sized + Eq>(&self, tag: u8, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        let is_there = |at: usize| {
            self.tags[at] == tag
                && self.entries[at].as_ref().is_some_and(|entry| entry.key.borrow() == key)
        };
        (0..WIDTH).find(|at| is_there(*at))
    }

    #[inline]
    fn words(&self, at: usize) -> Option<Words<'_>> {
        let further = self.also.len() / WIDTH;
        let also = &self.also[at * further..(at + 1) * further];
        self.entries[at].as_ref().map(|entry| Words { first: &entry.word, also })
    }

    /// Puts a key in a place that is free by this time. Whom it has sent away for it; without a place,
    /// itself.
    fn put(&mut self, tag: u8, key: K, now: u64) -> Result<[Option<K>; FEW], K> {
        let mut gone = [const { None }; FEW];
        let full = |set: &Self, at: usize| set.words(at).is_some_and(|words| words.is_full(now));
        for slot in &mut gone {
            let Some(at) = (0..WIDTH).find(|at| full(self, *at)) else { break };
            self.tags[at] = 0;
            *slot = self.entries[at].take().map(|entry| entry.key);
        }
        let Some(at) = self.entries.iter().position(Option::is_none) else { return Err(key) };
        // The further words that are here are those of a full bucket.
        self.tags[at] = tag;
        self.entries[at] = Some(Entry { key, word: AtomicU64::new(0) });
        Ok(gone)
    }
}

impl<K, H> sealed::Store<K> for Exact<K, H>
where
    K: ?Sized + ToOwned + Hash + Eq,
    H: BuildHasher + Clone,
{
    #[inline]
    fn visit<R>(
        &self,
        key: &K,
        now: impl FnOnce() -> u64,
        work: impl FnOnce(Words<'_>) -> R,
    ) -> Option<R> {
        let hash = self.hasher.hash_one(key);
        let lock = self.set(hash);
        let set = lock.lock();
        match set.find(tag(hash), key).and_then(|at| set.words(at)) {
            Some(words) => Some(work(words)),
            None => {
                drop(set);
                bring(lock, tag(hash), key, now(), work)
            }
        }
    }

    #[inline]
    fn visit_first<R>(
        &self,
        key: &K,
        now: impl FnOnce() -> u64,
        work: impl FnOnce(&AtomicU64) -> R,
    ) -> Option<R> {
        self.visit(key, now, |words| work(words.first))
    }

    fn look<R>(&self, key: &K, work: impl FnOnce(Words<'_>) -> R) -> Option<R> {
        let hash = self.hasher.hash_one(key);
        let set = self.set(hash).lock();
        let at = set.find(tag(hash), key)?;
        set.words(at).map(work)
    }

    fn empty(&self) -> Self {
        Self::of_sets(self.sets.len(), self.further, self.hasher.clone())
    }

    fn live(&self, now: u64) -> usize {
        let in_set = |set: &Mutex<Set<K::Owned>>| {
            let set = set.lock();
            (0..WIDTH).filter_map(|at| set.words(at)).filter(|words| !words.is_full(now)).count()
        };
        self.sets.iter().map(in_set).sum()
    }

    fn bytes(&self) -> usize {
        size_of_val(&*self.sets) + self.sets.len() * WIDTH * self.further * size_of::<AtomicU64>()
    }

    fn further(&self) -> usize {
        self.further
    }
}

/// For a key that was not there a moment ago. Keys are cloned and dropped where no lock is held.
#[cold]
#[inline(never)]
fn bring<K, R>(
    lock: &Mutex<Set<K::Owned>>,
    tag: u8,
    key: &K,
    now: u64,
    work: impl FnOnce(Words<'_>) -> R,
) -> Option<R>
where
    K: ?Sized + ToOwned + Eq,
{
    let owned = key.to_owned();
    let mut set = lock.lock();
    // Somebody may have brought it meanwhile.
    let brought = match set.find(tag, key) {
        Some(_) => Err(owned),
        None => set.put(tag, owned, now),
    };
    let done = set.find(tag, key).and_then(|at| set.words(at)).map(work);
    drop(set);
    drop(brought);
    done
}

impl<K: ?Sized + ToOwned, H> fmt::Debug for Exact<K, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exact").field("places", &(self.sets.len() * WIDTH)).finish_non_exhaustive()
    }
}
