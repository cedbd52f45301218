use std::time::Duration;

use super::config::Algorithm;
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
    /// How it finds that limit, if it does.
    pub adaptive: Option<Adapting>,
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

/// How a bulkhead finds its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Adapting {
    /// By which algorithm; none if it is [somebody's own](super::Bulkhead::limited_by).
    pub algorithm: Option<Algorithm>,
    /// The least that it shrinks to.
    pub min: u32,
    /// The most that it grows to.
    pub max: u32,
    /// What it has found; it holds unless the limit is pinned.
    pub found: u32,
    /// Whether the limit was [set by hand](super::Bulkhead::set_limit), and stays as it is.
    pub pinned: bool,
    /// What a call takes that waits for no other, as far as that is known; in milliseconds.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "baseline_ms", with = "crate::ground::config::millis::exact")
    )]
    pub baseline: Option<Duration>,
    /// Of so many calls one is measured: 1 unless there are thousands a second.
    pub one_in: u32,
    /// Calls that it goes by.
    pub samples: u64,
    /// Those of them that were dropped.
    pub drops: u64,
    /// Calls that were measured and say nothing: cancelled, never begun, begun before the limit was set.
    pub ignored: u64,
    /// Calls that were measured and ended just when another was heard.
    pub missed: u64,
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
