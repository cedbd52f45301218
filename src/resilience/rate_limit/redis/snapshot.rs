use crate::ground::{mode::Mode, name::Name};

/// A look at a limiter whose buckets are in a store, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: Name,
    /// Whether it refuses.
    pub mode: Mode,
    /// Whether the store can be asked, as far as is known.
    pub store_is_up: bool,
    /// Keys that something is held of here.
    pub keys: usize,
    /// The most of them.
    pub max_keys: u32,
    /// What this process has decided since the limiter was made.
    pub totals: Totals,
}

/// What a limiter of this process has decided since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Totals {
    /// Let through.
    pub admitted: u64,
    /// Refused; in shadow mode, what would have been, which is let through as well.
    pub refused: u64,
    /// Answers of the store: one for each decision that was not made here.
    pub asked: u64,
    /// Tokens that were taken out of the store to be spent here.
    pub granted: u64,
    /// Calls that were let through with such tokens.
    pub leased: u64,
    /// Calls refused without asking, because the key was known to have no tokens.
    pub remembered: u64,
    /// Calls whose key found no room here, and was asked about instead.
    pub crowded: u64,
    /// Calls let through because the store could not be asked.
    pub open: u64,
    /// Calls refused because the store could not be asked.
    pub closed: u64,
    /// Calls decided by this process alone, because the store could not be asked.
    pub local: u64,
}
