//! What the docs promise, seen from outside: every scenario through every door, in paused time.
//!
//! Where the name of a test ends in `cb_07` or the like, it shows one case of the catalogue of
//! behaviour that libraries of several languages were compared by.
#![allow(clippy::unwrap_used, reason = "a test that fails may as well panic")]
#![allow(clippy::expect_used, reason = "a test that fails may as well panic")]

mod again;
mod batch;
mod budget;
mod bulkhead;
mod cache;
mod circuit_breaker;
mod clock;
mod doors;
mod fallback;
mod fragile;
mod hedge;
mod held_streams;
mod latency;
mod rate_limit;
mod reconnect;
mod redact;
mod redact_logs;
mod retry;
mod single_flight;
mod throttle;
mod throttle_shed;
mod timeout_stream;
mod wakes;
