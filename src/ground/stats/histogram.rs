/// Sub-buckets of each power of two: 128 keep the error of a quantile under 1 %.
const FINE: u32 = 7;
/// Values are kept exactly below 2⁷ and to 1/128 above, up to 2⁴⁰ (18 minutes in nanoseconds).
const COARSEST: u32 = 40;
const BUCKETS: usize = ((COARSEST - FINE + 1) << FINE) as usize;

/// Counts of values by size, log-linear: fixed memory, quantiles within 1 %, mergeable.
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
        let count = &mut self.counts[index(value)];
        *count = count.saturating_add(1);
        self.total += 1;
        self.max = self.max.max(value);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine = mine.saturating_add(*theirs);
        }
        self.total += other.total;
        self.max = self.max.max(other.max);
    }

    /// The value that a share of `quantile` of all values do not exceed, within 1 %; none if empty.
    pub(crate) fn quantile(&self, quantile: f64) -> Option<u64> {
        if self.total == 0 {
            return None;
        }
        let rank = ((quantile.clamp(0.0, 1.0) * self.total as f64).ceil() as u64).max(1);
        let mut seen = 0;
        let at = self.counts.iter().position(|count| {
            seen += u64::from(*count);
            seen >= rank
        });
        Some(at.map_or(self.max, upper).min(self.max))
    }

    pub(crate) const fn max(&self) -> u64 {
        self.max
    }

    pub(crate) const fn count(&self) -> u64 {
        self.total
    }
}

const fn index(value: u64) -> usize {
    let value = if value >> COARSEST == 0 { value } else { (1 << COARSEST) - 1 };
    let magnitude = (u64::BITS - value.leading_zeros()).saturating_sub(FINE + 1);
    ((magnitude as usize) << FINE) + (value >> magnitude) as usize
}

/// The largest value of a bucket.
const fn upper(index: usize) -> u64 {
    let magnitude = (index >> FINE).saturating_sub(1);
    let fine = index as u64 - ((magnitude as u64) << FINE);
    ((fine + 1) << magnitude) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_falls_into_a_bucket_that_ends_within_one_percent_of_it() {
        for shift in 0..COARSEST {
            for value in [1_u64 << shift, (1 << shift) + 1, (1 << shift) * 3 / 2, (2 << shift) - 1]
            {
                if value >> COARSEST != 0 {
                    continue;
                }
                let end = upper(index(value));
                assert!(
                    end >= value && (end - value) as f64 <= value as f64 / 100.0,
                    "{value}: {end}"
                );
            }
        }
        assert!(index(u64::MAX) < BUCKETS);
    }

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
        assert_eq!(left.count(), both.count());
    }
}
