use std::fmt;

use super::shared::Measure;
use crate::ground::sync::Anchored;

/// How a future holds its operation: [`Borrowed`] or [`Owned`]. Sealed.
pub trait Hold: sealed::Hold {}

pub(super) mod sealed {
    use super::Measure;

    #[expect(unnameable_types, reason = "what seals the trait above")]
    pub trait Hold {
        fn measure(&self) -> &Measure;
    }
}

/// Holds the operation by reference.
#[derive(Clone, Copy)]
pub struct Borrowed<'a>(pub(super) &'a Measure);

/// Holds the operation by itself.
#[derive(Clone)]
pub struct Owned(pub(super) Anchored<Measure>);

impl Hold for Borrowed<'_> {}

impl sealed::Hold for Borrowed<'_> {
    #[inline]
    fn measure(&self) -> &Measure {
        self.0
    }
}

impl Hold for Owned {}

impl sealed::Hold for Owned {
    #[inline]
    fn measure(&self) -> &Measure {
        &self.0
    }
}

impl fmt::Debug for Borrowed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Borrowed").field(self.0.name()).finish()
    }
}

impl fmt::Debug for Owned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Owned").field(self.0.name()).finish()
    }
}
