//! Whether a name could be one of a secret, in a nanosecond a letter: most are not.

/// Three letters at a time: a stem has a bit in each table, and may stand where the three rows
/// have a bit in common.
#[derive(Debug)]
pub(in super::super) struct Stems(Box<[[u64; 256]; 3]>);

impl Stems {
    pub(in super::super) fn new<'s>(stems: impl Iterator<Item = &'s [u8]>) -> Self {
        let mut tables = Box::new([[0; 256]; 3]);
        for (number, stem) in stems.enumerate() {
            let bit = 1 << (number % 64);
            for (at, table) in tables.iter_mut().enumerate() {
                match stem.get(at) {
                    Some(byte) => {
                        table[usize::from(byte.to_ascii_lowercase())] |= bit;
                        table[usize::from(byte.to_ascii_uppercase())] |= bit;
                    }
                    // Of two letters, or fewer: whatever follows.
                    None => table.iter_mut().for_each(|row| *row |= bit),
                }
            }
        }
        Self(tables)
    }

    /// Whether a stem may stand in `name`; if one does, always.
    #[inline]
    pub(in super::super) fn may_stand_in(&self, name: &[u8]) -> bool {
        let [first, second, third] = &*self.0;
        let row = |table: &[u64; 256], at: usize| table[usize::from(*name.get(at).unwrap_or(&0))];
        let three = |at| row(first, at) & row(second, at + 1) & row(third, at + 2);
        (0..name.len()).fold(0, |hits, at| hits | three(at)) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::{super::STEMS, *};

    #[test]
    fn every_stem_is_found_anywhere_in_any_case() {
        let stems = Stems::new(STEMS.iter().map(|stem| stem.as_bytes()));
        for stem in STEMS {
            for name in [
                (*stem).to_owned(),
                stem.to_ascii_uppercase(),
                format!("x_{stem}"),
                format!("x{stem}y"),
                format!("{stem}_id"),
            ] {
                assert!(stems.may_stand_in(name.as_bytes()), "{name}");
            }
        }
    }

    #[test]
    fn most_names_are_out() {
        let stems = Stems::new(STEMS.iter().map(|stem| stem.as_bytes()));
        let names =
            ["id", "name", "email", "created_at", "status", "total", "count", "items", "url"];
        assert!(names.iter().filter(|name| stems.may_stand_in(name.as_bytes())).count() <= 1);
        assert!(!Stems::new([].into_iter()).may_stand_in(b"password"));
    }
}
