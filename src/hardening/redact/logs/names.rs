//! What is known of the names of fields, so that each is judged once.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::super::{named::Named, span::Tag};

/// How many names are remembered; what falls on the same slot is judged again.
const SLOTS: usize = 512;

/// A slot is the address of a name that lives as long as the process, its length, and what is known:
/// one word, so that threads need no lock, and none sees half of it.
#[derive(Debug)]
pub(super) struct Names {
    slots: Box<[AtomicU64]>,
}

const EMPTY: u64 = 0;
const FREE: u64 = 1;
const PERHAPS: u64 = 2;
const COOKIES: u64 = 3;
/// And above it the number of the kind.
const SECRET: u64 = 4;

impl Names {
    pub(super) fn new() -> Self {
        Self { slots: (0..SLOTS).map(|_| AtomicU64::new(EMPTY)).collect() }
    }

    /// What is known of `name`; if nothing is, `judge` says.
    #[inline]
    pub(super) fn get(&self, name: &'static str, judge: impl FnOnce() -> Named) -> Named {
        let address = name.as_ptr() as u64;
        // Names are a few words apart.
        let slot = (address ^ (address >> 9)) as usize % SLOTS;
        let (Some(slot), true) =
            (self.slots.get(slot), address < 1 << 48 && name.len() < 1 << 8)
        else {
            return judge();
        };
        let place = address << 16 | (name.len() as u64) << 8;
        let word = slot.load(Relaxed);
        if word & !0xff == place {
            if let Some(named) = unpack(word & 0xff) {
                return named;
            }
        }
        let named = judge();
        if let Some(known) = pack(named) {
            slot.store(place | known, Relaxed);
        }
        named
    }
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
    fn the_beginning_of_a_name_is_another_name() {
        let names = Names::new();
        let name = "password_hint";
        names.get(name, || Named::Free);
        assert_eq!(names.get(&name[..8], || Named::Perhaps), Named::Perhaps);
    }
}
