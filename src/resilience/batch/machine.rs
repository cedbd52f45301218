//! What goes in a batch, who waits for which part of it, and what is sent again in halves.

use hashbrown::HashTable;

/// How much fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) items: u32,
    pub(super) weight: Option<u64>,
}

/// What became of a key that somebody brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Added<K> {
    /// It has this place. `spare`: there already was one like it. `full`: nothing more fits.
    At { place: u32, spare: Option<K>, full: bool },
    /// It goes in the next batch.
    Next(K),
}

/// A batch while it gathers, and the count of those who wait for it. It is told every key's hash.
#[derive(Debug)]
pub(super) struct Book<K> {
    open: bool,
    places: Vec<Place<K>>,
    /// The places of the keys that somebody waits for.
    index: HashTable<u32>,
    weight: u64,
    callers: u32,
    /// Somebody who does not wait runs it to its end.
    steward: bool,
}

#[derive(Debug)]
struct Place<K> {
    /// None once it is sent, or nobody waits for it any longer.
    key: Option<K>,
    hash: u64,
    weight: u64,
    callers: u32,
}

/// How many times its items a batch has places: for those who come and go while it gathers.
const USES: usize = 8;

/// What is to be sent, in the order in which it came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part<K> {
    pub(super) keys: Vec<K>,
    pub(super) places: Vec<u32>,
}

impl<K> Book<K> {
    pub(super) fn new(steward: bool) -> Self {
        let (places, index) = (Vec::new(), HashTable::new());
        Self { open: true, places, index, weight: 0, callers: 0, steward }
    }

    /// Somebody waits for this key as well.
    pub(super) fn add(&mut self, hash: u64, key: K, weight: u64, limits: Limits) -> Added<K>
    where
        K: Eq,
    {
        if !self.open {
            return Added::Next(key);
        }
        let places = &mut self.places;
        let same = |&at: &u32| {
            let place = places.get(at as usize);
            place.is_some_and(|place| place.hash == hash && place.key.as_ref() == Some(&key))
        };
        if let Some(&at) = self.index.find(hash, same) {
            if let Some(place) = self.places.get_mut(at as usize) {
                place.callers += 1;
            }
            self.callers += 1;
            return Added::At { place: at, spare: Some(key), full: false };
        }
        let heavy = limits.weight.is_some_and(|most| self.weight.saturating_add(weight) > most);
        let many = self.len() >= limits.items as usize;
        // Places of those who have gone are not used again, or the order would not be kept.
        let used_up = self.places.len() / USES >= limits.items as usize;
        if used_up || !self.is_empty() && (heavy || many) {
            return Added::Next(key);
        }
        let at = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        self.places.push(Place { key: Some(key), hash, weight, callers: 1 });
        let places = &self.places;
        self.index
            .insert_unique(hash, at, |&at| places.get(at as usize).map_or(0, |place| place.hash));
        self.weight = self.weight.saturating_add(weight);
        self.callers += 1;
        let full = self.len() >= limits.items as usize
            || limits.weight.is_some_and(|most| self.weight >= most);
        Added::At { place: at, spare: None, full }
    }

    /// One who waits for this place goes away. Gives back the key if it is not to be sent any more, and
    /// whether nobody is there any longer.
    pub(super) fn leave(&mut self, place: u32) -> (Option<K>, bool) {
        self.callers = self.callers.saturating_sub(1);
        let last = self.is_deserted();
        let Some(left) = self.places.get_mut(place as usize) else { return (None, last) };
        left.callers = left.callers.saturating_sub(1);
        if left.callers > 0 {
            return (None, last);
        }
        let key = left.key.take();
        if key.is_some() {
            let (hash, weight) = (left.hash, left.weight);
            self.weight = self.weight.saturating_sub(weight);
            if let Ok(entry) = self.index.find_entry(hash, |&at| at == place) {
                entry.remove();
            }
        }
        (key, last)
    }

    /// The steward goes away. Whether nobody is there any longer.
    pub(super) const fn dismiss(&mut self) -> bool {
        self.steward = false;
        self.is_deserted()
    }

    /// Nobody joins what nobody is there for.
    const fn is_deserted(&mut self) -> bool {
        let deserted = self.callers == 0 && !self.steward;
        self.open = self.open && !deserted;
        deserted
    }

    /// Nothing more goes in.
    pub(super) const fn close(&mut self) {
        self.open = false;
    }

    pub(super) const fn is_open(&self) -> bool {
        self.open
    }

    /// Takes what is to be sent: keys that somebody waits for.
    pub(super) fn seal(&mut self) -> Part<K> {
        self.open = false;
        self.index.clear();
        let mut part = Part { keys: Vec::new(), places: Vec::new() };
        for (at, place) in (0..).zip(&mut self.places) {
            if let Some(key) = place.key.take() {
                part.keys.push(key);
                part.places.push(at);
            }
        }
        part
    }

    /// How many places there are, whether somebody waits for them or not.
    pub(super) fn places(&self) -> usize {
        self.places.len()
    }

    /// How many wait for this place.
    pub(super) fn callers_at(&self, place: usize) -> u32 {
        self.places.get(place).map_or(0, |place| place.callers)
    }

    /// Nobody else is there to be told of its end.
    pub(super) const fn is_alone(&self) -> bool {
        self.callers + self.steward as u32 == 1
    }

