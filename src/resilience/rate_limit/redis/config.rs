use std::time::Duration;

use crate::{
    ground::{
        config::{Check, ConfigError},
        mode::Mode,
        redis::OnStoreFailure,
    },
    resilience::rate_limit::config::{Fields, MOST_ALSO, Rate},
};

/// How much may pass of each key, wherever it comes in, and what becomes of calls whose store cannot be
/// asked. A [`Rate`] is one. There is no default: only you know.
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
    /// The most tokens of a key that are taken out of the store at a time, to be spent here: 1 to 100 000;
    /// 1 asks for every call. Default: 1.
    #[cfg_attr(feature = "serde", serde(default = "lease"))]
    pub lease: u32,
    /// Whether a key that was refused is refused here, without asking, until its time has come.
    /// Default: no.
    #[cfg_attr(feature = "serde", serde(default))]
    pub remember_refused: bool,
    /// The most keys that something is held of here: leases, and who was refused. Further ones are asked
    /// about every time. 1 to 10 million. Default: 10 000.
    #[cfg_attr(feature = "serde", serde(default = "max_keys"))]
    pub max_keys: u32,
    /// What becomes of calls while the store cannot be asked. Default: closed.
    #[cfg_attr(feature = "serde", serde(default = "on_store_failure"))]
    pub on_store_failure: OnStoreFailure,
    /// Whether it refuses, or only counts what it would have refused. Default: enforce.
    #[cfg_attr(feature = "serde", serde(default))]
    pub mode: Mode,
}

/// A checked [`Config`]; a limiter made from it cannot fail to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan(Config);

const fn lease() -> u32 {
    1
}

const fn max_keys() -> u32 {
    10_000
}

const fn on_store_failure() -> OnStoreFailure {
    OnStoreFailure::Closed
}

impl Config {
    /// This quota, and the defaults.
    #[must_use]
    pub const fn new(quota: Rate) -> Self {
        Self {
            rate: quota,
            also: Vec::new(),
            lease: lease(),
            remember_refused: false,
            max_keys: max_keys(),
            on_store_failure: on_store_failure(),
            mode: Mode::Enforce,
        }
    }

    /// Adds a quota that every call must fit into [as well](Self::also).
    #[must_use]
    pub fn also(mut self, quota: Rate) -> Self {
        self.also.push(quota);
        self
    }

    /// Sets [`lease`](Self::lease).
    #[must_use]
    pub fn with_lease(self, tokens: u32) -> Self {
        Self { lease: tokens, ..self }
    }

    /// Sets [`remember_refused`](Self::remember_refused).
    #[must_use]
    pub fn with_remember_refused(self, remember: bool) -> Self {
        Self { remember_refused: remember, ..self }
    }

    /// Sets [`max_keys`](Self::max_keys).
    #[must_use]
    pub fn with_max_keys(self, keys: u32) -> Self {
        Self { max_keys: keys, ..self }
    }

    /// Sets [`on_store_failure`](Self::on_store_failure).
    #[must_use]
    pub fn with_on_store_failure(self, policy: OnStoreFailure) -> Self {
        Self { on_store_failure: policy, ..self }
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
        let mut check = Check::new("rate_limit::redis");
        self.rate.check(&mut check, Fields::RATE);
        for quota in &self.also {
            quota.check(&mut check, Fields::ALSO);
        }
        check.require(self.also.len() <= MOST_ALSO, "also", "must be at most 3 further quotas");
        check.require((1..=100_000).contains(&self.lease), "lease", "must be 1 to 100000");
        check.require(
            self.quotas().all(|quota| is_exact(quota, self.lease)),
            "rate.amount",
            "must be a rounder number: the store cannot count it exactly",
        );
        check.require(
            (1..=10_000_000).contains(&self.max_keys),
            "max_keys",
            "must be 1 to 10000000",
        );
        if let OnStoreFailure::Local { share } = self.on_store_failure {
            check.ratio("on_store_failure.share", share);
            if share > 0.0 && share <= 1.0 {
                let mut scaled = Check::new("rate_limit::redis");
                for quota in self.quotas() {
                    shared_out(quota, share).check(&mut scaled, Fields::RATE);
                }
                check.require(
                    scaled.finish(()).is_ok(),
                    "on_store_failure.share",
                    "must leave a token that comes back within 1000 days",
                );
            }
        }
        check.finish(Plan(self))
    }

    fn quotas(&self) -> impl Iterator<Item = Rate> {
        std::iter::once(self.rate).chain(self.also.iter().copied())
    }
}

/// Whether doubles can count parts of a microsecond of which this quota's tokens take a whole number to
/// come back, for so many tokens at once.
fn is_exact(quota: Rate, tokens: u32) -> bool {
    let (mut parts, mut per) = (u128::from(quota.amount) * 1000, quota.per.as_nanos());
    let amount = parts;
    while per != 0 {
        (parts, per) = (per, parts % per);
    }
    parts == 0 || amount / parts * u128::from(tokens.max(1)) < 1 << 53
}

/// This share of a quota: as many tokens in a longer time.
fn shared_out(quota: Rate, share: f64) -> Rate {
    let per = Duration::try_from_secs_f64(quota.per.as_secs_f64() / share).unwrap_or(Duration::MAX);
    let burst = ((quota.at_once() as f64 * share) as u64).max(1);
    Rate::new(quota.amount, per.max(quota.per)).with_burst(burst)
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
        self.0.quotas()
    }

    /// What this process may let through alone, if it is to decide.
    pub(super) fn own_share(&self) -> Option<Vec<Rate>> {
        match self.0.on_store_failure {
            OnStoreFailure::Local { share } => {
                Some(self.quotas().map(|quota| shared_out(quota, share)).collect())
            }
            OnStoreFailure::Open | OnStoreFailure::Closed => None,
        }
    }
}
