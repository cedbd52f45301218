use crate::resilience::cache::shared::Shared;

/// What `copy` makes of each entry, a few at a time.
pub(super) struct Iter<'a, K, V, T, C> {
    shared: &'a Shared<K, V>,
    copy: C,
    shard: usize,
    /// The place to go on from, and how often the shard's entries had been moved when that was said.
    next: (usize, u64),
    /// In reverse.
    batch: Vec<T>,
}

/// So many are copied under one lock.
const BATCH: usize = 64;

impl<'a, K, V, T, C: FnMut(&K, &V) -> T> Iter<'a, K, V, T, C> {
    pub(super) const fn new(shared: &'a Shared<K, V>, copy: C) -> Self {
        Self { shared, copy, shard: 0, next: (0, 0), batch: Vec::new() }
    }
}

impl<K, V, T, C: FnMut(&K, &V) -> T> Iterator for Iter<'_, K, V, T, C> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        while self.batch.is_empty() {
            let now = self.shared.now();
            let shard = self.shared.nth_shard(self.shard)?.lock();
            let (from, moves) = self.next;
            // Entries that were moved may stand before where we are.
            let from = if moves == shard.moves() { from } else { 0 };
            match shard.copy_from(from, BATCH, now, &mut self.copy, &mut self.batch) {
                Some(place) => self.next = (place, shard.moves()),
                None => (self.shard, self.next) = (self.shard + 1, (0, 0)),
            }
            drop(shard);
            self.batch.reverse();
        }
        self.batch.pop()
    }
}
