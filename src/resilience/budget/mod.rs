//! One purse for everything that makes a call more than one: retries and hedges.
//!
//! **The problem.** When a backend is slow, its callers try again; the backend then serves three
//! times as many calls with less than it had, and stays down. Three layers of three attempts are
//! twenty-seven calls. Counting attempts per request does not help: it is the sum that kills.
//!
//! **When.** Around every retry and every hedge of one backend; share one purse between them.
//!
//! **When not.** For the calls themselves: a purse never stands in the way of a first attempt. To
//! bound those, use a limit.
//!
//! # How it decides
//!
//! Every first attempt pays in a share of a token (0.2), every further attempt takes a whole one out:
//! in the long run one further attempt for five first ones. Where traffic is thin that would be
//! nothing, so there are three tokens a second besides; what is left of those is gone when the second
//! is. What has been paid in is kept up to a bound, so that a quiet hour does not pay for a storm.
//! Each guard pays in for every call made through it. Where one stands inside another and both have the
//! same purse, give the inner one [`inner`](Budget::inner): a purse that is only taken from. Otherwise a
//! call pays in twice, and each further attempt of the outer one once more for the inner.
//! An empty purse refuses further attempts and nothing else: the caller has its first error.
//!
//! # What it costs
//!
//! Paying in is a load and a store of the thread's own; where two threads share a place a payment
//! may be lost, which only tightens the purse. Taking out is one reading of the coarse clock and an
//! atomic check-and-take. No lock, no allocation.
//!
//! # What a drop does
//!
//! Nothing: a purse has no permits. An attempt that was paid for and given up stays paid for.
//!
//! # Example
//!
//! ```
//! use buttress::budget::Budget;
//!
//! # async fn complete(prompt: &str) -> Result<String, &'static str> { Ok(prompt.into()) }
//! # async fn example(prompt: &str) -> Result<String, &'static str> {
//! let budget = Budget::new("openai", Default::default()).map_err(|_| "config")?;
//!
//! budget.deposit();
//! let mut answer = complete(prompt).await;
//! while answer.is_err() && budget.try_withdraw() {
//!     answer = complete(prompt).await;
//! }
//! # answer
//! # }
//! ```

mod config;
mod handle;
mod machine;
mod purse;
pub mod quota;
mod shared;
mod snapshot;

pub use self::{
    config::{Config, Plan},
    handle::Budget,
    purse::Purse,
    snapshot::Snapshot,
};

#[cfg(all(test, buttress_loom))]
#[path = "../../../tests/loom/budget.rs"]
mod loom;
