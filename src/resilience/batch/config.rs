use std::time::Duration;

use crate::ground::config::{Check, ConfigError};

/// How much goes in one batch, and how long it is waited for. Every field has a default.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// The most items in a batch. Default: 100.
    pub max_items: u32,
    /// The most that the items of a batch may weigh together, as [`weigh`](super::Batcher::weigh) says:
    /// tokens, bytes. What is heavier alone is refused. Default: off.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off"))]
    pub max_weight: Option<u64>,
    /// How long a batch that is not full waits for more, once somebody waits for it. Default: 5 ms. With zero it waits for nothing but
    /// its turn among [`max_in_flight`](Self::max_in_flight).
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub max_wait: Duration,
    /// The most batches that are sent at once. Whatever comes while they are gathers in the next. A batch has
    /// its turn until it ends, also while none of those who wait for it is polled. Default: 4.
    pub max_in_flight: u32,
    /// The most callers at once, whatever they wait for; each key of a `load_many` is one. Default: 10 000.
    pub max_waiting: u32,
    /// Whether a batch is run to its end by a task of its own, whoever goes away. Default: no, it is run
    /// by those who wait, and dropped with the last of them. So it is where there is no runtime.
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
        Self {
            max_items: 100,
            max_weight: None,
            max_wait: Duration::from_millis(5),
            max_in_flight: 4,
            max_waiting: 10_000,
            detached: false,
        }
    }

    /// Sets [`max_items`](Self::max_items).
    #[must_use]
    pub const fn with_max_items(self, items: u32) -> Self {
        Self { max_items: items, ..self }
    }

    /// Sets [`max_weight`](Self::max_weight).
    #[must_use]
    pub const fn with_max_weight(self, weight: u64) -> Self {
        Self { max_weight: Some(weight), ..self }
    }

    /// Sets [`max_wait`](Self::max_wait).
    #[must_use]
    pub const fn with_max_wait(self, wait: Duration) -> Self {
        Self { max_wait: wait, ..self }
    }

    /// Sets [`max_in_flight`](Self::max_in_flight).
    #[must_use]
    pub const fn with_max_in_flight(self, batches: u32) -> Self {
        Self { max_in_flight: batches, ..self }
    }

    /// Sets [`max_waiting`](Self::max_waiting).
    #[must_use]
    pub const fn with_max_waiting(self, callers: u32) -> Self {
        Self { max_waiting: callers, ..self }
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
        let mut check = Check::new("batch");
        check.require(self.max_items > 0, "max_items", "must be at least 1");
        check.require(self.max_weight != Some(0), "max_weight", "must be at least 1, or off");
        check.require(self.max_in_flight > 0, "max_in_flight", "must be at least 1");
        check.require(self.max_waiting > 0, "max_waiting", "must be at least 1");
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
