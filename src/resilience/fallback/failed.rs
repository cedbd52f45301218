use std::{error::Error as StdError, fmt};

use super::served::Cause;
use crate::ground::{
    name::Name,
    refusal::{Fault, Refusal},
};

/// Nobody of a [`Failover`](super::Failover) had an answer: the error of each, in the order they were asked.
///
/// One of them is *the* error: the last of a call that began, or, where none did, the first refusal.
/// It is the source of this one, and what guards further out see of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed<E> {
    /// Never empty. At most two for each provider.
    tried: Vec<Tried<E>>,
    /// Which of them is the error.
    chief: usize,
}

/// One provider's failure.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tried<E> {
    /// The provider's name.
    pub by: Name,
    /// Its place in the order; the first is 0.
    pub index: usize,
    /// Why the next was asked; none if this error was the end of it, as the caller's own mistake is.
    pub cause: Option<Cause>,
    /// Its error.
    pub error: E,
}

impl<E: Fault> Failed<E> {
    /// Of these, of which there must be one.
    pub(super) fn new(tried: Vec<Tried<E>>) -> Self {
        let began = |tried: &Tried<E>| tried.error.refusal().is_none_or(Refusal::began);
        let chief = tried.iter().rposition(began).unwrap_or(0);
        Self { tried, chief }
    }
}

impl<E> Failed<E> {
    /// *The* error: the last of a call that began, or the first refusal.
    #[must_use]
    pub fn error(&self) -> &E {
        &self.tried[self.chief].error
    }

    /// The same by value; the others are dropped.
    #[must_use]
    pub fn into_error(mut self) -> E {
        self.tried.swap_remove(self.chief).error
    }

    /// The error of each, in the order they were asked.
    #[must_use]
    pub fn tried(&self) -> &[Tried<E>] {
        &self.tried
    }

    /// The same by value.
    #[must_use]
    pub fn into_tried(self) -> Vec<Tried<E>> {
        self.tried
    }
}

impl<E: From<Refusal>> From<Refusal> for Failed<E> {
    /// A guard further out refused before anybody was asked.
    fn from(refusal: Refusal) -> Self {
        let by = refusal.name().clone();
        Self { tried: vec![Tried { by, index: 0, cause: None, error: refusal.into() }], chief: 0 }
    }
}

impl<E: Fault> Fault for Failed<E> {
    fn refusal(&self) -> Option<&Refusal> {
        self.error().refusal()
    }
}

impl<E> fmt::Display for Failed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.tried[..] {
            [only] => write!(f, "`{}` had no answer", only.by),
            tried => {
                write!(f, "no answer from any of")?;
                for (at, tried) in tried.iter().enumerate() {
                    write!(f, "{} `{}`", if at == 0 { "" } else { "," }, tried.by)?;
                }
                Ok(())
            }
        }
    }
}

impl<E: StdError + 'static> StdError for Failed<E> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.error())
    }
}
