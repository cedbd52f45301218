//! For tests: scripted backends, services that insist on being made ready, counts of polls, and
//! cancellation at every await point.
//!
//! Everything runs in paused time (`#[tokio::test(start_paused = true)]`): with this module's feature
//! (`test-util`) on, every clock of this crate follows [`tokio::time::pause`], [`recent`](crate::time::recent)
//! included. Without the feature a coarse reading keeps real time.
//!
//! ```
//! use buttress::{circuit_breaker::{CircuitBreaker, Config, State}, testing::{Script, Step}};
//! use std::time::Duration;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! let breaker = CircuitBreaker::new("backend", Config::off().with_consecutive_failures(2)).unwrap();
//! let backend = Script::new([
//!     Step::err("down").after(Duration::from_millis(30)),
//!     Step::err("still down"),
//!     Step::ok("up"), // the last step repeats
//! ]);
//! for _ in 0..3 {
//!     let _ = breaker.call(|| backend.call()).await;
//! }
//! assert_eq!(breaker.state(), State::Open);
//! assert_eq!(backend.counts().calls, 2);
//!
//! tokio::time::advance(Duration::from_secs(5)).await;
//! assert_eq!(breaker.call(|| backend.call()).await, Ok("up"));
//! # });
//! ```

mod cancel;
mod counts;
mod polls;
mod probe;
mod script;

pub use self::{
    cancel::drop_at_every_await,
    counts::Counts,
    polls::{CountPolls, Polls},
    probe::{Probe, ProbeFuture},
    script::{Played, Script, Scripted, Step},
};
