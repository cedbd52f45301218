use std::ops::Range;

use super::{Chosen, Shard};
use crate::resilience::cache::{
    policy::Policy,
    removal::{Removal, Removed},
};

impl<K, V> Shard<K, V> {
    /// Watches a key from now on, by this number that nobody else has.
    pub(in crate::resilience::cache) fn watch(&mut self, hash: u32) -> u64 {
        self.watches += 1;
        self.watched.push((hash, self.watches));
        self.watches
    }

    /// Goes on with a watch after a write of the watcher's own.
    pub(in crate::resilience::cache) fn watch_on(&mut self, hash: u32, watch: u64) {
        if !self.is_unwritten(watch) {
            self.watched.push((hash, watch));
        }
    }

    /// Whether the key that is watched was not written since.
    pub(in crate::resilience::cache) fn is_unwritten(&self, watch: u64) -> bool {
        self.watched.iter().any(|(_, theirs)| *theirs == watch)
    }

    /// Nobody wants to know any longer.
    pub(in crate::resilience::cache) fn unwatch(&mut self, watch: u64) {
        self.watched.retain(|(_, theirs)| *theirs != watch);
    }

    /// How often entries were given new places.
    pub(in crate::resilience::cache) const fn moves(&self) -> u64 {
        self.moves
    }

    /// Takes everything out. The weight of it.
    pub(in crate::resilience::cache) fn clear(&mut self, removed: &mut Removed<K, V>) -> u64 {
        let weight = self.weight;
        for place in 0..self.slab.places() as u32 {
            if self.slab.entry(place).is_some() {
                chosen!(&mut self.policy, policy => policy.emptied(place, &mut self.slab));
            }
            if let Some(taken) = self.take(place, Removal::Removed) {
                removed.push(taken.key, taken.value, Removal::Removed);
            }
        }
        self.tidy();
        weight
    }

    /// A key of this hash is written: whoever watches it is to begin anew.
    #[inline]
    pub(super) fn note(&mut self, hash: u32) {
        if !self.watched.is_empty() {
            self.end_watches(hash);
        }
    }

    #[cold]
    fn end_watches(&mut self, hash: u32) {
        self.watched.retain(|(theirs, _)| *theirs != hash);
    }

    /// Copies what `copy` makes of entries from this place on, at most `most` of them that are there at
    /// `now`. The place to go on from; `None` at the end.
    pub(in crate::resilience::cache) fn copy_from<T>(
        &self,
        from: usize,
        most: usize,
        now: u64,
        mut copy: impl FnMut(&K, &V) -> T,
        into: &mut Vec<T>,
    ) -> Option<usize> {
        for place in from..self.slab.places() {
            let Some((key, value)) = self.slab.entry(place as u32) else { continue };
            if self.is_stamped() && self.stamp(place as u32).until <= now {
                continue;
            }
            into.push(copy(key, value));
            if into.len() == most {
                return Some(place + 1);
            }
        }
        None
    }

    /// How many entries have expired and are still here, of those in these places.
    pub(in crate::resilience::cache) fn expired(&self, places: Range<usize>, now: u64) -> u64 {
        if !self.is_stamped() {
            return 0;
        }
        let places = places.start as u32..places.end.min(self.slab.places()) as u32;
        let is_old = |place: &u32| self.entry(*place).is_some() && self.stamp(*place).until <= now;
        places.filter(is_old).count() as u64
    }

    /// How many places there are, if entries in them may have expired.
    pub(in crate::resilience::cache) fn stamped_places(&self) -> usize {
        if self.is_stamped() { self.slab.places() } else { 0 }
    }
}
