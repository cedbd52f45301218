use super::{snapshot::Totals, store::TierFailure};
use crate::ground::{name::Name, stats::Counter, telemetry::Told};

/// What has passed between a cache and its tier.
pub(super) struct Counts {
    pub(super) hits: Counter,
    pub(super) misses: Counter,
    pub(super) stored: Counter,
    pub(super) claimed: Counter,
    pub(super) waited: Counter,
    pub(super) abandoned: Counter,
    pub(super) heard: Counter,
    pub(super) connected: Counter,
    pub(super) undecodable: Trouble,
    pub(super) outdated: Trouble,
    pub(super) too_large: Trouble,
    pub(super) gave_up: Trouble,
    pub(super) gaps: Trouble,
    failed: Trouble,
    timed_out: Trouble,
}

/// What is told to the world as well.
pub(super) struct Trouble(Counter, Told);

impl Trouble {
    pub(super) fn add_one(&self) {
        self.0.add_one();
        self.1.add_one();
    }
}

impl Counts {
    pub(super) fn new(name: &Name) -> Self {
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

    pub(super) fn failed(&self, failure: TierFailure) {
        match failure {
            TierFailure::Unavailable => self.failed.add_one(),
            TierFailure::TimedOut => self.timed_out.add_one(),
        }
    }

    pub(super) fn totals(&self) -> Totals {
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
