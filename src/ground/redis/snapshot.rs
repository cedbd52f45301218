use std::time::Duration;

use crate::ground::name::Name;

/// A look at a Redis handle, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: Name,
    /// Whether there is a connection now.
    pub connected: bool,
    /// For how long it has been down; none if it is not known to be.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "down_for_ms", serialize_with = "crate::ground::config::millis::serialize")
    )]
    pub down_for: Option<Duration>,
    /// Since the handle was made.
    pub totals: Totals,
}

/// What a Redis handle has done since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Totals {
    /// Commands sent: round trips.
    pub sent: u64,
    /// Connections made.
    pub connected: u64,
    /// Scripts sent because the server did not know them.
    pub scripts_loaded: u64,
    /// Calls without an answer in time.
    pub timed_out: u64,
    /// Calls whose connection failed, or could not be made.
    pub disconnected: u64,
    /// Calls that were answered with an error.
    pub rejected: u64,
    /// Calls that were not made, because the server was known to be down.
    pub skipped: u64,
    /// How often it went down.
    pub outages: u64,
    /// How often it came back.
    pub recoveries: u64,
}
