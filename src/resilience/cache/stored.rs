use std::time::Duration;

use crate::resilience::cache::removal::Removal;

/// What became of an insert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stored {
    /// The key was not there; it is now.
    New,
    /// The key was there, and has the new value now.
    Replaced,
    /// Nothing is stored, and what the key had is gone: its time to live was zero.
    Expired,
    /// Nothing is stored, and what the key had is gone: the cache is [disabled](super::CacheMode::Disabled).
    Disabled,
    /// Nothing is stored, and what the key had is gone: it is heavier than everything the cache may hold.
    TooHeavy,
}

impl Stored {
    /// Whether the entry is in the cache.
    #[must_use]
    pub const fn is_stored(self) -> bool {
        matches!(self, Self::New | Self::Replaced)
    }

    /// In the place of a value that is gone for this cause.
    pub(super) const fn over(cause: Removal) -> Self {
        if matches!(cause, Removal::Expired) { Self::New } else { Self::Replaced }
    }
}

/// A value, and how old it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hit<V> {
    /// The value.
    pub value: V,
    /// How long ago it was written; `None` where neither the config nor the entry has a time, so that
    /// nobody took it down.
    pub age: Option<Duration>,
    /// Whether it is older than [`stale_after`](super::Config::stale_after), or expired and only kept for
    /// the [`grace`](super::Config::grace).
    pub is_stale: bool,
}

/// What is to become of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change<V> {
    /// As it is.
    Keep,
    /// This value instead.
    Put(V),
    /// No entry.
    Remove,
}

/// A value that was loaded, and how long it is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Loaded<V> {
    pub(super) value: V,
    pub(super) ttl: Option<Duration>,
    pub(super) is_stored: bool,
    pub(super) carried: Carried,
}

/// What a value that was stored elsewhere has lived already, and how much longer it may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Carried {
    pub(super) age: Duration,
    /// No longer than this, whatever else is said of it; `None` is for ever.
    pub(super) left: Option<Duration>,
}

impl<V> Loaded<V> {
    /// For as long as the cache says.
    pub const fn new(value: V) -> Self {
        Self {
            value,
            ttl: None,
            is_stored: true,
            carried: Carried { age: Duration::ZERO, left: None },
        }
    }

    /// For so long. Zero is not at all.
    pub fn with_ttl(self, ttl: Duration) -> Self {
        Self { ttl: Some(ttl), ..self }
    }

    /// As it was elsewhere.
    pub(super) fn carried(self, carried: Carried) -> Self {
        Self { carried, ..self }
    }

    /// For those who wait for it, and nobody else.
    pub fn not_stored(self) -> Self {
        Self { is_stored: false, ..self }
    }
}

impl<V> From<V> for Loaded<V> {
    fn from(value: V) -> Self {
        Self::new(value)
    }
}
