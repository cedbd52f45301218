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
    telemetry,
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
            name,
        }
    }

    pub(super) fn reconfigure(&self, plan: &Plan) {
        let config = plan.config();
        let mut before = self.config.lock();
        self.capacity.store(config.capacity, Ordering::Relaxed);
        self.credit.store(config.credit, Ordering::Relaxed);
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            Some(left.min(config.capacity))
        });
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
            let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, refund);
        }
    }

    pub(super) fn left(&self) -> u32 {
        self.left.load(Ordering::Relaxed)
    }

    pub(super) fn totals(&self) -> (u64, u64) {
        (self.withdrawn.total(), self.exhausted.total())
    }
}
