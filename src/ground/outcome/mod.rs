//! What a finished call says about the backend.

#[cfg(feature = "http")]
mod by_status;

#[cfg(feature = "http")]
pub use self::by_status::ByStatus;
use super::{pushback::Pushback, refusal::Fault};

/// What a finished call says about the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// It failed.
    Failure,
    /// Nothing: the caller's own mistake, a cancellation, a call that never began. Not counted.
    Ignore,
    /// It succeeded, too slowly.
    Slow,
    /// It asks to be left alone for a while (HTTP 429): not broken, not serving either.
    SoftFailure,
    /// It succeeded.
    Success,
}

/// Tells what a result means. Closures over `&Result<T, E>` do:
///
/// ```
/// use buttress::{Error, circuit_breaker::CircuitBreaker, outcome::Outcome};
/// # #[derive(Debug)] enum ApiError { NotFound, Busy, Down }
///
/// let search = CircuitBreaker::new("search", Default::default())?
///     .classify(|result: &Result<String, Error<ApiError>>| match result {
///         Ok(_) => Outcome::Success,
///         Err(Error::Inner(ApiError::NotFound)) => Outcome::Ignore,
///         Err(Error::Inner(ApiError::Busy)) => Outcome::SoftFailure,
///         Err(_) => Outcome::Failure,
///     });
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// The closure's argument must be spelled out, and it is what the guard sees: in `call` and above
/// `Lift` that is `Error<E>`. Refusals that never began do not reach a classifier: the guard
/// ignores them itself.
pub trait Classify<T, E> {
    /// What this result means.
    fn classify(&self, result: &Result<T, E>) -> Outcome;

    /// What the backend asks of whoever calls it again, if this result says so (`Retry-After`).
    /// Asked only about results that failed, softly or not.
    fn pushback(&self, result: &Result<T, E>) -> Pushback {
        let _ = result;
        Pushback::NONE
    }
}

impl<T, E, F> Classify<T, E> for F
where
    F: Fn(&Result<T, E>) -> Outcome,
{
    fn classify(&self, result: &Result<T, E>) -> Outcome {
        self(result)
    }
}

/// `Ok` is a success, `Err` a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Standard;

// No `E: Fault` here: the guard filters refusals, and a missing `Lift` would be reported twice.
impl<T, E> Classify<T, E> for Standard {
    fn classify(&self, result: &Result<T, E>) -> Outcome {
        match result {
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Failure,
        }
    }
}

/// A classifier with eyes for the backend's own `Retry-After`; made by `retry_after` on a guard.
#[derive(Clone, Copy, Debug)]
pub struct Hinted<C, R> {
    classify: C,
    retry_after: R,
}

impl<C, R> Hinted<C, R> {
    pub(crate) const fn new(classify: C, retry_after: R) -> Self {
        Self { classify, retry_after }
    }
}

impl<T, E, C, R, P> Classify<T, E> for Hinted<C, R>
where
    C: Classify<T, E>,
    R: Fn(&Result<T, E>) -> P,
    P: Into<Pushback>,
{
    fn classify(&self, result: &Result<T, E>) -> Outcome {
        self.classify.classify(result)
    }

    fn pushback(&self, result: &Result<T, E>) -> Pushback {
        (self.retry_after)(result).into()
    }
}

/// Whether this is a refusal of a call that never began: nobody's failure, and no classifier's business.
pub(crate) fn never_began<T, E: Fault>(result: &Result<T, E>) -> bool {
    match result {
        Ok(_) => false,
        Err(error) => error.refusal().is_some_and(|refusal| !refusal.began()),
    }
}
