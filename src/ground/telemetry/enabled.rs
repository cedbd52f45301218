use std::time::Duration;

#[cfg(feature = "metrics")]
use super::names::{self, Kind, Metric};
pub(crate) use super::told::Told;
use crate::ground::{mode::Mode, name::Name};

/// Counts one guard's refusals. Keys are made once, so that a refusal allocates nothing.
#[derive(Debug)]
pub(crate) struct Meter {
    #[cfg(feature = "tracing")]
    name: Name,
    kind: &'static str,
    #[cfg(feature = "metrics")]
    enforced: metrics::Key,
    #[cfg(feature = "metrics")]
    shadowed: metrics::Key,
}

impl Meter {
    /// For refusals of this kind by this guard.
    pub(crate) fn new(name: &Name, kind: &'static str) -> Self {
        #[cfg(feature = "metrics")]
        let key = |mode| {
            let labels = [("name", shared(name)), ("kind", kind.into()), ("mode", mode)];
            metrics::Key::from_parts(names::REFUSALS.name, &labels[..])
        };
        Self {
            #[cfg(feature = "tracing")]
            name: name.clone(),
            kind,
            #[cfg(feature = "metrics")]
            enforced: key("enforce".into()),
            #[cfg(feature = "metrics")]
            shadowed: key("shadow".into()),
        }
    }

    pub(crate) fn refused(&self, mode: Mode) {
        #[cfg(feature = "metrics")]
        count(match mode {
            Mode::Enforce => &self.enforced,
            Mode::Shadow => &self.shadowed,
        });
        #[cfg(feature = "tracing")]
        tracing::debug!(
            target: "buttress",
            guard = self.name.as_str(),
            kind = self.kind,
            shadow = mode == Mode::Shadow,
            "refused"
        );
        let _ = (mode, self.kind);
    }
}

/// A number of one guard's that goes up and down. The key is made once, so that no change allocates.
#[derive(Debug)]
pub(crate) struct Gauge {
    #[cfg(feature = "metrics")]
    key: Option<metrics::Key>,
}

impl Gauge {
    /// Of the limit of this bulkhead. `alone`: it is the only one of its name, so that its gauge means
    /// something.
    pub(crate) fn limit(name: &Name, alone: bool) -> Self {
        let _ = (name, alone);
        Self {
            #[cfg(feature = "metrics")]
            key: alone.then(|| {
                metrics::Key::from_parts(names::LIMIT.name, &[("name", shared(name))][..])
            }),
        }
    }

    pub(crate) fn set(&self, value: u32) {
        #[cfg(feature = "metrics")]
        if let Some(key) = &self.key {
            metrics::with_recorder(|recorder| {
                recorder.register_gauge(key, &METADATA).set(value);
            });
        }
        let _ = value;
    }
}

/// Tells of the slow ones of one operation.
#[derive(Debug)]
pub(crate) struct SlowMeter {
    #[cfg(feature = "tracing")]
    names: (Name, Name),
    #[cfg(feature = "metrics")]
    key: metrics::Key,
}

impl SlowMeter {
    /// For this operation of this monitor.
    pub(crate) fn new(monitor: &Name, operation: &Name) -> Self {
        Self {
            #[cfg(feature = "tracing")]
            names: (monitor.clone(), operation.clone()),
            #[cfg(feature = "metrics")]
            key: metrics::Key::from_parts(
                names::SLOW.name,
                &[("name", shared(monitor)), ("operation", shared(operation))][..],
            ),
        }
    }

    /// One was slow.
    pub(crate) fn slow(&self) {
        #[cfg(feature = "metrics")]
        count(&self.key);
    }

    /// One was slow, after a silence in which `suppressed` others were.
    pub(crate) fn alert(&self, took: Duration, limit: Duration, p99: Duration, suppressed: u64) {
        #[cfg(feature = "tracing")]
        tracing::warn!(
            target: "buttress",
            monitor = self.names.0.as_str(),
            operation = self.names.1.as_str(),
            took_ms = took.as_secs_f64() * 1e3,
            slow_after_ms = limit.as_secs_f64() * 1e3,
            p99_ms = p99.as_secs_f64() * 1e3,
            suppressed,
            "slow operation"
        );
        let _ = (took, limit, p99, suppressed);
    }
}

/// A breaker changed its state. `alone`: it is the only one of its name, so its gauge means something.
pub(crate) fn state_changed(
    name: &Name,
    from: &'static str,
    to: &'static str,
    reason: &'static str,
    alone: bool,
) {
    #[cfg(feature = "metrics")]
    {
        let labels = [
            ("name", shared(name)),
            ("from", from.into()),
            ("to", to.into()),
            ("reason", reason.into()),
        ];
        count(&metrics::Key::from_parts(names::TRANSITIONS.name, &labels[..]));
        if alone {
            gauge(name, from, 0.0);
            gauge(name, to, 1.0);
        }
    }
    #[cfg(feature = "tracing")]
    tracing::info!(target: "buttress", guard = name.as_str(), from, to, reason, "circuit changed state");
    let _ = (name, from, to, reason, alone);
}

/// A keyed family gave a guard up, or could not keep one.
pub(crate) fn evicted(family: &Name, cause: &'static str) {
    #[cfg(feature = "metrics")]
    {
        let labels = [("name", shared(family)), ("cause", cause.into())];
        count(&metrics::Key::from_parts(names::EVICTIONS.name, &labels[..]));
    }
    #[cfg(feature = "tracing")]
    tracing::trace!(target: "buttress", family = family.as_str(), cause, "guard given up");
    let _ = (family, cause);
}

