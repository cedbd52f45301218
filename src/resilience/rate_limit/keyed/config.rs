use crate::{
    ground::{
        config::{Check, ConfigError},
        mode::Mode,
    },
    resilience::rate_limit::{
        config::{Fields, Rate},
        machine::Terms,
    },
};

/// What becomes of a call whose key finds no place, because all that it may stand in are taken by keys
/// that have tokens missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum WhenCrowded {
    /// It passes: a table that strangers have filled keeps nobody out.
    #[default]
    Admit,
    /// It is refused, as if it came an interval too early.
    Refuse,
}

/// A rate for each key.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// The rate of every key, unless a tier says otherwise.
    pub rate: Rate,
    /// As many keys as are to have a bucket at once: 1 to 100 million, at 32 bytes each. Default: 100 000.
    #[cfg_attr(feature = "serde", serde(default = "max_keys"))]
    pub max_keys: u32,
    /// What becomes of a call whose key finds no place. Default: admit.
    #[cfg_attr(feature = "serde", serde(default))]
    pub when_crowded: WhenCrowded,
    /// Whether it refuses, or only counts what it would have refused. Default: enforce.
    #[cfg_attr(feature = "serde", serde(default))]
    pub mode: Mode,
}

/// A checked [`Config`]; a limiter made from it cannot fail to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan(Config);

const fn max_keys() -> u32 {
    100_000
}

impl Config {
    /// This rate for every key, and the defaults.
    #[must_use]
    pub const fn new(rate: Rate) -> Self {
        Self { rate, max_keys: max_keys(), when_crowded: WhenCrowded::Admit, mode: Mode::Enforce }
    }

    /// Sets [`max_keys`](Self::max_keys).
    #[must_use]
    pub const fn with_max_keys(self, keys: u32) -> Self {
        Self { max_keys: keys, ..self }
    }

    /// Sets [`when_crowded`](Self::when_crowded).
    #[must_use]
    pub const fn with_when_crowded(self, when_crowded: WhenCrowded) -> Self {
        Self { when_crowded, ..self }
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
        let mut check = Check::new("rate_limit::keyed");
        self.rate.check(&mut check, Fields::RATE);
        check.require(
            (1..=100_000_000).contains(&self.max_keys),
            "max_keys",
            "must be 1 to 100000000",
        );
        check.finish(Plan(self))
    }
}

impl From<Rate> for Config {
    fn from(rate: Rate) -> Self {
        Self::new(rate)
    }
}

impl Plan {
    /// The config it was parsed from.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.0
    }
}

/// A rate that has been checked, for the keys of one tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier(pub(super) Terms);

impl Tier {
    /// The tier of this rate.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the rate.
    pub fn new(rate: Rate) -> Result<Self, ConfigError> {
        let mut check = Check::new("rate_limit::keyed");
        rate.check(&mut check, Fields::RATE);
        check.finish(Self(Terms::of(rate)))
    }
}
