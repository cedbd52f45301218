use std::{fmt, hash::Hash};

use super::wide::Wide;

/// A key of 128 bits, made of data by [`of`] or [`of_json`](super::of_json).
///
/// Two different pieces of data have the same key by chance once in 2⁶⁴ or so pieces. It is no secret and no
/// signature: whoever chooses the data may find two with the same key. Where that would do harm, put who is
/// asking into the data, or use the data itself as the key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub(super) u128);

/// The key of this data.
///
/// What a type feeds a [`Hasher`](std::hash::Hasher) is what counts: numbers, texts, tuples and most derived types feed the
/// same everywhere. Numbers of different width are different.
///
/// ```
/// use buttress::cache::key;
///
/// let rows = vec![("north", 3), ("south", 4)];
/// assert_eq!(key::of(&rows), key::of(&[("north", 3), ("south", 4)][..]));
/// assert_ne!(key::of(&rows), key::of(&[("north", 3), ("south", 5)][..]));
/// ```
#[must_use]
pub fn of<T: Hash + ?Sized>(data: &T) -> Key {
    let mut hasher = Wide::new();
    data.hash(&mut hasher);
    Key(hasher.wide())
}

impl Key {
    /// Its bits.
    #[must_use]
    pub const fn to_bits(self) -> u128 {
        self.0
    }
}

impl fmt::Display for Key {
    /// 32 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_another_shape_has_another_key() {
        assert_ne!(of(&("ab", "c")), of(&("a", "bc")));
        assert_ne!(of(&[vec![1, 2], vec![]]), of(&[vec![1], vec![2]]));
        assert_eq!(of("text"), of(&String::from("text")));
        assert_eq!(of(&7_usize), of(&7_u64), "a machine's word has 64 bits here");
        // For ever: a change of this is a change of every key that anybody has written down.
        assert_eq!(of("buttress").to_string(), "91e94fbca74c34a9c863fb8a6c571950");
    }
}
