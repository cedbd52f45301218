use crate::{ground::name::Name, resilience::cache};

/// A look at a cache and the tier under it, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name: the cache's.
    pub name: Name,
    /// The cache.
    pub cache: cache::Snapshot,
    /// Whether it hears what other processes remove; `None` where the tier does not tell.
    pub listening: Option<bool>,
    /// Removed keys of which the store could not be told yet; `None` where there are too many to count.
    pub owed: Option<usize>,
    /// Since it was made.
    pub totals: Totals,
}

/// What has passed between a cache and its tier since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Totals {
    /// Keys that were there.
    pub hits: u64,
    /// Keys that were not.
    pub misses: u64,
    /// Keys for which there was something that nobody understands; misses as well.
    pub undecodable: u64,
    /// Values stored.
    pub stored: u64,
    /// Values not stored because they were out of date by then.
    pub outdated: u64,
    /// Values not stored because they were too large, or could not be written down.
    pub too_large: u64,
    /// Times the store could not be asked, or answered with an error.
    pub failed: u64,
    /// Times it did not answer in time.
    pub timed_out: u64,
    /// Claims to load a key that were won at once.
    pub claimed: u64,
    /// Claims at the end of which somebody else had loaded it.
    pub waited: u64,
    /// Claims whose holder took too long.
    pub gave_up: u64,
    /// Loads that were dropped before they came to anything.
    pub abandoned: u64,
    /// Keys that other processes have removed.
    pub heard: u64,
    /// Times something may have been missed, so that the cache was emptied.
    pub gaps: u64,
    /// Times it began to listen.
    pub connected: u64,
}
