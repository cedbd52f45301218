//! What is known of the names of fields, so that each is judged once.

use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use super::super::{ask::Promise, keys::Strength, named::Named};

/// How many names are remembered. Each has two places; a third that falls on both is judged again.
const SLOTS: usize = 1024;

/// A slot is where a name is and what is known of it: one word, so that threads need no lock, and none
/// sees half of it.
#[derive(Debug)]
pub(super) struct Names {
    /// By the address and length of names that live as long as the process.
    fixed: Box<[AtomicU64]>,
    /// By a hash, under a secret of this process: 56 bits of it are as good as the name.
    texts: Box<[AtomicU64]>,
    hasher: RandomState,
}

const EMPTY: u64 = 0;
const NOTHING: u64 = 1;
const TOLD: u64 = 2;
/// And below it strength and kind of a promise.
const PROMISE: u64 = 0x80;

impl Names {
    pub(super) fn new() -> Self {
        let slots = || (0..SLOTS).map(|_| AtomicU64::new(EMPTY)).collect();
        Self { fixed: slots(), texts: slots(), hasher: RandomState::new() }
    }

    /// What is known of `name`; if nothing is, `judge` says.
    #[inline]
    pub(super) fn get(&self, name: &'static str, judge: impl FnOnce() -> Named) -> Named {
        let address = name.as_ptr() as u64;
        if address >= 1 << 48 || name.len() >= 1 << 8 {
            return judge();
        }
        // Names are a few words apart.
        let slot = (address ^ (address >> 9)) as usize % SLOTS;
        known(&self.fixed, slot, address << 16 | (name.len() as u64) << 8, judge)
    }

    /// The same for a name that came from somewhere.
    pub(super) fn of_text(&self, name: &str, judge: impl FnOnce() -> Named) -> Named {
        let hash = self.hasher.hash_one(name);
        known(&self.texts, hash as usize % SLOTS, hash & !0xff, judge)
    }
}

/// What is known of the name at `place`.
#[inline]
fn known(slots: &[AtomicU64], slot: usize, place: u64, judge: impl FnOnce() -> Named) -> Named {
    let [Some(first), Some(second)] = [slots.get(slot), slots.get(slot ^ 1)] else {
        return judge();
    };
    let taken = first.load(Relaxed);
    for word in [taken, second.load(Relaxed)] {
        if word & !0xff == place {
            if let Some(named) = unpack(word & 0xff) {
                return named;
            }
        }
    }
    let named = judge();
    if let Some(known) = pack(named) {
        let free = if taken == EMPTY { first } else { second };
        free.store(place | known, Relaxed);
    }
    named
}

fn pack(named: Named) -> Option<u64> {
    match named {
        // Whatever its name promises.
        Named { told: true, .. } => Some(TOLD),
        Named { promise: None, .. } => Some(NOTHING),
        // Names have the first few kinds; another would be judged each time.
        Named { promise: Some(Promise { strength, kind }), .. } if kind < 16 => {
            Some(PROMISE | (strength as u64) << 4 | u64::from(kind))
        }
        Named { .. } => None,
    }
}

#[inline]
fn unpack(known: u64) -> Option<Named> {
    match known {
        EMPTY => None,
        TOLD => Some(Named { promise: None, told: true }),
        _ if known & PROMISE == 0 => Some(Named::NOTHING),
        _ => {
            let strength = *Strength::ALL.get((known >> 4 & 7) as usize)?;
            let kind = (known & 15) as u16;
            Some(Named { promise: Some(Promise { strength, kind }), told: false })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz0123456789";

    const fn some(promise: Promise) -> Named {
        Named { promise: Some(promise), told: false }
    }

    const ONE: Named = some(Promise { strength: Strength::Weak, kind: 3 });
    const OTHER: Named = some(Promise { strength: Strength::Header, kind: 5 });

    #[test]
    fn each_name_is_judged_once() {
        let names = Names::new();
        let promised = |strength, kind| some(Promise { strength, kind });
        let promises = Strength::ALL
            .iter()
            .flat_map(|strength| (0..16).map(move |kind| promised(*strength, kind)));
        let told = Named { promise: None, told: true };
        for (at, known) in promises.chain([Named::NOTHING, told]).enumerate() {
            let name = &ALPHABET[at % 20..][..at / 20 + 1];
            let mut judged = 0;
            for _ in 0..3 {
                let named = names.get(name, || {
                    judged += 1;
                    known
                });
                assert_eq!(named, known);
            }
            assert_eq!(judged, 1);
        }
    }

    #[test]
    fn two_names_in_one_place_are_both_remembered() {
        let slots: Vec<_> = (0..2).map(|_| AtomicU64::new(EMPTY)).collect();
        let ask = |place, named| known(&slots, 0, place, || named);
        assert_eq!(ask(0x100, Named::NOTHING), Named::NOTHING);
        assert_eq!(ask(0x200, ONE), ONE);
        assert_eq!((ask(0x100, OTHER), ask(0x200, OTHER)), (Named::NOTHING, ONE));
        assert_eq!(ask(0x300, OTHER), OTHER);
        assert_eq!(ask(0x100, OTHER), Named::NOTHING);
    }

    #[test]
    fn the_beginning_of_a_name_is_another_name() {
        let names = Names::new();
        let name = "password_hint";
        names.get(name, || Named::NOTHING);
        assert_eq!(names.get(&name[..8], || ONE), ONE);
        names.of_text(name, || Named::NOTHING);
        assert_eq!(names.of_text(name, || ONE), Named::NOTHING);
        assert_eq!(names.of_text(&name[..8], || ONE), ONE);
    }
}
