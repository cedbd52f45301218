use std::time::Duration;

use super::state::State;
use crate::ground::name::Name;

/// A look at a connection, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: Name,
    /// What it is doing.
    pub state: State,
    /// Attempts failed in a row, connections that broke too soon among them; counted until one was
    /// stable.
    pub failures: u32,
    /// When the next attempt is due, where there is one to wait for. In JSON `retry_after_ms`.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "retry_after_ms",
            serialize_with = "crate::ground::config::millis::serialize"
        )
    )]
    pub retry_after: Option<Duration>,
    /// Since it was made.
    pub totals: Totals,
}

/// What has happened since the handle was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Totals {
    /// Connections made.
    pub made: u64,
    /// Attempts that failed, panicked or took too long.
    pub failed: u64,
    /// Connections that broke.
    pub lost: u64,
}
