//! Keys made of data: the same for the same data, in every process, on every machine.

use std::{
    fmt,
    hash::{Hash, Hasher},
};

/// A key of 128 bits, made of data by [`of`] or [`of_json`].
///
/// Two different pieces of data have the same key by chance once in 2⁶⁴ or so pieces. It is no secret and no
/// signature: whoever chooses the data may find two with the same key. Where that would do harm, put who is
/// asking into the data, or use the data itself as the key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u128);

/// The key of this data.
///
/// What a type feeds a [`Hasher`] is what counts: numbers, texts, tuples and most derived types feed the
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

/// The key of what this is as JSON; the order in which a map or struct has its fields does not matter.
///
/// ```
/// use buttress::cache::key;
/// use std::collections::HashMap;
///
/// #[derive(serde::Serialize)]
/// struct Search { top: u8, text: &'static str }
///
/// let search = Search { top: 5, text: "soup" };
/// let same = serde_json::json!({ "text": "soup", "top": 5 });
/// assert_eq!(key::of_json(&search)?, key::of_json(&same)?);
/// # Ok::<_, key::NotJson>(())
/// ```
///
/// # Errors
///
/// It cannot be written as JSON: its `Serialize` fails, or a map has keys that are no text, number or bool.
#[cfg(feature = "serde")]
pub fn of_json<T: serde::Serialize + ?Sized>(data: &T) -> Result<Key, NotJson> {
    let value = serde_json::to_value(data).map_err(NotJson)?;
    let mut hasher = Wide::new();
    canonical(&value, &mut hasher);
    Ok(Key(hasher.wide()))
}

