use crate::resilience::cache::{policy::Places, stamp::Stamp};

/// Entries in numbered places.
///
/// What only some caches need stands in lists beside it, which are empty in the others.
///
/// What a hit reads stands first.
#[repr(C)]
pub(super) struct Slab<K, V> {
    slots: Vec<Slot<K, V>>,
    ticks: Ticks,
    /// The first empty place of a chain of them.
    vacant: u32,
    filled: usize,
    /// Empty where every entry weighs 1.
    weights: Vec<u32>,
    /// Empty where nothing expires.
    stamps: Vec<Stamp>,
}

/// The mark, the ticks and the hash fit beside the tag: 24 bytes where key and value are numbers.
enum Slot<K, V> {
    Empty {
        mark: u8,
        next: u32,
    },
    Filled {
        mark: u8,
        /// Up to this tick it is there in any case, so that most hits need not look at its stamp.
        sure: u16,
        hash: u32,
        key: K,
        value: V,
    },
}

/// A coarse time that fits into the slots.
struct Ticks {
    first: u64,
    /// log₂ of the nanoseconds of a tick.
    scale: u32,
}

impl Ticks {
    /// Two ticks are longer apart than a coarse clock may lag: 34 ms at the least.
    const FINEST: u32 = 25;
    /// log₂ of the ticks of a usual life.
    const LIFE: u32 = 8;

    const fn new(first: u64, life: u64) -> Self {
        let scale = (life | 1).ilog2().saturating_sub(Self::LIFE);
        Self { first, scale: if scale < Self::FINEST { Self::FINEST } else { scale } }
    }

    /// The last tick is every moment that is too far off, and no entry is there for sure then.
    #[inline]
    fn of(&self, at: u64) -> u16 {
        u16::try_from(at.saturating_sub(self.first) >> self.scale).unwrap_or(u16::MAX)
    }

    /// Up to which tick it is there, for sure, if it goes at that moment: one whole tick passes between.
    #[inline]
    fn sure(&self, until: u64) -> u16 {
        self.of(until).saturating_sub(1)
    }
}

const NOWHERE: u32 = u32::MAX;

/// What stood in a place.
pub(super) struct Taken<K, V> {
    pub(super) hash: u32,
    pub(super) key: K,
    pub(super) value: V,
    pub(super) weight: u32,
}

