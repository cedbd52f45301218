use std::time::Duration;

use crate::ground::{
    config::{Check, ConfigError},
    mode::Mode,
};

/// How much is too much.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// How many calls may run at once. At least 1. Default: 1024.
    pub max_in_flight: u32,
    /// From what share of [`max_in_flight`](Self::max_in_flight) on calls are refused by chance: 0 to 1,
    /// which is not at all. Default: 0.9.
    pub ramp_from: f64,
    /// How long a call may wait, where every call does. `Duration::MAX`: as long as it likes. Default: 20 ms.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub target: Duration,
    /// How long every call must have waited longer for that to be too much. Default: 100 ms.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub interval: Duration,
    /// The largest share of the calls of the last ten seconds that may be refused; the rest is served all
    /// the same, beyond every limit. From 0 (only observe) to 1. Default: 1.
    pub max_refused_share: f64,
    /// Whether it refuses, or only counts what it would have refused. Default: enforce.
    pub mode: Mode,
}

/// A checked [`Config`]; a shed made from it cannot fail to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan(Config);

impl Config {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_in_flight: 1024,
            ramp_from: 0.9,
            target: Duration::from_millis(20),
            interval: Duration::from_millis(100),
            max_refused_share: 1.0,
            mode: Mode::Enforce,
        }
    }

    /// Sets [`max_in_flight`](Self::max_in_flight).
    #[must_use]
    pub const fn with_max_in_flight(self, calls: u32) -> Self {
        Self { max_in_flight: calls, ..self }
    }

    /// Sets [`ramp_from`](Self::ramp_from).
    #[must_use]
    pub const fn with_ramp_from(self, share: f64) -> Self {
        Self { ramp_from: share, ..self }
    }

    /// Sets [`target`](Self::target).
    #[must_use]
    pub const fn with_target(self, target: Duration) -> Self {
        Self { target, ..self }
    }

    /// Sets [`interval`](Self::interval).
    #[must_use]
    pub const fn with_interval(self, interval: Duration) -> Self {
        Self { interval, ..self }
    }

    /// Sets [`max_refused_share`](Self::max_refused_share).
    #[must_use]
    pub const fn with_max_refused_share(self, share: f64) -> Self {
        Self { max_refused_share: share, ..self }
    }

    /// Sets [`mode`](Self::mode).
    #[must_use]
    pub const fn with_mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, all at once.
    pub fn parse(self) -> Result<Plan, ConfigError> {
        let mut check = Check::new("shed");
        check.require(self.max_in_flight > 0, "max_in_flight", "must be at least 1");
        check.require((0.0..=1.0).contains(&self.ramp_from), "ramp_from", "must be 0 to 1");
        check.positive("target", self.target);
        check.positive("interval", self.interval);
        check.require(
            (0.0..=1.0).contains(&self.max_refused_share),
            "max_refused_share",
            "must be 0 to 1",
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
}

impl Default for Plan {
    /// The plan of the default config.
    fn default() -> Self {
        Self(Config::new())
    }
}
