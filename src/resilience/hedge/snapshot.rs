use std::time::Duration;

use crate::ground::{mode::Mode, name::Name};

/// A look at a hedge, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: Name,
    /// After how long a call is hedged now; none while that is not known. In JSON `delay_ms`.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "delay_ms", serialize_with = "crate::ground::config::millis::serialize")
    )]
    pub delay: Option<Duration>,
    /// Attempts in the window that the delay is measured by.
    pub samples: u64,
    /// Whether it hedges.
    pub mode: Mode,
    /// Its budget, if it has one.
    pub budget: Option<crate::resilience::budget::Snapshot>,
    /// Since it was made.
    pub totals: Totals,
}

/// What a hedge has done since it was made; in shadow mode, what it would have done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Totals {
    /// Hedges started because the attempts before were slow.
    pub slow: u64,
    /// Hedges started because an attempt before had failed.
    pub failed: u64,
    /// Calls that a hedge answered.
    pub wins: u64,
    /// Hedges that were due and not paid for: by the budget, or beyond the share allowed.
    pub unpaid: u64,
}
