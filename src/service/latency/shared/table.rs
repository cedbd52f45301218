use std::{
    hash::{BuildHasher, RandomState},
    sync::OnceLock,
};

use super::measure::Measure;
use crate::ground::sync::Spread;

/// Operations by name. Nothing is ever taken out, so they are found without a lock.
pub(super) struct Table {
    /// At least twice as many as there are operations, so that a free one is always near.
    slots: Box<[OnceLock<Spread<Measure>>]>,
    hasher: RandomState,
}

impl Table {
    /// With room for so many operations.
    pub(super) fn new(room: usize) -> Self {
        let slots = (room * 2).next_power_of_two();
        Self { slots: (0..slots).map(|_| OnceLock::new()).collect(), hasher: RandomState::new() }
    }

    pub(super) fn find(&self, name: &str) -> Option<&Spread<Measure>> {
        for slot in self.path(name) {
            let measure = slot.get()?;
            if measure.name().as_str() == name {
                return Some(measure);
            }
        }
        None
    }

    /// Puts a new operation in, under a lock of the caller's; none if there is no room.
    pub(super) fn insert(&self, measure: Spread<Measure>) -> Option<&Spread<Measure>> {
        let mut path = self.path(measure.name().as_str());
        let slot = path.find(|slot| slot.get().is_none())?;
        Some(slot.get_or_init(|| measure))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Spread<Measure>> {
        self.slots.iter().filter_map(OnceLock::get)
    }

    /// The slots in which a name is looked for, one after another.
    fn path<'a>(
        &'a self,
        name: &str,
    ) -> impl Iterator<Item = &'a OnceLock<Spread<Measure>>> + use<'a> {
        let first = self.hasher.hash_one(name) as usize & (self.slots.len() - 1);
        self.slots[first..].iter().chain(&self.slots[..first])
    }
}
