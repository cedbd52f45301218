use std::time::Duration;

use crate::ground::{
    config::{Check, ConfigError},
    time::Clock,
};

/// How much a cache may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Bound {
    /// So many entries.
    Entries(u64),
    /// Entries of so much weight together, as the cache's
    /// [weigher](super::Cache::with_weigher) says; each weighs 1 where there is none.
    Weight(u64),
}

/// Who goes when there is no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Eviction {
    /// Whoever is least likely to be asked for again: new keys prove themselves first, and whether those
    /// asked for often or those asked for lately are to stay is found out as it runs.
    #[default]
    Admission,
    /// Whoever was not asked for the longest, exactly. All entries then stand behind one lock.
    Lru,
}

/// Whether callers get what a cache holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum CacheMode {
    /// They do.
    #[default]
    Enabled,
    /// They do not, but it is filled, and counts who would have got something. For learning what a cache
    /// would save, and whether its keys say enough, before anybody is given an old answer. What is loaded
    /// while there is something leaves that as it is, so that it grows as old as it would otherwise.
    Shadow,
    /// They do not, and nothing new is put in; what is there stays, unless there is news of it. For when what
    /// it holds is in doubt.
    Disabled,
}

/// How much a cache holds, and for how long.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// How much it may hold: at least 1, at most 2³¹ entries. Default: 10 000 entries.
    pub bound: Bound,
    /// Who goes when there is no room. Default: admission.
    pub eviction: Eviction,
    /// How long an entry is there after it was written. Above zero. Default: off, for ever.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off::duration"))]
    pub ttl: Option<Duration>,
    /// How long an entry is there after it was last asked for. Above zero. Default: off.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off::duration"))]
    pub idle: Option<Duration>,
    /// By up to which part of it a time to live is shortened at random, so that what was written together
    /// does not expire together. 0 to 0.9. Default: 0.
    pub ttl_jitter: f64,
    /// An entry older than this is stale: good enough to be given out, old enough to be loaded anew.
    /// Below `ttl`. Default: off.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off::duration"))]
    pub stale_after: Option<Duration>,
    /// How long an entry that has expired is kept, to be the answer where a load fails. Default: zero.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub grace: Duration,
    /// How long a load that has failed is remembered: whoever asks meanwhile gets its error, and nothing is
    /// loaded. Above zero. Default: off.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off::duration"))]
    pub negative_ttl: Option<Duration>,
    /// Whether a load is run to its end by a task of its own, whoever goes away. Default: no, it is run by
    /// those who wait for it, and dropped with the last of them.
    pub detached: bool,
    /// Which clock tells whether an entry has expired. By the coarse one, an entry may be gone a tick
    /// (1–10 ms) early; it is never there too late. Default: coarse.
    pub clock: Clock,
    /// Whether callers get what it holds. If they do not, whatever is asked for is missing, and is loaded: once
    /// still for all who ask at the same time. Default: enabled.
    pub mode: CacheMode,
}

/// A checked [`Config`]; a cache made from it cannot fail to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan(Config);