/// What cannot be written as JSON has no key by its JSON.
#[cfg(feature = "serde")]
#[derive(Debug, thiserror::Error)]
#[error("not to be written as JSON")]
pub struct NotJson(#[source] serde_json::Error);

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

/// Feeds a value with its kinds and lengths, so that no two different ones feed the same.
#[cfg(feature = "serde")]
fn canonical(value: &serde_json::Value, to: &mut Wide) {
    use serde_json::Value;

    let text = |text: &str, to: &mut Wide| {
        to.write_usize(text.len());
        to.write(text.as_bytes());
    };
    match value {
        Value::Null => to.write_u8(0),
        Value::Bool(is) => to.write_u8(1 + u8::from(*is)),
        Value::Number(number) => number_as_written(number, to),
        Value::String(value) => {
            to.write_u8(6);
            text(value, to);
        }
        Value::Array(values) => {
            to.write_u8(7);
            to.write_usize(values.len());
            values.iter().for_each(|value| canonical(value, to));
        }
        Value::Object(fields) => {
            to.write_u8(8);
            to.write_usize(fields.len());
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            for (name, value) in fields {
                text(name, to);
                canonical(value, to);
            }
        }
    }
}

/// JSON has one kind of number: `1` and `1.0` are the same.
#[cfg(feature = "serde")]
fn number_as_written(number: &serde_json::Number, to: &mut Wide) {
    /// Up to here every whole number is a float.
    const EXACT: f64 = 9_007_199_254_740_992.0;

    match (number.as_u64(), number.as_i64(), number.as_f64()) {
        (Some(whole), ..) => {
            to.write_u8(3);
            to.write_u64(whole);
        }
        (None, Some(whole), _) => {
            to.write_u8(4);
            to.write_i64(whole);
        }
        (None, None, Some(float)) if float.fract() == 0.0 && (0.0..=EXACT).contains(&float) => {
            to.write_u8(3);
            to.write_u64(float as u64);
        }
        (None, None, Some(float)) if float.fract() == 0.0 && (-EXACT..0.0).contains(&float) => {
            to.write_u8(4);
            to.write_i64(float as i64);
        }
        (None, None, Some(float)) => {
            to.write_u8(5);
            to.write_u64(float.to_bits());
        }
        (None, None, None) => to.write_u8(9),
    }
}

/// SipHash-2-4 with 128 bits, under a key that everybody knows: the same everywhere.
#[derive(Clone, Debug)]
struct Wide {
    state: [u64; 4],
    /// Bytes that do not fill a word yet.
    rest: u64,
    length: u64,
}

impl Wide {
    const fn new() -> Self {
        Self::with_key(0, 0)
    }

    const fn with_key(low: u64, high: u64) -> Self {
        Self {
            state: [
                low ^ 0x736f_6d65_7073_6575,
                high ^ 0x646f_7261_6e64_6f6d ^ 0xee,
                low ^ 0x6c79_6765_6e65_7261,
                high ^ 0x7465_6462_7974_6573,
            ],
            rest: 0,
            length: 0,
        }
    }

    fn rounds(&mut self, count: u32) {
        let [mut a, mut b, mut c, mut d] = self.state;
        for _ in 0..count {
            a = a.wrapping_add(b);
            b = b.rotate_left(13) ^ a;
            a = a.rotate_left(32);
            c = c.wrapping_add(d);
            d = d.rotate_left(16) ^ c;
            a = a.wrapping_add(d);
            d = d.rotate_left(21) ^ a;
            c = c.wrapping_add(b);
            b = b.rotate_left(17) ^ c;
            c = c.rotate_left(32);
        }
        self.state = [a, b, c, d];
    }

    fn word(&mut self, word: u64) {
        self.state[3] ^= word;
        self.rounds(2);
        self.state[0] ^= word;
    }

    fn wide(mut self) -> u128 {
        let last = self.rest | self.length << 56;
        self.word(last);
        self.state[2] ^= 0xee;
        self.rounds(4);
        let low = self.state.iter().fold(0, |all, part| all ^ part);
        self.state[1] ^= 0xdd;
        self.rounds(4);
        let high = self.state.iter().fold(0, |all, part| all ^ part);
        u128::from(low) | u128::from(high) << 64
    }
}

macro_rules! little_endian {
    ($($write:ident: $number:ty as $wide:ty),*) => {
        $(fn $write(&mut self, number: $number) {
            self.write(&(number as $wide).to_le_bytes());
        })*
    };
}

impl Hasher for Wide {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let at = self.length % 8 * 8;
            self.rest |= u64::from(*byte) << at;
            self.length = self.length.wrapping_add(1);
            if at == 56 {
                let word = std::mem::take(&mut self.rest);
                self.word(word);
            }
        }
    }

    little_endian!(
        write_u16: u16 as u16, write_u32: u32 as u32, write_u64: u64 as u64, write_u128: u128 as u128,
        write_usize: usize as u64, write_i16: i16 as i16, write_i32: i32 as i32, write_i64: i64 as i64,
        write_i128: i128 as i128, write_isize: isize as i64
    );

    fn finish(&self) -> u64 {
        self.clone().wide() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the reference implementation's table, for the key 00 01 … 0f.
    #[test]
    fn it_is_siphash_with_128_bits() {
        let hash = |bytes: &[u8]| {
            let mut hasher = Wide::with_key(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908);
            hasher.write(bytes);
            hasher.wide().to_le_bytes()
        };
        let expected = 0xa381_7f04_ba25_a8e6_6df6_7214_c755_0293_u128;
        assert_eq!(hash(&[]), expected.to_be_bytes());
        let expected = 0xda87_c1d8_6b99_af44_3476_5911_9b22_fc45_u128;
        assert_eq!(hash(&[0]), expected.to_be_bytes());
    }

    #[test]
    fn data_of_another_shape_has_another_key() {
        assert_ne!(of(&("ab", "c")), of(&("a", "bc")));
        assert_ne!(of(&[vec![1, 2], vec![]]), of(&[vec![1], vec![2]]));
        assert_eq!(of("text"), of(&String::from("text")));
        assert_eq!(of(&7_usize), of(&7_u64), "a machine's word has 64 bits here");
        // For ever: a change of this is a change of every key that anybody has written down.
        assert_eq!(of("buttress").to_string(), "91e94fbca74c34a9c863fb8a6c571950");
    }

    #[cfg(feature = "serde")]
    #[test]
    fn the_order_of_fields_does_not_matter_and_one_changed_row_does() {
        use serde_json::json;

        let key = |value: serde_json::Value| of_json(&value).unwrap();
        let table = json!({ "rows": [[1, "a"], [2.5, null]], "name": "t" });
        assert_eq!(
            key(table.clone()),
            key(json!({ "name": "t", "rows": [[1.0, "a"], [2.5, null]] }))
        );
        for other in [
            json!({ "rows": [[1, "a"], [2.5, false]], "name": "t" }),
            json!({ "rows": [[2.5, null], [1, "a"]], "name": "t" }),
            json!({ "rows": [[1, "a", 2.5, null]], "name": "t" }),
            json!({ "rows": [["1", "a"], [2.5, null]], "name": "t" }),
            json!({ "rows": [[1, "a"], [2.5, null]] }),
        ] {
            assert_ne!(key(table.clone()), key(other));
        }
        assert_ne!(key(json!(-1)), key(json!(u64::MAX)));
        assert_eq!(key(json!(-3)), key(json!(-3.0)));
    }
}
