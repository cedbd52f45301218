use crate::ground::sync::{
    Padded,
    atomic::{AtomicU64, Ordering},
    shard,
};

/// A total that many threads add to without meeting.
#[derive(Debug)]
pub(crate) struct Counter {
    shards: Box<[Padded<AtomicU64>]>,
}

impl Counter {
    /// `width` is a power of two.
    pub(crate) fn new(width: usize) -> Self {
        debug_assert!(width.is_power_of_two());
        Self { shards: (0..width).map(|_| Padded(AtomicU64::new(0))).collect() }
    }

    #[inline]
    pub(crate) fn add_one(&self) {
        self.shards[shard() & (self.shards.len() - 1)].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn total(&self) -> u64 {
        self.shards.iter().map(|shard| shard.load(Ordering::Relaxed)).fold(0, u64::wrapping_add)
    }
}
