#[cfg(feature = "metrics")]
use super::{
    inner::{count_many, shared},
    names::{self, Metric},
};
use crate::ground::{mode::Mode, name::Name};

/// One counter of one guard. Its key is made once, so that counting allocates nothing.
#[derive(Debug)]
pub(crate) struct Told {
    #[cfg(feature = "metrics")]
    key: metrics::Key,
}

#[cfg(feature = "metrics")]
impl Told {
    pub(crate) fn retries(name: &Name) -> Self {
        Self::of(&names::RETRIES, &[("name", shared(name))])
    }

    pub(crate) fn given_up(name: &Name, reason: &'static str) -> Self {
        Self::of(&names::GIVEN_UP, &[("name", shared(name)), ("reason", reason.into())])
    }

    pub(crate) fn hedges(name: &Name, cause: &'static str, mode: Mode) -> Self {
        let mode = match mode {
            Mode::Enforce => "enforce",
            Mode::Shadow => "shadow",
        };
        let labels = [("name", shared(name)), ("cause", cause.into()), ("mode", mode.into())];
        Self::of(&names::HEDGES, &labels)
    }

    pub(crate) fn without_store(name: &Name, policy: &'static str) -> Self {
        Self::of(&names::WITHOUT_STORE, &[("name", shared(name)), ("policy", policy.into())])
    }

    pub(crate) fn tier(name: &Name, what: &'static str) -> Self {
        Self::of(&names::TIERS, &[("name", shared(name)), ("what", what.into())])
    }

    pub(crate) fn exhausted(name: &Name) -> Self {
        Self::of(&names::EXHAUSTED, &[("name", shared(name))])
    }

    pub(crate) fn cache_loads(name: &Name, outcome: &'static str) -> Self {
        Self::of(&names::CACHE_LOADS, &[("name", shared(name)), ("outcome", outcome.into())])
    }

    pub(crate) fn cache_stale(name: &Name) -> Self {
        Self::of(&names::CACHE_STALE, &[("name", shared(name))])
    }

    pub(crate) fn cache_removals(name: &Name, cause: &'static str) -> Self {
        Self::of(&names::CACHE_REMOVALS, &[("name", shared(name)), ("cause", cause.into())])
    }

    fn of(metric: &Metric, labels: &[(&'static str, metrics::SharedString)]) -> Self {
        Self { key: metrics::Key::from_parts(metric.name, labels) }
    }

    pub(crate) fn add_one(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, more: u64) {
        count_many(&self.key, more);
    }
}

#[cfg(not(feature = "metrics"))]
impl Told {
    pub(crate) const fn retries(_: &Name) -> Self {
        Self {}
    }

    pub(crate) const fn given_up(_: &Name, _: &'static str) -> Self {
        Self {}
    }

    pub(crate) const fn hedges(_: &Name, _: &'static str, _: Mode) -> Self {
        Self {}
    }

    pub(crate) const fn without_store(_: &Name, _: &'static str) -> Self {
        Self {}
    }

    pub(crate) const fn tier(_: &Name, _: &'static str) -> Self {
        Self {}
    }

    pub(crate) const fn exhausted(_: &Name) -> Self {
        Self {}
    }

    pub(crate) const fn cache_loads(_: &Name, _: &'static str) -> Self {
        Self {}
    }

    pub(crate) const fn cache_stale(_: &Name) -> Self {
        Self {}
    }

    pub(crate) const fn cache_removals(_: &Name, _: &'static str) -> Self {
        Self {}
    }

    pub(crate) const fn add_one(&self) {}

    pub(crate) const fn add(&self, _: u64) {}
}
