use std::{fmt, time::Duration};

use super::{ending::Ending, machine::Reading};
use crate::ground::name::Name;

/// Everything a monitor has in its window: histograms, which can be merged and asked for any
/// quantile. As data it is its [`summary`](Self::summary).
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(into = "Summary"))]
pub struct Snapshot {
    name: Name,
    window: Duration,
    overflowed: u64,
    /// By name.
    operations: Vec<Distribution>,
}

impl Snapshot {
    pub(super) fn new(
        name: Name,
        window: Duration,
        overflowed: u64,
        mut operations: Vec<Distribution>,
    ) -> Self {
        operations.sort_by(|one, other| one.text().cmp(other.text()));
        Self { name, window, overflowed, operations }
    }

    /// The monitor's name.
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// The operations, by name.
    #[must_use]
    pub fn operations(&self) -> &[Distribution] {
        &self.operations
    }

    /// One operation.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&Distribution> {
        self.operations.iter().find(|operation| operation.text() == name)
    }

    /// Adds what another monitor has seen, operation by operation. It has the operations of both
    /// then, and goes on by its own name and window.
    pub fn merge(&mut self, other: &Self) {
        for theirs in &other.operations {
            let place = self.operations.binary_search_by(|mine| mine.text().cmp(theirs.text()));
            match place {
                Ok(at) => self.operations[at].merge(theirs),
                Err(at) => self.operations.insert(at, theirs.clone()),
            }
        }
        self.overflowed = self.overflowed.saturating_add(other.overflowed);
    }

    /// The numbers that are usually asked for.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary {
            name: self.name.clone(),
            window: self.window,
            operations: self.operations.iter().map(Distribution::summary).collect(),
            overflowed: self.overflowed,
        }
    }
}

impl From<Snapshot> for Summary {
    fn from(snapshot: Snapshot) -> Self {
        snapshot.summary()
    }
}

/// How long the records of one operation took, and how they ended: those of the window.
#[derive(Clone)]
pub struct Distribution {
    operation: Name,
    reading: Reading,
}

impl Distribution {
    pub(super) const fn new(operation: Name, reading: Reading) -> Self {
        Self { operation, reading }
    }

    fn text(&self) -> &str {
        self.operation.as_str()
    }

    /// The operation's name.
    #[must_use]
    pub const fn operation(&self) -> &Name {
        &self.operation
    }

    /// How many records there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.reading.tally.counts.total()
    }

    /// How many of them ended like this.
    #[must_use]
    pub const fn count_of(&self, ending: Ending) -> u64 {
        self.reading.tally.counts.ended[ending.index()]
    }

    /// The duration that a share of `quantile` of all records did not exceed, within 1 %; none
    /// without records. 0.5 is the median, 1 the exact maximum.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        self.reading.tally.lasted.quantile(quantile).map(Duration::from_nanos)
    }

    /// The longest, exactly.
    #[must_use]
    pub fn max(&self) -> Option<Duration> {
        let lasted = &self.reading.tally.lasted;
        (lasted.count() > 0).then(|| Duration::from_nanos(lasted.max()))
    }

    /// The mean, exactly.
    #[must_use]
    pub fn mean(&self) -> Option<Duration> {
        self.reading.tally.mean()
    }

    /// Adds the records of another one, of whichever operation.
    pub fn merge(&mut self, other: &Self) {
        self.reading.merge(&other.reading);
    }

    /// The numbers that are usually asked for.
    #[must_use]
    pub fn summary(&self) -> OperationSummary {
        let Reading { tally, ever, alerts } = &self.reading;
        OperationSummary {
            operation: self.operation.clone(),
            count: self.count(),
            ok: self.count_of(Ending::Ok),
            err: self.count_of(Ending::Err),
            cancelled: self.count_of(Ending::Cancelled),
            panicked: self.count_of(Ending::Panicked),
            slow: tally.counts.slow,
            p50: self.quantile(0.5),
            p95: self.quantile(0.95),
            p99: self.quantile(0.99),
            max: self.max(),
            mean: self.mean(),
            total: ever.total(),
            alerts: *alerts,
            suppressed: ever.slow.saturating_sub(*alerts),
        }
    }
}

impl fmt::Debug for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.summary(), f)
    }
}

/// Latencies in numbers, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Summary {
    /// The monitor's name.
    pub name: Name,
    /// The time that percentiles and counts are of.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::ground::config::human::serialize")
    )]
    pub window: Duration,
    /// The operations, by name.
    pub operations: Vec<OperationSummary>,
    /// Look-ups of names there was no room for; what they recorded is under `other`.
    pub overflowed: u64,
}

impl Summary {
    /// One operation.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&OperationSummary> {
        self.operations.iter().find(|operation| operation.operation.as_str() == name)
    }
}

/// One operation in numbers.
///
/// In JSON durations are in milliseconds with fractions (`"p50_ms": 0.042`), null where there are no records.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct OperationSummary {
    /// Its name.
    pub operation: Name,
    /// Records in the window.
    pub count: u64,
    /// Those that succeeded.
    pub ok: u64,
    /// Those that failed.
    pub err: u64,
    /// Those that were dropped before they had ended.
    pub cancelled: u64,
    /// Those that panicked.
    pub panicked: u64,
    /// Those that took longer than the threshold, whatever their end.
    pub slow: u64,
    /// The median, within 1 %. In JSON `p50_ms`.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "p50_ms",
            serialize_with = "crate::ground::config::millis::exact::serialize"
        )
    )]
    pub p50: Option<Duration>,
    /// What 95 of a hundred did not exceed, within 1 %. In JSON `p95_ms`.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "p95_ms",
            serialize_with = "crate::ground::config::millis::exact::serialize"
        )
    )]
    pub p95: Option<Duration>,
    /// What 99 of a hundred did not exceed, within 1 %. In JSON `p99_ms`.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "p99_ms",
            serialize_with = "crate::ground::config::millis::exact::serialize"
        )
    )]
    pub p99: Option<Duration>,
    /// The longest, exactly. In JSON `max_ms`.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "max_ms",
            serialize_with = "crate::ground::config::millis::exact::serialize"
        )
    )]
    pub max: Option<Duration>,
    /// The mean, exactly. In JSON `mean_ms`.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "mean_ms",
            serialize_with = "crate::ground::config::millis::exact::serialize"
        )
    )]
    pub mean: Option<Duration>,
    /// Records since it was made.
    pub total: u64,
    /// Alerts since it was made.
    pub alerts: u64,
    /// Slow records since it was made that raised no alert, because there had been one.
    pub suppressed: u64,
}
