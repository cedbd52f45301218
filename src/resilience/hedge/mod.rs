//! Ask a second time when the first answer is slow to come, and take whichever is first.
//!
//! **The problem.** One call in a hundred takes ten times as long as the others: a queue, a
//! collection of garbage, a packet lost. A request that makes a hundred such calls meets one of them nearly
//! every time.
//!
//! **When.** Around calls that may safely be made twice, to a backend whose slowness is the one call's
//! and not the backend's, such as one with replicas behind it.
//!
//! **When not.** Around what must happen at most once. Where the backend is slow because it is
//! overloaded: more calls make it slower. Around calls that cost money each, unless the time is
//! worth it.
//!
//! # How it decides
//!
//! The first attempt is made at once. If it has not ended after the delay, another is started beside it,
//! and so on up to [`max_hedges`](Config::max_hedges). An attempt that fails and is worth another
//! starts the next at once. **The first success wins**, and the others are dropped; an error that is the
//! caller's own mistake is the answer too. When all have failed, the answer is what the first attempt
//! came to.
//!
//! The delay is fixed, or follows from the extra load that you allow: with
//! [`After::ExtraLoad(0.02)`](After::ExtraLoad) it is the time within which 98 % of attempts end, measured
//! over a sliding window, and no more than 2 % of calls are hedged whatever happens. Before it has seen 20
//! attempts end, nothing is hedged. Attempts that were cut off are known to have lasted *at least*
//! so long and are counted so; otherwise each hedge that wins would make the backend look faster than it
//! is, and the delay would shrink until everything is hedged.
//!
//! Each hedge is paid for from a [`Budget`](crate::budget::Budget), as retries are; share one between them.
//! A backend that asks to be left alone (429, `Retry-After`) is not asked again, nor is one that a
//! guard further in keeps from being called. No hedge is started once the task's deadline has passed.
//!
//! # What it costs
//!
//! Around an operation that succeeds at once: a payment into the budget, or two; with a delay that
//! is measured, two readings of the clock and a short lock that nobody waits for. Nothing is allocated
//! before an attempt fails or is late. Around an operation that waits: one timer. In the tower door each
//! call that may be hedged clones the request and the service, and counts a reference. Figures:
//! `benches/peers/RESULTS.md`.
//!
//! # What a drop does
//!
//! Dropping the call drops every attempt. What was paid for stays paid for.
//!
//! # Example
//!
//! ```
//! use buttress::hedge::{Config, Hedge};
//! use std::time::Duration;
//!
//! # async fn search(query: &str) -> Result<String, std::io::Error> { Ok(query.into()) }
//! # async fn example(query: &str) -> Result<(), Box<dyn std::error::Error>> {
//! // At most one call in fifty is made twice; the delay follows.
//! let hedge = Hedge::new("search", Config::new())?;
//! let found = hedge.call(|| search(query)).await?;
//!
//! // Or by hand.
//! let hedge = Hedge::new("search", Config::after(Duration::from_millis(80)))?;
//! # Ok(())
//! # }
//! ```
//!
//! # Example (tower)
//!
//! ```
//! use buttress::{Lift, budget::Budget, hedge::{Config, Hedge}, retry::Retry};
//! use tower::{ServiceBuilder, service_fn};
//!
//! // One purse for both, into which the outer one pays.
//! let purse = Budget::new("search", Default::default())?;
//! let retry = Retry::new("search", Default::default())?.paying_from(&purse);
//! let hedge = Hedge::new("search", Config::new())?.paying_from(&purse.inner());
//! let service = ServiceBuilder::new()
//!     .layer(retry.layer())
//!     .layer(hedge.layer())
//!     .layer(Lift::layer())
//!     .service(service_fn(|query: String| async move { Ok::<_, std::io::Error>(query) }));
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```

mod config;
mod future;
mod handle;
#[cfg(feature = "tower")]
mod layer;
mod machine;
mod rivals;
mod shared;
mod snapshot;
mod view;

#[cfg(feature = "tower")]
pub use self::layer::{HedgeLayer, HedgeService};
pub use self::{
    config::{After, Config, Plan},
    future::Hedging,
    handle::Hedge,
    shared::{Borrowed, Owned},
    snapshot::{Snapshot, Totals},
    view::{AsPlanned, Eyes, Patience},
};
