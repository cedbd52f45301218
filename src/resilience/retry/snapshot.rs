use crate::ground::{mode::Mode, name::Name};

/// A look at a retry, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: Name,
    /// The most attempts, the first included.
    pub max_attempts: u32,
    /// Whether it tries again.
    pub mode: Mode,
    /// Its budget, if it has one.
    pub budget: Option<crate::resilience::budget::Snapshot>,
    /// Its quota, if it has one instead.
    pub quota: Option<crate::resilience::budget::quota::Snapshot>,
    /// Since it was made.
    pub totals: Totals,
}

/// What a retry has done since it was made; in shadow mode, what it would have done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Totals {
    /// Further attempts.
    pub retries: u64,
    /// Calls that succeeded after all.
    pub recovered: u64,
    /// Calls given up although another attempt was worth it, by the reason.
    pub given_up: GivenUp,
}

/// Calls given up, by the reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct GivenUp {
    /// All attempts were made.
    pub attempts: u64,
    /// The budget was empty.
    pub budget: u64,
    /// The wait would have lasted beyond the task's deadline.
    pub deadline: u64,
    /// The wait would have lasted beyond `max_elapsed`.
    pub elapsed: u64,
    /// The backend asked for more than `max_retry_after`, or not to be called again.
    pub pushback: u64,
    /// The request could not be sent again.
    pub unrepeatable: u64,
}
