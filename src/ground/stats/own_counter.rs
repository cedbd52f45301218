use crate::ground::sync::{
    Padded,
    atomic::{AtomicU64, Ordering},
    own_shard,
};

/// A total that a thread adds to without an atomic addition: for what happens on the happy path of
/// every call.
#[derive(Debug)]
pub(crate) struct OwnCounter {
    /// A place for each thread that has one of its own, and the last for all the others.
    places: Box<[Padded<AtomicU64>]>,
}

impl OwnCounter {
    /// With so many places of threads' own.
    pub(crate) fn new(width: usize) -> Self {
        Self { places: (0..=width).map(|_| Padded(AtomicU64::new(0))).collect() }
    }

    #[inline]
    pub(crate) fn add_one(&self) {
        self.add(1);
    }

    #[inline]
    pub(crate) fn add(&self, count: u64) {
        let width = self.places.len() - 1;
        match own_shard(width) {
            // Nobody else writes here.
            Some(own) => {
                let place = &self.places[own];
                place.store(place.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
            }
            None => self.add_to_last(count),
        }
    }

    #[cold]
    fn add_to_last(&self, count: u64) {
        if let Some(last) = self.places.last() {
            last.fetch_add(count, Ordering::Relaxed);
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.places.iter().map(|place| place.load(Ordering::Relaxed)).fold(0, u64::wrapping_add)
    }
}

#[cfg(all(test, not(buttress_loom)))]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_between_threads_with_and_without_a_place() {
        let counter = OwnCounter::new(2);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..1000).for_each(|_| counter.add_one()));
            }
        });
        assert_eq!(counter.total(), 8000);
    }
}
