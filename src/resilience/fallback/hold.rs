use std::fmt;

use super::{answer::Given, served::Degraded, shared::Shared};
use crate::ground::{outcome::Standard, sync::Anchored};

/// A handle's own: the state its clones share, and how this view of it sees, answers and marks.
#[expect(unnameable_types, reason = "named by a sealed trait only")]
pub struct View<A, C, M> {
    pub(super) shared: std::sync::Arc<Shared>,
    pub(super) answer: A,
    pub(super) classify: C,
    pub(super) mark: M,
}

/// Marks an answer that is second best; see [`Fallback::mark`](super::Fallback::mark). Closures over
/// `(&mut T, &Degraded)` do.
pub trait Mark<T> {
    /// This answer is second best.
    fn mark(&self, answer: &mut T, why: &Degraded);
}

/// Leaves an answer as it is.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Unmarked;

impl<T> Mark<T> for Unmarked {
    fn mark(&self, _: &mut T, _: &Degraded) {}
}

impl<T, F> Mark<T> for F
where
    F: Fn(&mut T, &Degraded),
{
    fn mark(&self, answer: &mut T, why: &Degraded) {
        self(answer, why);
    }
}

/// How a call holds its fallback: [`Borrowed`], [`Lent`] or [`Owned`]. Sealed.
pub trait Hold: sealed::Hold {}

pub(super) mod sealed {
    use super::{Shared, View};

    #[expect(unnameable_types, reason = "what seals the trait above")]
    pub trait Hold {
        /// What the handle answers.
        type Kept;
        /// What this call answers.
        type Answer;
        type Classifier;
        type Mark;

        fn view(&self) -> &View<Self::Kept, Self::Classifier, Self::Mark>;
        fn answer(&self) -> &Self::Answer;

        #[inline]
        fn shared(&self) -> &Shared {
            &self.view().shared
        }

        #[inline]
        fn classifier(&self) -> &Self::Classifier {
            &self.view().classify
        }

        #[inline]
        fn mark(&self) -> &Self::Mark {
            &self.view().mark
        }
    }
}

/// Holds the fallback by reference: counts nothing.
pub struct Borrowed<'a, A, C = Standard, M = Unmarked>(pub(super) &'a View<A, C, M>);

/// Holds the fallback by reference for a call that brings its own answer.
pub struct Lent<'a, A, C = Standard, M = Unmarked>(pub(super) &'a View<A, C, M>);

/// Holds the fallback by itself, for as long as it likes.
pub struct Owned<A, C = Standard, M = Unmarked>(pub(super) Anchored<View<A, C, M>>);

impl<A, C, M> Hold for Borrowed<'_, A, C, M> {}

impl<A, C, M> sealed::Hold for Borrowed<'_, A, C, M> {
    type Kept = A;
    type Answer = A;
    type Classifier = C;
    type Mark = M;

    #[inline]
    fn view(&self) -> &View<A, C, M> {
        self.0
    }

    #[inline]
    fn answer(&self) -> &A {
        &self.0.answer
    }
}

impl<A, C, M> Hold for Lent<'_, A, C, M> {}

impl<A, C, M> sealed::Hold for Lent<'_, A, C, M> {
    type Kept = A;
    type Answer = Given;
    type Classifier = C;
    type Mark = M;

    #[inline]
    fn view(&self) -> &View<A, C, M> {
        self.0
    }

    #[inline]
    fn answer(&self) -> &Given {
        &Given
    }
}

impl<A, C, M> Hold for Owned<A, C, M> {}

impl<A, C, M> sealed::Hold for Owned<A, C, M> {
    type Kept = A;
    type Answer = A;
    type Classifier = C;
    type Mark = M;

    #[inline]
    fn view(&self) -> &View<A, C, M> {
        &self.0
    }

    #[inline]
    fn answer(&self) -> &A {
        &self.0.answer
    }
}

impl<A, C, M> fmt::Debug for View<A, C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("View").field(self.shared.name()).finish()
    }
}

impl<A, C, M> fmt::Debug for Borrowed<'_, A, C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Borrowed").field(self.0.shared.name()).finish()
    }
}

impl<A, C, M> fmt::Debug for Lent<'_, A, C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lent").field(self.0.shared.name()).finish()
    }
}

impl<A, C, M> fmt::Debug for Owned<A, C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Owned").field(self.0.shared.name()).finish()
    }
}
