use super::Words;
use crate::ground::sync::atomic::{AtomicU64, Ordering};

/// Buckets by the hash of their key, in a size that is fixed.
///
/// A key may stand in any of the twelve places of its three lines, and stands in the first that has
/// room: nearly always one line is all that is read. A place whose bucket is full is as good as empty.
/// Whatever is asked of the table, no more than these twelve are looked at.
#[derive(Debug)]
pub(in super::super) struct Table {
    lines: Box<[Line]>,
    /// The words of further rates, so many for each place.
    also: Box<[AtomicU64]>,
    further: usize,
}

/// One cache line.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Line([Place; WIDTH]);

const WIDTH: usize = 4;

/// A bucket, and whose it is.
#[derive(Debug, Default)]
struct Place {
    /// Zero: nobody's.
    tag: AtomicU64,
    word: AtomicU64,
}

impl Place {
    #[inline]
    fn tag(&self) -> u64 {
        self.tag.load(Ordering::Relaxed)
    }
}

impl Line {
    /// Without a branch that depends on where it is, which no processor could foresee.
    #[inline(always)]
    fn find(&self, tag: u64) -> Option<usize> {
        let has = |at: usize| usize::from(self.0[at].tag() == tag);
        let at = (has(1) + has(2) * 2 + has(3) * 3) & (WIDTH - 1);
        (self.0[at].tag() == tag).then_some(at)
    }
}

impl Table {
    /// Twice as many places as keys, with so many further words each.
    pub(in super::super) fn new(keys: u32, further: usize) -> Self {
        Self::of_lines((keys as usize).div_ceil(2).max(2), further)
    }

    pub(super) fn empty(&self) -> Self {
        Self::of_lines(self.lines.len(), self.further)
    }

    fn of_lines(lines: usize, further: usize) -> Self {
        Self {
            lines: (0..lines).map(|_| Line::default()).collect(),
            also: (0..lines * WIDTH * further).map(|_| AtomicU64::new(0)).collect(),
            further,
        }
    }

    /// The bucket of this hash, if it has one.
    #[inline]
    pub(in super::super) fn find(&self, hash: u64) -> Option<Words<'_>> {
        let in_line = |line: usize| Some((line, self.lines[line].find(hash | 1)?));
        let (line, at) = self.homes(hash).into_iter().find_map(in_line)?;
        Some(self.words(line, at))
    }

    /// Its first word, if that is in the first of its lines.
    #[inline(always)]
    pub(super) fn find_first(&self, hash: u64) -> Option<&AtomicU64> {
        let line = &self.lines[self.home(hash)];
        line.find(hash | 1).map(|at| &line.0[at].word)
    }

    /// A bucket for this hash, in a place that is free by this time, which may lag.
    #[cold]
    #[inline(never)]
    pub(in super::super) fn claim(&self, hash: u64, now: u64) -> Option<Words<'_>> {
        let tag = hash | 1;
        // Again when another takes the place first; they cannot all be taken more often than this
        // without there being none.
        for _ in 0..8 {
            // Somebody may have brought it meanwhile.
            if let Some(words) = self.find(hash) {
                return Some(words);
            }
            let (line, at) = self.free_place(hash, now)?;
            let place = &self.lines[line].0[at];
            let before = place.tag();
            let taken =
                place.tag.compare_exchange(before, tag, Ordering::SeqCst, Ordering::Relaxed);
            if taken.is_err() {
                continue;
            }
            // Another may have brought the same key to another place: whoever sees the other's gives
            // its own up, and of two who do so at once at least one sees the other's.
            let has_tag = |(line, at): &(usize, usize)| {
                self.lines[*line].0[*at].tag.load(Ordering::SeqCst) == tag
            };
            let Some((theirs, there)) =
                self.places_of(hash).filter(|other| *other != (line, at)).find(has_tag)
            else {
                return Some(self.words(line, at));
            };
            let _ = place.tag.compare_exchange(tag, 0, Ordering::Relaxed, Ordering::Relaxed);
            return Some(self.words(theirs, there));
        }
        None
    }

    /// One that nobody has had is better than one that somebody may want again.
    fn free_place(&self, hash: u64, now: u64) -> Option<(usize, usize)> {
        let is_nobodys = |(line, at): &(usize, usize)| self.lines[*line].0[*at].tag() == 0;
        let is_free = |(line, at): &(usize, usize)| self.words(*line, *at).is_full(now);
        let nobodys = self.places_of(hash).find(|place| is_nobodys(place) && is_free(place));
        nobodys.or_else(|| self.places_of(hash).find(is_free))
    }

    /// How many buckets are not full.
    pub(in super::super) fn live(&self, now: u64) -> usize {
        let all = (0..self.lines.len()).flat_map(places);
        all.filter(|(line, at)| !self.words(*line, *at).is_full(now)).count()
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.lines) + size_of_val(&*self.also)
    }

    pub(super) const fn further(&self) -> usize {
        self.further
    }

    #[inline]
    fn words(&self, line: usize, at: usize) -> Words<'_> {
        Words { first: &self.lines[line].0[at].word, also: self.also(line, at) }
    }

    #[inline]
    fn also(&self, line: usize, at: usize) -> &[AtomicU64] {
        if self.further == 0 {
            return &[];
        }
        let from = (line * WIDTH + at) * self.further;
        &self.also[from..from + self.further]
    }

    /// Where the twelve places of this hash are, in the order in which they are taken.
    fn places_of(&self, hash: u64) -> impl Iterator<Item = (usize, usize)> {
        self.homes(hash).into_iter().flat_map(places)
    }

    #[inline]
    fn homes(&self, hash: u64) -> [usize; 3] {
        [hash, hash.rotate_left(32), hash.rotate_left(16)].map(|hash| self.home(hash))
    }

    /// The upper bits of a multiple: a cheaper remainder.
    #[inline]
    fn home(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.lines.len() as u128) >> 64) as usize
    }
}

