use std::{
    any::{Any, TypeId},
    sync::Arc,
};

use crate::{
    ground::{
        name::Name,
        sync::{
            Padded,
            atomic::{AtomicBool, AtomicU64, Ordering},
        },
        telemetry::Told,
    },
    resilience::{
        cache::{config::Plan, stored::Hit},
        single_flight::{self, Flights},
    },
};

/// What is on its way into a cache, and how it went so far.
pub(super) struct Loads<K, V> {
    pub(super) flights: Arc<Flights<Asked<K>, Outcome<V>>>,
    pub(super) counts: Padded<Counts>,
    meters: Meters,
}

/// Tells how loads went, at once: next to a load that costs nothing.
struct Meters {
    loaded: Told,
    failed: Told,
    stale: Told,
}

/// Who waits for a load gets a clone of it. An error is a clone of the error's own type.
pub(super) type Outcome<V> = Result<Hit<V>, Failure>;

/// Of the type of which the load's errors are, or [`NoAnswer`].
pub(super) type Failure = Arc<dyn Any + Send + Sync>;

/// Why one key of many has neither a value nor an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// The loader said nothing about it.
    Missing,
    /// It panicked.
    Panicked,
}

/// A key that is being loaded.
pub(super) struct Asked<K> {
    pub(super) key: K,
    /// Those who expect errors of another type have a load of their own.
    pub(super) kind: TypeId,
    /// Whether something else was said of the key since: then what comes is not stored.
    pub(super) void: Arc<AtomicBool>,
}

/// Since the cache was made.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) loads: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) refreshes: AtomicU64,
    pub(super) stale: AtomicU64,
}

impl<K, V> Loads<K, V> {
    pub(super) fn new(name: &Name) -> Self {
        let plan = single_flight::Plan::default();
        Self {
            flights: Flights::new(name.clone(), &plan),
            counts: Padded(Counts::default()),
            meters: Meters {
                loaded: Told::cache_loads(name, "loaded"),
                failed: Told::cache_loads(name, "failed"),
                stale: Told::cache_stale(name),
            },
        }
    }

    pub(super) fn loaded(&self) {
        self.counts.loads.fetch_add(1, Ordering::Relaxed);
        self.meters.loaded.add_one();
    }

    pub(super) fn failed(&self) {
        self.counts.failures.fetch_add(1, Ordering::Relaxed);
        self.meters.failed.add_one();
    }

    /// What has expired was given, for want of a better one.
    pub(super) fn gave_stale(&self) {
        self.counts.stale.fetch_add(1, Ordering::Relaxed);
        self.meters.stale.add_one();
    }

    /// Whatever is on its way for this key is out of date.
    pub(super) fn void(&self, hash: u64, is: impl Fn(&K) -> bool) {
        if self.flights.in_flight() > 0 {
            self.flights.forget_each(hash, |asked| is(&asked.key), Asked::void);
        }
    }

    /// Whatever is on its way is.
    pub(super) fn void_all(&self) {
        if self.flights.in_flight() > 0 {
            self.flights.forget_all(Asked::void);
        }
    }
}

impl<K> Asked<K> {
    fn void(&self) {
        // Who stores looks at it under the lock of the shard, which whoever says this takes next.
        self.void.store(true, Ordering::Relaxed);
    }
}

/// How many failures are remembered at once.
pub(super) fn failures(ttl: std::time::Duration) -> Plan {
    let config = super::config::Config::new().with_ttl(ttl);
    config.parse().unwrap_or_default()
}
