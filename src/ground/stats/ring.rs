use std::{ops::RangeInclusive, time::Duration};

use super::{Tally, divider::Divider};
use crate::ground::time::{Instant, nanos};

/// The most buckets a sliding window may have.
pub(crate) const MAX_BUCKETS: u32 = 32;

/// How time is cut into buckets: from a start, all of one width, the last so many of them counting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slicing {
    pub(super) start: Instant,
    pub(super) width: Divider,
    pub(super) buckets: u32,
}

impl Slicing {
    /// Cuts `span` into `buckets`, from 1 to [`MAX_BUCKETS`].
    pub(crate) fn new(start: Instant, span: Duration, buckets: u32) -> Self {
        let buckets = buckets.clamp(1, MAX_BUCKETS);
        Self { start, width: Divider::new(nanos(span).div_ceil(u64::from(buckets))), buckets }
    }

    /// The number of the bucket that `now` falls into.
    #[inline]
    pub(crate) const fn bucket(&self, now: Instant) -> u64 {
        self.width.divide(now.as_nanos().saturating_sub(self.start.as_nanos()))
    }

    /// When this bucket begins.
    pub(crate) fn begins(&self, bucket: u64) -> Instant {
        self.start.after(Duration::from_nanos(bucket.saturating_mul(self.width.divisor())))
    }

    /// How long a bucket is.
    pub(crate) const fn width(&self) -> Duration {
        Duration::from_nanos(self.width.divisor())
    }

    /// How many buckets there are.
    pub(crate) const fn buckets(&self) -> u32 {
        self.buckets
    }

    /// The buckets that count at `now`: a bucket is out once `now` is a whole window past its start.
    pub(crate) const fn counting(&self, now: Instant) -> RangeInclusive<u64> {
        let newest = self.bucket(now);
        newest.saturating_sub(self.buckets as u64 - 1)..=newest
    }
}

/// Counts over a sliding window of time, in a fixed number of buckets: bounded memory, constant
/// cost, at most one bucket's width of error. Told the time.
#[derive(Clone, Debug)]
pub(crate) struct Ring<const N: usize> {
    slicing: Slicing,
    buckets: Vec<Tally<N>>,
    total: Tally<N>,
    newest: u64,
}

impl<const N: usize> Ring<N> {
    pub(crate) fn new(slicing: Slicing) -> Self {
        let buckets = vec![Tally::default(); slicing.buckets as usize];
        Self { slicing, buckets, total: Tally::default(), newest: 0 }
    }

    /// Counts `what` at `now`. A clock that goes backwards counts into the newest bucket.
    pub(crate) fn add(&mut self, now: Instant, what: Tally<N>) {
        self.slide(now);
        let at = self.slot(self.newest);
        self.buckets[at] += what;
        self.total += what;
    }

    /// What counts at `now`.
    pub(crate) fn total(&mut self, now: Instant) -> Tally<N> {
        self.slide(now);
        self.total
    }

    pub(crate) fn clear(&mut self) {
        self.buckets.fill(Tally::default());
        self.total = Tally::default();
    }

    /// Drops the buckets that no longer count: at most all of them, however far the clock jumped.
    fn slide(&mut self, now: Instant) {
        let newest = self.slicing.bucket(now);
        if newest <= self.newest {
            return;
        }
        if newest - self.newest >= self.buckets.len() as u64 {
            self.clear();
        } else {
            for bucket in self.newest + 1..=newest {
                let at = self.slot(bucket);
                self.total -= std::mem::take(&mut self.buckets[at]);
            }
        }
        self.newest = newest;
    }

    const fn slot(&self, bucket: u64) -> usize {
        (bucket % self.slicing.buckets as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Tally<1> = Tally([1]);

    fn at(seconds: f64) -> Instant {
        Instant::ORIGIN + Duration::from_secs_f64(seconds)
    }

    fn ring(seconds: u64, buckets: u32) -> Ring<1> {
        Ring::new(Slicing::new(Instant::ORIGIN, Duration::from_secs(seconds), buckets))
    }

    #[test]
    fn a_bucket_is_out_a_whole_window_after_its_start() {
        let mut ring = ring(10, 10);
        for second in 0..10 {
            ring.add(at(f64::from(second)), ONE);
        }
        assert_eq!(ring.total(at(9.999)), Tally([10]));
        assert_eq!(ring.total(at(10.0)), Tally([9]));
        assert_eq!(ring.total(at(11.0)), Tally([8]));
        assert_eq!(ring.total(at(100.0)), Tally([0]));
    }

    #[test]
    fn a_jump_of_ten_years_clears_each_bucket_once() {
        let mut ring = ring(10, 10);
        ring.add(at(0.0), ONE);
        ring.add(at(315_360_000.0), ONE);
        assert_eq!(ring.total(at(315_360_000.0)), Tally([1]));
    }

    #[test]
    fn a_clock_that_goes_backwards_loses_nothing() {
        let mut ring = ring(10, 10);
        ring.add(at(5.0), ONE);
        ring.add(at(1.0), ONE);
        ring.add(Instant::from_nanos(0), ONE);
        assert_eq!(ring.total(at(5.0)), Tally([3]));
    }

    #[test]
    fn a_million_records_in_one_instant_are_counted_exactly() {
        let mut ring = ring(10, 10);
        (0..1_000_000).for_each(|_| ring.add(at(3.0), ONE));
        assert_eq!(ring.total(at(3.0)), Tally([1_000_000]));
    }
}
