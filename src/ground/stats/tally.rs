use std::ops::{AddAssign, SubAssign};

/// Counts of `N` kinds of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tally<const N: usize>(pub(crate) [u64; N]);

impl<const N: usize> Default for Tally<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> AddAssign for Tally<N> {
    fn add_assign(&mut self, other: Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = mine.saturating_add(theirs);
        }
    }
}

impl<const N: usize> SubAssign for Tally<N> {
    fn sub_assign(&mut self, other: Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = mine.saturating_sub(theirs);
        }
    }
}