impl Config {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bound: Bound::Entries(10_000),
            eviction: Eviction::Admission,
            ttl: None,
            idle: None,
            ttl_jitter: 0.0,
            stale_after: None,
            grace: Duration::ZERO,
            negative_ttl: None,
            detached: false,
            clock: Clock::Coarse,
            mode: CacheMode::Enabled,
        }
    }

    /// So many entries, and the defaults.
    #[must_use]
    pub const fn entries(entries: u64) -> Self {
        Self::new().with_bound(Bound::Entries(entries))
    }

    /// Entries of so much weight together, and the defaults.
    #[must_use]
    pub const fn weight(weight: u64) -> Self {
        Self::new().with_bound(Bound::Weight(weight))
    }

    /// Sets [`bound`](Self::bound).
    #[must_use]
    pub const fn with_bound(self, bound: Bound) -> Self {
        Self { bound, ..self }
    }

    /// Sets [`eviction`](Self::eviction).
    #[must_use]
    pub const fn with_eviction(self, eviction: Eviction) -> Self {
        Self { eviction, ..self }
    }

    /// Sets [`ttl`](Self::ttl).
    #[must_use]
    pub const fn with_ttl(self, ttl: Duration) -> Self {
        Self { ttl: Some(ttl), ..self }
    }

    /// Sets [`idle`](Self::idle).
    #[must_use]
    pub const fn with_idle(self, idle: Duration) -> Self {
        Self { idle: Some(idle), ..self }
    }

    /// Sets [`ttl_jitter`](Self::ttl_jitter).
    #[must_use]
    pub const fn with_ttl_jitter(self, part: f64) -> Self {
        Self { ttl_jitter: part, ..self }
    }

    /// Sets [`stale_after`](Self::stale_after).
    #[must_use]
    pub const fn with_stale_after(self, age: Duration) -> Self {
        Self { stale_after: Some(age), ..self }
    }

    /// Sets [`grace`](Self::grace).
    #[must_use]
    pub const fn with_grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }

    /// Sets [`negative_ttl`](Self::negative_ttl).
    #[must_use]
    pub const fn with_negative_ttl(self, ttl: Duration) -> Self {
        Self { negative_ttl: Some(ttl), ..self }
    }

    /// Sets [`detached`](Self::detached).
    #[must_use]
    pub const fn with_detached(self, detached: bool) -> Self {
        Self { detached, ..self }
    }

    /// Sets [`clock`](Self::clock).
    #[must_use]
    pub const fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Sets [`mode`](Self::mode).
    #[must_use]
    pub const fn with_mode(self, mode: CacheMode) -> Self {
        Self { mode, ..self }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, all at once.
    pub fn parse(self) -> Result<Plan, ConfigError> {
        const MOST: u64 = 1 << 31;

        let mut check = Check::new("cache");
        match self.bound {
            Bound::Entries(entries) => {
                check.require(
                    (1..=MOST).contains(&entries),
                    "bound",
                    "must be 1 to 2147483648 entries",
                );
            }
            Bound::Weight(weight) => {
                check.require(weight > 0, "bound", "must be a weight of at least 1")
            }
        }
        for (field, time) in [
            ("ttl", self.ttl),
            ("idle", self.idle),
            ("stale_after", self.stale_after),
            ("negative_ttl", self.negative_ttl),
        ] {
            if let Some(time) = time {
                check.positive(field, time);
            }
        }
        check.require((0.0..=0.9).contains(&self.ttl_jitter), "ttl_jitter", "must be 0 to 0.9");
        if let (Some(ttl), Some(stale)) = (self.ttl, self.stale_after) {
            check.require(
                stale < ttl,
                "stale_after, ttl",
                "an entry must be stale before it expires",
            );
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

/// Caches that others have found right.
pub mod presets {
    use super::{Bound, Config, Duration, Eviction};

    /// Answers of a service that looks things up for people: 100 of them, for 15 minutes. What somebody
    /// asked about they ask about again within minutes; what is older is looked up again.
    pub const ANSWERS: Config =
        Config::entries(100).with_eviction(Eviction::Lru).with_ttl(Duration::from_secs(15 * 60));

    /// Results of searches: 256 of them, for 30 minutes. A search is dearer than an answer, and what it
    /// searches changes less often.
    pub const SEARCH: Config = Config::new()
        .with_bound(Bound::Entries(256))
        .with_eviction(Eviction::Lru)
        .with_ttl(Duration::from_secs(30 * 60));

    /// Embeddings: a text's never changes while the model stays the same (make its name a part of the
    /// key), so they go for want of room and by nothing else. 64 MiB of 32-bit numbers are some 16 000
    /// vectors of 1 024, if a [weigher](crate::cache::Cache::with_weigher) says what each weighs in bytes.
    pub const EMBEDDINGS: Config = Config::weight(64 << 20);

    /// What is known of people who are signed in: 100 000 of them, each until 30 minutes after they were
    /// last seen, and no longer than 12 hours; somebody has to look again then whether they may.
    pub const SESSIONS: Config = Config::entries(100_000)
        .with_idle(Duration::from_secs(30 * 60))
        .with_ttl(Duration::from_secs(12 * 60 * 60));
}
