use crate::ground::name::Name;

/// A look at a batcher, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: Name,
    /// Items that gather in the open batch.
    pub open: usize,
    /// Batches that are being sent.
    pub in_flight: usize,
    /// Callers who wait.
    pub waiting: usize,
    /// Since it was made.
    pub totals: Totals,
}

/// What has happened since the handle was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Totals {
    /// Items that callers asked for.
    pub loads: u64,
    /// Of these, those that were in the batch already.
    pub folded: u64,
    /// Calls made, those with a part of a batch among them.
    pub calls: u64,
    /// Calls that failed and were made again in halves.
    pub halved: u64,
    /// Items refused for their weight, or because too many wait.
    pub refused: u64,
}
