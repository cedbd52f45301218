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
