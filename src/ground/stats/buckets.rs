//! How values are told apart by size: by 64 steps for each power of two.

/// Steps of each power of two, as a power of two: a value is then at most 1/128 from the middle of
/// its bucket.
const FINE: u32 = 6;
/// Values are told apart up to 2⁴² (73 minutes in nanoseconds); larger ones share the last bucket.
const COARSEST: u32 = 42;
/// How many buckets there are.
pub(crate) const BUCKETS: usize = ((COARSEST - FINE + 1) << FINE) as usize;

/// The bucket of a value.
#[inline]
pub(crate) const fn index(value: u64) -> usize {
    let value = if value >> COARSEST == 0 { value } else { (1 << COARSEST) - 1 };
    let magnitude = (value | 1 << FINE).ilog2() - FINE;
    ((magnitude as usize) << FINE) + (value >> magnitude) as usize
}

/// The middle of a bucket.
pub(super) const fn middle(index: usize) -> u64 {
    let magnitude = (index >> FINE).saturating_sub(1);
    let least = (index - (magnitude << FINE)) as u64;
    (least << magnitude) + ((1 << magnitude) - 1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_within_one_percent_of_the_middle_of_its_bucket() {
        for shift in 0..COARSEST {
            for value in [1_u64 << shift, (1 << shift) + 1, (1 << shift) * 3 / 2, (2 << shift) - 1]
            {
                let off = middle(index(value)).abs_diff(value);
                assert!(off as f64 <= value as f64 / 128.0, "{value} by {off}");
            }
        }
    }

    #[test]
    fn buckets_follow_one_another_without_a_gap() {
        assert_eq!((index(0), middle(0)), (0, 0));
        for bucket in 1..BUCKETS {
            assert_eq!(index(middle(bucket)), bucket);
            assert!(middle(bucket - 1) < middle(bucket));
        }
        assert_eq!(index(u64::MAX), BUCKETS - 1);
        assert_eq!(index((1 << COARSEST) - 1), BUCKETS - 1);
    }
}
