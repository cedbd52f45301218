//! Rooms for running a service.

#[cfg(feature = "latency")]
pub mod latency;