impl<K, V> Slab<K, V> {
    pub(super) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            vacant: NOWHERE,
            filled: 0,
            weights: Vec::new(),
            stamps: Vec::new(),
            ticks: Ticks::new(0, 0),
        }
    }

    /// How many entries there are.
    pub(super) const fn len(&self) -> usize {
        self.filled
    }

    /// How many places there are.
    pub(super) fn places(&self) -> usize {
        self.slots.len()
    }

    #[inline]
    pub(super) fn is_stamped(&self) -> bool {
        !self.stamps.is_empty()
    }

    #[inline]
    pub(super) fn entry(&self, place: u32) -> Option<(&K, &V)> {
        match self.slots.get(place as usize) {
            Some(Slot::Filled { key, value, .. }) => Some((key, value)),
            _ => None,
        }
    }

    /// Whether that key stands there.
    #[inline]
    pub(super) fn is_key(&self, place: u32, hash: u32, is: impl FnOnce(&K) -> bool) -> bool {
        match self.slots.get(place as usize) {
            Some(Slot::Filled { hash: theirs, key, .. }) => *theirs == hash && is(key),
            _ => false,
        }
    }

    /// The hash of what stands there.
    #[inline]
    pub(super) fn hash(&self, place: u32) -> u32 {
        self.look(place).map_or(0, |(_, hash)| hash)
    }

    #[inline]
    pub(super) fn stamp(&self, place: u32) -> Stamp {
        self.stamps.get(place as usize).copied().unwrap_or(Stamp::NONE)
    }

    #[inline]
    pub(super) fn touch(&mut self, place: u32, now: u64) {
        if let Some(stamp) = self.stamps.get_mut(place as usize) {
            stamp.touched = now;
        }
    }

    pub(super) fn set_stamp(&mut self, place: u32, stamp: Option<Stamp>) {
        if self.stamps.is_empty() {
            match stamp {
                Some(Stamp { born, until, .. }) => self.ticks = Ticks::new(born, until - born),
                None => return,
            }
        }
        if self.stamps.len() < self.slots.len() {
            reserve(&mut self.stamps, self.slots.capacity());
            self.stamps.resize(self.slots.len(), Stamp::NONE);
        }
        self.stamps[place as usize] = stamp.unwrap_or(Stamp::NONE);
        self.note_sure(place);
    }

    /// Whether the entry there is certainly not gone yet, unless nobody asked for it.
    #[inline]
    pub(super) fn is_surely_there(&self, place: u32, now: u64) -> bool {
        match self.slots.get(place as usize) {
            Some(Slot::Filled { sure, .. }) => self.ticks.of(now) < *sure,
            _ => false,
        }
    }

    /// Writes into the slot what its stamp says.
    pub(super) fn note_sure(&mut self, place: u32) {
        let tick = self.ticks.sure(self.stamp(place).until);
        if let Some(Slot::Filled { sure, .. }) = self.slots.get_mut(place as usize) {
            *sure = tick;
        }
    }

    /// Counts ticks from now on where they have run out. That is after some hundred lives; whoever is
    /// asked for next looks at its stamp once.
    pub(super) fn keep_time(&mut self, now: u64) {
        if self.ticks.of(now) == u16::MAX {
            self.set_clock(Ticks { first: now, ..self.ticks });
        }
    }

    /// Counts ticks from now on, as is right for lives of about this length.
    pub(super) fn set_ticks(&mut self, now: u64, life: u64) {
        self.set_clock(Ticks::new(now, life));
    }

    fn set_clock(&mut self, ticks: Ticks) {
        self.ticks = ticks;
        for slot in &mut self.slots {
            if let Slot::Filled { sure, .. } = slot {
                *sure = 0;
            }
        }
    }

    /// Counts up in the mark of a place, and gives its value.
    #[inline]
    pub(super) fn mark_up(&mut self, place: u32, most: u8) -> Option<&V> {
        match self.slots.get_mut(place as usize) {
            Some(Slot::Filled { mark, value, .. }) => {
                // A line that is not written stays in the caches of all who read it.
                if *mark & most < most {
                    *mark += 1;
                }
                Some(value)
            }
            _ => None,
        }
    }

    #[inline]
    pub(super) fn set_weight(&mut self, place: u32, weight: u32) {
        if !self.weights.is_empty() || weight != 1 {
            self.note_weight(place, weight);
        }
    }

    fn note_weight(&mut self, place: u32, weight: u32) {
        if self.weights.len() < self.slots.len() {
            reserve(&mut self.weights, self.slots.capacity());
            self.weights.resize(self.slots.len(), 1);
        }
        self.weights[place as usize] = weight;
    }

    #[inline]
    pub(super) fn weight_of(&self, place: u32) -> u32 {
        self.weights.get(place as usize).copied().unwrap_or(1)
    }

    /// Fills an empty place.
    #[inline]
    pub(super) fn fill(&mut self, hash: u32, key: K, value: V) -> u32 {
        self.filled += 1;
        match self.slots.get_mut(self.vacant as usize) {
            Some(slot) => {
                let place = self.vacant;
                let Slot::Empty { mark, next } = *slot else { return place };
                self.vacant = next;
                *slot = Slot::Filled { mark, sure: 0, hash, key, value };
                place
            }
            None => {
                grow(&mut self.slots);
                self.slots.push(Slot::Filled { mark: 0, sure: 0, hash, key, value });
                (self.slots.len() - 1) as u32
            }
        }
    }

    /// Another entry in the place of one that is there; the former one.
    #[inline]
    pub(super) fn exchange(&mut self, place: u32, new: (u32, K, V)) -> Option<(K, V)> {
        match self.slots.get_mut(place as usize) {
            Some(Slot::Filled { hash, key, value, .. }) => {
                *hash = new.0;
                Some((std::mem::replace(key, new.1), std::mem::replace(value, new.2)))
            }
            _ => None,
        }
    }

    /// Another value for the key there; the former one.
    pub(super) fn replace(&mut self, place: u32, new: V) -> Option<V> {
        match self.slots.get_mut(place as usize) {
            Some(Slot::Filled { value, .. }) => Some(std::mem::replace(value, new)),
            _ => None,
        }
    }

    /// Empties a place.
    #[inline]
    pub(super) fn take(&mut self, place: u32) -> Option<Taken<K, V>> {
        let weight = self.weight_of(place);
        let slot = self.slots.get_mut(place as usize)?;
        let Slot::Filled { mark, .. } = *slot else { return None };
        let empty = Slot::Empty { mark, next: self.vacant };
        let Slot::Filled { hash, key, value, .. } = std::mem::replace(slot, empty) else {
            return None;
        };
        self.vacant = place;
        self.filled -= 1;
        Some(Taken { hash, key, value, weight })
    }

    /// Moves every entry to the front. The new number of each place that is filled, by its old one.
    pub(super) fn compact(&mut self) -> Vec<u32> {
        let mut moved = Vec::with_capacity(self.slots.len());
        let mut kept = Vec::with_capacity(self.filled);
        for (place, slot) in std::mem::take(&mut self.slots).into_iter().enumerate() {
            if !matches!(slot, Slot::Filled { .. }) {
                moved.push(NOWHERE);
                continue;
            }
            let to = kept.len();
            moved.push(to as u32);
            kept.push(slot);
            if let Some(weight) = self.weights.get(place).copied() {
                self.weights[to] = weight;
            }
            if let Some(stamp) = self.stamps.get(place).copied() {
                self.stamps[to] = stamp;
            }
        }
        self.weights.truncate(kept.len());
        self.weights.shrink_to_fit();
        self.stamps.truncate(kept.len());
        self.stamps.shrink_to_fit();
        (self.slots, self.vacant) = (kept, NOWHERE);
        moved
    }
}

