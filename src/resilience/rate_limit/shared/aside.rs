//! What leases take out of the buckets.

use super::{Shared, bucket::Bucket};
use crate::ground::{sync::atomic::Ordering, time};
use crate::resilience::rate_limit::machine::Terms;

/// Of what a bucket holds, so much at most is with leases: a quarter.
const SHARE: u64 = 4;

impl Shared {
    /// Sets so many tokens aside, or as many as there are: the buckets hold so many less from now on, and
    /// whoever asked has them.
    pub(in super::super) fn set_aside(&self, wanted: u64) -> u64 {
        if wanted == 0 {
            return 0;
        }
        let queue = self.queue.lock();
        let aside = self.aside.load(Ordering::Relaxed);
        let whole = self.quotas.lock().iter().map(|quota| quota.at_once()).min().unwrap_or(0);
        let taken = self.take_up_to(wanted.min((whole / SHARE).saturating_sub(aside)));
        if taken > 0 {
            self.aside.store(aside + taken, Ordering::Relaxed);
            // Narrower first: what is given back is not there for others in between.
            self.narrow();
            self.buckets().for_each(|bucket| bucket.give_back(taken));
        }
        drop(queue);
        taken
    }

    /// Undoes it for so many, of which so many were not spent.
    pub(in super::super) fn put_back(&self, size: u64, left: u64) {
        if size == 0 {
            return;
        }
        {
            let _queue = self.queue.lock();
            let now = self.units(time::now());
            // First what is missing, then the room for it.
            self.buckets().for_each(|bucket| {
                bucket.owe(now, size);
            });
            let aside = self.aside.load(Ordering::Relaxed);
            self.aside.store(aside.saturating_sub(size), Ordering::Relaxed);
            self.narrow();
        }
        // Those who wait hear of it.
        self.give_back(left);
    }

    /// Takes so many tokens, or as many as there are. Nothing is counted.
    pub(in super::super) fn take_up_to(&self, wanted: u64) -> u64 {
        let mut wanted = wanted;
        while wanted > 0 {
            if self.try_take(wanted).is_ok() {
                return wanted;
            }
            let now = self.units(time::now());
            let left = |bucket: &Bucket| bucket.terms().remaining(bucket.word(now), now);
            let there = self.buckets().map(left).min().unwrap_or(0);
            // Somebody else may be faster: fewer each time, so that this ends.
            wanted = there.min(wanted - 1);
        }
        0
    }

    /// Makes the buckets hold what is not set aside. Under the lock of the queue.
    pub(super) fn narrow(&self) {
        let aside = self.aside.load(Ordering::Relaxed);
        let quotas = self.quotas.lock();
        for (bucket, quota) in self.buckets().zip(quotas.iter()) {
            let terms = Terms::of(*quota);
            let capacity = terms.capacity.saturating_sub(terms.interval.saturating_mul(aside));
            bucket.hold_at_most(capacity.max(terms.interval));
        }
    }

    /// Counts calls that were let through by a lease.
    pub(in super::super) fn count_admitted(&self, calls: u64) {
        self.admitted.add(calls);
    }
}
