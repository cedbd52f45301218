use super::buckets::{BUCKETS, index, middle};

/// Counts of values by size: fixed memory (9.25 KiB), quantiles within 1 %, mergeable.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    counts: Box<[u32]>,
    total: u64,
    max: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { counts: vec![0; BUCKETS].into_boxed_slice(), total: 0, max: 0 }
    }

    pub(crate) fn add(&mut self, value: u64) {
        self.add_many(index(value), 1, value);
    }

    /// Adds so many values of this bucket, none of them above `max`.
    pub(crate) fn add_many(&mut self, bucket: usize, count: u32, max: u64) {
        if let Some(mine) = self.counts.get_mut(bucket) {
            let before = *mine;
            // What does not fit is left out of the total too, so that the ranks stay right.
            *mine = before.saturating_add(count);
            self.total += u64::from(*mine - before);
            self.max = self.max.max(max);
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (bucket, count) in other.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            self.add_many(bucket, *count, other.max);
        }
    }

    /// Empty again, in the memory it has.
    pub(crate) fn clear(&mut self) {
        self.counts.fill(0);
        (self.total, self.max) = (0, 0);
    }

    /// The value that a share of `quantile` of all values do not exceed, within 1 %; none if empty.
    /// Values above 2⁴² are told apart by their maximum only.
    pub(crate) fn quantile(&self, quantile: f64) -> Option<u64> {
        if self.total == 0 {
            return None;
        }
        let rank = ((quantile.clamp(0.0, 1.0) * self.total as f64).ceil() as u64).max(1);
        if rank >= self.total {
            return Some(self.max);
        }
        let mut seen = 0;
        let at = self.counts.iter().position(|count| {
            seen += u64::from(*count);
            seen >= rank
        });
        Some(at.map_or(self.max, middle).min(self.max))
    }

    /// How many values are in this bucket.
    pub(super) fn at(&self, bucket: usize) -> u64 {
        self.counts.get(bucket).copied().map_or(0, u64::from)
    }

    pub(crate) const fn max(&self) -> u64 {
        self.max
    }

    pub(crate) const fn count(&self) -> u64 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_a_thousand_round_numbers() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.quantile(0.5), None);
        (1..=1000).for_each(|value| histogram.add(value * 1000));
        for (quantile, exact) in
            [(0.0, 1000.0), (0.5, 500_000.0), (0.95, 950_000.0), (1.0, 1_000_000.0)]
        {
            let got = histogram.quantile(quantile).unwrap() as f64;
            assert!((got - exact).abs() <= exact / 100.0, "{quantile}: {got}");
        }
        assert_eq!((histogram.count(), histogram.max()), (1000, 1_000_000));
    }

    #[test]
    fn the_largest_value_is_exact() {
        let mut histogram = Histogram::new();
        for value in [0, 1, 999_999, u64::MAX] {
            histogram.add(value);
            assert_eq!((histogram.quantile(1.0), histogram.max()), (Some(value), value));
        }
        histogram.clear();
        assert_eq!((histogram.quantile(1.0), histogram.max(), histogram.count()), (None, 0, 0));
    }

    #[test]
    fn a_full_bucket_stays_full_and_ranks_stay_right() {
        let mut histogram = Histogram::new();
        histogram.add_many(index(10), u32::MAX, 10);
        histogram.add_many(index(10), 7, 10);
        histogram.add(1000);
        assert_eq!(histogram.count(), u64::from(u32::MAX) + 1);
        assert_eq!((histogram.quantile(0.99), histogram.quantile(1.0)), (Some(10), Some(1000)));
    }

    #[test]
    fn merging_is_counting_together() {
        let (mut left, mut right, mut both) =
            (Histogram::new(), Histogram::new(), Histogram::new());
        for value in 0..500 {
            left.add(value);
            right.add(value * 77);
            both.add(value);
            both.add(value * 77);
        }
        left.merge(&right);
        assert_eq!(left.quantile(0.9), both.quantile(0.9));
        assert_eq!((left.count(), left.max()), (both.count(), both.max()));
    }
}