/// Room for more: twice as much while it is little, then an eighth at a time, because a cache stops
/// growing soon after it is full.
fn grow<T>(list: &mut Vec<T>) {
    const LITTLE: usize = 4096;
    if list.len() == list.capacity() {
        let more = if list.len() < LITTLE { list.len().max(16) } else { list.len() / 8 };
        list.reserve_exact(more);
    }
}

/// As much room as the slots have.
fn reserve<T>(list: &mut Vec<T>, capacity: usize) {
    if list.capacity() < capacity {
        list.reserve_exact(capacity - list.len());
    }
}

impl<K, V> Places for Slab<K, V> {
    #[inline]
    fn look(&self, place: u32) -> Option<(u8, u32)> {
        match self.slots.get(place as usize) {
            Some(Slot::Filled { mark, hash, .. }) => Some((*mark, *hash)),
            _ => None,
        }
    }

    #[inline]
    fn weight(&self, place: u32) -> u64 {
        u64::from(self.weight_of(place))
    }

    #[inline]
    fn mark(&self, place: u32) -> u8 {
        match self.slots.get(place as usize) {
            Some(Slot::Filled { mark, .. } | Slot::Empty { mark, .. }) => *mark,
            None => 0,
        }
    }

    #[inline]
    fn set_mark(&mut self, place: u32, new: u8) {
        if let Some(Slot::Filled { mark, .. } | Slot::Empty { mark, .. }) =
            self.slots.get_mut(place as usize)
        {
            *mark = new;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_there_for_sure_when_ticks_are_counted_from_another_moment() {
        const TICK: u64 = 1 << Ticks::FINEST;

        let mut slab = Slab::new();
        for until in [1_000_000_000, 60_000 * TICK] {
            let place = slab.fill(7, until, ());
            slab.set_stamp(place, Some(Stamp { born: 1, until, touched: 1 }));
        }
        assert!(slab.is_surely_there(1, 59_000 * TICK));
        assert!(!slab.is_surely_there(1, 60_000 * TICK));
        slab.keep_time((1 << 16) * TICK);
        assert!(!slab.is_surely_there(1, (1 << 16) * TICK));
    }
}
