use crate::ground::{mode::Mode, name::Name};

/// A look at a fallback, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: Name,
    /// Whether it falls back.
    pub mode: Mode,
    /// Since it was made.
    pub totals: Totals,
}

/// How often a fallback was used, by cause; in shadow mode, how often it would have been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Totals {
    /// Because the call failed.
    pub error: u64,
    /// Because it took too long.
    pub timed_out: u64,
    /// Because a guard had no place for it.
    pub rejected: u64,
    /// Because a circuit was open.
    pub short_circuited: u64,
    /// Of all these, those in which the fallback had no good answer either.
    pub failed: u64,
    /// Failures after the task's deadline, for which nothing was begun any more.
    pub too_late: u64,
}

/// A look at a failover.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct FailoverSnapshot {
    /// Its name.
    pub name: Name,
    /// Whether it goes on to another provider.
    pub mode: Mode,
    /// The providers, in order.
    pub providers: Vec<Provider>,
    /// Since it was made.
    pub totals: FailoverTotals,
}

/// What one provider of a failover has done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Provider {
    /// Its name.
    pub name: Name,
    /// Calls it gave a good answer to.
    pub served: u64,
}

/// How often a provider was passed over for the next, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct FailoverTotals {
    /// Because the call failed.
    pub error: u64,
    /// Because it took too long.
    pub timed_out: u64,
    /// Because a guard had no place for it.
    pub rejected: u64,
    /// Because its circuit was open.
    pub short_circuited: u64,
    /// Calls that nobody had a good answer to.
    pub failed: u64,
    /// Calls given up because their deadline had passed.
    pub too_late: u64,
    /// Calls that waited for the provider that was ready soonest, every one having refused.
    pub waited: u64,
}
