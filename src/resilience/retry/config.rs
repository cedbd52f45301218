use std::time::Duration;

use crate::ground::{
    backoff::{Backoff, Jitter, Terms},
    config::{Check, ConfigError},
    mode::Mode,
};

/// How often to try, and how far apart.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// The most attempts, the first included: at least 1, `u32::MAX` for no limit. Default: 3.
    pub max_attempts: u32,
    /// How the delay grows. Default: exponential from 100 ms to 20 s.
    pub backoff: Backoff,
    /// How it is drawn within its bound. Default: full.
    pub jitter: Jitter,
    /// The longest that all attempts and waits may take before another attempt is begun. Counts from
    /// the call. Default: off; a deadline holds all the same.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off::duration"))]
    pub max_elapsed: Option<Duration>,
    /// The longest wait a backend may ask for; asked for more, it gives up. Default: 2 minutes.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub max_retry_after: Duration,
    /// Whether refusals of guards further in that never began are tried again: an open circuit, a
    /// limiter, a full bulkhead. Where they say when to come back, that is waited for. They cost the
    /// budget nothing. Default: no.
    pub retry_refusals: bool,
    /// What comes back when it gives up. Default: the last result.
    pub give_up: GiveUp,
    /// Whether it tries again, or only counts when it would, as if its budget were never empty.
    /// Default: enforce.
    pub mode: Mode,
}

/// What comes back when no further attempt is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum GiveUp {
    /// [`Refusal::Exhausted`](crate::Refusal::Exhausted) in place of a result that was worth another attempt.
    Refuse,
    /// The last result, as it is.
    #[default]
    Return,
}

/// A checked [`Config`]; a retry made from it cannot fail to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    config: Config,
    terms: Terms,
}

impl Config {
    /// Three attempts, 100 ms doubling up to 20 s, full jitter.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_attempts: 3,
            backoff: Backoff::exponential(Duration::from_millis(100), Duration::from_secs(20)),
            jitter: Jitter::Full,
            max_elapsed: None,
            max_retry_after: Duration::from_secs(120),
            retry_refusals: false,
            give_up: GiveUp::Return,
            mode: Mode::Enforce,
        }
    }

    /// Sets [`max_attempts`](Self::max_attempts).
    #[must_use]
    pub const fn with_max_attempts(self, attempts: u32) -> Self {
        Self { max_attempts: attempts, ..self }
    }

    /// Sets [`backoff`](Self::backoff).
    #[must_use]
    pub const fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// Sets [`jitter`](Self::jitter).
    #[must_use]
    pub const fn with_jitter(self, jitter: Jitter) -> Self {
        Self { jitter, ..self }
    }

    /// Sets [`max_elapsed`](Self::max_elapsed).
    #[must_use]
    pub const fn with_max_elapsed(self, at_most: Duration) -> Self {
        Self { max_elapsed: Some(at_most), ..self }
    }

    /// Sets [`max_retry_after`](Self::max_retry_after).
    #[must_use]
    pub const fn with_max_retry_after(self, at_most: Duration) -> Self {
        Self { max_retry_after: at_most, ..self }
    }

    /// Sets [`retry_refusals`](Self::retry_refusals).
    #[must_use]
    pub const fn with_retry_refusals(self, retry: bool) -> Self {
        Self { retry_refusals: retry, ..self }
    }

    /// Sets [`give_up`](Self::give_up).
    #[must_use]
    pub const fn with_give_up(self, give_up: GiveUp) -> Self {
        Self { give_up, ..self }
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
        let mut check = Check::new("retry");
        check.require(self.max_attempts > 0, "max_attempts", "must be at least 1");
        let terms = self.backoff.check(self.jitter, &mut check);
        if let Some(at_most) = self.max_elapsed {
            check.positive("max_elapsed", at_most);
        }
        check.finish(Plan { config: self, terms })
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

    pub(super) const fn terms(&self) -> Terms {
        self.terms
    }
}

impl Default for Plan {
    /// The plan of the default config.
    fn default() -> Self {
        let config = Config::new();
        let terms = Terms::new(config.backoff, config.jitter);
        Self { config, terms }
    }
}
