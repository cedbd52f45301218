use std::time::Duration;

use crate::ground::{mode::Mode, name::Name};

/// A look at a stream timeout, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: Name,
    /// The time to the first content; none if it is unlimited. In JSON `first_content_ms`.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "first_content_ms",
            serialize_with = "crate::ground::config::millis::serialize"
        )
    )]
    pub first_content: Option<Duration>,
    /// The time from content to content; none if it is unlimited. In JSON `gap_ms`.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "gap_ms", serialize_with = "crate::ground::config::millis::serialize")
    )]
    pub gap: Option<Duration>,
    /// The time to the end; none if it is unlimited. In JSON `total_ms`.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "total_ms", serialize_with = "crate::ground::config::millis::serialize")
    )]
    pub total: Option<Duration>,
    /// Whether it cuts streams off.
    pub mode: Mode,
    /// Since it was made.
    pub totals: Totals,
}

/// What a stream timeout has done since it was made; in shadow mode, what it would have done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Totals {
    /// Streams whose first content did not come in time.
    pub first_content: u64,
    /// Streams that fell silent after some content; in shadow mode, how often.
    pub gap: u64,
    /// Streams that did not end in time.
    pub total: u64,
    /// Streams during which the deadline passed.
    pub deadline_struck: u64,
    /// Streams not polled because their deadline had passed.
    pub not_started: u64,
}
