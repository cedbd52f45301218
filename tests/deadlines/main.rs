//! Timeouts and deadlines as a caller sees them, through every door.
#![allow(clippy::unwrap_used, reason = "a test that fails may as well panic")]

mod carried;
mod clock;
mod deadline;
mod doors;
mod limit;
mod rounds;
mod share;
mod watching;
