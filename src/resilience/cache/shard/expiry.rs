use hashbrown::HashTable;

use super::{Chosen, Shard, spread};
use crate::resilience::cache::{
    policy::Policy,
    removal::{Removal, Removed},
    wheel::Wheel,
};

/// So many entries are looked at for their age by one operation that is not asked to do more.
const FEW: usize = 16;
/// Fewer places than this are not worth moving together.
const SMALL: usize = 64;

impl<K, V> Shard<K, V> {
    /// Takes out what has expired, looking at `most` entries. The weight of what is gone, whether there may
    /// be more to look at, and how many were.
    pub(in crate::resilience::cache) fn expire(
        &mut self,
        now: u64,
        most: usize,
        removed: &mut Removed<K, V>,
    ) -> (u64, bool, usize) {
        if self.wheel.as_ref().is_some_and(|wheel| wheel.has_run_out(now)) {
            self.wheel = Some(Box::new(Wheel::new(now)));
            self.replan();
        }
        let Some(mut wheel) = self.wheel.take() else { return (0, false, 0) };
        wheel.turn(now);
        // Whoever was here before may have come from later: what is due by his time would be put back for
        // ever by ours.
        let now = now.max(wheel.began());
        self.slab.keep_time(now);
        let (mut freed, mut looked) = (0, 0);
        while looked < most {
            let Some(place) = wheel.next() else { break };
            looked += 1;
            if self.slab.entry(place).is_none() {
                continue;
            }
            let gone = self.gone_at(place);
            if gone > now {
                wheel.plan(place, gone);
                continue;
            }
            chosen!(&mut self.policy, policy => policy.emptied(place, &mut self.slab));
            if let Some(taken) = self.take(place, Removal::Expired) {
                freed += u64::from(taken.weight);
                removed.push(taken.key, taken.value, Removal::Expired);
            }
        }
        self.due_at = wheel.due_at();
        self.wheel = Some(wheel);
        self.tidy();
        (freed, looked == most, looked)
    }

    /// The bounded part of it that any operation does.
    pub(in crate::resilience::cache) fn expire_few(
        &mut self,
        now: u64,
        removed: &mut Removed<K, V>,
    ) -> u64 {
        self.expire(now, FEW, removed).0
    }

    /// From when on nobody wants the entry there, however old it may be.
    pub(super) fn gone_at(&self, place: u32) -> u64 {
        self.stamp(place).until.saturating_add(self.grace)
    }

    /// Gives memory back where few places are filled of many there were.
    pub(in crate::resilience::cache) fn tidy(&mut self) {
        if self.slab.places() < SMALL || self.slab.len() >= self.slab.places() / 8 {
            return;
        }
        let moved = self.slab.compact();
        self.moves += 1;
        let new = |place: u32| moved.get(place as usize).copied().filter(|to| *to != u32::MAX);
        chosen!(&mut self.policy, policy => policy.renumber(new));
        self.replan();
        let mut table = HashTable::with_capacity(self.slab.len());
        for place in 0..self.slab.len() as u32 {
            table.insert_unique(spread(self.slab.hash(place)), place, |at| {
                spread(self.slab.hash(*at))
            });
        }
        self.table = table;
    }

    /// Plans every entry anew, each once.
    #[cold]
    pub(super) fn replan(&mut self) {
        let Some(mut wheel) = self.wheel.take() else { return };
        wheel.clear();
        for place in 0..self.slab.places() as u32 {
            if self.slab.entry(place).is_some() {
                wheel.plan(place, self.gone_at(place));
            }
        }
        self.due_at = wheel.due_at();
        self.wheel = Some(wheel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resilience::cache::{config::Eviction, stamp::Stamp};

    const SECOND: u64 = 1_000_000_000;

    /// Each time it is to go earlier than was said before, and leaves its former slot behind.
    #[test]
    fn a_key_that_is_written_for_less_and_less_time_does_not_crowd_the_wheel() {
        let mut shard = Shard::new(Eviction::Admission, u64::MAX, 0);
        let stamp = |after: u64| Some(Stamp { born: 1, until: after * SECOND, touched: 1 });
        shard.insert(7, 7, 0, 1, stamp(5000));
        for after in (1..5000).rev() {
            shard.replace(0, after, 1, stamp(after), Removal::Replaced);
            assert!(!shard.wheel.as_ref().unwrap().is_crowded(), "{after}");
        }
        let mut removed = Removed::new();
        assert_eq!(shard.expire(10 * SECOND, usize::MAX, &mut removed), (1, false, 1));
    }
}
