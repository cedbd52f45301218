use crate::ground::config::{Check, ConfigError};

/// What further attempts cost and successes bring back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// The most there is, and what there is at first: at least 1. Default: 500.
    pub capacity: u32,
    /// What a further attempt after a failure costs. Default: 14.
    pub transient: u32,
    /// What one costs after the backend has asked to be left alone. Default: 5.
    pub throttled: u32,
    /// What a call brings back that succeeds at once. Default: 1.
    pub credit: u32,
}

/// A checked [`Config`]; a quota made from it cannot fail to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan(Config);

impl Config {
    /// 500 in all; 14 for a failure, 5 for a throttled call, 1 back for a success.
    #[must_use]
    pub const fn new() -> Self {
        Self { capacity: 500, transient: 14, throttled: 5, credit: 1 }
    }

    /// Sets [`capacity`](Self::capacity).
    #[must_use]
    pub const fn with_capacity(self, capacity: u32) -> Self {
        Self { capacity, ..self }
    }

    /// Sets [`transient`](Self::transient).
    #[must_use]
    pub const fn with_transient(self, cost: u32) -> Self {
        Self { transient: cost, ..self }
    }

    /// Sets [`throttled`](Self::throttled).
    #[must_use]
    pub const fn with_throttled(self, cost: u32) -> Self {
        Self { throttled: cost, ..self }
    }

    /// Sets [`credit`](Self::credit).
    #[must_use]
    pub const fn with_credit(self, credit: u32) -> Self {
        Self { credit, ..self }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, all at once.
    pub fn parse(self) -> Result<Plan, ConfigError> {
        let mut check = Check::new("quota");
        check.require(self.capacity > 0, "capacity", "must be at least 1");
        for (field, cost) in [("transient", self.transient), ("throttled", self.throttled)] {
            let bearable = (1..=self.capacity.max(1)).contains(&cost);
            check.require(bearable, field, "must be 1 to capacity");
        }
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
