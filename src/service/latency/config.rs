use std::{collections::BTreeMap, time::Duration};

use crate::ground::{
    config::{Check, ConfigError},
    stats::MAX_BUCKETS,
};

/// The most operations a monitor may be configured for.
const MOST_OPERATIONS: u32 = 1000;

/// What is kept, for how long, and what is slow.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// The time that percentiles are of, and that passes between two alerts of one operation. At
    /// least a millisecond for each slice. Default: 60 s.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub window: Duration,
    /// The parts it slides by: 1 to 32. Memory grows with them. Default: 6.
    pub slices: u32,
    /// The most operations that are told apart: 1 to 1000. All others are recorded as `other`.
    /// Default: 64.
    pub max_operations: u32,
    /// What takes longer is slow; in a file, `"off"` for no threshold. Default: off.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off::duration"))]
    pub slow_after: Option<Duration>,
    /// The same for single operations, instead of [`slow_after`](Self::slow_after). `Duration::MAX`
    /// is never exceeded. Default: none.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human_map"))]
    pub slow_after_of: BTreeMap<String, Duration>,
}

/// A checked [`Config`]; a monitor made from it cannot fail to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan(Config);

impl Config {
    /// The last minute of at most 64 operations, none of them slow.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            window: Duration::from_secs(60),
            slices: 6,
            max_operations: 64,
            slow_after: None,
            slow_after_of: BTreeMap::new(),
        }
    }

    /// Sets [`window`](Self::window).
    #[must_use]
    pub const fn with_window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Sets [`slices`](Self::slices).
    #[must_use]
    pub const fn with_slices(mut self, slices: u32) -> Self {
        self.slices = slices;
        self
    }

    /// Sets [`max_operations`](Self::max_operations).
    #[must_use]
    pub const fn with_max_operations(mut self, operations: u32) -> Self {
        self.max_operations = operations;
        self
    }

    /// Sets [`slow_after`](Self::slow_after).
    #[must_use]
    pub const fn with_slow_after(mut self, threshold: Duration) -> Self {
        self.slow_after = Some(threshold);
        self
    }

    /// Sets the threshold of one operation, in [`slow_after_of`](Self::slow_after_of).
    #[must_use]
    pub fn with_slow_after_of(mut self, operation: impl Into<String>, threshold: Duration) -> Self {
        self.slow_after_of.insert(operation.into(), threshold);
        self
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, all at once.
    pub fn parse(self) -> Result<Plan, ConfigError> {
        let mut check = Check::new("latency");
        check.require(
            self.window >= Duration::from_millis(u64::from(self.slices.clamp(1, MAX_BUCKETS))),
            "window",
            "must be at least a millisecond for each slice",
        );
        check.require(
            (1..=MAX_BUCKETS).contains(&self.slices),
            "slices",
            format!("must be 1 to {MAX_BUCKETS}"),
        );
        check.require(
            (1..=MOST_OPERATIONS).contains(&self.max_operations),
            "max_operations",
            format!("must be 1 to {MOST_OPERATIONS}"),
        );
        if let Some(threshold) = self.slow_after {
            check.positive("slow_after", threshold);
        }
        check.require(
            self.slow_after_of.values().all(|threshold| !threshold.is_zero()),
            "slow_after_of",
            "must be above zero for every operation",
        );
        check.require(
            self.slow_after_of.len() <= self.max_operations as usize,
            "slow_after_of,max_operations",
            "must not name more operations than are told apart",
        );
        check.finish(Plan(self))
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Plan {
    /// The config it was parsed from.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.0
    }

    /// What takes this operation longer is slow.
    pub(super) fn slow_after(&self, operation: &str) -> Option<Duration> {
        self.0.slow_after_of.get(operation).copied().or(self.0.slow_after)
    }
}

impl Default for Plan {
    /// The plan of the default config.
    fn default() -> Self {
        Self(Config::new())
    }
}
