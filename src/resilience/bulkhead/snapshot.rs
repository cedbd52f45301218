use crate::ground::{mode::Mode, name::Name};

/// A look at a bulkhead, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: Name,
    /// Whether it lets calls in.
    pub state: State,
    /// Whether it refuses those for which there is no place.
    pub mode: Mode,
    /// The most that may be in flight.
    pub limit: u32,
    /// Calls in flight.
    pub in_flight: u32,
    /// The most that ever were.
    pub peak: u32,
    /// Calls that wait for a place.
    pub queued: u32,
    /// Both again, by class.
    pub classes: Classes,
    /// Since it was made.
    pub totals: Totals,
}

/// Whether a bulkhead lets calls in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum State {
    /// It does.
    Open,
    /// It does not any more, and some are still in flight.
    Draining,
    /// It does not any more, and none is in flight.
    Closed,
}

/// What each class has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Classes {
    /// Calls that matter most.
    pub critical: Share,
    /// Calls like any other.
    pub normal: Share,
    /// Calls that matter least.
    pub sheddable: Share,
}

/// What a class has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Share {
    /// Places it is sure of.
    pub sure: u32,
    /// Calls in flight.
    pub in_flight: u32,
    /// Calls that wait.
    pub queued: u32,
}

/// What a bulkhead has done since it was made; in shadow mode, what it would have done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Totals {
    /// Calls refused at once: no place, and none in the queue.
    pub full: u64,
    /// Calls that had to wait.
    pub queued: u64,
    /// Calls refused because they had waited as long as they may.
    pub expired: u64,
    /// Calls refused because a more important one took their place in the queue.
    pub shed: u64,
    /// Calls refused because their deadline passed before there was a place.
    pub deadline: u64,
    /// Calls refused because it is closed.
    pub shutting_down: u64,
}