fn places(line: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..WIDTH).map(move |at| (line, at))
}

#[cfg(all(test, not(buttress_loom)))]
mod tests {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

    use super::*;

    /// The same in every run: by others a key in a million finds no place in a table that is half full.
    type Hashing = BuildHasherDefault<DefaultHasher>;

    #[test]
    fn nearly_every_key_of_a_full_table_has_a_place_of_its_own() {
        for further in [0, 2] {
            let (table, hasher) = (Table::new(10_000, further), Hashing::default());
            let mut crowded = 0;
            for key in 0..10_000_u64 {
                match table.claim(hasher.hash_one(key), 0) {
                    // The last of its words is enough to hold a place.
                    Some(words) => words.iter().last().unwrap().store(100, Ordering::Relaxed),
                    None => crowded += 1,
                }
            }
            assert!(crowded <= 20, "{crowded}");
            assert_eq!(table.live(0), 10_000 - crowded);
            assert_eq!(table.live(100), 0, "all of them are full again");
            let has_place = |key: &u64| table.find(hasher.hash_one(key)).is_some();
            assert_eq!((0..10_000).filter(has_place).count(), 10_000 - crowded);
            // Ten times as many others come and go: the table is what it was.
            let bytes = table.bytes();
            for key in 0..100_000_u64 {
                assert!(table.claim(hasher.hash_one(key), 100 + key).is_some());
            }
            assert_eq!((table.bytes(), bytes), (bytes, (32 + 16 * further) * 10_000));
        }
    }

    /// No pause that grows with the table: the lines of a key are all that is looked at.
    #[test]
    fn a_key_stands_in_its_twelve_places_only() {
        let (table, hasher) = (Table::new(100_000, 0), Hashing::default());
        for key in 0..50_000_u64 {
            let hash = hasher.hash_one(key);
            let words = table.claim(hash, 0).expect("there is room");
            let is_here =
                |(line, at): (usize, usize)| std::ptr::eq(words.first, table.words(line, at).first);
            assert_eq!(table.places_of(hash).count(), 12);
            assert!(table.places_of(hash).any(is_here));
            words.first.store(1000, Ordering::Relaxed);
        }
    }
}
