use crate::ground::{mode::Mode, name::Name};

/// A look at a shed, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: Name,
    /// How many calls run now.
    pub in_flight: u64,
    /// How many may.
    pub max_in_flight: u64,
    /// Whether the queue stands, so that who has waited for long is refused.
    pub stands: bool,
    /// Whether it refuses.
    pub mode: Mode,
    /// Since it was made.
    pub totals: Totals,
}

/// What a shed has refused since it was made; in shadow mode, what it would have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Totals {
    /// Calls refused because of how many ran.
    pub in_flight: u64,
    /// Calls refused because they had waited for long in a queue that stood.
    pub queue: u64,
    /// Calls served although they should have been refused, because that would have been more than
    /// `max_refused_share`.
    pub spared: u64,
}