    /// How many keys gather.
    pub(super) fn gathered(&self) -> usize {
        if self.open { self.len() } else { 0 }
    }

    /// How many keys are to be sent.
    fn len(&self) -> usize {
        self.index.len()
    }

    fn is_empty(&self) -> bool {
        self.index.is_empty()
    }
}

impl<K> Part<K> {
    /// The first half and the second, each smaller than the whole. There must be two keys at least.
    pub(super) fn halves(mut self) -> (Self, Self) {
        let middle = self.keys.len() / 2;
        let (keys, places) = (self.keys.split_off(middle), self.places.split_off(middle));
        (self, Self { keys, places })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every key has the same hash.
    const HASH: u64 = 7;

    fn limits(items: u32, weight: Option<u64>) -> Limits {
        Limits { items, weight }
    }

    fn at(place: u32, full: bool) -> Added<&'static str> {
        Added::At { place, spare: None, full }
    }

    #[test]
    fn keys_have_places_in_their_order_and_equal_ones_the_same() {
        let mut book = Book::new(false);
        let limits = limits(3, None);
        assert_eq!(book.add(HASH, "a", 1, limits), at(0, false));
        assert_eq!(book.add(HASH, "b", 1, limits), at(1, false));
        let folded = Added::At { place: 0, spare: Some("a"), full: false };
        assert_eq!(book.add(HASH, "a", 1, limits), folded);
        assert_eq!(book.add(HASH, "c", 1, limits), at(2, true));
        assert_eq!(book.add(HASH, "d", 1, limits), Added::Next("d"));
        assert_eq!(book.add(HASH, "a", 1, limits), folded, "what is there may be joined");
        assert_eq!((book.len(), book.places()), (3, 3));
        assert_eq!((0..4).map(|place| book.callers_at(place)).collect::<Vec<_>>(), [3, 1, 1, 0]);
        let part = book.seal();
        assert_eq!(part, Part { keys: vec!["a", "b", "c"], places: vec![0, 1, 2] });
        assert_eq!(book.add(HASH, "a", 1, limits), Added::Next("a"), "it is on its way");
    }

    #[test]
    fn weights_are_counted_and_one_that_fits_alone_is_let_in_alone() {
        let mut book = Book::new(false);
        let limits = limits(9, Some(10));
        assert_eq!(book.add(HASH, "a", 6, limits), at(0, false));
        assert_eq!(book.add(HASH, "b", 5, limits), Added::Next("b"));
        assert_eq!(book.add(HASH, "c", 4, limits), at(1, true));
        assert_eq!(book.add(HASH, "d", 0, limits), at(2, true), "what weighs nothing fits");
        let mut book = Book::new(false);
        assert_eq!(book.add(HASH, "a", u64::MAX, limits), at(0, true));
    }

    #[test]
    fn a_key_that_nobody_waits_for_is_not_sent() {
        let mut book = Book::new(false);
        let limits = limits(3, Some(10));
        for (key, weight) in [("a", 5), ("b", 5), ("a", 5)] {
            let _ = book.add(HASH, key, weight, limits);
        }
        assert_eq!(book.leave(0), (None, false), "another waits for it");
        assert_eq!(book.leave(0), (Some("a"), false));
        assert_eq!(book.add(HASH, "c", 5, limits), at(2, true), "its weight is free");
        assert_eq!(book.seal(), Part { keys: vec!["b", "c"], places: vec![1, 2] });
        assert_eq!(book.leave(1), (None, false), "it is sent");
        assert_eq!(book.leave(2), (None, true));
    }

    #[test]
    fn nobody_joins_a_batch_that_the_last_has_left() {
        let mut book = Book::new(false);
        assert_eq!(book.add(HASH, "a", 1, limits(3, None)), at(0, false));
        assert_eq!(book.leave(0), (Some("a"), true));
        assert_eq!(book.add(HASH, "b", 1, limits(3, None)), Added::Next("b"));
        let mut book = Book::new(true);
        assert_eq!(book.add(HASH, "a", 1, limits(3, None)), at(0, false));
        assert_eq!(book.leave(0), (Some("a"), false), "a steward is there");
        assert_eq!(book.add(HASH, "b", 1, limits(3, None)), at(1, false));
        assert!(!book.is_alone() && !book.dismiss() && book.is_alone());
        assert_eq!(book.leave(1), (Some("b"), true));
    }

    #[test]
    fn callers_who_come_and_go_do_not_fill_the_memory() {
        let mut book = Book::new(true);
        let mut round = 0;
        while let Added::At { place, .. } = book.add(HASH, "a", 1, limits(2, None)) {
            assert_eq!(book.leave(place), (Some("a"), false));
            round += 1;
        }
        assert_eq!(round, 2 * USES);
    }

    /// One bad item among `n`: how many calls it takes, and that none is made twice.
    #[test]
    fn halves_are_smaller_and_together_the_whole() {
        for n in 2..50_u32 {
            let keys: Vec<u32> = (0..n).collect();
            let whole = Part { keys: keys.clone(), places: keys.clone() };
            let (first, second) = whole.halves();
            assert!(!first.keys.is_empty() && !second.keys.is_empty());
            assert_eq!([first.keys.clone(), second.keys.clone()].concat(), keys);
            assert_eq!((first.keys, second.keys), (first.places, second.places));
        }
    }
}
