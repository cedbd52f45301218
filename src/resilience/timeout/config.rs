use std::time::Duration;

use crate::ground::{
    config::{Check, ConfigError},
    mode::Mode,
};

/// How long a call may take. A `Duration` is one:
///
/// ```
/// # use buttress::timeout::{Config, Timeout};
/// # use std::time::Duration;
/// let plain = Timeout::new("search", Duration::from_secs(10))?;
/// let guarded = Timeout::new("search", Config::new(Duration::from_secs(10)).with_max_refused_share(0.2))?;
/// # Ok::<_, buttress::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// The time a call is given, from the end of its first poll, to the millisecond (tokio's timers
    /// are no finer, and round up). No default: only you know.
    /// `Duration::MAX` is no limit and sets no timer; a deadline still holds.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub limit: Duration,
    /// The largest share of the calls of the last ten seconds, of those that came with a deadline,
    /// that may be refused because it had passed; the rest is served all the same. From 0 (only
    /// observe) to 1. Default: 1, right where deadlines are set in this process.
    #[cfg_attr(feature = "serde", serde(default = "all"))]
    pub max_refused_share: f64,
    /// Whether it cuts calls off, or only counts those it would have. Default: enforce.
    #[cfg_attr(feature = "serde", serde(default))]
    pub mode: Mode,
}

/// A checked [`Config`]; a timeout made from it cannot fail to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan(Config);

impl Config {
    /// This limit, and the defaults.
    #[must_use]
    pub const fn new(limit: Duration) -> Self {
        Self { limit, max_refused_share: all(), mode: Mode::Enforce }
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
        let mut check = Check::new("timeout");
        check.positive("limit", self.limit);
        check.require(
            (0.0..=1.0).contains(&self.max_refused_share),
            "max_refused_share",
            "must be 0 to 1",
        );
        check.finish(Plan(self))
    }
}

const fn all() -> f64 {
    1.0
}

impl From<Duration> for Config {
    fn from(limit: Duration) -> Self {
        Self::new(limit)
    }
}

impl Plan {
    /// The config it was parsed from.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.0
    }
}
