mod adaptive;

use std::time::Duration;

pub use self::adaptive::{Adaptive, Algorithm};
use crate::ground::{
    config::{Check, ConfigError},
    mode::Mode,
};

/// The most that can be in flight at once, and the most that can wait.
pub(super) const MOST: u32 = (1 << 20) - 1;

/// How many calls at once, and who waits for a place.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// The most calls in flight: 1 to 1 048 575; where the limit is [adaptive](Self::adaptive), how many
    /// at first. To let nobody in, [`close`](super::Bulkhead::close) it. Default: 1024.
    pub limit: u32,
    /// How the limit finds itself. Default: it does not, it stays as it is.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub adaptive: Option<Adaptive>,
    /// How many more may wait for a place: up to 1 048 575. Default: none, whoever finds no place is
    /// refused.
    pub queue: u32,
    /// The longest that a call waits; never longer than its deadline leaves. Default: 1 s.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub wait: Duration,
    /// Who of a class is served first. Default: who has waited longest.
    pub order: Order,
    /// What share of the limit each class is sure of. Default: none is sure of any.
    pub shares: Shares,
    /// Whether it refuses. Default: enforce.
    pub mode: Mode,
}

/// In which order those who wait are served, within a class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Order {
    /// First come, first served.
    #[default]
    Fifo,
    /// Last come, first served: in a long overload those who are served have waited little, and those
    /// who have waited long, whose callers have likely gone, are the ones whose time runs out.
    Lifo,
}

/// What share of the limit the calls of a class are sure of, however many others there are.
///
/// A share that its class does not use is there for everybody. When the class comes back for it, it is
/// let in at once: **then more are in flight than the limit**, by at most the shares that others had
/// taken. What must never be exceeded needs a limit without shares.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
pub struct Shares {
    /// Of [`Class::Critical`](super::Class::Critical), between 0 and 1.
    pub critical: f64,
    /// Of [`Class::Normal`](super::Class::Normal).
    pub normal: f64,
    /// Of [`Class::Sheddable`](super::Class::Sheddable).
    pub sheddable: f64,
}

/// A checked [`Config`]; a bulkhead made from it cannot fail to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    config: Config,
}

impl Config {
    /// 1024 in flight, and nobody waits.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            limit: 1024,
            adaptive: None,
            queue: 0,
            wait: Duration::from_secs(1),
            order: Order::Fifo,
            shares: Shares::NONE,
            mode: Mode::Enforce,
        }
    }

    /// Sets [`limit`](Self::limit).
    #[must_use]
    pub const fn with_limit(self, limit: u32) -> Self {
        Self { limit, ..self }
    }

    /// Sets [`adaptive`](Self::adaptive).
    #[must_use]
    pub const fn with_adaptive(self, adaptive: Adaptive) -> Self {
        Self { adaptive: Some(adaptive), ..self }
    }

    /// Sets [`queue`](Self::queue) and [`wait`](Self::wait).
    #[must_use]
    pub const fn with_queue(self, at_most: u32, wait: Duration) -> Self {
        Self { queue: at_most, wait, ..self }
    }

    /// Sets [`order`](Self::order).
    #[must_use]
    pub const fn with_order(self, order: Order) -> Self {
        Self { order, ..self }
    }

    /// Sets [`shares`](Self::shares).
    #[must_use]
    pub const fn with_shares(self, shares: Shares) -> Self {
        Self { shares, ..self }
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
        let mut check = Check::new("bulkhead");
        check_limit(self.limit, &mut check);
        if let Some(adaptive) = &self.adaptive {
            adaptive.check(self.limit, &mut check);
        }
        check.require(self.queue <= MOST, "queue", "must be at most 1048575");
        check.require(
            self.queue == 0 || !self.wait.is_zero(),
            "wait",
            "must be above zero where calls may wait",
        );
        let shares = self.shares.by_class();
        let each = shares.iter().all(|share| (0.0..=1.0).contains(share));
        check.require(each, "shares", "must each be 0 to 1");
        // Thirds and tenths do not add up to the last bit.
        let sum: f64 = shares.iter().sum();
        check.require(!each || sum <= 1.0 + 1e-9, "shares", "must be at most 1 together");
        check.finish(Plan { config: self })
    }
}

/// The one rule of a limit, which can also be set alone.
pub(super) fn check_limit(limit: u32, check: &mut Check) {
    check.require((1..=MOST).contains(&limit), "limit", "must be 1 to 1048575");
}

impl Shares {
    /// No class is sure of any.
    pub const NONE: Self = Self { critical: 0.0, normal: 0.0, sheddable: 0.0 };

    /// In the order of importance.
    pub(super) const fn by_class(&self) -> [f64; 3] {
        [self.critical, self.normal, self.sheddable]
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Plan {
    /// The config it was made from.
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
