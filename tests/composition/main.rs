//! Several guards around one operation: order, errors, and what each makes of the others.
#![allow(clippy::unwrap_used, reason = "a test that fails may as well panic")]

mod both_ways;
mod errors;
mod guards;
mod order;
mod own_policy;
mod pipelines;
mod retries;
