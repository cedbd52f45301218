use crate::ground::sync::{
    Padded,
    atomic::{AtomicU64, Ordering},
};

/// How much more a cache may hold: one number for all of its shards.
///
/// An entry that takes the place of another leaves it as it is, so a full cache hardly writes it.
#[derive(Debug)]
pub(super) struct Room {
    free: Padded<AtomicU64>,
    most: u64,
}

impl Room {
    pub(super) fn new(most: u64) -> Self {
        Self { free: Padded(AtomicU64::new(most)), most }
    }

    /// Everything there is.
    pub(super) const fn most(&self) -> u64 {
        self.most
    }

    /// How much is taken.
    pub(super) fn taken(&self) -> u64 {
        self.most - self.free.load(Ordering::Relaxed).min(self.most)
    }

    /// Takes so much, all of it or nothing.
    pub(super) fn take(&self, weight: u64) -> bool {
        let mut free = self.free.load(Ordering::Relaxed);
        while free >= weight {
            let left = free - weight;
            match self.free.compare_exchange_weak(free, left, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(now) => free = now,
            }
        }
        false
    }

    /// Gives so much back.
    pub(super) fn give(&self, weight: u64) {
        if weight > 0 {
            self.free.fetch_add(weight, Ordering::Relaxed);
        }
    }
}
