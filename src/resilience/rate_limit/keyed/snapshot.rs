use crate::ground::{mode::Mode, name::Name};

/// A look at a keyed limiter, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: Name,
    /// Whether it refuses.
    pub mode: Mode,
    /// Keys that have tokens missing now. Counted when it is asked, which takes as long as the table is.
    pub keys: usize,
    /// As many as are to have a bucket at once.
    pub max_keys: u32,
    /// What the table takes.
    pub bytes: usize,
    /// Since it was made.
    pub totals: Totals,
}

/// What a keyed limiter has decided since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Totals {
    /// Let through.
    pub admitted: u64,
    /// Refused; in shadow mode, what would have been, which is let through as well.
    pub refused: u64,
    /// Calls whose key found no place, let through or refused.
    pub crowded: u64,
}
