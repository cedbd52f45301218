//! The one source of randomness: jitter, sampling, ramps.
//!
//! Each thread has its own small generator, seeded from the operating system. [`seed`] fixes the
//! calling thread's, so that a run on one thread can be repeated to the letter.

use std::{
    cell::{Cell, RefCell},
    hash::{BuildHasher, RandomState},
};

use rand::{RngExt, SeedableRng, rngs::SmallRng};

thread_local! {
    static GENERATOR: RefCell<SmallRng> = RefCell::new(SmallRng::seed_from_u64(
        RandomState::new().hash_one(std::thread::current().id()),
    ));
}

/// Fixes the calling thread's generator: what follows on this thread is the same on every run.
pub fn seed(seed: u64) {
    GENERATOR.with_borrow_mut(|generator| *generator = SmallRng::seed_from_u64(seed));
}

/// A number from 0 up to and without 1.
pub(crate) fn unit() -> f64 {
    // A guard dropped while its thread ends still gets a number, only not a random one.
    GENERATOR.try_with(|generator| generator.borrow_mut().random::<f64>()).unwrap_or(0.5)
}

/// A whole number from 0 up to and without `bound`; 0 if that leaves none.
pub(crate) fn below(bound: u64) -> u64 {
    if bound == 0 {
        return 0;
    }
    GENERATOR
        .try_with(|generator| generator.borrow_mut().random_range(0..bound))
        .unwrap_or(bound / 2)
}

/// Whether it is the turn of one in 2^`shift`. Evenly spread and not at random, which costs a fifth; yet not
/// every so many either, or whoever asks at every second turn might never have one.
#[inline]
pub(crate) fn is_turn(shift: u32) -> bool {
    /// 2^64 by the golden ratio.
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

    thread_local! {
        static TURN: Cell<u64> = const { Cell::new(0) };
    }

    let turn = |turn: &Cell<u64>| {
        turn.set(turn.get().wrapping_add(STEP));
        turn.get().checked_shr(64 - shift.min(64)).unwrap_or(0) == 0
    };
    TURN.try_with(turn).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_a_run() {
        let draw = |by| {
            seed(by);
            [unit(), unit(), unit()]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn whole_numbers_stay_below_their_bound() {
        seed(1);
        assert_eq!((below(0), below(1)), (0, 0));
        let draws: Vec<u64> = (0..1000).map(|_| below(10)).collect();
        assert!((0..10).all(|number| draws.contains(&number)) && draws.iter().all(|&at| at < 10));
        assert!((0..100).any(|_| below(u64::MAX) > u64::MAX / 2));
    }

    #[test]
    fn turns_are_as_many_as_asked_for_whoever_else_asks() {
        for shift in 0..8 {
            let turns = |others: usize| {
                let mine = (0..100_000).filter(|_| {
                    (0..others).for_each(|_| _ = is_turn(shift));
                    is_turn(shift)
                });
                mine.count() as f64 / 100_000.0
            };
            for others in 0..5 {
                let (share, expected) = (turns(others), 0.5_f64.powi(shift as i32));
                assert!((share / expected - 1.0).abs() < 0.05, "{shift}, {others}: {share}");
            }
        }
    }

    #[test]
    fn draws_lie_between_nought_and_one() {
        seed(1);
        let draws: Vec<f64> = (0..10_000).map(|_| unit()).collect();
        assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
        let mean = draws.iter().sum::<f64>() / 10_000.0;
        assert!((0.48..0.52).contains(&mean), "mean {mean}");
    }
}
