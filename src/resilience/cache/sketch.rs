/// How often keys were asked for lately, by their hash, in half a byte each: an estimate that is never
/// too low before it is halved.
///
/// The four counters of a key stand in one cache line.
#[derive(Debug)]
pub(super) struct Sketch {
    /// Sixteen counters each.
    words: Box<[u64]>,
    /// How many counts are added before all of them are halved.
    sample: u32,
    added: u32,
}

/// As many words as stand in a cache line.
const LINE: usize = 8;
/// One bit of each counter but the top.
const HALF: u64 = 0x7777_7777_7777_7777;

impl Sketch {
    /// Remembers about so many keys. Smaller than a line makes no sense.
    pub(super) fn new(keys: usize) -> Self {
        let words = keys.div_ceil(2).next_power_of_two().max(LINE);
        let sample = u32::try_from(keys.max(16).saturating_mul(10)).unwrap_or(u32::MAX);
        Self { words: vec![0; words].into_boxed_slice(), sample, added: 0 }
    }

    /// How many keys it was made for, roughly.
    pub(super) fn keys(&self) -> usize {
        self.words.len() * 2
    }

    /// How often this hash was counted, at most 15.
    pub(super) fn estimate(&self, hash: u32) -> u8 {
        let (line, mixed) = self.home(hash);
        let counters = (0..4).map(|row| self.words[line + row * 2 + bit(mixed, row)] >> shift(mixed, row));
        counters.map(|counter| (counter & 15) as u8).min().unwrap_or(0)
    }

    /// Counts this hash so many times more.
    pub(super) fn add(&mut self, hash: u32, times: u8) {
        let (line, mixed) = self.home(hash);
        for row in 0..4 {
            let word = &mut self.words[line + row * 2 + bit(mixed, row)];
            let shift = shift(mixed, row);
            let room = 15 - (*word >> shift & 15);
            *word += u64::from(times).min(room) << shift;
        }
        self.added += u32::from(times);
        if self.added >= self.sample {
            self.halve();
        }
    }

    /// What was long ago counts for less.
    #[cold]
    fn halve(&mut self) {
        for word in &mut self.words {
            *word = *word >> 1 & HALF;
        }
        self.added /= 2;
    }

    fn home(&self, hash: u32) -> (usize, u64) {
        // The table beside it uses the hash as it is, and its low bits are the same in all of a shard's
        // small tables.
        let mixed = u64::from(hash ^ 0x5bd1_e995).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = mixed ^ mixed >> 29;
        let line = (mixed >> 32) as usize & (self.words.len() / LINE - 1);
        (line * LINE, mixed)
    }
}

/// Which of its two words in the line a row uses.
const fn bit(mixed: u64, row: usize) -> usize {
    (mixed >> (row * 8) & 1) as usize
}

/// Which of the sixteen counters of that word.
const fn shift(mixed: u64, row: usize) -> u32 {
    ((mixed >> (row * 8 + 1) & 15) * 4) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_never_too_low_and_rarely_too_high() {
        let mut sketch = Sketch::new(1000);
        let hash = |key: u32| key.wrapping_mul(0x9e37_79b1);
        for key in 0..500 {
            for _ in 0..=key % 8 {
                sketch.add(hash(key), 1);
            }
        }
        let estimates = || (0..500).map(|key| (key, u32::from(sketch.estimate(hash(key)))));
        assert!(estimates().all(|(key, estimate)| estimate > key % 8));
        let high = estimates().filter(|(key, estimate)| *estimate > key % 8 + 1).count();
        assert!(high < 50, "{high}");
    }

    #[test]
    fn counts_stop_at_fifteen_and_are_halved_in_time() {
        let mut sketch = Sketch::new(16);
        sketch.add(7, 15);
        sketch.add(7, 15);
        assert_eq!(sketch.estimate(7), 15);
        for key in 100..230 {
            sketch.add(key * 77_777_777, 1);
        }
        assert!(sketch.estimate(7) <= 8, "{}", sketch.estimate(7));
        assert_eq!(Sketch::new(0).estimate(9), 0);
    }
}
