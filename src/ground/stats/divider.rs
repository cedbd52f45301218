/// Divides by a number that seldom changes: a multiplication instead of a division.
#[derive(Clone, Copy, Debug)]
pub(super) struct Divider {
    divisor: u64,
    reciprocal: u64,
}

impl Divider {
    /// `divisor` is taken as 1 when it is 0.
    pub(super) const fn new(divisor: u64) -> Self {
        let divisor = if divisor == 0 { 1 } else { divisor };
        Self { divisor, reciprocal: u64::MAX / divisor }
    }

    pub(super) const fn divisor(self) -> u64 {
        self.divisor
    }

    pub(super) const fn reciprocal(self) -> u64 {
        self.reciprocal
    }

    /// From parts that were read one after another. If they do not belong together a quotient is
    /// wrong, and that is all.
    pub(super) const fn from_parts(divisor: u64, reciprocal: u64) -> Self {
        Self { divisor, reciprocal }
    }

    /// ⌊`value` / divisor⌋, exactly.
    #[inline]
    pub(super) const fn divide(self, value: u64) -> u64 {
        // The reciprocal is short of 2⁶⁴ / d by less than 1 part in 2⁶⁴ / d, so the estimate is
        // short by at most 1.
        let estimate = ((value as u128 * self.reciprocal as u128) >> 64) as u64;
        let rest = value.wrapping_sub(estimate.wrapping_mul(self.divisor));
        if rest >= self.divisor { estimate.wrapping_add(1) } else { estimate }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_are_exact_at_every_edge() {
        for divisor in
            [1, 2, 3, 7, 10, 1_000_000, 3_000_000_000, u64::MAX / 2, u64::MAX - 1, u64::MAX]
        {
            let divider = Divider::new(divisor);
            for multiple in [0, 1, 2, 9, 1 << 20, u64::MAX / divisor] {
                let Some(edge) = divisor.checked_mul(multiple) else {
                    continue;
                };
                for value in [edge.saturating_sub(1), edge, edge.saturating_add(1), u64::MAX] {
                    assert_eq!(divider.divide(value), value / divisor, "{value} / {divisor}");
                }
            }
        }
        assert_eq!(Divider::new(0).divide(5), 5);
    }
}
