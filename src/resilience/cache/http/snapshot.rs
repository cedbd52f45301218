use crate::resilience::cache;

/// A look at what is kept of answers, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// The cache itself.
    pub cache: cache::Snapshot,
    /// Since it was made.
    pub totals: Totals,
}

/// What became of requests and answers that the cache itself knows nothing of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Totals {
    /// Requests that no answer is kept for: by their method, what they ask for, or for want of a key.
    pub passed: u64,
    /// Answers that were for nobody but whoever had asked, by what they said.
    pub private: u64,
    /// Answers whose bodies were too large, too slow, or broke off.
    pub not_whole: u64,
}
