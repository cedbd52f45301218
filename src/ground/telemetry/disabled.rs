use std::time::Duration;

use crate::ground::{mode::Mode, name::Name};

/// Nothing is told.
#[derive(Debug)]
pub(crate) struct Meter;

impl Meter {
    pub(crate) const fn new(_: &Name, _: &'static str) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) const fn refused(&self, _: Mode) {}
}

/// Nothing is told.
#[derive(Debug)]
pub(crate) struct Gauge;

impl Gauge {
    pub(crate) const fn limit(_: &Name, _: bool) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) const fn set(&self, _: u32) {}
}

/// Nothing is told.
#[derive(Debug)]
pub(crate) struct SlowMeter;

impl SlowMeter {
    pub(crate) const fn new(_: &Name, _: &Name) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) const fn slow(&self) {}

    #[inline(always)]
    pub(crate) const fn alert(&self, _: Duration, _: Duration, _: Duration, _: u64) {}
}

#[inline(always)]
pub(crate) const fn state_changed(
    _: &Name,
    _: &'static str,
    _: &'static str,
    _: &'static str,
    _: bool,
) {
}

#[inline(always)]
pub(crate) const fn evicted(_: &Name, _: &'static str) {}

#[inline(always)]
pub(crate) const fn connection_changed(_: &Name, _: &'static str, _: &'static str) {}

#[inline(always)]
pub(crate) const fn store_changed(_: &Name, _: &'static str, _: &'static str) {}

#[inline(always)]
pub(crate) const fn exhausted(_: &Name) {}

/// Nothing is told.
#[derive(Debug)]
pub(crate) struct Told;

impl Told {
    pub(crate) const fn retries(_: &Name) -> Self {
        Self
    }

    pub(crate) const fn given_up(_: &Name, _: &'static str) -> Self {
        Self
    }

    pub(crate) const fn hedges(_: &Name, _: &'static str, _: Mode) -> Self {
        Self
    }

    pub(crate) const fn without_store(_: &Name, _: &'static str) -> Self {
        Self
    }

    pub(crate) const fn tier(_: &Name, _: &'static str) -> Self {
        Self
    }

    pub(crate) const fn exhausted(_: &Name) -> Self {
        Self
    }

    pub(crate) const fn cache_loads(_: &Name, _: &'static str) -> Self {
        Self
    }

    pub(crate) const fn cache_stale(_: &Name) -> Self {
        Self
    }

    pub(crate) const fn cache_removals(_: &Name, _: &'static str) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) const fn add_one(&self) {}

    #[inline(always)]
    pub(crate) const fn add(&self, _: u64) {}
}

#[inline(always)]
pub(crate) const fn retried(_: &Name, _: u32, _: Duration) {}

#[inline(always)]
pub(crate) const fn hedged(_: &Name, _: &'static str, _: bool) {}

#[inline(always)]
pub(crate) const fn gave_up(_: &Name, _: &'static str, _: u32) {}

#[inline(always)]
pub(crate) const fn too_heavy(_: &Name, _: u64, _: u64) {}

#[inline(always)]
pub(crate) const fn work_panicked(_: &Name) {}

#[inline(always)]
pub(crate) const fn fell_back(_: &Name, _: &'static str, _: Mode) {}

/// Registers the description of every metric with the installed recorder.
///
/// Does nothing without the feature `metrics`.
#[inline(always)]
pub const fn describe() {}
