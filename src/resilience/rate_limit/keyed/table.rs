use crate::{
    ground::sync::atomic::{AtomicU64, Ordering},
    resilience::rate_limit::machine::BUSY,
};

/// Words by the hash of their key, in a size that is fixed.
///
/// A key may stand in any of the eight places of its two lines. A place whose bucket is full is as good
/// as empty.
#[derive(Debug)]
pub(super) struct Table {
    lines: Box<[Line]>,
}

/// One cache line.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Line([Place; 4]);

/// A bucket, and whose it is.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// Zero: nobody's.
    tag: AtomicU64,
    pub(super) word: AtomicU64,
}

impl Place {
    fn is_nobodys(&self) -> bool {
        self.tag.load(Ordering::Relaxed) == 0
    }

    /// Whether its bucket is full, whoever's it is.
    fn is_free(&self, now: u64) -> bool {
        self.word.load(Ordering::Relaxed) & !BUSY <= now
    }
}

impl Line {
    /// Without a branch that depends on where it is, which no processor could foresee.
    #[inline]
    fn place_of(&self, tag: u64) -> Option<&Place> {
        let has = |at: usize| usize::from(self.0[at].tag.load(Ordering::Relaxed) == tag);
        let place = &self.0[(has(1) + has(2) * 2 + has(3) * 3) & 3];
        (place.tag.load(Ordering::Relaxed) == tag).then_some(place)
    }
}

impl Table {
    /// Twice as many places as keys.
    pub(super) fn new(keys: u32) -> Self {
        let lines = (keys as usize).div_ceil(2).max(2);
        Self { lines: (0..lines).map(|_| Line::default()).collect() }
    }

    /// The place of this hash, if it has one.
    #[inline]
    pub(super) fn find(&self, hash: u64) -> Option<&Place> {
        let tag = hash | 1;
        let [first, second] = self.homes(hash);
        first.place_of(tag).or_else(|| second.place_of(tag))
    }

    /// A place for this hash, one that is free by this time, which may lag: in its first line, or in the
    /// emptier one where that is nearly full.
    #[cold]
    #[inline(never)]
    pub(super) fn claim(&self, hash: u64, now: u64) -> Option<&Place> {
        let tag = hash | 1;
        // Again when another takes the place first; they cannot all be taken more often than this
        // without there being none.
        for _ in 0..8 {
            // Somebody may have brought it meanwhile.
            let is_ours = |place: &&Place| place.tag.load(Ordering::Relaxed) == tag;
            if let Some(place) = self.homes(hash).into_iter().flat_map(|line| &line.0).find(is_ours)
            {
                return Some(place);
            }
            // One that nobody has had is better than one that somebody may want again.
            let mut homes = self.homes(hash);
            let room = |line: &Line| {
                let count = |is: &dyn Fn(&&Place) -> bool| line.0.iter().filter(is).count();
                (count(&|place| place.is_nobodys()), count(&|place| place.is_free(now)))
            };
            let [first, second] = homes.map(room);
            if first.0 <= 1 && second > first {
                homes.swap(0, 1);
            }
            let all = || homes.into_iter().flat_map(|line| &line.0);
            let free = || all().filter(|place| place.is_free(now));
            let place = free().find(|place| place.is_nobodys()).or_else(|| free().next())?;
            let before = place.tag.load(Ordering::Relaxed);
            let taken =
                place.tag.compare_exchange(before, tag, Ordering::SeqCst, Ordering::Relaxed);
            if taken.is_err() {
                continue;
            }
            // Another may have brought the same key to another place: whoever sees the other's gives
            // its own up, and of two who do so at once at least one sees the other's.
            let others = all().filter(|other| !std::ptr::eq(*other, place));
            let Some(theirs) =
                others.into_iter().find(|other| other.tag.load(Ordering::SeqCst) == tag)
            else {
                return Some(place);
            };
            let _ = place.tag.compare_exchange(tag, 0, Ordering::Relaxed, Ordering::Relaxed);
            return Some(theirs);
        }
        None
    }

    /// How many buckets are not full.
    pub(super) fn live(&self, now: u64) -> usize {
        let places = self.lines.iter().flat_map(|line| &line.0);
        places.filter(|place| !place.is_free(now)).count()
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.lines)
    }

    #[inline]
    fn homes(&self, hash: u64) -> [&Line; 2] {
        // The upper bits of two different multiples; a multiplication is a cheaper remainder.
        let lines = self.lines.len() as u128;
        let at = |hash: u64| ((u128::from(hash) * lines) >> 64) as usize;
        [&self.lines[at(hash)], &self.lines[at(hash.rotate_left(32))]]
    }
}

#[cfg(all(test, not(buttress_loom)))]
mod tests {
    use std::hash::{BuildHasher, RandomState};

    use super::*;

    #[test]
    fn nearly_every_key_of_a_full_table_has_a_place_of_its_own() {
        let (table, hasher) = (Table::new(10_000), RandomState::new());
        let mut crowded = 0;
        for key in 0..10_000 {
            match table.claim(hasher.hash_one(key), 0) {
                Some(place) => place.word.store(100, Ordering::Relaxed),
                None => crowded += 1,
            }
        }
        assert!(crowded <= 20, "{crowded}");
        assert_eq!(table.live(0), 10_000 - crowded);
        assert_eq!(table.live(100), 0, "all of them are full again");
        let found = (0..10_000).filter(|key| table.find(hasher.hash_one(key)).is_some()).count();
        assert_eq!(found, 10_000 - crowded);
        // A million other keys come and go: the table is what it was.
        let bytes = table.bytes();
        for key in 0..100_000_u64 {
            assert!(table.claim(hasher.hash_one(key), 100 + key).is_some());
        }
        assert_eq!(table.bytes(), bytes);
        assert_eq!(bytes, 32 * 10_000);
    }
}
