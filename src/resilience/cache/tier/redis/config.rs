use std::time::Duration;

use crate::ground::config::{Check, ConfigError};

/// What is stored in Redis, for how long, and how processes share their loads.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// What values look like: to be changed with their type. Values of other versions are not there.
    /// Default: 1.
    pub version: u32,
    /// How long a value is stored of which nobody says so himself. Above zero. Default: an hour.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub ttl: Duration,
    /// By up to which part of it the life of a value is shortened at random when it is stored. 0 to 0.9.
    /// Default: 0.
    pub ttl_jitter: f64,
    /// The most bytes that a value may be, written down. Larger ones are not stored. 1 to 2²⁹. Default:
    /// 1 MiB.
    pub max_bytes: u32,
    /// How long a process may take for a load before another one begins it as well; above zero. `None`:
    /// each process loads for itself. Default: 10 seconds.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off::duration"))]
    pub lock: Option<Duration>,
    /// The longest that a load waits for that of another process. Default: 5 seconds.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub wait: Duration,
    /// The longest that a load may take for its value to be stored: the store knows so long what it has to
    /// compare it with. At least `lock`. Default: 10 minutes.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub longest_load: Duration,
    /// Whether this process hears what others remove. Without it, its cache has what they have removed
    /// until it expires. Default: yes.
    pub listen: bool,
    /// How often it is made sure, while nothing is heard, that anything would be. Above zero. Default: 5
    /// seconds.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub heartbeat: Duration,
}

/// A checked [`Config`]; a tier made from it cannot fail to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan(Config);

impl Config {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            version: 1,
            ttl: Duration::from_secs(60 * 60),
            ttl_jitter: 0.0,
            max_bytes: 1 << 20,
            lock: Some(Duration::from_secs(10)),
            wait: Duration::from_secs(5),
            longest_load: Duration::from_secs(10 * 60),
            listen: true,
            heartbeat: Duration::from_secs(5),
        }
    }

    /// Sets [`version`](Self::version).
    #[must_use]
    pub const fn with_version(self, version: u32) -> Self {
        Self { version, ..self }
    }

    /// Sets [`ttl`](Self::ttl).
    #[must_use]
    pub const fn with_ttl(self, ttl: Duration) -> Self {
        Self { ttl, ..self }
    }

    /// Sets [`ttl_jitter`](Self::ttl_jitter).
    #[must_use]
    pub const fn with_ttl_jitter(self, part: f64) -> Self {
        Self { ttl_jitter: part, ..self }
    }

    /// Sets [`max_bytes`](Self::max_bytes).
    #[must_use]
    pub const fn with_max_bytes(self, bytes: u32) -> Self {
        Self { max_bytes: bytes, ..self }
    }

    /// Sets [`lock`](Self::lock).
    #[must_use]
    pub const fn with_lock(self, lock: Option<Duration>) -> Self {
        Self { lock, ..self }
    }

    /// Sets [`wait`](Self::wait).
    #[must_use]
    pub const fn with_wait(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }

    /// Sets [`longest_load`](Self::longest_load).
    #[must_use]
    pub const fn with_longest_load(self, time: Duration) -> Self {
        Self { longest_load: time, ..self }
    }

    /// Sets [`listen`](Self::listen).
    #[must_use]
    pub const fn with_listen(self, listen: bool) -> Self {
        Self { listen, ..self }
    }

    /// Sets [`heartbeat`](Self::heartbeat).
    #[must_use]
    pub const fn with_heartbeat(self, every: Duration) -> Self {
        Self { heartbeat: every, ..self }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, all at once.
    pub fn parse(self) -> Result<Plan, ConfigError> {
        let mut check = Check::new("cache::tier::redis");
        check.positive("ttl", self.ttl);
        check.require((0.0..=0.9).contains(&self.ttl_jitter), "ttl_jitter", "must be 0 to 0.9");
        check.require((1..=1 << 29).contains(&self.max_bytes), "max_bytes", "must be 1 to 2^29");
        if let Some(lock) = self.lock {
            check.positive("lock", lock);
            check.require(
                lock <= self.longest_load,
                "longest_load, lock",
                "a load must not be given up before another one may begin",
            );
        }
        check.positive("longest_load", self.longest_load);
        check.positive("heartbeat", self.heartbeat);
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
