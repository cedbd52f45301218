//! Defects of other crates that this one is shown not to have.
//!
//! A test for each, by its number in our list, with a line on what the other crate does. Where a
//! defect showed as time spent, the test counts what the time went into: polls, allocations, bytes.
#![allow(clippy::unwrap_used, reason = "a test that fails may as well panic")]

mod allocator;
mod budgets;
mod caches;
mod cost;
mod fallbacks;
mod half_open;
mod hedges;
mod limits;
mod outcomes;
mod places;
mod readiness;
mod reconnects;
mod redactors;
mod reentrance;
mod refusals;
mod retries;
mod sharing;
mod windows;

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;
