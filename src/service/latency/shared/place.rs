use super::super::{
    ending::ENDINGS,
    machine::{Counts, Record, Tally},
};
use crate::ground::{
    stats::{BUCKETS, index},
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::{Instant, nanos},
};

/// What one thread records of one operation, in one slice.
///
/// Only its thread writes it, so additions are a load and a store. Whatever changes the slice happens
/// under the operation's lock, as does every reading: a reader sees the slice that it was told.
pub(super) struct Place {
    /// The slice, in nanoseconds: its start and its width. A width of zero is no slice.
    begins: AtomicU64,
    width: AtomicU64,
    slice: AtomicU64,
    ended: [AtomicU64; ENDINGS],
    slow: AtomicU64,
    sum: AtomicU64,
    max: AtomicU64,
    counts: [AtomicU32; BUCKETS],
}

impl Place {
    pub(super) fn new() -> Self {
        Self {
            begins: AtomicU64::new(0),
            width: AtomicU64::new(0),
            slice: AtomicU64::new(0),
            ended: std::array::from_fn(|_| AtomicU64::new(0)),
            slow: AtomicU64::new(0),
            sum: AtomicU64::new(0),
            max: AtomicU64::new(0),
            counts: std::array::from_fn(|_| AtomicU32::new(0)),
        }
    }

    /// Whether `now` lies in its slice.
    #[inline]
    pub(super) fn covers(&self, now: Instant) -> bool {
        let begins = self.begins.load(Ordering::Relaxed);
        now.as_nanos().wrapping_sub(begins) < self.width.load(Ordering::Relaxed)
    }

    /// Whether it has a slice, and `now` is before it: a clock has gone backwards, or is a coarse
    /// one.
    pub(super) fn is_ahead_of(&self, now: Instant) -> bool {
        self.has_slice() && now.as_nanos() < self.begins.load(Ordering::Relaxed)
    }

    /// Records into its slice. By its thread only.
    #[inline]
    pub(super) fn add(&self, record: Record) {
        let count = &self.counts[index(record.nanos)];
        count.store(count.load(Ordering::Relaxed).saturating_add(1), Ordering::Relaxed);
        grow(&self.ended[record.ending.index()], 1);
        grow(&self.sum, record.nanos);
        if record.nanos > self.max.load(Ordering::Relaxed) {
            self.max.store(record.nanos, Ordering::Relaxed);
        }
        if record.slow {
            grow(&self.slow, 1);
        }
    }

    /// Its slice, if it has one. Under the lock.
    pub(super) fn slice(&self) -> Option<u64> {
        self.has_slice().then(|| self.slice.load(Ordering::Relaxed))
    }

    /// Starts a slice from nothing. By its thread only, under the lock.
    pub(super) fn start(&self, slice: u64, begins: Instant, width: std::time::Duration) {
        let numbers = [&self.slow, &self.sum, &self.max];
        numbers
            .into_iter()
            .chain(&self.ended)
            .for_each(|number| number.store(0, Ordering::Relaxed));
        self.counts.iter().for_each(|count| count.store(0, Ordering::Relaxed));
        self.slice.store(slice, Ordering::Relaxed);
        self.begins.store(begins.as_nanos(), Ordering::Relaxed);
        self.width.store(nanos(width), Ordering::Relaxed);
    }

    /// Has its thread start a slice at its next record. Under the lock.
    pub(super) fn end(&self) {
        self.width.store(0, Ordering::Relaxed);
    }

    /// What it has counted. Under the lock.
    pub(super) fn counts(&self) -> Counts {
        let ended = std::array::from_fn(|kind| self.ended[kind].load(Ordering::Relaxed));
        Counts { ended, slow: self.slow.load(Ordering::Relaxed) }
    }

    /// Adds what it has recorded, `counts` being what it has counted. Under the lock.
    pub(super) fn pour(&self, into: &mut Tally, counts: Counts) {
        let max = self.max.load(Ordering::Relaxed);
        for (bucket, count) in self.counts.iter().enumerate() {
            match count.load(Ordering::Relaxed) {
                0 => {}
                count => into.lasted.add_many(bucket, count, max),
            }
        }
        into.counts.merge(counts);
        into.sum = into.sum.saturating_add(self.sum.load(Ordering::Relaxed));
    }

    fn has_slice(&self) -> bool {
        self.width.load(Ordering::Relaxed) != 0
    }
}

/// Adds as the only writer.
#[inline]
fn grow(number: &AtomicU64, by: u64) {
    number.store(number.load(Ordering::Relaxed).saturating_add(by), Ordering::Relaxed);
}
