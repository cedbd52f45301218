//! Guards and backends to put together.

use std::{future::pending, io, time::Duration};

use buttress::{
    circuit_breaker::{CircuitBreaker, Config},
    timeout::Timeout,
};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Opens after so many failures in a row.
pub(crate) fn breaker(name: &'static str, failures: u32) -> CircuitBreaker {
    CircuitBreaker::new(name, Config::off().with_consecutive_failures(failures)).unwrap()
}

pub(crate) fn timeout(name: &'static str, limit: Duration) -> Timeout {
    Timeout::new(name, limit).unwrap()
}

pub(crate) fn failures(breaker: &CircuitBreaker) -> u32 {
    breaker.snapshot().counts.consecutive_failures
}

pub(crate) async fn up() -> Result<u32, io::Error> {
    Ok(7)
}

pub(crate) async fn down() -> Result<u32, io::Error> {
    Err(io::Error::other("down"))
}

pub(crate) async fn hang() -> Result<u32, io::Error> {
    pending().await
}
