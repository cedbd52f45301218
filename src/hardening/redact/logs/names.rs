//! What is known of the names of fields, so that each is judged once.

use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use super::super::{named::Named, span::Tag};

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
const FREE: u64 = 1;
const PERHAPS: u64 = 2;
const COOKIES: u64 = 3;
/// And above it the number of the kind.
const SECRET: u64 = 4;

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
        Named::Free => Some(FREE),
        Named::Perhaps => Some(PERHAPS),
        Named::Cookies => Some(COOKIES),
        Named::Secret(Tag::Built(number)) if u64::from(number) < 0x100 - SECRET => {
            Some(SECRET + u64::from(number))
        }
        // Names have the first few kinds; another would be judged each time.
        Named::Secret(_) => None,
    }
}

#[inline]
const fn unpack(known: u64) -> Option<Named> {
    match known {
        EMPTY => None,
        FREE => Some(Named::Free),
        PERHAPS => Some(Named::Perhaps),
        COOKIES => Some(Named::Cookies),
        number => Some(Named::Secret(Tag::Built((number - SECRET) as u16))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_judged_once() {
        let names = Names::new();
        for known in [Named::Free, Named::Perhaps, Named::Cookies, Named::Secret(Tag::Built(6))] {
            let name: &'static str = match known {
                Named::Free => "free",
                Named::Perhaps => "perhaps",
                Named::Cookies => "cookies",
                Named::Secret(_) => "secret",
            };
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
        assert_eq!(ask(0x100, Named::Free), Named::Free);
        assert_eq!(ask(0x200, Named::Perhaps), Named::Perhaps);
        assert_eq!(
            (ask(0x100, Named::Cookies), ask(0x200, Named::Cookies)),
            (Named::Free, Named::Perhaps)
        );
        assert_eq!(ask(0x300, Named::Cookies), Named::Cookies);
        assert_eq!(ask(0x100, Named::Cookies), Named::Free);
    }

    #[test]
    fn the_beginning_of_a_name_is_another_name() {
        let names = Names::new();
        let name = "password_hint";
        names.get(name, || Named::Free);
        assert_eq!(names.get(&name[..8], || Named::Perhaps), Named::Perhaps);
        names.of_text(name, || Named::Free);
        assert_eq!(names.of_text(name, || Named::Perhaps), Named::Free);
        assert_eq!(names.of_text(&name[..8], || Named::Perhaps), Named::Perhaps);
    }
}
