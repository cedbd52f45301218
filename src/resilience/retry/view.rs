use std::{iter::Empty, time::Duration};

/// An attempt that is worth another, which is about to be made.
#[derive(Debug)]
#[non_exhaustive]
pub struct Again<'a, T, E> {
    /// Which attempt this was; the first is 1.
    pub attempt: u32,
    /// How it ended. Dropped before the wait.
    pub result: &'a Result<T, E>,
    /// How long until the next.
    pub delay: Duration,
    /// How long the call has waited between attempts so far, without `delay`.
    pub waited: Duration,
}

/// Hears of every further attempt. Closures over `&Again<'_, T, E>` do; their argument must be
/// spelled out.
pub trait Observe<T, E> {
    /// Another attempt is about to be made.
    fn observe(&self, again: &Again<'_, T, E>);
}

/// Nobody is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Unwatched;

impl<T, E> Observe<T, E> for Unwatched {
    fn observe(&self, _: &Again<'_, T, E>) {}
}

impl<T, E, F> Observe<T, E> for F
where
    F: Fn(&Again<'_, T, E>),
{
    fn observe(&self, again: &Again<'_, T, E>) {
        self(again);
    }
}

/// Gives a call its delays. Closures that make an iterator of durations do.
pub trait Pace {
    /// The delays of one call, in order; when they end, so do the attempts.
    type Delays: Iterator<Item = Duration>;

    /// Those of a call; none to go by the config's backoff.
    fn delays(&self) -> Option<Self::Delays>;
}

/// The config's backoff.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Planned;

impl Pace for Planned {
    type Delays = Empty<Duration>;

    fn delays(&self) -> Option<Empty<Duration>> {
        None
    }
}

impl<F, I> Pace for F
where
    F: Fn() -> I,
    I: IntoIterator<Item = Duration>,
{
    type Delays = I::IntoIter;

    fn delays(&self) -> Option<I::IntoIter> {
        Some(self().into_iter())
    }
}

/// How a view of a retry judges, tells and paces.
#[derive(Clone, Copy, Debug)]
pub struct Eyes<C, O, D> {
    pub(super) classify: C,
    pub(super) observe: O,
    pub(super) pace: D,
}

/// What [`Eyes`] consist of.
pub(super) mod sealed {
    use super::{Eyes, Pace};

    #[expect(unnameable_types, reason = "a bound that nobody else can meet")]
    pub trait Sight {
        type Classifier;
        type Observer;
        type Pace: Pace;

        fn parts(&self) -> &Eyes<Self::Classifier, Self::Observer, Self::Pace>;
    }

    impl<C, O, D: Pace> Sight for Eyes<C, O, D> {
        type Classifier = C;
        type Observer = O;
        type Pace = D;

        #[inline]
        fn parts(&self) -> &Self {
            self
        }
    }
}
