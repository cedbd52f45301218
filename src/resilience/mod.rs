//! Rooms for calling what fails.

#[cfg(feature = "budget")]
pub mod budget;
#[cfg(feature = "circuit-breaker")]
pub mod circuit_breaker;
#[cfg(feature = "timeout")]
pub mod timeout;
