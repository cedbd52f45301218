use std::hash::Hasher;

/// SipHash-2-4 with 128 bits, under a key that everybody knows: the same everywhere.
#[derive(Clone, Debug)]
pub(super) struct Wide {
    state: [u64; 4],
    /// Bytes that do not fill a word yet.
    rest: u64,
    length: u64,
}

impl Wide {
    pub(super) const fn new() -> Self {
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

    pub(super) fn wide(mut self) -> u128 {
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
}
