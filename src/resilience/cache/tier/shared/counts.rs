use crate::{
    ground::{name::Name, stats::Counter, telemetry::Told},
    resilience::cache::tier::{snapshot::Totals, store::TierFailure},
};

/// What has passed between a cache and its tier.
pub(in crate::resilience::cache::tier) struct Counts {
    pub(in crate::resilience::cache::tier) hits: Counter,
    pub(in crate::resilience::cache::tier) misses: Counter,
    pub(in crate::resilience::cache::tier) stored: Counter,
    pub(in crate::resilience::cache::tier) claimed: Counter,
    pub(in crate::resilience::cache::tier) waited: Counter,
    pub(in crate::resilience::cache::tier) abandoned: Counter,
    pub(in crate::resilience::cache::tier) heard: Counter,
    pub(in crate::resilience::cache::tier) connected: Counter,
    pub(in crate::resilience::cache::tier) undecodable: Trouble,
    pub(in crate::resilience::cache::tier) outdated: Trouble,
    pub(in crate::resilience::cache::tier) too_large: Trouble,
    pub(in crate::resilience::cache::tier) gave_up: Trouble,
    pub(in crate::resilience::cache::tier) gaps: Trouble,
    failed: Trouble,
    timed_out: Trouble,
}

/// What is told to the world as well.
pub(in crate::resilience::cache::tier) struct Trouble(Counter, Told);

impl Trouble {
    pub(in crate::resilience::cache::tier) fn add_one(&self) {
        self.0.add_one();
        self.1.add_one();
    }
}

impl Counts {
    pub(in crate::resilience::cache::tier) fn new(name: &Name) -> Self {
        let counter = || Counter::new(1);
        let trouble = |what| Trouble(counter(), Told::tier(name, what));
        Self {
            hits: counter(),
            misses: counter(),
            stored: counter(),
            claimed: counter(),
            waited: counter(),
            abandoned: counter(),
            heard: counter(),
            connected: counter(),
            undecodable: trouble("undecodable"),
            outdated: trouble("outdated"),
            too_large: trouble("too_large"),
            gave_up: trouble("gave_up"),
            gaps: trouble("gap"),
            failed: trouble("failed"),
            timed_out: trouble("timed_out"),
        }
    }

    pub(in crate::resilience::cache::tier) fn failed(&self, failure: TierFailure) {
        match failure {
            TierFailure::Unavailable => self.failed.add_one(),
            TierFailure::TimedOut => self.timed_out.add_one(),
        }
    }

    pub(in crate::resilience::cache::tier) fn totals(&self) -> Totals {
        Totals {
            hits: self.hits.total(),
            misses: self.misses.total(),
            undecodable: self.undecodable.0.total(),
            stored: self.stored.total(),
            outdated: self.outdated.0.total(),
            too_large: self.too_large.0.total(),
            failed: self.failed.0.total(),
            timed_out: self.timed_out.0.total(),
            claimed: self.claimed.total(),
            waited: self.waited.total(),
            gave_up: self.gave_up.0.total(),
            abandoned: self.abandoned.total(),
            heard: self.heard.total(),
            gaps: self.gaps.0.total(),
            connected: self.connected.total(),
        }
    }
}
