use std::{ops::RangeInclusive, sync::OnceLock};

use super::{
    divider::Divider,
    ring::{MAX_BUCKETS, Slicing},
};
use crate::ground::{
    sync::{
        Padded,
        atomic::{AtomicU64, Ordering},
        shard,
    },
    time::Instant,
};

/// How many times something happened over a sliding window of time, counted by many threads at
/// once without a lock. Told the time.
///
/// Every shard of threads has its own buckets; a bucket is one word, `[its number | its count]`, so
/// counting is one `fetch_add`, and a bucket that has come round again is recognised by its number
/// and started afresh by whoever gets there first. The count has as many bits as it takes to write
/// the width of a bucket in nanoseconds, for nobody counts faster; the rest are enough to number
/// every bucket of 292 years.
#[derive(Debug)]
pub(crate) struct SlidingCount {
    start: Instant,
    width: AtomicU64,
    reciprocal: AtomicU64,
    buckets: AtomicU64,
    count_bits: AtomicU64,
    threads: usize,
    /// Made when first counted: a guard that never slides pays nothing for it.
    shards: OnceLock<Box<[Padded<[AtomicU64; MAX_BUCKETS as usize]>]>>,
}

impl SlidingCount {
    /// For `threads` shards, a power of two.
    pub(crate) fn new(slicing: Slicing, threads: usize) -> Self {
        debug_assert!(threads.is_power_of_two());
        Self {
            start: slicing.start,
            width: AtomicU64::new(slicing.width.divisor()),
            reciprocal: AtomicU64::new(slicing.width.reciprocal()),
            buckets: AtomicU64::new(u64::from(slicing.buckets)),
            count_bits: AtomicU64::new(count_bits(slicing.width)),
            threads,
            shards: OnceLock::new(),
        }
    }

    /// Counts one at `now`.
    #[inline(always)]
    pub(crate) fn add_one(&self, now: Instant) {
        let shards = match self.shards.get() {
            Some(shards) => shards,
            None => self.first(),
        };
        let number = self.number(now);
        let layout = self.layout();
        let bucket = &shards[shard() & (shards.len() - 1)][number as usize % MAX_BUCKETS as usize];
        let word = bucket.load(Ordering::Relaxed);
        if layout.has_room(word, number) {
            bucket.fetch_add(1, Ordering::Relaxed);
        } else {
            self.restart(bucket, number, layout);
        }
    }

    #[cold]
    fn restart(&self, bucket: &AtomicU64, number: u64, layout: Layout) {
        layout.restart(bucket, number);
        if self.layout() != layout {
            // Time has been cut differently meanwhile: read like that, the number would be a count.
            bucket.swap(0, Ordering::AcqRel);
        }
    }

    /// Counts one that belongs to an earlier moment, unless that is so long ago that its bucket may have
    /// come round again: 30 buckets.
    #[inline]
    pub(crate) fn add_one_of(&self, then: Instant, now: Instant) {
        // Two short of all: other threads' clocks may be a little ahead.
        let oldest = self.number(now).saturating_sub(u64::from(MAX_BUCKETS) - 2);
        if self.number(then) >= oldest {
            self.add_one(then);
        }
    }

    /// Whether both moments, the earlier first, are certain to fall into one bucket.
    #[inline]
    pub(crate) fn are_together(&self, from: Instant, to: Instant) -> bool {
        let width = self.width();
        let elapsed = from.as_nanos().saturating_sub(self.start.as_nanos());
        let rest = elapsed.wrapping_sub(width.divide(elapsed).wrapping_mul(width.divisor()));
        rest.saturating_add(to.as_nanos() - from.as_nanos()) < width.divisor()
    }

    /// How often it happened in the window that ends at `now`.
    pub(crate) fn total(&self, now: Instant) -> u64 {
        self.total_of(self.slicing().counting(now))
    }

