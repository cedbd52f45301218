use super::{super::snapshot::Totals, By, Said};
use crate::ground::{
    mode::Mode,
    name::Name,
    redis::OnStoreFailure,
    stats::{Counter, OwnCounter},
    sync::{
        atomic::{AtomicU64, Ordering},
        shards,
    },
    telemetry::{Meter, Told},
};

/// What was decided here so far.
pub(super) struct Counts {
    admitted: OwnCounter,
    refused: OwnCounter,
    leased: OwnCounter,
    pub(super) asked: Counter,
    pub(super) granted: AtomicU64,
    remembered: Counter,
    pub(super) crowded: Counter,
    open: (Counter, Told),
    closed: (Counter, Told),
    local: (Counter, Told),
    meter: Meter,
    closed_meter: Meter,
}

impl Counts {
    pub(super) fn new(name: &Name) -> Self {
        let without =
            |policy: OnStoreFailure| (Counter::new(1), Told::without_store(name, policy.word()));
        Self {
            admitted: OwnCounter::new(shards()),
            refused: OwnCounter::new(shards()),
            leased: OwnCounter::new(shards()),
            asked: Counter::new(1),
            granted: AtomicU64::new(0),
            remembered: Counter::new(1),
            crowded: Counter::new(1),
            open: without(OnStoreFailure::Open),
            closed: without(OnStoreFailure::Closed),
            local: without(OnStoreFailure::local_of(1)),
            meter: Meter::new(name, "rate_limited"),
            closed_meter: Meter::new(name, "store_unavailable"),
        }
    }

    pub(super) fn count(&self, mode: Mode, said: &Said) {
        let without = match said.by {
            By::Lease => {
                self.leased.add_one();
                None
            }
            By::Memory => {
                self.remembered.add_one();
                None
            }
            By::Open => Some(&self.open),
            By::Closed => Some(&self.closed),
            By::Local => Some(&self.local),
            By::Store | By::Size => None,
        };
        if let Some((counter, told)) = without {
            counter.add_one();
            told.add_one();
        }
        let admitted = said.decision.is_admitted();
        if !admitted {
            self.refused.add_one();
            match said.by {
                // It has told of it already, under the same name.
                By::Local => {}
                By::Closed => self.closed_meter.refused(mode),
                _ => self.meter.refused(mode),
            }
        }
        if admitted || mode == Mode::Shadow {
            self.admitted.add_one();
        }
    }

    pub(super) fn totals(&self) -> Totals {
        Totals {
            admitted: self.admitted.total(),
            refused: self.refused.total(),
            asked: self.asked.total(),
            granted: self.granted.load(Ordering::Relaxed),
            leased: self.leased.total(),
            remembered: self.remembered.total(),
            crowded: self.crowded.total(),
            open: self.open.0.total(),
            closed: self.closed.0.total(),
            local: self.local.0.total(),
        }
    }
}
