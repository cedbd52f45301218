use std::{cell::Cell, thread::LocalKey};

use super::{Anchored, Spread};

/// A thread's spot for the holds of one kind.
pub(crate) type Spot<T> = Cell<Option<Anchored<T>>>;

/// A kind of shared value whose holds are parked between calls.
pub(crate) trait Park: Sized + 'static {
    /// The calling thread's spot.
    fn spot() -> &'static LocalKey<Spot<Self>>;
}

/// An owned hold that is parked when it is dropped, for the next call on that thread.
///
/// Counting a hold up and down costs more than the rest of a call that succeeds at once. Moving one
/// out of the thread's spot and back counts nothing. A parked hold keeps its value alive: one value a
/// thread, until another is parked there or the thread ends.
#[derive(Debug)]
pub(crate) struct Parked<T: Park>(Option<Anchored<T>>);

impl<T: Park> Parked<T> {
    /// The parked hold on this value, or a new one.
    #[inline]
    pub(crate) fn take(value: &Spread<T>) -> Self {
        let parked = T::spot().try_with(Cell::take).ok().flatten();
        Self(Some(parked.filter(|hold| value.is(hold)).unwrap_or_else(|| value.hold())))
    }

    /// The value; none while it is being dropped.
    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_deref()
    }
}

impl<T: Park> Drop for Parked<T> {
    #[inline]
    fn drop(&mut self) {
        let hold = self.0.take();
        // A thread that is ending parks nothing. What stood there before is dropped outside the spot:
        // it may be the last of its value.
        let before = T::spot().try_with(|spot| spot.replace(hold));
        drop(before);
    }
}