    /// How often it happened in these buckets, as its slicing numbers them; the last 32 are known.
    pub(crate) fn total_of(&self, buckets: RangeInclusive<u64>) -> u64 {
        let Some(shards) = self.shards.get() else {
            return 0;
        };
        let layout = self.layout();
        let of = |shard: &[AtomicU64; MAX_BUCKETS as usize]| -> u64 {
            let of_bucket = |number: u64| {
                let word = shard[number as usize % MAX_BUCKETS as usize].load(Ordering::Relaxed);
                if layout.is(word, number) { layout.count(word) } else { 0 }
            };
            buckets.clone().map(of_bucket).sum()
        };
        shards.iter().map(|shard| of(shard)).sum()
    }

    /// Starts again from nothing. What another thread counts at this very moment may remain.
    pub(crate) fn clear(&self) {
        for bucket in self.shards.get().into_iter().flatten().flat_map(|shard| shard.iter()) {
            // Releases how time is cut: whoever starts the bucket after this sees it.
            bucket.swap(0, Ordering::AcqRel);
        }
    }

    /// Cuts time differently from now on, starting from nothing.
    pub(crate) fn reslice(&self, slicing: Slicing) {
        self.width.store(slicing.width.divisor(), Ordering::Relaxed);
        self.reciprocal.store(slicing.width.reciprocal(), Ordering::Relaxed);
        self.buckets.store(u64::from(slicing.buckets), Ordering::Relaxed);
        self.count_bits.store(count_bits(slicing.width), Ordering::Relaxed);
        self.clear();
    }

    /// The start, which every way of cutting shares.
    pub(crate) const fn start(&self) -> Instant {
        self.start
    }

    fn slicing(&self) -> Slicing {
        let buckets = self.buckets.load(Ordering::Relaxed) as u32;
        Slicing { start: self.start, width: self.width(), buckets }
    }

    /// The number of the bucket that this moment falls into.
    #[inline(always)]
    fn number(&self, at: Instant) -> u64 {
        self.width().divide(at.as_nanos().saturating_sub(self.start.as_nanos()))
    }

    #[inline]
    fn width(&self) -> Divider {
        let width = self.width.load(Ordering::Relaxed);
        Divider::from_parts(width, self.reciprocal.load(Ordering::Relaxed))
    }

    #[inline]
    fn layout(&self) -> Layout {
        Layout { count_bits: self.count_bits.load(Ordering::Relaxed) as u32 }
    }

    #[cold]
    fn first(&self) -> &[Padded<[AtomicU64; MAX_BUCKETS as usize]>] {
        let shard = |_| Padded(std::array::from_fn(|_| AtomicU64::new(0)));
        self.shards.get_or_init(|| (0..self.threads).map(shard).collect())
    }
}

/// How a word is divided between the number of a bucket and its count.
#[derive(Clone, Copy, PartialEq)]
struct Layout {
    count_bits: u32,
}

impl Layout {
    /// Whether the word is of this bucket.
    #[inline]
    const fn is(self, word: u64, number: u64) -> bool {
        (word ^ (number << self.count_bits)) >> self.count_bits == 0
    }

    #[inline]
    const fn count(self, word: u64) -> u64 {
        word & self.most()
    }

    /// Whether the word is of this bucket and far from full.
    #[inline]
    const fn has_room(self, word: u64, number: u64) -> bool {
        // Of an earlier bucket this is below zero, of a later one more than a count can be.
        word.wrapping_sub(number << self.count_bits) >> (self.count_bits - 1) == 0
    }

    /// The bucket is from an earlier round, or full: start it again with a count of one, or stop.
    fn restart(self, bucket: &AtomicU64, number: u64) {
        let mut word = bucket.load(Ordering::Relaxed);
        loop {
            let next = match self.is(word, number) {
                true if !self.has_room(word, number) => return,
                true => word + 1,
                false => number << self.count_bits | 1,
            };
            match bucket.compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return,
                Err(actual) => word = actual,
            }
        }
    }

    #[inline]
    const fn most(self) -> u64 {
        (1 << self.count_bits) - 1
    }
}

