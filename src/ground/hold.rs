//! How a call holds its guard: by reference in the plain door, by itself in the tower door.

use std::fmt;

use super::sync::{Park, Parked, Spread};

/// How a call holds its guard: [`Borrowed`] or [`Owned`]. Sealed.
pub trait Hold: sealed::Hold {}

pub(crate) mod sealed {
    #[expect(unnameable_types, reason = "what seals the trait above")]
    pub trait Hold {
        /// What all views of a guard share.
        type Core;
        /// How this one sees results.
        type Eyes;

        /// None only while it is being dropped.
        fn core(&self) -> Option<&Self::Core>;

        fn eyes(&self) -> &Self::Eyes;
    }
}

/// What a handle is: the shared state, and how this view of it sees results.
pub(crate) struct View<K, V> {
    pub(crate) core: Spread<K>,
    pub(crate) eyes: V,
}

impl<K, V> View<K, V> {
    /// The same state, seen with other eyes.
    pub(crate) fn seen_by<W>(&self, eyes: W) -> View<K, W> {
        View { core: self.core.clone(), eyes }
    }

    #[inline]
    pub(crate) const fn borrow(&self) -> Borrowed<'_, K, V> {
        Borrowed(self)
    }

    #[inline]
    pub(crate) fn own(&self) -> Owned<K, V>
    where
        K: Park,
        V: Clone,
    {
        Owned { core: Parked::take(&self.core), eyes: self.eyes.clone() }
    }
}

impl<K, V: Clone> Clone for View<K, V> {
    fn clone(&self) -> Self {
        self.seen_by(self.eyes.clone())
    }
}

/// Holds a guard by reference.
pub struct Borrowed<'a, K, V>(&'a View<K, V>);

/// Keeps a guard alive by itself.
#[expect(private_bounds, reason = "who holds a guard cannot name what is shared")]
pub struct Owned<K: Park, V> {
    core: Parked<K>,
    eyes: V,
}

impl<K, V> Hold for Borrowed<'_, K, V> {}

impl<K, V> sealed::Hold for Borrowed<'_, K, V> {
    type Core = K;
    type Eyes = V;

    #[inline]
    fn core(&self) -> Option<&K> {
        Some(&self.0.core)
    }

    #[inline]
    fn eyes(&self) -> &V {
        &self.0.eyes
    }
}

impl<K: Park, V> Hold for Owned<K, V> {}

impl<K: Park, V> sealed::Hold for Owned<K, V> {
    type Core = K;
    type Eyes = V;

    #[inline]
    fn core(&self) -> Option<&K> {
        self.core.get()
    }

    #[inline]
    fn eyes(&self) -> &V {
        &self.eyes
    }
}

impl<K, V> Clone for Borrowed<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Borrowed<'_, K, V> {}

impl<K, V> fmt::Debug for Borrowed<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Borrowed")
    }
}

impl<K: Park, V> fmt::Debug for Owned<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Owned")
    }
}

impl<K, V> fmt::Debug for View<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("View")
    }
}
