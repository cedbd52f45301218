use crate::ground::config::{Check, ConfigError};

/// How much may be under way, and what becomes of it when everybody has gone. Every field has a default.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// The most keys under way at once; a call for another is refused. Default: 65 536.
    pub max_in_flight: u32,
    /// The most callers of one key at once, the first of them included. Default: 65 536.
    pub max_callers: u32,
    /// Whether work is run to its end by a task of its own, whoever goes away. Default: no, it is run by
    /// those who wait, and dropped with the last of them. So it is where there is no runtime.
    pub detached: bool,
}

/// A checked [`Config`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    config: Config,
}

impl Config {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self { max_in_flight: 65_536, max_callers: 65_536, detached: false }
    }

    /// Sets [`max_in_flight`](Self::max_in_flight).
    #[must_use]
    pub const fn with_max_in_flight(self, keys: u32) -> Self {
        Self { max_in_flight: keys, ..self }
    }

    /// Sets [`max_callers`](Self::max_callers).
    #[must_use]
    pub const fn with_max_callers(self, callers: u32) -> Self {
        Self { max_callers: callers, ..self }
    }

    /// Sets [`detached`](Self::detached).
    #[must_use]
    pub const fn with_detached(self, detached: bool) -> Self {
        Self { detached, ..self }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, all at once.
    pub fn parse(self) -> Result<Plan, ConfigError> {
        let mut check = Check::new("single_flight");
        check.require(self.max_in_flight > 0, "max_in_flight", "must be at least 1");
        check.require(self.max_callers > 0, "max_callers", "must be at least 1");
        check.finish(Plan { config: self })
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
        &self.config
    }
}

impl Default for Plan {
    /// Of the default config.
    fn default() -> Self {
        Self { config: Config::new() }
    }
}
