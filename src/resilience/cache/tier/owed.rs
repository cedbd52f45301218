use std::{collections::HashMap, hash::Hash};

/// What the store was not told yet. Until it is, what it has of those keys is not to be believed.
#[derive(Debug)]
pub(super) struct Owed<K> {
    keys: HashMap<K, u64>,
    /// Everything is to be forgotten: these keys, and others.
    all: Option<u64>,
    /// Of the last debt.
    number: u64,
}

/// So many keys are kept apart.
pub(super) const MOST: usize = 65_536;

/// What has to be said before a key is believed, and which debt that pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    /// That it is removed.
    Key(u64),
    /// That everything is.
    All(u64),
}

impl<K: Hash + Eq> Owed<K> {
    pub(super) fn new() -> Self {
        Self { keys: HashMap::new(), all: None, number: 0 }
    }

    /// The store is to be told that this key is removed.
    pub(super) fn owe(&mut self, key: &K) -> Due
    where
        K: Clone,
    {
        self.number += 1;
        if self.all.is_none() {
            if let Some(number) = self.keys.get_mut(key) {
                *number = self.number;
                return Due::Key(self.number);
            }
            if self.keys.len() < MOST {
                self.keys.insert(key.clone(), self.number);
                return Due::Key(self.number);
            }
        }
        self.owe_all()
    }

    /// It is to be told that everything is.
    pub(super) fn owe_all(&mut self) -> Due {
        self.number += 1;
        self.all = Some(self.number);
        Due::All(self.number)
    }

    pub(super) fn due(&self, key: &K) -> Due {
        match (self.all, self.keys.get(key)) {
            (Some(number), _) => Due::All(number),
            (None, Some(number)) => Due::Key(*number),
            (None, None) => Due::Nothing,
        }
    }

    /// Nothing is owed of any key.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_none() && self.keys.is_empty()
    }

    /// It was told; what was owed later is still due. The keys are handed back, to be dropped elsewhere.
    #[must_use = "keys are not dropped under a lock"]
    pub(super) fn paid(&mut self, key: Option<&K>, due: Due) -> HashMap<K, u64> {
        let mut paid = HashMap::new();
        match due {
            Due::Key(number) => {
                let owed = key.filter(|key| self.keys.get(key) == Some(&number));
                paid.extend(owed.and_then(|key| self.keys.remove_entry(key)));
            }
            Due::Nothing => {}
            Due::All(number) => {
                self.all = self.all.filter(|owed| *owed > number);
                // None are added while all are owed: those that are later are few.
                let (later, earlier) = std::mem::take(&mut self.keys)
                    .into_iter()
                    .partition(|(_, owed)| *owed > number);
                (self.keys, paid) = (later, earlier);
            }
        }
        paid
    }

    /// How many keys; `None` where it is all of them.
    pub(super) fn count(&self) -> Option<usize> {
        self.all.is_none().then_some(self.keys.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owed_is_due_until_it_is_paid() {
        let mut owed = Owed::new();
        assert!(owed.is_empty());
        let first = owed.owe(&1);
        assert_eq!((owed.due(&1), owed.due(&2)), (first, Due::Nothing));
        let second = owed.owe(&1);
        let _ = owed.paid(Some(&1), first);
        assert_eq!(owed.due(&1), second, "it was owed again meanwhile");
        let _ = owed.paid(Some(&1), second);
        assert!(owed.is_empty());
    }

    #[test]
    fn too_many_are_all_of_them() {
        let mut owed = Owed::new();
        for key in 0..MOST {
            assert!(matches!(owed.owe(&key), Due::Key(_)));
        }
        assert_eq!((owed.due(&MOST), owed.count()), (Due::Nothing, Some(MOST)));
        assert!(matches!(owed.owe(&0), Due::Key(_)), "known already");
        let all = owed.owe(&MOST);
        assert_eq!((owed.due(&0), owed.due(&usize::MAX), owed.count()), (all, all, None));
        let later = owed.owe(&7);
        assert_eq!(owed.paid(None, all).len(), MOST);
        assert_eq!((owed.due(&7), owed.is_empty()), (later, false));
        assert!(owed.paid(None, later).is_empty());
        assert!(owed.is_empty());
    }
}
