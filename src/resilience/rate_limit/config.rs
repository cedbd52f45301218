use std::time::Duration;

use crate::ground::{
    config::{Check, ConfigError},
    mode::Mode,
    time::Clock,
};

/// So many tokens in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Rate {
    /// Tokens that come back in each period: at least 1, and at most one a nanosecond.
    pub amount: u64,
    /// The period, above zero.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub per: Duration,
    /// The most tokens there are at once: at least 1, and no more than come back in 1000 days. None:
    /// as many as `amount`.
    #[cfg_attr(feature = "serde", serde(default))]
    pub burst: Option<u64>,
}

impl Rate {
    /// So many in each period; the same number at once.
    #[must_use]
    pub const fn new(amount: u64, per: Duration) -> Self {
        Self { amount, per, burst: None }
    }

    /// So many a second.
    #[must_use]
    pub const fn per_second(amount: u64) -> Self {
        Self::new(amount, Duration::from_secs(1))
    }

    /// So many a minute.
    #[must_use]
    pub const fn per_minute(amount: u64) -> Self {
        Self::new(amount, Duration::from_secs(60))
    }

    /// So many an hour.
    #[must_use]
    pub const fn per_hour(amount: u64) -> Self {
        Self::new(amount, Duration::from_secs(3600))
    }

    /// So many in 24 hours, whenever they begin.
    #[must_use]
    pub const fn per_day(amount: u64) -> Self {
        Self::new(amount, Duration::from_secs(86_400))
    }

    /// One in each interval, and never two at once: calls evenly spaced.
    #[must_use]
    pub const fn every(interval: Duration) -> Self {
        Self::new(1, interval)
    }

    /// Sets [`burst`](Self::burst).
    #[must_use]
    pub const fn with_burst(self, burst: u64) -> Self {
        Self { burst: Some(burst), ..self }
    }

    /// The most tokens there are at once.
    #[must_use]
    pub const fn at_once(self) -> u64 {
        match self.burst {
            Some(burst) => burst,
            None => self.amount,
        }
    }

    /// Notes what is wrong with it.
    pub(super) fn check(self, check: &mut Check, field: Fields) {
        /// So long an empty bucket may take to be full again.
        const LONGEST: u128 = 1000 * 86_400 * 1_000_000_000;

        check.require(self.amount >= 1, field.amount, "must be at least 1");
        check.positive(field.per, self.per);
        check.require(
            u128::from(self.amount) <= self.per.as_nanos(),
            field.amount,
            "must be at most one a nanosecond",
        );
        check.require(self.at_once() >= 1, field.burst, "must be at least 1");
        let full_after = u128::from(self.at_once()).saturating_mul(self.per.as_nanos());
        check.require(
            full_after <= LONGEST.saturating_mul(u128::from(self.amount.max(1))),
            field.burst,
            "must come back within 1000 days",
        );
    }
}

/// What the fields of a quota are called where it stands.
#[derive(Clone, Copy)]
pub(super) struct Fields {
    amount: &'static str,
    per: &'static str,
    burst: &'static str,
}

impl Fields {
    pub(super) const RATE: Self =
        Self { amount: "rate.amount", per: "rate.per", burst: "rate.burst" };
    pub(super) const ALSO: Self =
        Self { amount: "also.amount", per: "also.per", burst: "also.burst" };
}

/// What becomes of a call for which there is no token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum WhenLimited {
    /// It is refused at once.
    #[default]
    Refuse,
    /// It waits its turn, if that comes soon enough.
    Wait,
}

/// How much may pass, and what becomes of the rest. A [`Rate`] is one. There is no default: only you
/// know.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// The quota.
    pub rate: Rate,
    /// Further quotas that every call must fit into as well, at most three. Default: none.
    #[cfg_attr(feature = "serde", serde(default))]
    pub also: Vec<Rate>,
    /// What becomes of a call for which there is no token. Default: refuse.
    #[cfg_attr(feature = "serde", serde(default))]
    pub when_limited: WhenLimited,
    /// The longest that anybody waits: `acquire`, and calls where `when_limited` is wait. Who would
    /// have to wait longer is refused at once. Default: 30 s.
    #[cfg_attr(
        feature = "serde",
        serde(default = "max_wait", with = "crate::ground::config::human")
    )]
    pub max_wait: Duration,
    /// The most that wait at once; one more is refused. Default: 10 000.
    #[cfg_attr(feature = "serde", serde(default = "max_waiting"))]
    pub max_waiting: u32,
    /// Which clock tells how full the bucket is. Default: exact.
    #[cfg_attr(feature = "serde", serde(default))]
    pub clock: Clock,
    /// Whether it refuses, or only counts what it would have refused. Default: enforce.
    #[cfg_attr(feature = "serde", serde(default))]
    pub mode: Mode,
}

/// A checked [`Config`]; a limiter made from it cannot fail to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan(Config);

/// The most further quotas.
pub(super) const MOST_ALSO: usize = 3;

const fn max_wait() -> Duration {
    Duration::from_secs(30)
}

const fn max_waiting() -> u32 {
    10_000
}

impl Config {
    /// This quota, and the defaults.
    #[must_use]
    pub const fn new(quota: Rate) -> Self {
        Self {
            rate: quota,
            also: Vec::new(),
            when_limited: WhenLimited::Refuse,
            max_wait: max_wait(),
            max_waiting: max_waiting(),
            clock: Clock::Exact,
            mode: Mode::Enforce,
        }
    }

    /// Adds a quota that every call must fit into [as well](Self::also).
    #[must_use]
    pub fn also(mut self, quota: Rate) -> Self {
        self.also.push(quota);
        self
    }

    /// Makes calls [wait](Self::when_limited) their turn, up to so long.
    #[must_use]
    pub fn with_waiting(self, max_wait: Duration) -> Self {
        Self { when_limited: WhenLimited::Wait, max_wait, ..self }
    }

    /// Sets [`when_limited`](Self::when_limited).
    #[must_use]
    pub fn with_when_limited(self, when_limited: WhenLimited) -> Self {
        Self { when_limited, ..self }
    }

    /// Sets [`max_wait`](Self::max_wait).
    #[must_use]
    pub fn with_max_wait(self, max_wait: Duration) -> Self {
        Self { max_wait, ..self }
    }

    /// Sets [`max_waiting`](Self::max_waiting).
    #[must_use]
    pub fn with_max_waiting(self, waiters: u32) -> Self {
        Self { max_waiting: waiters, ..self }
    }

    /// Sets [`clock`](Self::clock).
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Sets [`mode`](Self::mode).
    #[must_use]
    pub fn with_mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, all at once.
    pub fn parse(self) -> Result<Plan, ConfigError> {
        let mut check = Check::new("rate_limit");
        self.rate.check(&mut check, Fields::RATE);
        for quota in &self.also {
            quota.check(&mut check, Fields::ALSO);
        }
        check.require(self.also.len() <= MOST_ALSO, "also", "must be at most 3 further quotas");
        check.positive("max_wait", self.max_wait);
        check.require(self.max_waiting >= 1, "max_waiting", "must be at least 1");
        check.finish(Plan(self))
    }
}

impl From<Rate> for Config {
    fn from(quota: Rate) -> Self {
        Self::new(quota)
    }
}

impl Plan {
    /// The config it was parsed from.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.0
    }

    /// The quotas, at least one and at most four.
    pub(super) fn quotas(&self) -> impl Iterator<Item = Rate> {
        std::iter::once(self.0.rate).chain(self.0.also.iter().copied())
    }
}
