//! What a backend asks of whoever calls it again.

#[cfg(feature = "http")]
mod headers;
#[cfg(feature = "http")]
mod limit;
#[cfg(feature = "http")]
mod moment;

use std::time::Duration;

#[cfg(feature = "http")]
pub(crate) use self::headers::again;

/// What a failed answer says about calling again: when, and whether at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pushback {
    /// How long it asks to be left alone (`Retry-After`).
    pub wait: Option<Duration>,
    /// Whether the same call is worth making again, where it says so (`x-should-retry`).
    pub again: Option<bool>,
    /// How many more calls or tokens it will take before `wait` is over, where it says so.
    pub remaining: Option<u64>,
}

impl Pushback {
    /// It says nothing.
    pub const NONE: Self = Self { wait: None, again: None, remaining: None };

    /// It asks to be left alone for so long.
    #[must_use]
    pub const fn after(wait: Duration) -> Self {
        Self { wait: Some(wait), ..Self::NONE }
    }

    /// It asks not to be called again with this.
    #[must_use]
    pub const fn never() -> Self {
        Self { again: Some(false), ..Self::NONE }
    }
}

impl From<Option<Duration>> for Pushback {
    fn from(wait: Option<Duration>) -> Self {
        Self { wait, ..Self::NONE }
    }
}
