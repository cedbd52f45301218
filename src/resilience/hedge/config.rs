use std::time::Duration;

use crate::ground::{
    config::{Check, ConfigError},
    mode::Mode,
};

/// When to ask again, and how often.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// When the next attempt is started beside those that run. Default: so that two calls in a hundred
    /// are hedged.
    pub after: After,
    /// The most attempts beside the first: 1 to 10. Default: 1.
    pub max_hedges: u32,
    /// Over how long a time attempts are measured, where the delay is. Default: 1 minute.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub window: Duration,
    /// Whether it hedges, or only counts when it would, as if its budget were never empty. Default: enforce.
    pub mode: Mode,
}

/// When the next attempt is started.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum After {
    /// After so long; zero starts all at once. In a config file `{ delay = "80ms" }`.
    Delay(#[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))] Duration),
    /// So that no more than this share of calls is hedged, 0.001 to 0.5, counted in whole thousandths: the
    /// delay is measured, and is at least a millisecond. In a config file `{ extra_load = 0.02 }`.
    ExtraLoad(f64),
}

/// A checked [`Config`]; a hedge made from it cannot fail to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan(Config);

impl Config {
    /// One hedge, for two calls in a hundred.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            after: After::ExtraLoad(0.02),
            max_hedges: 1,
            window: Duration::from_secs(60),
            mode: Mode::Enforce,
        }
    }

    /// One hedge, after this long.
    #[must_use]
    pub const fn after(delay: Duration) -> Self {
        Self { after: After::Delay(delay), ..Self::new() }
    }

    /// Sets [`after`](Self::after) to this share of calls.
    #[must_use]
    pub const fn with_extra_load(self, share: f64) -> Self {
        Self { after: After::ExtraLoad(share), ..self }
    }

    /// Sets [`max_hedges`](Self::max_hedges).
    #[must_use]
    pub const fn with_max_hedges(self, hedges: u32) -> Self {
        Self { max_hedges: hedges, ..self }
    }

    /// Sets [`window`](Self::window).
    #[must_use]
    pub const fn with_window(self, window: Duration) -> Self {
        Self { window, ..self }
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
        let mut check = Check::new("hedge");
        if let After::ExtraLoad(share) = self.after {
            check.require(
                (0.001..=0.5).contains(&share),
                "after.extra_load",
                "must be 0.001 to 0.5",
            );
        }
        check.require((1..=10).contains(&self.max_hedges), "max_hedges", "must be 1 to 10");
        check.positive("window", self.window);
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
