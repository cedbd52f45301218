use std::hash::{BuildHasher, Hash};

use crate::{
    ground::time,
    resilience::cache::{handle::Cache, iter::Iter, stored::Change},
};

impl<K: Hash + Eq + Clone, V: Clone, S: BuildHasher> Cache<K, V, S> {
    /// Changes the entry of a key by what it is now.
    ///
    /// `change` is called where no lock is held, and again if the entry was changed by somebody else
    /// meanwhile; what it says in the end is done, and no change of others is lost. Gives the value the
    /// key then has.
    pub fn compute(&self, key: K, mut change: impl FnMut(Option<V>) -> Change<V>) -> Option<V> {
        let hash = self.hasher.hash_one(&key);
        loop {
            let (value, writes) = self.shared.read(hash, &key);
            let kept = value.clone();
            match time::outside(|| change(value)) {
                Change::Keep => return kept,
                Change::Remove => {
                    self.shared.void(hash, |theirs| *theirs == key);
                    if self.shared.remove_unchanged(hash, &key, writes) {
                        return None;
                    }
                }
                Change::Put(value) => {
                    let copy = value.clone();
                    self.shared.forget_failure(hash, |theirs| *theirs == key);
                    if let Some(stored) =
                        self.shared.insert_unchanged(hash, key.clone(), value, writes)
                    {
                        return stored.is_stored().then_some(copy);
                    }
                }
            }
        }
    }

    /// Takes out every entry of which this is true, and says how many there were.
    ///
    /// It is asked where no lock is held, about each entry that is there from beginning to end, and about
    /// some that come meanwhile. What is taken out is what it was asked about, never a later value. Of
    /// what is on its way nobody can say whether it would be true: none of it is stored.
    pub fn invalidate_if(&self, mut predicate: impl FnMut(&K, &V) -> bool) -> usize {
        self.shared.void_all();
        let mut count = 0;
        let keys = Iter::new(&self.shared, |key: &K, _: &V| key.clone());
        for key in keys {
            let hash = self.hasher.hash_one(&key);
            while let (Some(value), writes) = self.shared.read(hash, &key) {
                if !time::outside(|| predicate(&key, &value)) {
                    break;
                }
                if self.shared.remove_unchanged(hash, &key, writes) {
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
