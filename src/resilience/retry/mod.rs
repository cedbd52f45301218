//! Try again, well: a bounded number of attempts, spread out in time, and paid for.
//!
//! **The problem.** Much of what fails would succeed a moment later. And much of what is down stays
//! down because everyone tries again a moment later, together, three times each.
//!
//! **When.** Around calls that may safely be made twice, to a backend that fails now and then. At
//! *one* level of a system: three levels of three attempts are twenty-seven calls.
//!
//! **When not.** Around what must happen at most once. Around the caller's own mistakes: classify
//! them as [`Ignore`](crate::outcome::Outcome::Ignore). To keep away from a backend that is down, put a
//! [breaker](crate::circuit_breaker) inside.
//!
//! # How it decides
//!
//! Attempts are counted as attempts: the first call is one of them. A result that its classifier
//! calls a failure, hard or soft, is worth another; what guards further in refused before it began
//! is not, unless [`retry_refusals`](Config::retry_refusals) says so, and then their own `retry_after` is
//! waited for.
//!
//! The delay grows by a [`Backoff`](crate::backoff::Backoff), and is drawn *inside* its bound, so that
//! callers at the cap still do not come back together. A backend that says when to come back
//! (`Retry-After`; see [`retry_after`](Retry::retry_after)) is obeyed to the letter, with jitter only
//! upward, and the backoff begins anew after it; one that asks for more than
//! [`max_retry_after`](Config::max_retry_after) is not asked again. No wait is begun that would last
//! beyond [`max_elapsed`](Config::max_elapsed) or the task's [`Deadline`](crate::time::Deadline):
//! it gives up at once instead.
//!
//! Every further attempt is paid for from a [`Budget`](crate::budget::Budget), on by default; share one between
//! the retries and hedges of a backend. An empty one ends the attempts and nothing else.
//!
//! Whenever it gives up, **the last result comes back as itself**. How many attempts that took and
//! why no other was made is told by [`detailed`](Retrying::detailed), by events and by the snapshot; who wants a
//! typed refusal instead asks for it with [`GiveUp::Refuse`].
//!
//! # What it costs
//!
//! Around an operation that succeeds at once: a payment into the budget, which is a load and a store.
//! No clock is read (but with `max_elapsed`), nothing is drawn, nothing allocated. The first failure
//! allocates once, for the timer and the count; that is all a call allocates. In the tower door each
//! call also clones the request and the service, as any retry must, and counts a reference. Figures:
//! `benches/peers/RESULTS.md`.
//!
//! # What a drop does
//!
//! Dropping the call drops the attempt in flight or the timer; no attempt follows. What was paid
//! for stays paid for.
//!
//! # Example
//!
//! ```
//! use buttress::retry::{Config, Retry, Retryable};
//!
//! # async fn complete(prompt: &str) -> Result<String, std::io::Error> { Ok(prompt.into()) }
//! # async fn example(prompt: &str) -> Result<(), Box<dyn std::error::Error>> {
//! // Three attempts, 100 ms doubling up to 20 s with full jitter, a fifth of the traffic at most.
//! let retry = Retry::new("openai", Config::new().with_max_attempts(3))?;
//!
//! let answer = retry.call(|| complete(prompt)).await?;
//! let the_same = (|| complete(prompt)).retry(&retry).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Example (tower)
//!
//! For HTTP, [`ByMethod`](crate::source::ByMethod) keeps what is not idempotent from being sent twice, unless the server says
//! that it was not served, and [`ByStatus`](crate::outcome::ByStatus) reads statuses and pushback:
//!
//! ```
//! use buttress::{Lift, outcome::ByStatus, retry::{Config, Retry}, source::ByMethod};
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, service_fn};
//!
//! let retry = Retry::new("upstream", Config::new())?.classify(ByStatus);
//! let service = ServiceBuilder::new()
//!     .layer(retry.layer().replay(ByMethod))
//!     .layer(Lift::layer())
//!     .service(service_fn(|_: Request<String>| async { Ok::<_, std::io::Error>(Response::new(())) }));
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```

mod config;
mod ending;
mod future;
mod handle;
mod later;
#[cfg(feature = "tower")]
mod layer;
mod machine;
pub mod presets;
mod shared;
mod snapshot;
mod view;
mod worth;

#[cfg(feature = "tower")]
pub use self::layer::{RetryLayer, RetryService};
pub use self::{
    config::{Config, GiveUp, Plan},
    ending::Ending,
    future::{Attempted, Detailed, Retrying},
    handle::{Retry, Retryable},
    shared::{Borrowed, Owned},
    snapshot::{GivenUp, Snapshot, Totals},
    view::{Again, Eyes, Observe, Pace, Planned, Unwatched},
};
