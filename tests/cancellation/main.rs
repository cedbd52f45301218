//! Every future dropped at every await: nothing is in flight afterwards, no probe's place is taken,
//! and a backend that works closes the circuit.
#![allow(clippy::unwrap_used, reason = "a test that fails may as well panic")]

mod at_every_await;
mod attribution;
mod batch;
mod bulkhead;
mod cache;
mod cache_tier;
mod circuit;
mod closures;
mod fallback;
mod hedge;
mod latency;
mod logs;
mod panics;
mod permits;
mod rate_limit;
mod rate_limit_keyed;
mod reconnect;
mod retry;
mod services;
mod shutdown;
mod single_flight;
mod streams;
mod throttle;
