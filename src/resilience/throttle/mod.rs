//! Hold calls back, here, from a backend that turns them away.
//!
//! **The problem.** A backend that is overloaded refuses what it cannot serve, and refusing is work
//! too. With enough callers it does nothing else. A circuit breaker stops all calls or none, and a
//! backend that can still serve half of them is then sent either everything or nothing.
//!
//! **When.** Around calls of a backend that is shared, has limits of its own and says no by an answer: a
//! 429, a 503, a quota. Many calls a minute, from this process.
//!
//! **When not.** With a call every few seconds: there is nothing to count. For a backend that is gone:
//! a [`CircuitBreaker`](crate::circuit_breaker) sends it a few probes, this still one call in five; use
//! both, the throttle inside. To keep to a rate that you know, use a rate limit. A server that wants to be
//! rid of load that it has been given already sheds it: [`shed`].
//!
//! # How it decides
//!
//! It counts, over a sliding [window](Config::window), the *requests* that were wanted and the *accepts*:
//! those that the backend took. As long as at least one in [`K`](Config::multiplier) requests is
//! accepted, all pass. Beyond that each call is refused by chance, at
//!
//! ```text
//!                  requests − K · accepts
//!   p = max( 0,   ────────────────────────  )      at most max_refused_share
//!                      requests + 1
//! ```
//!
//! so that about K times as many calls are sent as are taken. **What is refused here is a request as
//! well**; otherwise the share would fall as soon as it began to work. What still passes are the probes.
//! The same is worked out over the last quarter of the window alone, and the smaller share
//! holds: when the probes are accepted again it falls by itself, to nothing well within one window.
//!
//! | the call | counts as |
//! |---|---|
//! | success, slow success | an accept |
//! | failure, [soft failure](crate::outcome::Outcome::SoftFailure) (429), panic, cut off by one of our timeouts or deadlines | a request |
//! | refused here | a request |
//! | to be ignored, cancelled, refused by a guard further in before it began | nothing |
//!
//! Any `Err` is a failure unless a [classifier](Throttle::classify) knows better: a 404 is an accept.
//!
//! A call counts where it *began*, in the window's bucket of that moment, however long it takes. While it
//! is in flight it is neither; but one that has had no answer [for so long](Config::unanswered_after) is a
//! request that was not accepted, until it has. So a burst of calls is no outage, and a backend that
//! hangs is one even where nothing times out. Let the window be several times as long as calls may last.
//!
//! A window with fewer than [`min_requests`](Config::min_requests) throttles nothing.
//!
//! # What it costs
//!
//! While all is well: two coarse readings of the clock, two additions that no two threads share, no
//! lock, no allocation. While it throttles: a random number besides, and a count on a word that threads
//! share. The window is added up (a few microseconds, by one thread) once in a while: four times a
//! bucket, and whenever a sixty-fourth more has gone wrong. `cargo bench --bench overhead -- throttle` measures
//! it.
//!
//! # What a drop does
//!
//! A call dropped by one of our own timeouts or deadlines was not accepted, nor was one that panicked;
//! any other drop takes the call out of the count. A future dropped unpolled and a service dropped after
//! `poll_ready` leave nothing behind.
//!
//! # Example
//!
//! ```
//! use buttress::{Error, throttle::{Config, Throttle}};
//!
//! # async fn complete(prompt: &str) -> Result<String, std::io::Error> { Ok(prompt.into()) }
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let openai = Throttle::new("openai", Config::new())?;
//! match openai.call(|| complete("why?")).await {
//!     Ok(answer) => println!("{answer}"),
//!     Err(Error::Refused(_)) => println!("it has its hands full: not sent"),
//!     Err(Error::Inner(error)) => println!("failed: {error}"),
//! }
//! println!("{:.0} % held back", openai.snapshot().share * 100.0);
//! # Ok(())
//! # }
//! ```
//!
//! # Example (tower)
//!
//! ```
//! use buttress::{Lift, throttle::{Config, Throttle}};
//! use tower::{ServiceBuilder, service_fn};
//!
//! let search = Throttle::new("search", Config::new())?;
//! let service = ServiceBuilder::new()
//!     .layer(search.layer())
//!     .layer(Lift::layer())
//!     .service(service_fn(|request: u32| async move { Ok::<_, std::io::Error>(request) }));
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```

mod config;
mod future;
mod handle;
#[cfg(feature = "tower")]
mod layer;
mod machine;
mod permit;
mod shared;
pub mod shed;
mod snapshot;

#[cfg(feature = "tower")]
pub use self::layer::{ThrottleLayer, ThrottleService};
pub use self::{
    config::{Config, Plan},
    future::Throttling,
    handle::Throttle,
    permit::Permit,
    shared::{Borrowed, Owned},
    snapshot::{Counts, Snapshot, Totals},
};
