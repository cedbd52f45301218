use std::time::Duration;

use crate::ground::{name::Name, outcome::Outcome};

/// Why a call was not answered by whom it was made to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Cause {
    /// It failed.
    Error,
    /// It took too long, and was cut off.
    TimedOut,
    /// A guard had no place for it: a limit, a throttle, a shutdown.
    Rejected,
    /// A circuit was open.
    ShortCircuited,
}

impl Cause {
    pub(super) const ALL: [Self; 4] =
        [Self::Error, Self::TimedOut, Self::Rejected, Self::ShortCircuited];

    /// As one word, for logs and labels: `error`, `timed_out`, `rejected`, `short_circuited`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::TimedOut => "timed_out",
            Self::Rejected => "rejected",
            Self::ShortCircuited => "short_circuited",
        }
    }
}

/// What is to be said of an answer that is second best; see [`Fallback::mark`](super::Fallback::mark).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Degraded {
    /// The fallback that answered.
    pub by: Name,
    /// Why.
    pub cause: Cause,
    /// How old the answer is, where it is the last good one.
    pub age: Option<Duration>,
}

/// An answer, and who of a [`Failover`](super::Failover) gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub struct Served<T> {
    /// The answer.
    pub value: T,
    /// The provider's name.
    pub by: Name,
    /// Its place in the order; the first is 0.
    pub index: usize,
    /// How many calls were made in all.
    pub attempts: u32,
    /// Whether it is anything but a good answer of the first provider.
    pub degraded: bool,
    /// What the classifier says of it. A failure, if nobody had anything better.
    pub outcome: Outcome,
}

impl<T> Served<T> {
    /// The answer alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The same about another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Served<U> {
        let Self { value, by, index, attempts, degraded, outcome } = self;
        Served { value: f(value), by, index, attempts, degraded, outcome }
    }
}
