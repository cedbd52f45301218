//! A Redis server (7.0 or later, or one that speaks the same) that several processes share.
//!
//! **The problem.** A quota for a whole fleet, a lock, a second tier of a cache: one process alone
//! cannot decide about those. The server that decides for all is one more thing that is slow or gone at
//! times, and what stands before every call must be neither for long.
//!
//! **When.** As the store of what names it: [`rate_limit::redis`](crate::rate_limit::redis),
//! [`cache::tier::redis`](crate::cache::tier::redis).
//!
//! **When not.** As a client for data of your own. Guards that are there for what fails (circuit breaker,
//! bulkhead, timeout) stay local on purpose: a remote lock in front of a failing remote is the failure
//! they exist to avoid.
//!
//! # How it behaves
//!
//! Making a handle does no I/O. The first call connects, and those that come meanwhile wait for the same
//! connection; from then on all share it. A call ends at [`timeout`](Config::timeout) or the task's
//! [`Deadline`](crate::time::Deadline), whichever is earlier.
//!
//! A call that fails at the connection, or at the timeout, means that the server is *down*: the
//! connection is given up, and every [`probe_every`](Config::probe_every) one call is let through, over a connection
//! of its own, to see whether it is back. All others are told at once, without waiting for anything. A
//! caller whose own deadline was too short says nothing about the server, unless such callers have
//! waited as long as the timeout between them, and nobody was answered meanwhile. One whose deadline has
//! passed does not ask. A connection that was closed while it was idle is replaced within the call.
//!
//! Scripts are called by their SHA-1. A server that does not know one is sent it, once, with the call
//! that found out.
//!
//! # What it costs
//!
//! A call costs its round trip. The client's part of that is a few microseconds.
//!
//! # What a drop does
//!
//! A call that is dropped is not waited for; what was sent may still be done by the server. Dropping the
//! last handle closes the connection and ends the task that reads it: no other task is ever started. That
//! task belongs to the runtime of whoever connected; once that is gone, the next call connects anew.
//!
//! # Example
//!
//! ```
//! use buttress::redis::{Config, Redis};
//!
//! let redis = Redis::new("redis", Config::new("redis://127.0.0.1:6379/0").with_prefix("shop"))?;
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```

mod config;
mod failure;
mod handle;
mod health;
mod on_failure;
mod script;
mod shared;
mod snapshot;
mod subscription;

pub use self::{
    config::{Config, Plan},
    failure::Failure,
    handle::Redis,
    on_failure::OnStoreFailure,
    snapshot::{Snapshot, Totals},
};
pub(crate) use self::{script::Script, subscription::Subscription};
