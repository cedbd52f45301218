//! Who leads, who follows, and whose work is nobody's any longer.

use std::{borrow::Borrow, ops::AddAssign};

use hashbrown::HashTable;

/// What somebody finds who asks for a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ask<F> {
    /// Its work is under way: they are one of its callers now.
    Follow(F),
    /// It is, and has as many callers as there may be.
    Full,
    /// It is not: somebody has to begin.
    Lead,
}

/// The keys that are under way, each with its flight. It is told every key's hash.
#[derive(Debug)]
pub(super) struct Table<K, F> {
    flights: HashTable<Entry<K, F>>,
    /// Flights that nobody joins any more, and that have not ended.
    forgotten: HashTable<Entry<K, F>>,
    pub(super) counts: Counts,
}

/// A key that is under way.
#[derive(Debug)]
pub(super) struct Entry<K, F> {
    hash: u64,
    key: K,
    flight: F,
    callers: u32,
    /// Somebody who does not wait for it runs it to its end.
    steward: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) led: u64,
    pub(super) followed: u64,
    pub(super) panicked: u64,
    pub(super) abandoned: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.led += other.led;
        self.followed += other.followed;
        self.panicked += other.panicked;
        self.abandoned += other.abandoned;
    }
}

impl<K: Eq, F: Clone> Table<K, F> {
    pub(super) fn ask(&mut self, hash: u64, key: &K, max_callers: u32) -> Ask<F> {
        self.ask_for(hash, |theirs| theirs == key, max_callers)
    }
}

impl<K, F: Clone> Table<K, F> {
    /// The same of a key that nobody has made yet.
    pub(super) fn ask_for(
        &mut self,
        hash: u64,
        is: impl Fn(&K) -> bool,
        max_callers: u32,
    ) -> Ask<F> {
        match self.flights.find_mut(hash, |entry| entry.hash == hash && is(&entry.key)) {
            None => Ask::Lead,
            Some(entry) if entry.callers >= max_callers => Ask::Full,
            Some(entry) => {
                entry.callers += 1;
                self.counts.followed += 1;
                Ask::Follow(entry.flight.clone())
            }
        }
    }
}

impl<K, F> Entry<K, F> {
    /// Nobody else is there to be told of its end.
    pub(super) const fn is_alone(&self) -> bool {
        self.callers + self.steward as u32 == 1
    }
}

impl<K, F> Table<K, F> {
    pub(super) const fn new() -> Self {
        let (led, followed, panicked, abandoned) = (0, 0, 0, 0);
        Self {
            flights: HashTable::new(),
            forgotten: HashTable::new(),
            counts: Counts { led, followed, panicked, abandoned },
        }
    }

    /// A flight begins, with one caller. There must be none of this key.
    pub(super) fn lead(&mut self, hash: u64, key: K, flight: F, steward: bool) {
        self.counts.led += 1;
        let entry = Entry { hash, key, flight, callers: 1, steward };
        self.flights.insert_unique(hash, entry, |entry| entry.hash);
    }

    /// A caller of this flight, or its steward, goes away. With the last of them it is given up.
    pub(super) fn leave(
        &mut self,
        hash: u64,
        steward: bool,
        is: impl Fn(&F) -> bool,
    ) -> Option<Entry<K, F>> {
        for table in [&mut self.flights, &mut self.forgotten] {
            if let Some(entry) = table.find_mut(hash, |entry| is(&entry.flight)) {
                if steward {
                    entry.steward = false;
                } else {
                    entry.callers = entry.callers.saturating_sub(1);
                }
                if entry.callers > 0 || entry.steward {
                    return None;
                }
                self.counts.abandoned += 1;
                return take(table, hash, is);
            }
        }
        None
    }

    /// This flight has ended. None if it has been given up before.
    pub(super) fn end(
        &mut self,
        hash: u64,
        panicked: bool,
        is: impl Fn(&F) -> bool,
    ) -> Option<Entry<K, F>> {
        let entry =
            take(&mut self.flights, hash, &is).or_else(|| take(&mut self.forgotten, hash, &is))?;
        self.counts.panicked += u64::from(panicked);
        Some(entry)
    }

    /// Whoever asks for this key next begins anew. Whether it was under way.
    pub(super) fn forget<Q>(&mut self, hash: u64, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.forget_one(hash, |theirs| theirs.borrow() == key, |_| ())
    }

    /// The same of the first key of which this is true; `told` is shown it.
    pub(super) fn forget_one(
        &mut self,
        hash: u64,
        is: impl Fn(&K) -> bool,
        told: impl FnOnce(&K),
    ) -> bool {
        let same = |entry: &Entry<K, F>| entry.hash == hash && is(&entry.key);
        let Ok(place) = self.flights.find_entry(hash, same) else { return false };
        let (entry, _) = place.remove();
        told(&entry.key);
        self.forgotten.insert_unique(hash, entry, |entry| entry.hash);
        true
    }

