use std::{error::Error as StdError, fmt, time::Duration};

use super::{Fault, Refusal, fault::in_any};

/// A call that did not succeed: refused by a guard, or failed by itself.
///
/// However many guards stand around an operation, this is the one layer around its error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error<E> {
    /// A guard decided against the call, or cut it off.
    Refused(Refusal),
    /// The operation's own error.
    Inner(E),
}

impl<E> Error<E> {
    /// The operation's own error, if that is what it is.
    pub const fn inner(&self) -> Option<&E> {
        match self {
            Self::Inner(error) => Some(error),
            Self::Refused(_) => None,
        }
    }

    /// The operation's own error, by value.
    ///
    /// # Errors
    ///
    /// The refusal, if it was one.
    pub fn into_inner(self) -> Result<E, Refusal> {
        match self {
            Self::Inner(error) => Ok(error),
            Self::Refused(refusal) => Err(refusal),
        }
    }

    /// When it is worth asking again, if a guard knows.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after(),
            Self::Inner(_) => None,
        }
    }

    /// The same with the operation's error put through `f`.
    pub fn map_inner<D>(self, f: impl FnOnce(E) -> D) -> Error<D> {
        match self {
            Self::Inner(error) => Error::Inner(f(error)),
            Self::Refused(refusal) => Error::Refused(refusal),
        }
    }

    /// As a boxed error. What it refused can still be found: boxed errors are [`Fault`]s.
    pub fn into_boxed(self) -> Box<dyn StdError + Send + Sync>
    where
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        match self {
            Self::Inner(error) => error.into(),
            Self::Refused(refusal) => refusal.into(),
        }
    }
}

impl<E> Error<Error<E>> {
    /// Undoes a `call` around a `call`. Better not to need it: around what is already guarded, use
    /// `run`, which leaves the error as it is and lets the outer guard see the inner one's refusals.
    pub fn flatten(self) -> Error<E> {
        match self {
            Self::Inner(error) => error,
            Self::Refused(refusal) => Error::Refused(refusal),
        }
    }
}

impl<E> From<Refusal> for Error<E> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<E: 'static> Fault for Error<E> {
    /// Also finds the refusal in an `Inner` that is itself an erased error.
    fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Inner(error) => in_any(error),
        }
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) if f.alternate() => write!(f, "the call was refused: {refusal}"),
            Self::Refused(_) => f.write_str("the call was refused"),
            Self::Inner(error) => error.fmt(f),
        }
    }
}

impl<E: StdError + 'static> StdError for Error<E> {
    /// Of a refusal, the refusal itself, so that it can be found once this error is boxed; the
    /// operation's error is transparent.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Inner(error) => error.source(),
        }
    }
}
