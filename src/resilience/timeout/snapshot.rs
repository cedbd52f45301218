use std::time::Duration;

use crate::ground::{mode::Mode, name::Name};

/// A look at a timeout, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: Name,
    /// The time a call is given; none if it is unlimited. In JSON `limit_ms`.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "limit_ms", serialize_with = "crate::ground::config::millis::serialize")
    )]
    pub limit: Option<Duration>,
    /// Whether it cuts calls off.
    pub mode: Mode,
    /// Since it was made.
    pub totals: Totals,
}

/// What a timeout has done since it was made; in shadow mode, what it would have done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Totals {
    /// Calls that took longer than the limit.
    pub timed_out: u64,
    /// Calls during which their deadline passed.
    pub deadline_struck: u64,
    /// Calls not started because their deadline had passed.
    pub not_started: u64,
    /// Calls served although their deadline had passed, because refusing them too would have been
    /// more than `max_refused_share`.
    pub late: u64,
}