const fn count_bits(width: Divider) -> u64 {
    let bits = (u64::BITS - width.divisor().leading_zeros()) as u64;
    if bits < 62 { bits } else { 62 }
}

#[cfg(all(test, not(buttress_loom)))]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: f64) -> Instant {
        Instant::ORIGIN + Duration::from_secs_f64(seconds)
    }

    fn sliding(seconds: u64, buckets: u32) -> SlidingCount {
        SlidingCount::new(Slicing::new(Instant::ORIGIN, Duration::from_secs(seconds), buckets), 4)
    }

    #[test]
    fn a_bucket_is_out_a_whole_window_after_its_start() {
        let sliding = sliding(10, 10);
        (0..10).for_each(|second| sliding.add_one(at(f64::from(second))));
        assert_eq!(sliding.total(at(9.999)), 10);
        assert_eq!(sliding.total(at(10.0)), 9);
        assert_eq!(sliding.total(at(11.0)), 8);
        assert_eq!(sliding.total(at(100.0)), 0);
    }

    #[test]
    fn a_slot_that_comes_round_again_starts_afresh() {
        let sliding = sliding(10, 10);
        (0..5).for_each(|_| sliding.add_one(at(0.0)));
        // 32 buckets later the same slot is used again.
        sliding.add_one(at(32.0));
        assert_eq!(sliding.total(at(32.0)), 1);
    }

    #[test]
    fn moments_are_together_unless_an_edge_may_lie_between_them() {
        let sliding = sliding(10, 10);
        let late = Duration::from_millis(20);
        for (from, together) in
            [(0.0, true), (0.979, true), (0.98, false), (0.999, false), (1.0, true)]
        {
            assert_eq!(sliding.are_together(at(from), at(from) + late), together, "{from}");
        }
        let before = Instant::ORIGIN.before(Duration::from_millis(4));
        assert!(sliding.are_together(before, before + late), "a coarse clock may lag the start");
    }

    #[test]
    fn what_is_counted_late_counts_where_it_began() {
        let sliding = sliding(10, 10);
        sliding.add_one_of(at(3.5), at(8.0));
        assert_eq!((sliding.total(at(12.9)), sliding.total(at(13.0))), (1, 0));
        // Its slot has been another bucket's since.
        sliding.add_one(at(35.0));
        sliding.add_one_of(at(3.5), at(35.0));
        assert_eq!(sliding.total(at(35.0)), 1);
    }

    #[test]
    fn some_buckets_are_added_up_as_all_are() {
        let sliding = sliding(10, 10);
        (0..10).for_each(|second| sliding.add_one(at(f64::from(second))));
        assert_eq!((sliding.total_of(0..=9), sliding.total_of(3..=5)), (10, 3));
        assert_eq!((sliding.total_of(9..=11), sliding.total_of(12..=12)), (1, 0));
        #[expect(clippy::reversed_empty_ranges, reason = "none at all")]
        let none = sliding.total_of(5..=4);
        assert_eq!(none, 0);
    }

    #[test]
    fn the_narrowest_and_the_widest_window_count() {
        for span in [Duration::from_millis(1), Duration::MAX] {
            let sliding = SlidingCount::new(Slicing::new(Instant::ORIGIN, span, 1), 1);
            for now in [Instant::ORIGIN, Instant::FOREVER] {
                sliding.add_one(now);
                assert!((1..=2).contains(&sliding.total(now)), "{span:?} at {now:?}");
            }
        }
    }

    #[test]
    fn threads_count_together() {
        let sliding = sliding(10, 10);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|_| sliding.add_one(at(1.0))));
            }
        });
        assert_eq!(sliding.total(at(1.0)), 40_000);
    }

    #[test]
    fn cut_differently_it_starts_from_nothing() {
        let sliding = sliding(10, 10);
        sliding.add_one(at(1.0));
        sliding.reslice(Slicing::new(sliding.start(), Duration::from_secs(60), 6));
        assert_eq!(sliding.total(at(1.0)), 0);
        sliding.add_one(at(1.0));
        assert_eq!(sliding.total(at(59.0)), 1);
    }
}
