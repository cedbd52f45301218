use std::time::Duration;

use crate::{
    ground::config::{Check, ConfigError},
    resilience::cache::config::{Config as Kept, Plan as KeptPlan},
};

/// Which answers are kept, and how much of them. Every field has a default.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// How much is kept, and for how long. A [`Weight`](crate::cache::Bound::Weight) is in bytes. Its `ttl` is
    /// the longest an answer lives whatever it says, and how long one lives that says nothing. Default: 64 MiB,
    /// a minute.
    pub cache: Kept,
    /// The largest body that is kept, in bytes; a larger one is passed on as it comes. 1 to 2³¹. Default: 1 MiB.
    pub max_body: u64,
    /// How long a body is waited for; one that takes longer is passed on as it comes. Above zero.
    /// Default: 10 seconds.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub max_wait: Duration,
    /// The statuses of answers that are kept. 204, 300, 404, 405, 410, 414 and 501 may be, if you mean it. From
    /// 200 on, and neither 206 nor 304. Default: 200, 203, 301, 308.
    pub statuses: Vec<u16>,
    /// Whether only answers are kept that say for how long they are good. Default: no.
    pub explicit: bool,
    /// Whether requests may ask for a fresh answer (`no-cache`, `max-age`) or for none to be kept
    /// (`no-store`). Default: yes.
    pub obedient: bool,
    /// Whether cookies say nothing about who asks, so that answers are everybody's all the same. Default: no.
    pub anonymous_cookies: bool,
}

/// A checked [`Config`].
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    config: Config,
    cache: KeptPlan,
}

impl Config {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            cache: Kept::weight(64 << 20).with_ttl(Duration::from_secs(60)),
            max_body: 1 << 20,
            max_wait: Duration::from_secs(10),
            statuses: vec![200, 203, 301, 308],
            explicit: false,
            obedient: true,
            anonymous_cookies: false,
        }
    }

    /// Sets [`cache`](Self::cache).
    #[must_use]
    pub fn with_cache(self, cache: Kept) -> Self {
        Self { cache, ..self }
    }

    /// Sets [`max_body`](Self::max_body).
    #[must_use]
    pub fn with_max_body(self, bytes: u64) -> Self {
        Self { max_body: bytes, ..self }
    }

    /// Sets [`max_wait`](Self::max_wait).
    #[must_use]
    pub fn with_max_wait(self, wait: Duration) -> Self {
        Self { max_wait: wait, ..self }
    }

    /// Sets [`statuses`](Self::statuses).
    #[must_use]
    pub fn with_statuses(self, statuses: impl IntoIterator<Item = u16>) -> Self {
        Self { statuses: statuses.into_iter().collect(), ..self }
    }

    /// Sets [`explicit`](Self::explicit).
    #[must_use]
    pub fn with_explicit(self, explicit: bool) -> Self {
        Self { explicit, ..self }
    }

    /// Sets [`obedient`](Self::obedient).
    #[must_use]
    pub fn with_obedient(self, obedient: bool) -> Self {
        Self { obedient, ..self }
    }

    /// Sets [`anonymous_cookies`](Self::anonymous_cookies).
    #[must_use]
    pub fn with_anonymous_cookies(self, anonymous: bool) -> Self {
        Self { anonymous_cookies: anonymous, ..self }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, all at once; what is wrong with `cache` by the names of its fields.
    pub fn parse(self) -> Result<Plan, ConfigError> {
        let mut check = Check::new("cache::http");
        let cache = match self.cache.clone().parse() {
            Ok(cache) => cache,
            Err(error) => {
                for flaw in error.flaws() {
                    check.require(false, flaw.field, flaw.rule.clone());
                }
                KeptPlan::default()
            }
        };
        check.require(
            (1..=1 << 31).contains(&self.max_body),
            "max_body",
            "must be 1 to 2147483648 bytes",
        );
        check.positive("max_wait", self.max_wait);
        let may_be_kept =
            |status: &u16| (200..=599).contains(status) && ![206, 304].contains(status);
        check.require(
            self.statuses.iter().all(may_be_kept),
            "statuses",
            "must be from 200 to 599, and neither 206 nor 304",
        );
        check.finish(Plan { config: self, cache })
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

    pub(super) const fn cache(&self) -> &KeptPlan {
        &self.cache
    }
}

impl Default for Plan {
    /// Of the default config.
    fn default() -> Self {
        let config = Config::new();
        let cache = config.cache.clone().parse().unwrap_or_default();
        Self { config, cache }
    }
}
