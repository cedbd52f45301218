//! What holds for every input: random lists of events against naive models, and beside each property
//! a table of round numbers, which are what people configure and what random input never hits.
#![allow(clippy::unwrap_used, reason = "a test that fails may as well panic")]

mod adaptive;
mod agreement;
mod batch;
mod buckets;
mod bulkhead;
mod cache;
mod cache_tier;
mod closing;
mod events;
mod fallback;
mod hedge;
mod jitter;
mod large_bucket;
mod latency;
mod model;
mod pushback;
mod rate_limit;
mod redact;
mod redact_forms;
mod redact_logs;
mod redact_named;
mod redact_structured;
mod refusing;
mod retry;
mod single_flight;
mod streams;
mod survival;
mod throttle;
mod world;

use std::{future::Future, time::Duration};

use proptest::test_runner::{Config, FileFailurePersistence};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);
pub(crate) const TICK: Duration = Duration::from_nanos(1);
pub(crate) const YEAR: Duration = Duration::from_secs(86_400 * 365);
/// As long as a process may run for every count to be exact.
pub(crate) const LIFETIME: Duration = Duration::from_secs(86_400 * 365 * 290);

/// So many cases; what fails once is kept beside the source and tried first from then on.
pub(crate) fn cases(cases: u32) -> Config {
    let persistence = FileFailurePersistence::WithSource("regressions");
    Config { cases, failure_persistence: Some(Box::new(persistence)), ..Config::default() }
}

/// Runs it under a paused clock of its own.
pub(crate) fn paused<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(test)
}