    /// The same of every key.
    pub(super) fn forget_all(&mut self, told: impl Fn(&K)) {
        for entry in self.flights.drain() {
            told(&entry.key);
            self.forgotten.insert_unique(entry.hash, entry, |entry| entry.hash);
        }
    }

    /// Whether a key is under way that newcomers would join.
    pub(super) fn is_under_way(&self, hash: u64, is: impl Fn(&K) -> bool) -> bool {
        self.flights.find(hash, |entry| entry.hash == hash && is(&entry.key)).is_some()
    }

    /// How many keys are under way, and how many callers wait for them.
    pub(super) fn count(&self) -> (usize, u64) {
        let callers = self.flights.iter().chain(&self.forgotten);
        let callers = callers.map(|entry| u64::from(entry.callers)).sum();
        (self.flights.len() + self.forgotten.len(), callers)
    }
}

fn take<K, F>(
    table: &mut HashTable<Entry<K, F>>,
    hash: u64,
    is: impl Fn(&F) -> bool,
) -> Option<Entry<K, F>> {
    let place = table.find_entry(hash, |entry| is(&entry.flight)).ok()?;
    Some(place.remove().0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every key has the same hash, and flights are numbers.
    const HASH: u64 = 7;

    fn table() -> Table<&'static str, u8> {
        Table::new()
    }

    #[test]
    fn who_asks_first_leads_and_the_others_follow() {
        let mut table = table();
        assert_eq!(table.ask(HASH, &"a", 3), Ask::Lead);
        table.lead(HASH, "a", 1, false);
        assert_eq!(table.ask(HASH, &"b", 3), Ask::Lead);
        table.lead(HASH, "b", 2, false);
        assert_eq!(table.ask(HASH, &"a", 3), Ask::Follow(1));
        assert_eq!(table.ask(HASH, &"a", 3), Ask::Follow(1));
        assert_eq!(table.ask(HASH, &"a", 3), Ask::Full);
        assert_eq!(table.ask(HASH, &"b", 3), Ask::Follow(2));
        assert_eq!(table.count(), (2, 5));
        assert_eq!((table.counts.led, table.counts.followed), (2, 3));
    }

    #[test]
    fn a_flight_is_given_up_with_the_last_who_leaves() {
        let mut table = table();
        table.lead(HASH, "a", 1, false);
        assert_eq!(table.ask(HASH, &"a", 9), Ask::Follow(1));
        assert!(table.leave(HASH, false, |&flight| flight == 1).is_none());
        assert_eq!(table.counts.abandoned, 0);
        assert!(table.leave(HASH, false, |&flight| flight == 1).is_some());
        assert_eq!((table.count(), table.counts.abandoned), ((0, 0), 1));
        assert!(table.leave(HASH, false, |&flight| flight == 1).is_none(), "it is gone");
        assert!(table.end(HASH, false, |&flight| flight == 1).is_none());
    }

    #[test]
    fn a_flight_with_a_steward_goes_on_without_callers() {
        let mut table = table();
        table.lead(HASH, "a", 1, true);
        assert!(table.leave(HASH, false, |&flight| flight == 1).is_none());
        assert_eq!(table.count(), (1, 0));
        assert_eq!(table.ask(HASH, &"a", 1), Ask::Follow(1), "a steward is no caller");
        assert!(table.leave(HASH, true, |&flight| flight == 1).is_none());
        assert!(table.leave(HASH, false, |&flight| flight == 1).is_some());
    }

    #[test]
    fn one_is_alone_at_the_end_or_is_not() {
        for (steward, followers, alone) in
            [(false, 0, true), (false, 1, false), (true, 0, false), (true, 1, false)]
        {
            let mut table = table();
            table.lead(HASH, "a", 1, steward);
            for _ in 0..followers {
                assert_eq!(table.ask(HASH, &"a", 9), Ask::Follow(1));
            }
            let ended = table.end(HASH, false, |&flight| flight == 1);
            assert_eq!(ended.map(|entry| entry.is_alone()), Some(alone));
            assert_eq!((table.count(), table.counts.panicked), ((0, 0), 0));
        }
        let mut table = table();
        table.lead(HASH, "a", 1, true);
        assert!(table.leave(HASH, false, |&flight| flight == 1).is_none());
        let ended = table.end(HASH, true, |&flight| flight == 1);
        assert_eq!(ended.map(|entry| entry.is_alone()), Some(true), "the steward");
        assert_eq!(table.counts.panicked, 1);
    }

    #[test]
    fn what_is_forgotten_is_joined_by_nobody_and_ends_all_the_same() {
        let mut table = table();
        table.lead(HASH, "a", 1, false);
        assert!(table.forget(HASH, "a") && !table.forget(HASH, "a"));
        assert_eq!(table.ask(HASH, &"a", 9), Ask::Lead);
        table.lead(HASH, "a", 2, false);
        assert_eq!(table.count(), (2, 2));
        assert!(table.forget(HASH, "a"));
        assert!(table.end(HASH, false, |&flight| flight == 1).is_some());
        assert!(table.leave(HASH, false, |&flight| flight == 2).is_some());
        assert_eq!(table.count(), (0, 0));
    }
}
