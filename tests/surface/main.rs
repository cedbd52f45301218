//! What shows from outside, and what must stay true inside: the floor plan.

#![allow(clippy::unwrap_used, reason = "a test that fails may as well panic")]

mod auto_traits;
mod compile_fail;
mod defaults;
mod error_text;
mod floor_plan;
mod public_api;
mod round_trips;
mod stores;
mod telemetry;
