/// How often keys were asked for lately, by their hash, in half a byte each: an estimate that is never
/// too low before it is halved.
///
/// The four counters of a key stand in one cache line.
#[derive(Debug)]
pub(super) struct Sketch {
    lines: Box<[Line]>,
    /// How many counts are added before all of them are halved.
    sample: u32,
    added: u32,
}

/// A cache line of words of sixteen counters each.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Line([u64; 8]);

/// As many keys as a line is for.
const KEYS: usize = 16;
/// Three bits of each counter.
const HALF: u64 = 0x7777_7777_7777_7777;

impl Sketch {
    /// Remembers about so many keys.
    pub(super) fn new(keys: usize) -> Self {
        let lines = keys.div_ceil(KEYS).next_power_of_two();
        let sample = u32::try_from(keys.max(KEYS).saturating_mul(10)).unwrap_or(u32::MAX);
        Self { lines: vec![Line([0; 8]); lines].into_boxed_slice(), sample, added: 0 }
    }

    /// How many keys it was made for, roughly.
    pub(super) fn keys(&self) -> usize {
        self.lines.len() * KEYS
    }

    /// How often this hash was counted, at most 15.
    #[inline]
    pub(super) fn estimate(&self, hash: u32) -> u8 {
        let mixed = mix(hash);
        let Some(Line(words)) = self.lines.get(self.home(mixed)) else { return 0 };
        let counter = |row: usize| (words[word(mixed, row)] >> shift(mixed, row)) & 15;
        counter(0).min(counter(1)).min(counter(2).min(counter(3))) as u8
    }

    /// Counts this hash so many times more. How often it was counted now, and whether everything was
    /// halved then.
    #[inline]
    pub(super) fn add(&mut self, hash: u32, times: u8) -> (u8, bool) {
        let mixed = mix(hash);
        let home = self.home(mixed);
        let Some(Line(words)) = self.lines.get_mut(home) else { return (0, false) };
        let mut estimate = 15;
        for row in 0..4 {
            let word = &mut words[word(mixed, row)];
            let shift = shift(mixed, row);
            let count = (*word >> shift) & 15;
            let sum = (count + u64::from(times)).min(15);
            *word += (sum - count) << shift;
            estimate = estimate.min(sum);
        }
        self.added += u32::from(times);
        let is_full = self.added >= self.sample;
        if is_full {
            self.halve();
            estimate /= 2;
        }
        (estimate as u8, is_full)
    }

    /// What was long ago counts for less.
    #[cold]
    fn halve(&mut self) {
        for word in self.lines.iter_mut().flat_map(|line| &mut line.0) {
            *word = (*word >> 1) & HALF;
        }
        self.added /= 2;
    }

    #[inline]
    fn home(&self, mixed: u64) -> usize {
        (mixed >> 36) as usize & (self.lines.len() - 1)
    }
}

/// The table beside it uses the hash as it is.
#[inline]
const fn mix(hash: u32) -> u64 {
    let mixed = ((hash ^ 0x5bd1_e995) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

/// Which word of the line a row uses: one of two of its own.
#[inline]
const fn word(mixed: u64, row: usize) -> usize {
    row * 2 + ((mixed >> (row * 8)) & 1) as usize
}

/// Which of the sixteen counters of that word.
#[inline]
const fn shift(mixed: u64, row: usize) -> u32 {
    (mixed >> (row * 8)) as u32 & 60
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
        for key in 100..230_u32 {
            sketch.add(key.wrapping_mul(77_777_777), 1);
        }
        assert!(sketch.estimate(7) <= 8, "{}", sketch.estimate(7));
        assert_eq!(Sketch::new(0).estimate(9), 0);
    }
}
