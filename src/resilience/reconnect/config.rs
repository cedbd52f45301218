use std::time::Duration;

use crate::ground::{
    backoff::{Backoff, Jitter, Terms},
    config::{Check, ConfigError},
};

/// How a connection is made, waited for and watched. Every field has a default.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// How the delay between attempts grows. Default: from 100 ms, doubling, up to 20 s. It cannot be
    /// immediate.
    pub backoff: Backoff,
    /// How the delay is drawn. Default: full.
    pub jitter: Jitter,
    /// How long one attempt may take. Default: 10 s. `Duration::MAX` is no limit.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub connect_within: Duration,
    /// How long a caller waits for a connection. Default: 10 s. `Duration::MAX` is no limit; a
    /// deadline still holds.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub wait: Duration,
    /// What becomes of callers between two attempts. Default: they wait.
    pub while_backing_off: WhileBackingOff,
    /// After how many failed attempts in a row it is down. Default: 10. Can be switched off.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off"))]
    pub max_attempts: Option<u32>,
    /// After how long without a stable connection it is down, from the first attempt; no attempt
    /// begins later than that. Default: off.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off::duration"))]
    pub max_elapsed: Option<Duration>,
    /// How long it stays down before the next caller may try again. Default: 30 s.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub down_for: Duration,
    /// How long a connection must have lasted for its loss to be no failed attempt. Default: 5 s.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub stable_after: Duration,
    /// Whether a call that broke its connection is made once more on the next one. Default: yes.
    pub call_again: bool,
    /// How long from one ping of the [`heartbeat`](super::Reconnect::heartbeat) to the next, and how
    /// long the answer to one may take. Default: 15 s.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub beat_every: Duration,
    /// After how many pings in a row without an answer the connection is given up. Default: 2.
    pub missed_beats: u32,
}

/// What becomes of callers between two attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum WhileBackingOff {
    /// They are refused at once, and told when the next attempt is due.
    Refuse,
    /// They wait for it, if it is due while they may wait.
    #[default]
    Wait,
}

/// A checked [`Config`].
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    config: Config,
    terms: Terms,
}

impl Config {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            backoff: Backoff::exponential(Duration::from_millis(100), Duration::from_secs(20)),
            jitter: Jitter::Full,
            connect_within: Duration::from_secs(10),
            wait: Duration::from_secs(10),
            while_backing_off: WhileBackingOff::Wait,
            max_attempts: Some(10),
            max_elapsed: None,
            down_for: Duration::from_secs(30),
            stable_after: Duration::from_secs(5),
            call_again: true,
            beat_every: Duration::from_secs(15),
            missed_beats: 2,
        }
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

    /// Sets [`connect_within`](Self::connect_within).
    #[must_use]
    pub const fn with_connect_within(self, limit: Duration) -> Self {
        Self { connect_within: limit, ..self }
    }

    /// Sets [`wait`](Self::wait).
    #[must_use]
    pub const fn with_wait(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }

    /// Sets [`while_backing_off`](Self::while_backing_off).
    #[must_use]
    pub const fn with_while_backing_off(self, callers: WhileBackingOff) -> Self {
        Self { while_backing_off: callers, ..self }
    }

    /// Sets [`max_attempts`](Self::max_attempts).
    #[must_use]
    pub const fn with_max_attempts(self, attempts: u32) -> Self {
        Self { max_attempts: Some(attempts), ..self }
    }

    /// Sets [`max_elapsed`](Self::max_elapsed).
    #[must_use]
    pub const fn with_max_elapsed(self, elapsed: Duration) -> Self {
        Self { max_elapsed: Some(elapsed), ..self }
    }

    /// Never down: neither attempts nor time are counted.
    #[must_use]
    pub const fn without_giving_up(self) -> Self {
        Self { max_attempts: None, max_elapsed: None, ..self }
    }

    /// Sets [`down_for`](Self::down_for).
    #[must_use]
    pub const fn with_down_for(self, down_for: Duration) -> Self {
        Self { down_for, ..self }
    }

    /// Sets [`stable_after`](Self::stable_after).
    #[must_use]
    pub const fn with_stable_after(self, stable_after: Duration) -> Self {
        Self { stable_after, ..self }
    }

    /// Sets [`call_again`](Self::call_again).
    #[must_use]
    pub const fn with_call_again(self, call_again: bool) -> Self {
        Self { call_again, ..self }
    }

    /// Sets [`beat_every`](Self::beat_every) and [`missed_beats`](Self::missed_beats).
    #[must_use]
    pub const fn with_heartbeat(self, every: Duration, missed: u32) -> Self {
        Self { beat_every: every, missed_beats: missed, ..self }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, all at once.
    pub fn parse(self) -> Result<Plan, ConfigError> {
        let mut check = Check::new("reconnect");
        check.require(
            self.backoff != Backoff::Immediate,
            "backoff",
            "must not be immediate: a server that is down would be called without a pause",
        );
        let terms = self.backoff.check(self.jitter, &mut check);
        check.positive("connect_within", self.connect_within);
        check.positive("wait", self.wait);
        check.require(self.max_attempts != Some(0), "max_attempts", "must be at least 1, or off");
        check.require(
            self.max_elapsed != Some(Duration::ZERO),
            "max_elapsed",
            "must be above zero, or off",
        );
        check.positive("down_for", self.down_for);
        check.positive("beat_every", self.beat_every);
        check.require(self.missed_beats > 0, "missed_beats", "must be at least 1");
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
