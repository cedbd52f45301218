//! Where the buckets of the keys are.

mod exact;
mod table;

use std::hash::{BuildHasher, Hash};

pub use self::exact::Exact;
pub(super) use self::table::Table;
use super::hash::Seeded;
use crate::ground::sync::atomic::{AtomicU64, Ordering};
use crate::resilience::rate_limit::machine::BUSY;

/// Keeps a bucket for each key: [`Tagged`] or [`Exact`]. Sealed.
pub trait Store<K: ?Sized>: sealed::Store<K> {}

impl<K: ?Sized, S: sealed::Store<K>> Store<K> for S {}

pub(super) mod sealed {
    use super::Words;
    use crate::ground::sync::atomic::AtomicU64;

    #[expect(unnameable_types, reason = "what seals the trait above")]
    pub trait Store<K: ?Sized> {
        /// What `work` makes of the bucket of this key. It gets one if it has none, unless there is no
        /// place. `now`, asked for only then, may lag.
        fn visit<R>(
            &self,
            key: &K,
            now: impl FnOnce() -> u64,
            work: impl FnOnce(Words<'_>) -> R,
        ) -> Option<R>;

        /// The same with the first of its words: the quickest way.
        fn visit_first<R>(
            &self,
            key: &K,
            now: impl FnOnce() -> u64,
            work: impl FnOnce(&AtomicU64) -> R,
        ) -> Option<R>;

        /// As [`visit`](Self::visit), if the key has a bucket.
        fn look<R>(&self, key: &K, work: impl FnOnce(Words<'_>) -> R) -> Option<R>;

        /// Another with none.
        fn empty(&self) -> Self;

        /// How many buckets are not full.
        fn live(&self, now: u64) -> usize;

        fn bytes(&self) -> usize;

        /// How many further words a bucket has.
        fn further(&self) -> usize;
    }
}

/// A bucket: a word for each rate.
#[derive(Clone, Copy, Debug)]
#[expect(unnameable_types, reason = "named by a sealed trait only")]
pub struct Words<'a> {
    pub(super) first: &'a AtomicU64,
    pub(super) also: &'a [AtomicU64],
}

impl Words<'_> {
    /// Whether it is full: as good as none.
    fn is_full(&self, now: u64) -> bool {
        let is_full = |word: &AtomicU64| word.load(Ordering::Relaxed) & !BUSY <= now;
        is_full(self.first) && self.also.iter().all(is_full)
    }

    /// In the order of the rates.
    pub(super) fn iter(&self) -> impl Iterator<Item = &AtomicU64> {
        std::iter::once(self.first).chain(self.also)
    }
}

/// Knows keys by a hash of 63 bits and keeps none of them: 32 bytes a key, whatever the key is. Two keys
/// share a bucket with a chance of about one in 2⁶³ a pair.
#[derive(Debug)]
pub struct Tagged<H = Seeded> {
    pub(super) table: Table,
    hasher: H,
}

impl<H> Tagged<H> {
    pub(super) fn new(keys: u32, further: usize, hasher: H) -> Self {
        Self { table: Table::new(keys, further), hasher }
    }

    #[cold]
    #[inline(never)]
    fn elsewhere(&self, hash: u64, now: impl FnOnce() -> u64) -> Option<&AtomicU64> {
        let words = self.table.find(hash).or_else(|| self.table.claim(hash, now()));
        words.map(|words| words.first)
    }
}

impl<K: ?Sized + Hash, H: BuildHasher + Clone> sealed::Store<K> for Tagged<H> {
    #[inline]
    fn visit<R>(
        &self,
        key: &K,
        now: impl FnOnce() -> u64,
        work: impl FnOnce(Words<'_>) -> R,
    ) -> Option<R> {
        let hash = self.hasher.hash_one(key);
        let words = match self.table.find(hash) {
            Some(words) => words,
            // What is full by a clock that lags is full.
            None => self.table.claim(hash, now())?,
        };
        Some(work(words))
    }

    #[inline(always)]
    fn visit_first<R>(
        &self,
        key: &K,
        now: impl FnOnce() -> u64,
        work: impl FnOnce(&AtomicU64) -> R,
    ) -> Option<R> {
        let hash = self.hasher.hash_one(key);
        match self.table.find_first(hash) {
            Some(word) => Some(work(word)),
            None => self.elsewhere(hash, now).map(work),
        }
    }

    #[inline]
    fn look<R>(&self, key: &K, work: impl FnOnce(Words<'_>) -> R) -> Option<R> {
        self.table.find(self.hasher.hash_one(key)).map(work)
    }

    fn empty(&self) -> Self {
        Self { table: self.table.empty(), hasher: self.hasher.clone() }
    }

    fn live(&self, now: u64) -> usize {
        self.table.live(now)
    }

    fn bytes(&self) -> usize {
        self.table.bytes()
    }

    fn further(&self) -> usize {
        self.table.further()
    }
}
