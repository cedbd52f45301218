use std::time::Duration;

/// Says how long a call waits before it is hedged. Closures do, from the config's delay (none while it
/// is not known) to another; none is never.
pub trait Patience {
    /// How long to wait, or none to make one attempt only.
    fn delay(&self, planned: Option<Duration>) -> Option<Duration>;
}

/// The config's delay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct AsPlanned;

impl Patience for AsPlanned {
    #[inline]
    fn delay(&self, planned: Option<Duration>) -> Option<Duration> {
        planned
    }
}

impl<F> Patience for F
where
    F: Fn(Option<Duration>) -> Option<Duration>,
{
    fn delay(&self, planned: Option<Duration>) -> Option<Duration> {
        self(planned)
    }
}

/// How a view of a hedge judges and waits.
#[derive(Clone, Copy, Debug)]
pub struct Eyes<C, D> {
    pub(super) classify: C,
    pub(super) patience: D,
}

/// What [`Eyes`] consist of.
pub(super) mod sealed {
    use super::{Eyes, Patience};

    #[expect(unnameable_types, reason = "a bound that nobody else can meet")]
    pub trait Sight {
        type Classifier;
        type Patience: Patience;

        fn parts(&self) -> &Eyes<Self::Classifier, Self::Patience>;
    }

    impl<C, D: Patience> Sight for Eyes<C, D> {
        type Classifier = C;
        type Patience = D;

        #[inline]
        fn parts(&self) -> &Self {
            self
        }
    }
}
