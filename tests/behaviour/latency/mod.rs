//! How long operations take, by every door. Cases of the seed's checklist are named by their number.

mod config;
mod doors;
mod merging;
mod operations;
mod percentiles;
mod slow;
mod threads;
mod window;

use std::time::Duration;

use buttress::latency::{Config, Ending, Latency, OperationSummary};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);

pub(crate) fn monitor(config: Config) -> Latency {
    Latency::new("rag", config).unwrap()
}

/// The numbers of one operation.
pub(crate) fn seen(latency: &Latency, operation: &str) -> OperationSummary {
    latency.summary().operation(operation).unwrap().clone()
}

/// A record of so many milliseconds.
pub(crate) fn took(latency: &Latency, operation: &'static str, millis: u64) {
    latency.record(operation, Duration::from_millis(millis), Ending::Ok);
}
