use std::hash::{BuildHasher, Hash};

use crate::{
    ground::time,
    resilience::cache::{handle::Cache, iter::Iter, stored::Change},
};

/// So often somebody is asked about one key whose value is another each time.
const TIMES: usize = 8;

impl<K: Hash + Eq + Clone, V: Clone, S: BuildHasher> Cache<K, V, S> {
    /// Changes the entry of a key by what it is now.
    ///
    /// `change` is called where no lock is held, and again whenever this entry was changed by somebody else
    /// meanwhile; what it says in the end is done, and no change of others is lost. Gives the value the
    /// key then has. By a [mode](crate::cache::CacheMode) in which nobody gets what is there, neither does
    /// `change`.
    pub fn compute(&self, key: K, mut change: impl FnMut(Option<V>) -> Change<V>) -> Option<V> {
        let hash = self.hasher.hash_one(&key);
        loop {
            let (value, watch) = self.shared.read(hash, &key);
            let value = value.filter(|_| !self.shared.terms.is_aside());
            let kept = value.clone();
            match time::outside(|| change(value)) {
                Change::Keep => return kept,
                Change::Remove => {
                    self.shared.void(hash, |theirs| *theirs == key);
                    if self.shared.remove_unchanged(&key, &watch) {
                        return None;
                    }
                }
                Change::Put(value) => {
                    let copy = value.clone();
                    self.shared.forget_failure(hash, |theirs| *theirs == key);
                    let stored = self.shared.insert_unchanged(key.clone(), value, &watch);
                    if let Some(stored) = stored {
                        return stored.is_stored().then_some(copy);
                    }
                }
            }
        }
    }

    /// Takes out every entry of which this is true, and says how many there were.
    ///
    /// It is asked where no lock is held, about each entry that is there from beginning to end, and about
    /// some that come meanwhile. What is taken out is what it was asked about, never a later value; an entry
    /// that is written again whenever it is asked about is left after a few times. Of
    /// what is on its way nobody can say whether it would be true: none of it is stored.
    pub fn invalidate_if(&self, mut predicate: impl FnMut(&K, &V) -> bool) -> usize {
        self.shared.void_all();
        let mut count = 0;
        let keys = Iter::new(&self.shared, |key: &K, _: &V| key.clone());
        for key in keys {
            let hash = self.hasher.hash_one(&key);
            for _ in 0..TIMES {
                let (Some(value), watch) = self.shared.read(hash, &key) else { break };
                if !time::outside(|| predicate(&key, &value)) {
                    break;
                }
                if self.shared.remove_unchanged(&key, &watch) {
                    count += 1;
                    break;
                }
            }
        }
        count
    }

    /// Copies of the entries.
    ///
    /// No lock is held between two of them. An entry that is there from beginning to end is among them,
    /// and twice perhaps, if most of the others go meanwhile; one that comes or goes may be.
    pub fn iter(&self) -> impl Iterator<Item = (K, V)> + '_ {
        Iter::new(&self.shared, |key: &K, value: &V| (key.clone(), value.clone()))
    }
}
