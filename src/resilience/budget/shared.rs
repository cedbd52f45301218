use super::{
    config::Plan,
    machine::{TOKEN, kept, take, take_of_second},
    snapshot::Snapshot,
};
use crate::ground::{
    name::Name,
    stats::Counter,
    sync::{
        Padded,
        atomic::{AtomicU64, Ordering},
        shard,
    },
    telemetry::{self, Told},
    time::{self, Instant},
};

/// What the clones of a budget share.
#[derive(Debug)]
pub(super) struct Shared {
    /// Paid in, in thousandths of a token; each thread in a place of its own.
    paid_in: Box<[Padded<AtomicU64>]>,
    /// Taken out of what was paid in.
    taken_out: Padded<AtomicU64>,
    of_second: AtomicU64,
    payment: AtomicU64,
    per_second: AtomicU64,
    max_kept: AtomicU64,
    withdrawn: Counter,
    exhausted: Counter,
    told: Told,
    name: Name,
}

impl Shared {
    /// For `threads` shards of threads, a power of two.
    pub(super) fn new(name: Name, plan: &Plan, threads: usize) -> Self {
        let shared = Self {
            paid_in: (0..threads).map(|_| Padded(AtomicU64::new(0))).collect(),
            taken_out: Padded(AtomicU64::new(0)),
            of_second: AtomicU64::new(0),
            payment: AtomicU64::new(0),
            per_second: AtomicU64::new(0),
            max_kept: AtomicU64::new(0),
            withdrawn: Counter::new(1),
            exhausted: Counter::new(1),
            told: Told::exhausted(&name),
            name,
        };
        shared.reconfigure(plan);
        shared
    }

    pub(super) fn reconfigure(&self, plan: &Plan) {
        let config = plan.config();
        self.payment.store((config.ratio * TOKEN as f64).round() as u64, Ordering::Relaxed);
        self.per_second.store(u64::from(config.per_second), Ordering::Relaxed);
        self.max_kept.store(u64::from(config.max_kept) * TOKEN, Ordering::Relaxed);
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    #[inline]
    pub(super) fn pay_in(&self) {
        let place = &self.paid_in[shard() & (self.paid_in.len() - 1)];
        let paid_in = place.load(Ordering::Relaxed);
        // Not an atomic addition, which costs ten times as much: where two threads share a place, one
        // payment may be lost, and the purse is the tighter for it.
        place.store(paid_in + self.payment.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    pub(super) fn take_out(&self, now: Instant) -> bool {
        let taken = self.take_of_paid_in() || self.take_of_second(now);
        if taken {
            self.withdrawn.add_one();
        } else {
            self.exhausted.add_one();
            self.told.add_one();
            telemetry::exhausted(&self.name);
        }
        taken
    }

    fn take_of_paid_in(&self) -> bool {
        let most = self.max_kept.load(Ordering::Relaxed);
        self.taken_out
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken_out| {
                take(self.paid_in(), taken_out, most)
            })
            .is_ok()
    }

    fn take_of_second(&self, now: Instant) -> bool {
        let second = (now.as_nanos() / 1_000_000_000) as u32;
        let per_second = self.per_second.load(Ordering::Relaxed) as u32;
        self.of_second
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
                take_of_second(word, second, per_second)
            })
            .is_ok()
    }

    fn paid_in(&self) -> u64 {
        self.paid_in.iter().map(|place| place.load(Ordering::Relaxed)).sum()
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let (paid_in, taken_out) = (self.paid_in(), self.taken_out.load(Ordering::Relaxed));
        Snapshot {
            name: self.name.clone(),
            kept: kept(paid_in, taken_out, self.max_kept.load(Ordering::Relaxed)) as f64
                / TOKEN as f64,
            withdrawn: self.withdrawn.total(),
            exhausted: self.exhausted.total(),
        }
    }

    /// The moment by which withdrawals are told apart by seconds.
    pub(super) fn now() -> Instant {
        time::recent()
    }
}
