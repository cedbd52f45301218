use super::{Error, Fault, Refusal};

/// What becomes of an operation's error on the way to its caller: [`Wrapped`] or [`Unchanged`]. Sealed.
pub trait Answer<E>: sealed::Answer {
    /// What the caller sees.
    type Error;

    /// The operation's own.
    fn inner(error: E) -> Self::Error;

    /// A guard's.
    fn refused(refusal: Refusal) -> Self::Error;
}

mod sealed {
    #[expect(unnameable_types, reason = "what seals the trait above")]
    pub trait Answer {}
}

/// As with `call`: `E` becomes [`Error<E>`](crate::Error).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Wrapped;

/// As with `run`, and in services: `E` has room for a refusal, and stays what it is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Unchanged;

impl sealed::Answer for Wrapped {}

impl<E> Answer<E> for Wrapped {
    type Error = Error<E>;

    fn inner(error: E) -> Error<E> {
        Error::Inner(error)
    }

    fn refused(refusal: Refusal) -> Error<E> {
        Error::Refused(refusal)
    }
}

impl sealed::Answer for Unchanged {}

impl<E: Fault> Answer<E> for Unchanged {
    type Error = E;

    fn inner(error: E) -> E {
        error
    }

    fn refused(refusal: Refusal) -> E {
        refusal.into()
    }
}
