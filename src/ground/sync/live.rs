use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

/// Values that are alive, by number.
///
/// For what must find a shared value in the one case in a million. Were it to hold a reference,
/// counting that up and down would cost more than all the rest; so it keeps a number, and looks here.
#[derive(Debug)]
pub(crate) struct Live<T> {
    values: Mutex<BTreeMap<u64, Weak<T>>>,
    next: AtomicU64,
}

impl<T> Live<T> {
    pub(crate) const fn new() -> Self {
        Self { values: Mutex::new(BTreeMap::new()), next: AtomicU64::new(0) }
    }

    /// Enters a value that is made knowing its number. It must [`leave`](Self::leave) when dropped.
    pub(crate) fn enter(&self, make: impl FnOnce(u64) -> T) -> Arc<T> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let value = Arc::new(make(number));
        self.values().insert(number, Arc::downgrade(&value));
        value
    }

    pub(crate) fn leave(&self, number: u64) {
        self.values().remove(&number);
    }

    /// The value of this number, unless nobody has it any longer.
    pub(crate) fn find(&self, number: u64) -> Option<Arc<T>> {
        // Given out from under the lock: the last to drop it leaves, which takes the lock.
        self.values().get(&number).and_then(Weak::upgrade)
    }

    fn values(&self) -> MutexGuard<'_, BTreeMap<u64, Weak<T>>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_until_it_leaves() {
        let live = Live::new();
        let (first, second) = (live.enter(|number| number), live.enter(|number| number));
        assert_ne!(first, second);
        assert_eq!(live.find(*first), Some(Arc::clone(&first)));
        let gone = *second;
        drop(second);
        assert_eq!(live.find(gone), None);
        live.leave(*first);
        assert_eq!(live.find(*first), None);
    }
}