/// A connection changed its state.
pub(crate) fn connection_changed(name: &Name, from: &'static str, to: &'static str) {
    #[cfg(feature = "metrics")]
    {
        let labels = [("name", shared(name)), ("from", from.into()), ("to", to.into())];
        count(&metrics::Key::from_parts(names::CONNECTIONS.name, &labels[..]));
    }
    #[cfg(feature = "tracing")]
    tracing::info!(target: "buttress", guard = name.as_str(), from, to, "connection changed state");
    let _ = (name, from, to);
}

/// A store went down, or came back.
pub(crate) fn store_changed(name: &Name, from: &'static str, to: &'static str) {
    #[cfg(feature = "metrics")]
    {
        let labels = [("name", shared(name)), ("from", from.into()), ("to", to.into())];
        count(&metrics::Key::from_parts(names::STORES.name, &labels[..]));
    }
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "buttress", store = name.as_str(), from, to, "store changed state");
    let _ = (name, from, to);
}

/// A budget had no token for a further attempt.
pub(crate) fn exhausted(name: &Name) {
    #[cfg(feature = "tracing")]
    tracing::debug!(target: "buttress", budget = name.as_str(), "budget exhausted");
    let _ = name;
}

/// An attempt failed and another is made.
pub(crate) fn retried(name: &Name, attempt: u32, delay: Duration) {
    #[cfg(feature = "tracing")]
    tracing::debug!(target: "buttress", retry = name.as_str(), attempt, ?delay, "tries again");
    let _ = (name, attempt, delay);
}

/// An attempt is made beside those that run.
pub(crate) fn hedged(name: &Name, cause: &'static str, shadow: bool) {
    #[cfg(feature = "tracing")]
    tracing::debug!(target: "buttress", hedge = name.as_str(), cause, shadow, "hedged");
    let _ = (name, cause, shadow);
}

/// A call was worth another attempt and got none.
pub(crate) fn gave_up(name: &Name, reason: &'static str, attempts: u32) {
    #[cfg(feature = "tracing")]
    tracing::debug!(target: "buttress", retry = name.as_str(), reason, attempts, "gave up");
    let _ = (name, reason, attempts);
}

/// A cache refused a value that is heavier than all it may hold.
pub(crate) fn too_heavy(name: &Name, weight: u64, most: u64) {
    #[cfg(feature = "tracing")]
    tracing::debug!(target: "buttress", cache = name.as_str(), weight, most, "too heavy to be kept");
    let _ = (name, weight, most);
}

/// Work that is shared by its callers panicked.
pub(crate) fn work_panicked(name: &Name) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "buttress", guard = name.as_str(), "shared work panicked");
    let _ = name;
}

/// A call was given up for something else.
pub(crate) fn fell_back(name: &Name, cause: &'static str, mode: Mode) {
    let shadow = mode == Mode::Shadow;
    #[cfg(feature = "metrics")]
    {
        let mode = if shadow { "shadow" } else { "enforce" };
        let labels = [("name", shared(name)), ("cause", cause.into()), ("mode", mode.into())];
        count(&metrics::Key::from_parts(names::FALLBACKS.name, &labels[..]));
    }
    #[cfg(feature = "tracing")]
    tracing::debug!(target: "buttress", fallback = name.as_str(), cause, shadow, "fell back");
    let _ = (name, cause, shadow);
}

/// Registers the description of every metric with the installed recorder.
///
/// Call it once after installing one. Does nothing without the feature `metrics`.
pub fn describe() {
    #[cfg(feature = "metrics")]
    for &&Metric { name, kind, help } in names::ALL {
        metrics::with_recorder(|recorder| match kind {
            Kind::Counter => {
                recorder.describe_counter(name.into(), Some(metrics::Unit::Count), help.into())
            }
            Kind::Gauge => recorder.describe_gauge(name.into(), None, help.into()),
        });
    }
}

#[cfg(feature = "metrics")]
pub(super) fn shared(name: &Name) -> metrics::SharedString {
    match name {
        Name::Static(text) => (*text).into(),
        Name::Shared(text) => std::sync::Arc::clone(text).into(),
    }
}

// The recorder is asked each time: a handle would stay with the recorder of its birth, and a guard
// made before one is installed would be silent for ever.
#[cfg(feature = "metrics")]
fn count(key: &metrics::Key) {
    count_many(key, 1);
}

#[cfg(feature = "metrics")]
pub(super) fn count_many(key: &metrics::Key, more: u64) {
    metrics::with_recorder(|recorder| recorder.register_counter(key, &METADATA).increment(more));
}

#[cfg(feature = "metrics")]
fn gauge(name: &Name, state: &'static str, value: f64) {
    let labels = [("name", shared(name)), ("state", state.into())];
    let key = metrics::Key::from_parts(names::STATE.name, &labels[..]);
    metrics::with_recorder(|recorder| recorder.register_gauge(&key, &METADATA).set(value));
}

#[cfg(feature = "metrics")]
static METADATA: metrics::Metadata<'static> =
    metrics::Metadata::new("buttress", metrics::Level::INFO, Some("buttress"));
