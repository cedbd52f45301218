//! What every room stands on. Imports nobody above it.

#[cfg(feature = "bulkhead")]
pub(crate) mod adaptive;
pub(crate) mod backoff;
pub(crate) mod config;
pub(crate) mod hold;
pub(crate) mod joint;
pub(crate) mod keyed;
pub(crate) mod mode;
pub(crate) mod name;
pub(crate) mod outcome;
pub(crate) mod policy;
pub(crate) mod pushback;
pub(crate) mod random;
#[cfg(feature = "redis")]
pub(crate) mod redis;
pub(crate) mod refusal;
pub(crate) mod source;
pub(crate) mod stats;
#[cfg(any(
    feature = "bulkhead",
    feature = "circuit-breaker",
    feature = "fallback",
    feature = "timeout"
))]
pub(crate) mod stream;
pub(crate) mod sync;
pub(crate) mod telemetry;
pub mod time;
