//! Who stays: pure decisions about numbered places, told what happens to them.
//!
//! A policy knows no keys and no values. It is told that a place was filled, hit or emptied, and asked
//! whose turn it is to go.

mod admission;
mod duel;
mod lru;
mod shadow;

use self::admission::{RECENCY, WINDOW};
pub(super) use self::{
    admission::{Admission, HITS},
    duel::Duel,
    lru::Lru,
};

/// What a policy may know of a place, kept where the place is: a hit then touches nothing else.
pub(super) trait Places {
    /// The mark and the hash of what stands there.
    fn look(&self, place: u32) -> Option<(u8, u32)>;

    /// How heavy it is: the same as long as it stands there.
    fn weight(&self, place: u32) -> u64;

    /// What the policy wrote there, 0 from the start. It stays while the place is empty.
    fn mark(&self, place: u32) -> u8;

    /// Writes that.
    fn set_mark(&mut self, place: u32, mark: u8);
}

/// Chooses who goes.
pub(super) trait Policy {
    /// A new entry stands there.
    fn filled(&mut self, place: u32, places: &mut impl Places);

    /// It was asked for.
    fn hit(&mut self, place: u32, places: &mut impl Places);

    /// What stands there will be gone, and not because this policy chose it.
    fn emptied(&mut self, place: u32, places: &mut impl Places);

    /// Whose turn it is to go; from then on it is forgotten. `None` where there is nobody.
    fn evict(&mut self, places: &mut impl Places) -> Option<u32>;

    /// Gives every filled place its new number; the others are gone.
    fn renumber(&mut self, new: impl Fn(u32) -> Option<u32>);
}

#[cfg(test)]
mod tests {
    use super::Places;

    /// Places that are known by their numbers.
    pub(super) struct Numbers(pub(super) Vec<Number>);

    #[derive(Clone)]
    pub(super) struct Number {
        pub(super) hash: u32,
        pub(super) weight: u64,
        pub(super) filled: bool,
        pub(super) mark: u8,
    }

    impl Numbers {
        pub(super) fn is_filled(&self, place: u32) -> bool {
            self.0[place as usize].filled
        }

        pub(super) fn new(places: u32) -> Self {
            let number = |place: u32| Number {
                hash: place.wrapping_mul(0x9e37_79b1),
                weight: 1,
                filled: false,
                mark: 0,
            };
            Self((0..places).map(number).collect())
        }
    }

    impl Places for Numbers {
        fn look(&self, place: u32) -> Option<(u8, u32)> {
            let number = &self.0[place as usize];
            number.filled.then_some((number.mark, number.hash))
        }

        fn weight(&self, place: u32) -> u64 {
            self.0[place as usize].weight
        }

        fn mark(&self, place: u32) -> u8 {
            self.0[place as usize].mark
        }

        fn set_mark(&mut self, place: u32, mark: u8) {
            self.0[place as usize].mark = mark;
        }
    }
}
