//! Every metric of this crate, in one table.

/// One metric: its name, its kind, and what it counts.
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) help: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
}

/// Labels: `name`, `kind`, `mode`.
pub(super) const REFUSALS: Metric = Metric {
    name: "buttress_refusals_total",
    kind: Kind::Counter,
    help: "Calls a guard decided against, by guard, kind of refusal and mode (enforce, or shadow: only counted)",
};

/// Labels: `name`, `from`, `to`, `reason`.
pub(super) const TRANSITIONS: Metric = Metric {
    name: "buttress_circuit_breaker_transitions_total",
    kind: Kind::Counter,
    help: "Changes of state of a circuit breaker; to would_open where shadow mode kept it from opening",
};

/// Labels: `name`, `state`.
pub(super) const STATE: Metric = Metric {
    name: "buttress_circuit_breaker_state",
    kind: Kind::Gauge,
    help: "1 for the state a circuit breaker is in, 0 for every other",
};

/// Labels: `name`, `cause`.
pub(super) const EVICTIONS: Metric = Metric {
    name: "buttress_keyed_evictions_total",
    kind: Kind::Counter,
    help: "Guards of a keyed family given up for new keys, by what they were (idle, or unhealthy), and keys \
           served without being kept because every guard was in use (overflow)",
};

/// Labels: `name`.
pub(super) const EXHAUSTED: Metric = Metric {
    name: "buttress_budget_exhausted_total",
    kind: Kind::Counter,
    help: "Further attempts (retries, hedges) that a budget had no token for",
};

/// Labels: `name`.
pub(super) const RETRIES: Metric = Metric {
    name: "buttress_retries_total",
    kind: Kind::Counter,
    help: "Further attempts made by a retry",
};

/// Labels: `name`, `reason`.
pub(super) const GIVEN_UP: Metric = Metric {
    name: "buttress_retries_given_up_total",
    kind: Kind::Counter,
    help: "Calls that were worth another attempt and got none, by the reason (attempts, budget, deadline, elapsed, \
           pushback, unrepeatable)",
};

/// Labels: `name`, `operation`.
pub(super) const SLOW: Metric = Metric {
    name: "buttress_latency_slow_total",
    kind: Kind::Counter,
    help: "Operations that took longer than their threshold",
};

/// Labels: `name`, `cause`, `mode`.
pub(super) const HEDGES: Metric = Metric {
    name: "buttress_hedges_total",
    kind: Kind::Counter,
    help: "Attempts started beside those that ran, because those were slow or because one had failed; mode shadow: \
           only counted",
};

/// Labels: `name`, `from`, `to`.
pub(super) const CONNECTIONS: Metric = Metric {
    name: "buttress_reconnect_transitions_total",
    kind: Kind::Counter,
    help: "Changes of state of a connection that is kept up",
};

/// Labels: `name`, `cause`, `mode`.
pub(super) const FALLBACKS: Metric = Metric {
    name: "buttress_fallbacks_total",
    kind: Kind::Counter,
    help: "Calls that something else was asked to answer, by fallback, cause (error, timed_out, rejected, \
           short_circuited) and mode (enforce, or shadow: only counted)",
};

/// Labels: `name`.
pub(super) const LIMIT: Metric = Metric {
    name: "buttress_bulkhead_limit",
    kind: Kind::Gauge,
    help: "The most calls that may be in flight, from when it first changed",
};

/// Labels: `name`, `from`, `to`.
pub(super) const STORES: Metric = Metric {
    name: "buttress_store_transitions_total",
    kind: Kind::Counter,
    help: "Changes of state (up, down) of a store that several processes share",
};

/// Labels: `name`, `policy`.
pub(super) const WITHOUT_STORE: Metric = Metric {
    name: "buttress_rate_limit_without_store_total",
    kind: Kind::Counter,
    help: "Decisions of a limiter whose store could not be asked, by what was done instead (open, closed, local)",
};

/// Labels: `name`, `outcome`.
pub(super) const CACHE_LOADS: Metric = Metric {
    name: "buttress_cache_loads_total",
    kind: Kind::Counter,
    help: "Loads of a cache, by how they ended (loaded, failed)",
};

/// Labels: `name`.
pub(super) const CACHE_STALE: Metric = Metric {
    name: "buttress_cache_stale_total",
    kind: Kind::Counter,
    help: "Values of a cache that had expired and were given because their load failed",
};

/// Labels: `name`, `cause`.
pub(super) const CACHE_REMOVALS: Metric = Metric {
    name: "buttress_cache_removals_total",
    kind: Kind::Counter,
    help: "Values of a cache that are gone, by cause (evicted, expired, removed, replaced, too_heavy), as of the last \
           snapshot or maintenance",
};

/// Labels: `name`, `what`.
pub(super) const TIERS: Metric = Metric {
    name: "buttress_cache_tier_troubles_total",
    kind: Kind::Counter,
    help: "What did not go as it should at the second tier of a cache (failed, timed_out, undecodable, too_large, outdated, gave_up, gap)",
};

pub(super) const ALL: &[&Metric] = &[
    &TIERS,
    &REFUSALS,
    &TRANSITIONS,
    &STATE,
    &EVICTIONS,
    &EXHAUSTED,
    &RETRIES,
    &GIVEN_UP,
    &SLOW,
    &HEDGES,
    &CONNECTIONS,
    &FALLBACKS,
    &LIMIT,
    &STORES,
    &WITHOUT_STORE,
    &CACHE_LOADS,
    &CACHE_STALE,
    &CACHE_REMOVALS,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_to_the_conventions() {
        for metric in ALL {
            assert!(metric.name.starts_with("buttress_"), "{}", metric.name);
            assert_eq!(
                metric.name.ends_with("_total"),
                metric.kind == Kind::Counter,
                "{}",
                metric.name
            );
            assert!(!metric.help.is_empty());
        }
    }
}
