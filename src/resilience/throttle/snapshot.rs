use crate::ground::{mode::Mode, name::Name};

/// A look at a throttle, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: Name,
    /// The share of calls that it refuses now: 0 to 1.
    pub share: f64,
    /// Whether it refuses.
    pub mode: Mode,
    /// The calls in the window.
    pub counts: Counts,
    /// Since it was made.
    pub totals: Totals,
}

/// What became of the calls in the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Counts {
    /// All that count: the sum of the others.
    pub requests: u64,
    /// Those that the backend took.
    pub accepted: u64,
    /// Those that it did not.
    pub failed: u64,
    /// Those that were refused here.
    pub refused: u64,
    /// Those that have been in flight for too long.
    pub unanswered: u64,
}

/// What a throttle has done since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Totals {
    /// Calls refused; in shadow mode, those that would have been.
    pub refused: u64,
}
