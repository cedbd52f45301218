use std::{fmt, time::Duration};

use crate::ground::time::Instant;

/// What a circuit is doing.
///
/// Nothing happens to a circuit while nobody asks it anything: one whose interval is over is half-open
/// once the next call comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum State {
    /// Lets every call through and counts.
    Closed,
    /// Switched off: lets every call through, counts nothing.
    Disabled,
    /// Forced open until somebody says otherwise.
    ForcedOpen,
    /// Lets a few probes through to see.
    HalfOpen,
    /// Taken out of service until somebody says otherwise.
    Isolated,
    /// Refuses until its interval is over.
    Open,
    /// Has just closed: counts, and lets a rising share of the calls through.
    Ramping,
}

impl State {
    /// As in snapshots and metric labels: `closed`, `half_open`, ….
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Disabled => "disabled",
            Self::ForcedOpen => "forced_open",
            Self::HalfOpen => "half_open",
            Self::Isolated => "isolated",
            Self::Open => "open",
            Self::Ramping => "ramping",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a circuit changed its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Reason {
    /// Too many failures in a row.
    ConsecutiveFailures,
    /// Somebody disabled it.
    Disabled,
    /// Too large a share of the calls failed.
    FailureRatio,
    /// Somebody forced it open.
    Forced,
    /// The open interval is over.
    IntervalOver,
    /// Somebody isolated it.
    Isolated,
    /// Probes failed.
    ProbesFailed,
    /// Probes succeeded.
    ProbesSucceeded,
    /// Every call passes again.
    RampOver,
    /// It was given a config under which it cannot stay as it was.
    Reconfigured,
    /// Somebody reset it.
    Reset,
    /// Too large a share of the calls was slow.
    SlowRatio,
    /// Too large a share of the calls failed softly.
    SoftFailureRatio,
}

impl Reason {
    /// As in snapshots and metric labels: `failure_ratio`, `probes_failed`, ….
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConsecutiveFailures => "consecutive_failures",
            Self::Disabled => "disabled",
            Self::FailureRatio => "failure_ratio",
            Self::Forced => "forced",
            Self::IntervalOver => "interval_over",
            Self::Isolated => "isolated",
            Self::ProbesFailed => "probes_failed",
            Self::ProbesSucceeded => "probes_succeeded",
            Self::RampOver => "ramp_over",
            Self::Reconfigured => "reconfigured",
            Self::Reset => "reset",
            Self::SlowRatio => "slow_ratio",
            Self::SoftFailureRatio => "soft_failure_ratio",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One change of state, with what led to it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Transition {
    /// The state before.
    pub from: State,
    /// The state after.
    pub to: State,
    /// Why.
    pub reason: Reason,
    /// When.
    pub at: Instant,
    /// For how long, where it opened for a time.
    pub open_for: Option<Duration>,
    /// How often in a row it has opened by itself without closing in between, this time included.
    pub opens: u32,
    /// The calls that were counted when it happened.
    pub counts: Counts,
    /// It did not happen: the breaker is in shadow mode and only tells what it would have done.
    pub shadow: bool,
    /// How many transitions before this one the subscriber was too slow to see.
    pub missed: u64,
}

/// Calls counted: those in the window, or the probes of a half-open circuit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Counts {
    /// All of them. Zero where no rule looks at a window.
    pub calls: u64,
    /// Those that failed.
    pub failures: u64,
    /// Those that failed softly.
    pub soft_failures: u64,
    /// Those that were slow.
    pub slow: u64,
    /// Failures in a row, up to now.
    pub consecutive_failures: u32,
}
