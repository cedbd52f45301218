use crate::ground::name::Name;

/// A look at what is under way, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: Name,
    /// Keys under way.
    pub in_flight: usize,
    /// Callers who wait for them.
    pub callers: u64,
    /// Since it was made.
    pub totals: Totals,
}

/// What has happened since the handle was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Totals {
    /// Calls that began work.
    pub led: u64,
    /// Calls that found it begun, and made none.
    pub followed: u64,
    /// Work that panicked.
    pub panicked: u64,
    /// Work that was dropped with the last of its callers.
    pub abandoned: u64,
    /// Calls for which there was no room.
    pub refused: u64,
}
