use std::time::Duration;

use crate::ground::{
    config::{Check, ConfigError},
    mode::Mode,
};

/// When to hold calls back, and how many of them.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// How many requests may be made for each that is accepted before any is held back: K. 1 to 100.
    /// At 2 a backend that takes half of what it is sent gets everything; nearer to 1 it is spared
    /// sooner, and its recovery is seen later. 1 / 0.95 throttles below 95 % of success. Default: 2.
    pub multiplier: f64,
    /// How long a call is remembered; at least 24 ms. Default: 2 minutes.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub window: Duration,
    /// With fewer requests in the window nothing is held back. At least 1. Default: 20.
    pub min_requests: u32,
    /// How steeply the share refused rises once it is above zero: 1 by the formula, 2 by the square root
    /// of what the formula says. 1 to 10. Default: 1.
    pub aggression: f64,
    /// The largest share of calls that may be refused; the others go on as probes. From 0 (only
    /// observe) to 1. Default: 0.8.
    pub max_refused_share: f64,
    /// A call that has been in flight this long counts as not accepted until it has an answer: at the
    /// earliest then, at the latest a 24th of the window after. Zero: from its start, by which any burst is
    /// an outage. Longer than the window: never. Default: 10 seconds.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub unanswered_after: Duration,
    /// Whether it refuses, or only counts what it would have refused. Default: enforce.
    pub mode: Mode,
}

/// A checked [`Config`]; a throttle made from it cannot fail to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan(Config);

/// Into how many buckets the window is cut.
pub(super) const BUCKETS: u32 = 24;

/// How many of them are the recent ones, by which a recovery is seen.
pub(super) const RECENT: u32 = BUCKETS / 4;

impl Config {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            multiplier: 2.0,
            window: Duration::from_secs(120),
            min_requests: 20,
            aggression: 1.0,
            max_refused_share: 0.8,
            unanswered_after: Duration::from_secs(10),
            mode: Mode::Enforce,
        }
    }

    /// Sets [`multiplier`](Self::multiplier).
    #[must_use]
    pub const fn with_multiplier(self, requests: f64) -> Self {
        Self { multiplier: requests, ..self }
    }

    /// Sets [`window`](Self::window).
    #[must_use]
    pub const fn with_window(self, window: Duration) -> Self {
        Self { window, ..self }
    }

    /// Sets [`min_requests`](Self::min_requests).
    #[must_use]
    pub const fn with_min_requests(self, requests: u32) -> Self {
        Self { min_requests: requests, ..self }
    }

    /// Sets [`aggression`](Self::aggression).
    #[must_use]
    pub const fn with_aggression(self, aggression: f64) -> Self {
        Self { aggression, ..self }
    }

    /// Sets [`max_refused_share`](Self::max_refused_share).
    #[must_use]
    pub const fn with_max_refused_share(self, share: f64) -> Self {
        Self { max_refused_share: share, ..self }
    }

    /// Sets [`unanswered_after`](Self::unanswered_after).
    #[must_use]
    pub const fn with_unanswered_after(self, after: Duration) -> Self {
        Self { unanswered_after: after, ..self }
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
        let mut check = Check::new("throttle");
        check.require((1.0..=100.0).contains(&self.multiplier), "multiplier", "must be 1 to 100");
        check.require(
            self.window >= Duration::from_millis(u64::from(BUCKETS)),
            "window",
            "must be at least 24 ms",
        );
        check.require(self.min_requests > 0, "min_requests", "must be at least 1");
        check.require((1.0..=10.0).contains(&self.aggression), "aggression", "must be 1 to 10");
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
