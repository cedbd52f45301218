use std::borrow::Borrow;

use hashbrown::HashTable;

use super::Member;

/// A part of a keyed family: a table of slots, and a hand that goes round them.
pub(super) struct Shard<K, G> {
    table: HashTable<usize>,
    slots: Vec<Slot<K, G>>,
    hand: usize,
    /// How many more times not to look for a healthy guard: there was none.
    barren: usize,
}

struct Slot<K, G> {
    hash: u64,
    key: K,
    guard: G,
    /// Asked for since the hand last passed.
    recent: bool,
}

/// What was taken out, to be dropped where no lock is held.
pub(super) struct Evicted<K, G> {
    _key: K,
    _guard: G,
}

impl<K, G: Member> Shard<K, G> {
    pub(super) const fn new() -> Self {
        Self { table: HashTable::new(), slots: Vec::new(), hand: 0, barren: 0 }
    }

    pub(super) fn get<Q>(&mut self, hash: u64, key: &Q) -> Option<G>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let at = *self.table.find(hash, |at| self.slots[*at].key.borrow() == key)?;
        let slot = &mut self.slots[at];
        slot.recent = true;
        Some(slot.guard.clone())
    }

    /// Keeps the guard, unless the key has one already, which is then the answer.
    pub(super) fn insert(&mut self, hash: u64, key: K, guard: G) -> Option<G>
    where
        K: Eq,
    {
        if let Some(theirs) = self.get(hash, &key) {
            return Some(theirs);
        }
        self.table.insert_unique(hash, self.slots.len(), |at| self.slots[*at].hash);
        self.slots.push(Slot { hash, key, guard, recent: false });
        None
    }

    pub(super) fn remove<Q>(&mut self, hash: u64, key: &Q) -> Option<Evicted<K, G>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let at = *self.table.find(hash, |at| self.slots[*at].key.borrow() == key)?;
        Some(self.take(at))
    }

    /// Takes an idle guard out that was not asked for lately: a healthy one, or any.
    ///
    /// Asking every guard for its health in vain is paid for by not asking again for as many times:
    /// whoever makes every guard unhealthy cannot make every new key expensive.
    pub(super) fn evict(&mut self, healthy: bool) -> Option<Evicted<K, G>> {
        /// So few are asked each time.
        const FEW: usize = 32;

        if healthy && self.barren > 0 {
            self.barren -= 1;
            return None;
        }
        // Once round to forgive what was asked for lately, once more to find it.
        for _ in 0..self.slots.len() * 2 {
            self.hand = if self.hand + 1 < self.slots.len() { self.hand + 1 } else { 0 };
            let slot = &mut self.slots[self.hand];
            if !slot.guard.is_idle() || healthy && !slot.guard.is_healthy() {
                continue;
            }
            if !std::mem::take(&mut slot.recent) {
                return Some(self.take(self.hand));
            }
        }
        if healthy && self.slots.len() > FEW {
            self.barren = self.slots.len();
        }
        None
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn entries(&self) -> Vec<(K, G)>
    where
        K: Clone,
    {
        self.slots.iter().map(|slot| (slot.key.clone(), slot.guard.clone())).collect()
    }

    fn take(&mut self, at: usize) -> Evicted<K, G> {
        let slot = self.slots.swap_remove(at);
        if let Ok(entry) = self.table.find_entry(slot.hash, |index| *index == at) {
            entry.remove();
        }
        if let Some(moved) = self.slots.get(at) {
            // The last slot now stands here.
            if let Some(index) = self.table.find_mut(moved.hash, |index| *index == self.slots.len())
            {
                *index = at;
            }
        }
        Evicted { _key: slot.key, _guard: slot.guard }
    }
}
