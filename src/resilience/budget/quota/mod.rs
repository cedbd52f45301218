//! A quota of further attempts that costs tell apart and successes refill.
//!
//! **The problem.** As of a [`Budget`](super::Budget): the sum of further attempts keeps a backend down.
//! A budget goes by the number of calls; a quota by how they end: it is full while all is well, drains
//! while calls fail, and fills again as they succeed.
//!
//! **When.** Where a client makes few calls, of which one may fail and be repeated at leisure, or where
//! what a failure costs depends on its kind. The clients of large clouds have one of these.
//!
//! **When not.** Beside a budget, around the same calls: one of the two bounds them.
//!
//! # How it decides
//!
//! The quota starts full (500). A further attempt after a failure costs 14, after a backend has
//! asked to be left alone (a soft failure) 5: that one was cheap for it. When a call succeeds after
//! further attempts, what its last one cost is refunded; when it succeeds at once, 1 is. A call that ends
//! failed gets nothing back. With nothing left, there are no further attempts; first ones are never
//! refused.
//!
//! # What it costs
//!
//! A success while the quota is full: two loads. Else an atomic compare-and-set. A further attempt looks
//! up its cost under a short lock first.
//!
//! # What a drop does
//!
//! Nothing: what was paid for a call that is given up stays paid for.
//!
//! # Example
//!
//! ```
//! use buttress::{budget::quota::{Config, Quota}, retry::Retry};
//!
//! let quota = Quota::new("openai", Config::new())?;
//! let retry = Retry::new("openai", Default::default())?.paying_from(&quota);
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```

mod config;
mod handle;
mod machine;
mod shared;

pub use self::{
    config::{Config, Plan},
    handle::{Quota, Snapshot},
    machine::{Cost, Paid},
};

#[cfg(all(test, buttress_loom))]
#[path = "../../../../tests/loom/quota.rs"]
mod loom;
