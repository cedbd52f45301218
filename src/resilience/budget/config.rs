use crate::ground::config::{Check, ConfigError};

/// How many further attempts there may be.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// Further attempts per first attempt, in the long run: 0 to 10, in thousandths. Default: 0.2.
    pub ratio: f64,
    /// Further attempts a second there may be besides; they are not kept. Default: 3.
    pub per_second: u32,
    /// The most that is kept of what was paid in, in attempts: 1 to 1 000 000. Default: 1000.
    pub max_kept: u32,
}

/// A checked [`Config`]; a budget made from it cannot fail to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan(Config);

impl Config {
    /// A fifth of the traffic, and three a second.
    #[must_use]
    pub const fn new() -> Self {
        Self { ratio: 0.2, per_second: 3, max_kept: 1000 }
    }

    /// Sets [`ratio`](Self::ratio).
    #[must_use]
    pub const fn with_ratio(self, ratio: f64) -> Self {
        Self { ratio, ..self }
    }

    /// Sets [`per_second`](Self::per_second).
    #[must_use]
    pub const fn with_per_second(self, attempts: u32) -> Self {
        Self { per_second: attempts, ..self }
    }

    /// Sets [`max_kept`](Self::max_kept).
    #[must_use]
    pub const fn with_max_kept(self, attempts: u32) -> Self {
        Self { max_kept: attempts, ..self }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, all at once.
    pub fn parse(self) -> Result<Plan, ConfigError> {
        let mut check = Check::new("budget");
        check.require((0.0..=10.0).contains(&self.ratio), "ratio", "must be 0 to 10");
        check.require((1..=1_000_000).contains(&self.max_kept), "max_kept", "must be 1 to 1000000");
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
