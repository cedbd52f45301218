use std::time::Duration;

use crate::{
    ground::{
        sync::{
            Mutex,
            atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
        },
        time::{Clock, nanos},
    },
    resilience::cache::config::{CacheMode, Config, Eviction, Plan},
};

/// What a cache goes by, until it is told something else.
///
/// Numbers of their own: who reads one pays what a number costs that never changes.
pub(super) struct Terms {
    way: AtomicU8,
    exact: AtomicBool,
    always: AtomicBool,
    detached: AtomicBool,
    mode: AtomicU8,
    /// Raw, and [`NEVER`] where there is none, as the others.
    ttl: AtomicU64,
    stale_after: AtomicU64,
    grace: AtomicU64,
    negative_ttl: AtomicU64,
    /// The bits of it.
    jitter: AtomicU64,
    plan: Mutex<Plan>,
}

/// How a key is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// As its shard says.
    Plain = 0,
    /// Every entry has its time, and it is all that tells whether it is there.
    Timed = 1,
    /// Nobody gets what is there.
    Aside = 2,
}

const NEVER: u64 = u64::MAX;

impl Terms {
    pub(super) fn new(plan: Plan) -> Self {
        let terms = Self {
            way: AtomicU8::new(0),
            exact: AtomicBool::new(false),
            always: AtomicBool::new(false),
            detached: AtomicBool::new(false),
            mode: AtomicU8::new(0),
            ttl: AtomicU64::new(NEVER),
            stale_after: AtomicU64::new(NEVER),
            grace: AtomicU64::new(0),
            negative_ttl: AtomicU64::new(NEVER),
            jitter: AtomicU64::new(0),
            plan: Mutex::new(Plan::default()),
        };
        terms.set(plan);
        terms
    }

    /// Goes by another plan.
    pub(super) fn set(&self, plan: Plan) {
        let config = plan.config();
        let raw = |time: Option<Duration>| time.map_or(NEVER, nanos);
        self.ttl.store(raw(config.ttl), Ordering::Relaxed);
        self.stale_after.store(raw(config.stale_after), Ordering::Relaxed);
        self.negative_ttl.store(raw(config.negative_ttl), Ordering::Relaxed);
        self.grace.store(nanos(config.grace), Ordering::Relaxed);
        self.jitter.store(config.ttl_jitter.to_bits(), Ordering::Relaxed);
        self.exact.store(config.clock == Clock::Exact, Ordering::Relaxed);
        self.always.store(is_timed(config), Ordering::Relaxed);
        self.detached.store(config.detached, Ordering::Relaxed);
        self.mode.store(config.mode as u8, Ordering::Relaxed);
        self.way.store(way(config) as u8, Ordering::Relaxed);
        *self.plan.lock() = plan;
    }

    pub(super) fn plan(&self) -> Plan {
        self.plan.lock().clone()
    }

    /// Whether keys are looked for as their shards say; [`way`](Self::way) tells how else.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        self.way.load(Ordering::Relaxed) == Way::Plain as u8
    }

    /// Whether nobody gets what is there.
    #[inline]
    pub(super) fn is_aside(&self) -> bool {
        self.way.load(Ordering::Relaxed) == Way::Aside as u8
    }

    pub(super) fn mode(&self) -> CacheMode {
        match self.mode.load(Ordering::Relaxed) {
            mode if mode == CacheMode::Disabled as u8 => CacheMode::Disabled,
            mode if mode == CacheMode::Shadow as u8 => CacheMode::Shadow,
            _ => CacheMode::Enabled,
        }
    }

    #[inline]
    pub(super) fn is_exact(&self) -> bool {
        self.exact.load(Ordering::Relaxed)
    }

    /// Whether every entry has a stamp.
    pub(super) fn always(&self) -> bool {
        self.always.load(Ordering::Relaxed)
    }

    pub(super) fn is_detached(&self) -> bool {
        self.detached.load(Ordering::Relaxed)
    }

    pub(super) fn ttl(&self) -> Option<u64> {
        Some(self.ttl.load(Ordering::Relaxed)).filter(|ttl| *ttl != NEVER)
    }

    /// From which age on a value is stale; [`Duration::MAX`] where none is.
    pub(super) fn stale_after(&self) -> Duration {
        match self.stale_after.load(Ordering::Relaxed) {
            NEVER => Duration::MAX,
            after => Duration::from_nanos(after),
        }
    }

    /// Whether stale values are to be loaded anew.
    #[inline]
    pub(super) fn refreshes(&self) -> bool {
        self.stale_after.load(Ordering::Relaxed) != NEVER
    }

    pub(super) fn grace(&self) -> u64 {
        self.grace.load(Ordering::Relaxed)
    }

    /// How long a failure is remembered, if it is.
    pub(super) fn negative_ttl(&self) -> Option<Duration> {
        let ttl = self.negative_ttl.load(Ordering::Relaxed);
        (ttl != NEVER).then(|| Duration::from_nanos(ttl))
    }

    pub(super) fn jitter(&self) -> f64 {
        f64::from_bits(self.jitter.load(Ordering::Relaxed))
    }
}

const fn way(config: &Config) -> Way {
    match (config.mode, config.eviction) {
        (CacheMode::Shadow | CacheMode::Disabled, _) => Way::Aside,
        (CacheMode::Enabled, Eviction::Admission)
            if config.ttl.is_some() && config.idle.is_none() =>
        {
            Way::Timed
        }
        (CacheMode::Enabled, _) => Way::Plain,
    }
}

/// Whether every entry has a time.
pub(super) const fn is_timed(config: &Config) -> bool {
    config.ttl.is_some() || config.idle.is_some() || config.stale_after.is_some()
}
