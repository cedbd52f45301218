//! The one source of randomness: jitter, sampling, ramps.
//!
//! Each thread has its own small generator, seeded from the operating system. [`seed`] fixes the
//! calling thread's, so that a run on one thread can be repeated to the letter.

use std::{
    cell::RefCell,
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
    fn draws_lie_between_nought_and_one() {
        seed(1);
        let draws: Vec<f64> = (0..10_000).map(|_| unit()).collect();
        assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
        let mean = draws.iter().sum::<f64>() / 10_000.0;
        assert!((0.48..0.52).contains(&mean), "mean {mean}");
    }
}
