use std::{any::Any, error::Error as StdError};

use super::Refusal;

/// An error type that has room for a [`Refusal`].
///
/// [`Error<E>`](crate::Error) is one, as are boxed errors and (feature `anyhow`) `anyhow::Error`. Your own
/// is one in three lines, and then no guard around it wraps or nests anything:
///
/// ```
/// use buttress::{Fault, Refusal};
///
/// enum ApiError {
///     Refused(Refusal),
///     NotFound,
/// }
/// impl From<Refusal> for ApiError {
///     fn from(refusal: Refusal) -> Self { Self::Refused(refusal) }
/// }
/// impl Fault for ApiError {
///     fn refusal(&self) -> Option<&Refusal> { if let Self::Refused(refusal) = self { Some(refusal) } else { None } }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no room for a Buttress refusal",
    label = "this error type does not implement `buttress::Fault`",
    note = "tower: add `.layer(buttress::Lift::layer())` as the innermost layer, right before `.service(..)`; the stack's error becomes `buttress::Error<{Self}>`",
    note = "plain: use `call` instead of `run`; its error is `buttress::Error<{Self}>`"
)]
pub trait Fault: From<Refusal> {
    /// The refusal inside, if this error is one.
    fn refusal(&self) -> Option<&Refusal>;
}

impl Fault for Refusal {
    fn refusal(&self) -> Option<&Refusal> {
        Some(self)
    }
}

impl Fault for Box<dyn StdError + Send + Sync> {
    /// Looks along the whole chain of sources.
    fn refusal(&self) -> Option<&Refusal> {
        in_chain(&**self)
    }
}

#[cfg(feature = "anyhow")]
impl Fault for anyhow::Error {
    /// Looks along the whole chain of sources.
    fn refusal(&self) -> Option<&Refusal> {
        in_chain(self.as_ref())
    }
}

fn in_chain<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Refusal> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(refusal) = error.downcast_ref() {
            return Some(refusal);
        }
        next = error.source();
    }
    None
}

/// The refusal in an error of any type that is itself one, or an erased error with one inside.
pub(super) fn in_any<E: 'static>(error: &E) -> Option<&Refusal> {
    let error: &dyn Any = error;
    error
        .downcast_ref::<Refusal>()
        .or_else(|| {
            error.downcast_ref::<Box<dyn StdError + Send + Sync>>().and_then(Fault::refusal)
        })
        .or_else(|| in_anyhow(error))
}

#[cfg(feature = "anyhow")]
fn in_anyhow(error: &dyn Any) -> Option<&Refusal> {
    error.downcast_ref::<anyhow::Error>().and_then(Fault::refusal)
}

#[cfg(not(feature = "anyhow"))]
fn in_anyhow(_: &dyn Any) -> Option<&Refusal> {
    None
}
