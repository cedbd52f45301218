use super::{Error, Fault, Refusal};

/// How an operation's error reaches its caller: [`Wrapped`] or [`Unchanged`]. Sealed.
pub trait Manner<E>: sealed::Manner {
    /// What the caller sees.
    type Error;

    /// The operation's own.
    fn inner(error: E) -> Self::Error;

    /// A guard's.
    fn refused(refusal: Refusal) -> Self::Error;
}

mod sealed {
    #[expect(unnameable_types, reason = "what seals the trait above")]
    pub trait Manner {}
}

/// As with `call`: `E` becomes [`Error<E>`](crate::Error).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Wrapped;

/// As with `run`, and in services: `E` has room for a refusal, and stays what it is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Unchanged;

impl sealed::Manner for Wrapped {}

impl<E> Manner<E> for Wrapped {
    type Error = Error<E>;

    fn inner(error: E) -> Error<E> {
        Error::Inner(error)
    }

    fn refused(refusal: Refusal) -> Error<E> {
        Error::Refused(refusal)
    }
}

impl sealed::Manner for Unchanged {}

impl<E: Fault> Manner<E> for Unchanged {
    type Error = E;

    fn inner(error: E) -> E {
        error
    }

    fn refused(refusal: Refusal) -> E {
        refusal.into()
    }
}
