use std::{ops::Deref, sync::Arc};

use super::{Padded, shard};

/// A shared value whose owners do not all count on one cache line.
///
/// Every owned hold is an `Arc` clone, two writes to one counter; on two threads that costs 85 ns
/// instead of 15. So there are several counters, one for each shard of threads, each on a line of
/// its own. Reading through the handle counts nothing at all.
#[derive(Debug)]
pub(crate) struct Spread<T> {
    value: Arc<T>,
    anchors: Arc<[Arc<Padded<Arc<T>>>]>,
}

impl<T> Spread<T> {
    /// `width` is a power of two; 1 for values that are many and cold.
    pub(crate) fn new(value: T, width: usize) -> Self {
        debug_assert!(width.is_power_of_two());
        let value = Arc::new(value);
        let anchors = (0..width).map(|_| Arc::new(Padded(Arc::clone(&value)))).collect();
        Self { value, anchors }
    }

    /// A hold that keeps the value alive by itself.
    #[inline]
    pub(crate) fn hold(&self) -> Anchored<T> {
        let anchor = &self.anchors[shard() & (self.anchors.len() - 1)];
        Anchored(Arc::clone(anchor))
    }

    /// Whether nobody else has this value: no clone of the handle, no hold.
    pub(crate) fn is_sole(&self) -> bool {
        Arc::strong_count(&self.anchors) == 1
            && self.anchors.iter().all(|anchor| Arc::strong_count(anchor) == 1)
    }

    /// Whether there is no clone of this handle; there may be holds.
    pub(crate) fn is_only_handle(&self) -> bool {
        Arc::strong_count(&self.anchors) == 1
    }

    /// Whether this is a hold on this very value.
    #[inline]
    pub(crate) fn is(&self, hold: &Anchored<T>) -> bool {
        std::ptr::eq(&raw const *self.value, &raw const **hold)
    }

    pub(crate) fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.value, &other.value)
    }
}

impl<T> Clone for Spread<T> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), anchors: Arc::clone(&self.anchors) }
    }
}

impl<T> Deref for Spread<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

/// An owned hold on a [`Spread`] value.
#[derive(Debug)]
pub(crate) struct Anchored<T>(Arc<Padded<Arc<T>>>);

impl<T> Clone for Anchored<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Anchored<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_sole_until_somebody_holds_it() {
        let spread = Spread::new(7, 4);
        assert!(spread.is_sole());
        let hold = spread.hold();
        assert!(!spread.is_sole());
        drop(hold);
        let clone = spread.clone();
        assert!(!spread.is_sole());
        drop(clone);
        assert!(spread.is_sole());
    }
}
