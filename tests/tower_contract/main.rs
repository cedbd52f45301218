//! What tower asks of a layer, asked of every layer there is.
//!
//! `table` has a row for each layer and runs every contract of `contracts` on it. What is one
//! layer's own (a breaker that refuses), what holds of several together, and what holds inside other
//! people's frames stands in files of its own.
#![allow(clippy::unwrap_used, reason = "a test that fails may as well panic")]

mod combinations;
mod contracts;
mod deferred;
mod gate;
mod places;
mod racing;
mod refusals;
mod router;
mod sharing;
mod table;
mod terms;
mod throttle;
