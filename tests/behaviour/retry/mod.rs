//! The retry.

mod attempts;
mod budgets;
mod config;
mod delays;
mod doors;
mod endings;
mod handles;
mod hints;
mod jitter;
mod limits;
mod methods;
mod refusals;
mod requests;
mod shadow;
mod stacks;
