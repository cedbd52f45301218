use std::time::Duration;

use super::state::{Counts, Reason, State};
use crate::ground::{mode::Mode, name::Name};

/// A look at a breaker, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: Name,
    /// What it is doing.
    pub state: State,
    /// Whether it refuses.
    pub mode: Mode,
    /// Why it is in this state; none if it has never been in another.
    pub reason: Option<Reason>,
    /// While open: how long until it may be probed. In JSON `retry_after_ms`.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "retry_after_ms",
            serialize_with = "crate::ground::config::millis::serialize"
        )
    )]
    pub retry_after: Option<Duration>,
    /// How often in a row it has opened without closing in between.
    pub opens: u32,
    /// The calls in the window, or the probes of a half-open circuit.
    pub counts: Counts,
    /// Since it was made.
    pub totals: Totals,
}

/// What a breaker has done since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Totals {
    /// Calls refused; in shadow mode, those that would have been.
    pub refused: u64,
    /// Changes of state.
    pub transitions: u64,
    /// Times it opened by itself.
    pub opened: u64,
    /// Times it would have opened by itself, in shadow mode.
    pub would_have_opened: u64,
}
