use super::{Shard, spread};
use crate::resilience::cache::removal::Removal;

/// What has happened since the cache was made.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::resilience::cache) struct Counts {
    pub(in crate::resilience::cache) hits: u64,
    pub(in crate::resilience::cache) misses: u64,
    pub(in crate::resilience::cache) stale: u64,
    pub(in crate::resilience::cache) removed: [u64; Removal::COUNT],
    pub(in crate::resilience::cache) inserted: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.hits += other.hits;
        self.misses += other.misses;
        self.stale += other.stale;
        self.inserted += other.inserted;
        for (mine, theirs) in self.removed.iter_mut().zip(other.removed) {
            *mine += theirs;
        }
    }
}

impl<K, V> Shard<K, V> {
    pub(in crate::resilience::cache) const fn counts(&self) -> Counts {
        let hits = self.asked.wrapping_sub(self.misses).wrapping_sub(self.counts.stale);
        Counts { hits, misses: self.misses, ..self.counts }
    }

    /// The place of a key that somebody asks for, whether it has expired or not.
    #[inline]
    pub(in crate::resilience::cache) fn ask(
        &mut self,
        hash: u32,
        is: impl Fn(&K) -> bool,
    ) -> Option<u32> {
        let Self { asked, table, slab, .. } = self;
        let look = Look::begin(asked);
        let place = table.find(spread(hash), |at| slab.is_key(*at, hash, &is)).copied();
        look.end();
        place
    }
}

/// Somebody asks: counted before the search, which then hides the cost, and not at all if `Eq` panics.
struct Look<'a>(&'a mut u64);

impl<'a> Look<'a> {
    #[inline]
    fn begin(asked: &'a mut u64) -> Self {
        *asked += 1;
        Self(asked)
    }

    #[inline]
    fn end(self) {
        std::mem::forget(self);
    }
}

impl Drop for Look<'_> {
    fn drop(&mut self) {
        *self.0 -= 1;
    }
}
