use super::{shared::Core, view::Pace};
use crate::ground::sync::{Parked, Spread};

/// What a handle is: the shared state, and how this view of it judges, tells and paces.
#[derive(Clone)]
pub(super) struct View<C, O, D> {
    pub(super) core: Spread<Core>,
    pub(super) classify: C,
    pub(super) observe: O,
    pub(super) pace: D,
}

/// How a call holds its retry: [`Borrowed`] or [`Owned`]. Sealed.
pub trait Hold: sealed::Hold {}

pub(super) mod sealed {
    use super::{Core, Pace};

    #[expect(unnameable_types, reason = "what seals the trait above")]
    pub trait Hold {
        type Classifier;
        type Observer;
        type Pace: Pace;

        /// None only while it is being dropped.
        fn core(&self) -> Option<&Core>;
        fn classifier(&self) -> &Self::Classifier;
        fn observer(&self) -> &Self::Observer;
        fn pace(&self) -> &Self::Pace;
    }
}

/// Holds the retry by reference.
pub struct Borrowed<'a, C, O, D>(pub(super) &'a View<C, O, D>);

/// Keeps the retry alive by itself.
pub struct Owned<C, O, D> {
    core: Parked<Core>,
    classify: C,
    observe: O,
    pace: D,
}

impl<C: Clone, O: Clone, D: Clone> View<C, O, D> {
    #[inline]
    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "for services"))]
    pub(super) fn own(&self) -> Owned<C, O, D> {
        Owned {
            core: Parked::take(&self.core),
            classify: self.classify.clone(),
            observe: self.observe.clone(),
            pace: self.pace.clone(),
        }
    }
}

impl<C, O, D: Pace> Hold for Borrowed<'_, C, O, D> {}

impl<C, O, D: Pace> sealed::Hold for Borrowed<'_, C, O, D> {
    type Classifier = C;
    type Observer = O;
    type Pace = D;

    #[inline]
    fn core(&self) -> Option<&Core> {
        Some(&self.0.core)
    }

    #[inline]
    fn classifier(&self) -> &C {
        &self.0.classify
    }

    fn observer(&self) -> &O {
        &self.0.observe
    }

    fn pace(&self) -> &D {
        &self.0.pace
    }
}

impl<C, O, D: Pace> Hold for Owned<C, O, D> {}

impl<C, O, D: Pace> sealed::Hold for Owned<C, O, D> {
    type Classifier = C;
    type Observer = O;
    type Pace = D;

    #[inline]
    fn core(&self) -> Option<&Core> {
        self.core.get()
    }

    #[inline]
    fn classifier(&self) -> &C {
        &self.classify
    }

    fn observer(&self) -> &O {
        &self.observe
    }

    fn pace(&self) -> &D {
        &self.pace
    }
}

impl<C, O, D> Clone for Borrowed<'_, C, O, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C, O, D> Copy for Borrowed<'_, C, O, D> {}

impl<C, O, D> std::fmt::Debug for Borrowed<'_, C, O, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Borrowed")
    }
}

impl<C, O, D> std::fmt::Debug for Owned<C, O, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Owned")
    }
}

impl<C, O, D> std::fmt::Debug for View<C, O, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("View")
    }
}
