use super::{
    config::{Config, Plan},
    machine::{Cost, Paid, pay, refund},
};
use crate::ground::{
    name::Name,
    stats::Counter,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    telemetry::{self, Told},
};

/// What the clones of a quota share.
#[derive(Debug)]
pub(super) struct Shared {
    left: AtomicU32,
    capacity: AtomicU32,
    credit: AtomicU32,
    config: Mutex<Config>,
    withdrawn: Counter,
    exhausted: Counter,
    told: Told,
    name: Name,
}

impl Shared {
    pub(super) fn new(name: Name, plan: &Plan) -> Self {
        let config = plan.config();
        Self {
            left: AtomicU32::new(config.capacity),
            capacity: AtomicU32::new(config.capacity),
            credit: AtomicU32::new(config.credit),
            config: Mutex::new(config.clone()),
            withdrawn: Counter::new(1),
            exhausted: Counter::new(1),
            told: Told::exhausted(&name),
            name,
        }
    }

    pub(super) fn reconfigure(&self, plan: &Plan) {
        let config = plan.config();
        let mut before = self.config.lock();
        self.capacity.store(config.capacity, Ordering::Relaxed);
        self.credit.store(config.credit, Ordering::Relaxed);
        self.cut_to(config.capacity);
        *before = config.clone();
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    pub(super) fn take_out(&self, cost: Cost) -> Option<Paid> {
        let cost = cost.of(&self.config.lock());
        let paid = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| pay(left, cost))
            .is_ok();
        if paid {
            self.withdrawn.add_one();
        } else {
            self.exhausted.add_one();
            self.told.add_one();
            telemetry::exhausted(&self.name);
        }
        paid.then_some(Paid(cost))
    }

    #[inline]
    pub(super) fn give_back(&self, paid: Option<Paid>) {
        let capacity = self.capacity.load(Ordering::Relaxed);
        if self.left.load(Ordering::Relaxed) < capacity {
            let amount = paid.map_or_else(|| self.credit.load(Ordering::Relaxed), |paid| paid.0);
            let refund = |left| refund(left, amount, capacity);
            // Acquires: what comes back after a cut sees by what capacity that was made.
            let _ = self.left.fetch_update(Ordering::AcqRel, Ordering::Relaxed, refund);
            let now = self.capacity.load(Ordering::Relaxed);
            if now < capacity {
                self.cut_to(now);
            }
        }
    }

    /// Leaves at most so much. Writes in any case, and releases: see [`Self::give_back`].
    #[cold]
    fn cut_to(&self, capacity: u32) {
        let _ = self
            .left
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |left| Some(left.min(capacity)));
    }

    pub(super) fn left(&self) -> u32 {
        self.left.load(Ordering::Relaxed)
    }

    pub(super) fn totals(&self) -> (u64, u64) {
        (self.withdrawn.total(), self.exhausted.total())
    }
}
