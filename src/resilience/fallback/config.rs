use std::time::Duration;

use crate::ground::{
    config::{Check, ConfigError},
    mode::Mode,
};

/// When to fall back.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// A failure that asks to be left alone for so long or less (`Retry-After`, where the
    /// classifier reads one) is passed on as it is: whoever calls again further out waits for it.
    /// Default: zero, nothing is passed on for that.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub patience: Duration,
    /// Whether it falls back, or only counts when it would have. Default: enforce.
    pub mode: Mode,
}

/// A checked [`Config`]; a fallback made from it cannot fail to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan(Config);

/// When a failover goes on to its next provider, and what it does when there is none.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct FailoverConfig {
    /// As of [`Config::patience`].
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub patience: Duration,
    /// What to do when every provider has refused without having begun. Default: fail.
    pub when_all_open: WhenAllOpen,
    /// How many items of a stream are held while it has no content yet: 1 to 10 000. Default: 64.
    pub max_held: u32,
    /// Whether it goes on to another provider, or only counts when it would have. Default: enforce.
    pub mode: Mode,
}

/// A checked [`FailoverConfig`].
#[derive(Clone, Debug, PartialEq)]
pub struct FailoverPlan(FailoverConfig);

/// What a failover does when every provider has refused without having begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum WhenAllOpen {
    /// Fails, with the first refusal.
    #[default]
    Fail,
    /// Asks the one that is ready soonest once more, if that is now or within 20 ms.
    Probe,
    /// Waits for the one that is ready soonest, at most so long and never past the task's deadline;
    /// then asks it, and after it the others, once more.
    WaitUpTo(#[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))] Duration),
}

impl Config {
    /// Every failure falls back.
    #[must_use]
    pub const fn new() -> Self {
        Self { patience: Duration::ZERO, mode: Mode::Enforce }
    }

    /// Sets [`patience`](Self::patience).
    #[must_use]
    pub const fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Sets [`mode`](Self::mode).
    #[must_use]
    pub const fn with_mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// Checks every field. There is nothing that can be wrong with them one by one; a file can still
    /// be wrong.
    ///
    /// # Errors
    ///
    /// None today.
    pub fn parse(self) -> Result<Plan, ConfigError> {
        Check::new("fallback").finish(Plan(self))
    }
}

impl FailoverConfig {
    /// Every failure goes on to the next; when all refuse, that is the end.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            patience: Duration::ZERO,
            when_all_open: WhenAllOpen::Fail,
            max_held: 64,
            mode: Mode::Enforce,
        }
    }

    /// Sets [`patience`](Self::patience).
    #[must_use]
    pub const fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Sets [`when_all_open`](Self::when_all_open).
    #[must_use]
    pub const fn with_when_all_open(self, when_all_open: WhenAllOpen) -> Self {
        Self { when_all_open, ..self }
    }

    /// Sets [`max_held`](Self::max_held).
    #[must_use]
    pub const fn with_max_held(self, items: u32) -> Self {
        Self { max_held: items, ..self }
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
    pub fn parse(self) -> Result<FailoverPlan, ConfigError> {
        let mut check = Check::new("fallback");
        self.check(&mut check);
        check.finish(FailoverPlan(self))
    }

    /// The same, together with the providers it is for.
    pub(super) fn parse_for<'a>(
        self,
        names: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<FailoverPlan, ConfigError> {
        let mut check = Check::new("fallback");
        check_names(&mut check, names);
        self.check(&mut check);
        check.finish(FailoverPlan(self))
    }

    fn check(&self, check: &mut Check) {
        check.require(
            self.when_all_open != WhenAllOpen::WaitUpTo(Duration::ZERO),
            "when_all_open",
            "must wait longer than zero, or fail",
        );
        check.require((1..=10_000).contains(&self.max_held), "max_held", "must be 1 to 10000");
    }
}

fn check_names<'a>(check: &mut Check, names: impl Iterator<Item = &'a str> + Clone) {
    check.require(names.clone().next().is_some(), "providers", "must be at least one");
    let twice = names
        .clone()
        .enumerate()
        .any(|(at, name)| names.clone().take(at).any(|earlier| earlier == name));
    check.require(!twice, "providers", "must have names of their own");
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Default for FailoverConfig {
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

impl FailoverPlan {
    /// The config it was parsed from.
    #[must_use]
    pub const fn config(&self) -> &FailoverConfig {
        &self.0
    }
}
