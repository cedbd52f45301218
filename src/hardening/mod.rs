//! Rooms for what comes in from strangers and what must not get out.

#[cfg(feature = "redact")]
pub mod redact;
