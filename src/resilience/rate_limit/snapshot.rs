use std::time::Duration;

use super::{
    config::Rate,
    machine::{Terms, ahead, nanos},
};
use crate::ground::{mode::Mode, name::Name};

/// A look at a limiter, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: Name,
    /// Whether it refuses.
    pub mode: Mode,
    /// How full each of its buckets is, in the order of the config.
    pub levels: Vec<Level>,
    /// How many wait for their turn.
    pub waiting: usize,
    /// Since it was made.
    pub totals: Totals,
}

/// How full a bucket is.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Level {
    /// Its quota.
    pub rate: Rate,
    /// The tokens in it.
    pub remaining: u64,
    /// After how long it will be full; zero if it is.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "reset_after_ms",
            serialize_with = "crate::ground::config::millis::whole::serialize"
        )
    )]
    pub reset_after: Duration,
}

impl Level {
    pub(super) fn of(quota: Rate, terms: Terms, word: u64, now: u64) -> Self {
        Self {
            rate: quota,
            remaining: terms.remaining(word, now),
            reset_after: Duration::from_nanos(nanos(ahead(word, now))),
        }
    }
}

/// What a limiter has decided since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Totals {
    /// Let through, at once or after a wait.
    pub admitted: u64,
    /// Refused; in shadow mode, what would have been, which is let through as well.
    pub refused: u64,
    /// Of those let through, how many have waited.
    pub waited: u64,
}
