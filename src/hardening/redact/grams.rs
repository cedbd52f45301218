//! Where a text may hold one of some words, at a fraction of what the automaton takes: by three letters
//! at a time, of which most stand in none of them.

/// Letters, digits and some marks are told apart; all others are one.
const CLASSES: usize = 32;

/// A set of three letters: those with which the words begin.
#[derive(Debug)]
pub(super) struct Grams {
    class: Box<[u8; 256]>,
    /// A bit for each three classes; nothing where a word is too short for that to help.
    known: Option<Box<[u64; CLASSES * CLASSES * CLASSES / 64]>>,
}

impl Grams {
    pub(super) fn new<'w>(words: impl Iterator<Item = &'w [u8]>) -> Self {
        let mut class = Box::new([0; 256]);
        for (byte, class) in class.iter_mut().enumerate() {
            *class = class_of(byte as u8);
        }
        let mut known = Some(Box::new([0_u64; CLASSES * CLASSES * CLASSES / 64]));
        for word in words {
            match (&mut known, word) {
                (Some(bits), [first, second, third, ..]) => {
                    set(&mut bits[..], class_of(*first), class_of(*second), class_of(*third));
                }
                (Some(bits), [first, second]) => {
                    for third in 0..CLASSES {
                        set(&mut bits[..], class_of(*first), class_of(*second), third as u8);
                    }
                }
                _ => known = None,
            }
        }
        Self { class, known }
    }

    /// The first place at or after `from` where a word may begin; if one begins, it is no later.
    #[inline]
    pub(super) fn first(&self, text: &[u8], from: usize) -> Option<usize> {
        let rest = text.get(from..)?;
        let Some(known) = &self.known else {
            return (!rest.is_empty()).then_some(from);
        };
        let mut rolled = 0_usize;
        let mut hit = |byte: u8| {
            rolled = rolled << 5 | usize::from(self.class[usize::from(byte)]);
            let gram = rolled & (CLASSES * CLASSES * CLASSES - 1);
            known[gram / 64] >> (gram % 64) & 1 == 1
        };
        // Two more for a word of two letters at the end.
        let found = match rest.iter().position(|byte| hit(*byte)) {
            Some(at) => at,
            None => rest.len() + [0, 0].into_iter().position(&mut hit)?,
        };
        // What was rolled in before the first letter may look like a word as well.
        Some(from + found.saturating_sub(2))
    }
}

fn set(bits: &mut [u64], first: u8, second: u8, third: u8) {
    let gram = (usize::from(first) << 10) | (usize::from(second) << 5) | usize::from(third);
    if let Some(word) = bits.get_mut(gram / 64) {
        *word |= 1 << (gram % 64);
    }
}

const fn class_of(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => byte - b'a' + 6,
        b'A'..=b'Z' => byte - b'A' + 6,
        b'0'..=b'9' => 1,
        b'-' | b'_' => 2,
        b':' | b'/' | b'.' => 3,
        0x80.. => 4,
        b' ' => 5,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::keys::STEMS, *};

    #[test]
    fn every_word_is_found_anywhere_in_any_case() {
        let grams = Grams::new(STEMS.iter().map(|stem| stem.as_bytes()));
        for stem in STEMS {
            for (text, at) in [
                ((*stem).to_owned(), 0),
                (stem.to_ascii_uppercase(), 0),
                (format!("12 {stem}"), 3),
                (format!("x{stem}y"), 1),
                (format!("{stem}_id"), 0),
            ] {
                for from in 0..=at {
                    let first = grams.first(text.as_bytes(), from);
                    assert!(
                        first.is_some_and(|first| first <= at),
                        "{text} from {from}: {first:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn most_texts_are_out() {
        let grams = Grams::new(STEMS.iter().map(|stem| stem.as_bytes()));
        let names =
            ["id", "name", "email", "created_at", "status", "total", "count", "items", "url", ""];
        let kept = names.iter().filter(|name| grams.first(name.as_bytes(), 0).is_some());
        assert!(kept.count() <= 2);
        assert_eq!(Grams::new([].into_iter()).first(b"password", 0), None);
    }

    #[test]
    fn a_word_of_one_letter_may_be_anywhere() {
        let grams = Grams::new([&b"pass"[..], b"@"].into_iter());
        assert_eq!((grams.first(b"x", 0), grams.first(b"x", 1)), (Some(0), None));
    }
}
