use crate::ground::name::Name;

/// A look at a cache, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: Name,
    /// The entries it holds, expired ones with them.
    pub total_entries: u64,
    /// Those that have expired and were not cleared away yet: nobody gets them.
    pub expired_entries: u64,
    /// Those that whoever asks for them gets.
    pub active_entries: u64,
    /// How many it may hold; `None` where weight is what counts.
    pub max_entries: Option<u64>,
    /// What its entries weigh together.
    pub total_weight: u64,
    /// What they may weigh together; `None` where their number is what counts.
    pub max_weight: Option<u64>,
    /// Keys that are being loaded.
    pub loading: usize,
    /// The time to live, in whole minutes; `None` where there is none.
    pub ttl_minutes: Option<u64>,
    /// Since it was made.
    pub totals: Totals,
}

/// What a cache has done since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Totals {
    /// Keys asked for that were there.
    pub hits: u64,
    /// Keys asked for that were not, or had expired.
    pub misses: u64,
    /// Keys asked for that had expired and were given out all the same.
    pub stale: u64,
    /// Loads that came to something.
    pub loads: u64,
    /// Loads that failed.
    pub load_failures: u64,
    /// Keys asked for whose load was under way already.
    pub coalesced: u64,
    /// Loads of what was there and stale.
    pub refreshes: u64,
    /// Entries written.
    pub inserted: u64,
    /// Entries gone because there was no room.
    pub evicted: u64,
    /// Entries gone because their time was up.
    pub expired: u64,
    /// Entries taken out.
    pub removed: u64,
    /// Values that made way for another of the same key.
    pub replaced: u64,
    /// Values refused because they were heavier than everything the cache may hold.
    pub too_heavy: u64,
}

impl Totals {
    /// Which part of those asked for was there: 0 to 1, and 0 where nobody has asked.
    #[must_use]
    pub fn hit_ratio(&self) -> f64 {
        self.hits as f64 / (self.hits + self.misses).max(1) as f64
    }
}
