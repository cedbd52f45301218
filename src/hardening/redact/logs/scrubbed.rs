//! Errors that leave the service.

use std::{error::Error, fmt};

use crate::ground::refusal::{Fault, Refusal};

use super::{chain::Told, handle::Logs};

impl Logs {
    /// The error with its text, and those of its sources, as they may be told. For `map_err`, where errors leave the
    /// service:
    ///
    /// ```
    /// use buttress::redact::logs::Logs;
    /// use std::io::Error;
    ///
    /// let logs = Logs::default();
    /// let failed = Err::<(), _>(Error::other("cannot reach postgres://app:hunter2@db/orders"));
    /// let told = failed.map_err(|error| logs.scrub(error)).unwrap_err();
    /// assert_eq!(told.to_string(), "cannot reach postgres://app:[REDACTED:url-password]@db/orders");
    /// ```
    pub fn scrub<E: Error>(&self, error: E) -> Scrubbed<E> {
        let told = Told::of(self.shared(), &error);
        Scrubbed { error, told }
    }

    /// The same for an error whose type is erased. A refusal in it can still be found.
    #[must_use]
    pub fn scrub_boxed(&self, error: Box<dyn Error + Send + Sync>) -> Box<dyn Error + Send + Sync> {
        if error.is::<Refusal>() { error } else { Box::new(Told::of(self.shared(), &*error)) }
    }
}

/// An error that says nothing secret: it is displayed, debugged and followed to its sources as text without secrets;
/// made by [`Logs::scrub`]. What it was stays inside.
pub struct Scrubbed<E> {
    error: E,
    told: Told,
}

impl<E> Scrubbed<E> {
    /// What it was, with all that it says.
    pub const fn inner(&self) -> &E {
        &self.error
    }

    /// What it was, with all that it says.
    pub fn into_inner(self) -> E {
        self.error
    }
}

impl<E> fmt::Display for Scrubbed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.told.fmt(f)
    }
}

impl<E> fmt::Debug for Scrubbed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scrubbed").field(&self.told).finish()
    }
}

impl<E> Error for Scrubbed<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.told.source()
    }
}

/// A refusal holds nothing secret.
impl<E: From<Refusal>> From<Refusal> for Scrubbed<E> {
    fn from(refusal: Refusal) -> Self {
        let told = Told::plain(refusal.to_string());
        Self { error: refusal.into(), told }
    }
}

impl<E: Fault> Fault for Scrubbed<E> {
    fn refusal(&self) -> Option<&Refusal> {
        self.error.refusal()
    }
}
