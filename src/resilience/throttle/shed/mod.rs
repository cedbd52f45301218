//! Turn calls away from a server that has too much to do, before they cost it anything.
//!
//! **The problem.** A server that accepts more than it can do answers everybody late, and after a while nobody
//! in time. What waits longest is what nobody waits for any more.
//!
//! **When.** Around the handlers of a server, as far out as can be.
//!
//! **When not.** Around calls to others: that is a [`Throttle`](super::Throttle), or a limit. Where calls should
//! wait for their turn rather than be turned away: a bulkhead has a queue.
//!
//! # How it decides
//!
//! By two rules, together or alone:
//!
//! * **In flight.** With [`max_in_flight`](Config::max_in_flight) calls running the next is refused. From
//!   [`ramp_from`](Config::ramp_from) of them on it is refused by chance, the more likely the more there are: so
//!   load is shed before the wall is hit.
//! * **Queue delay.** A queue is harmless as long as it empties now and then. If within an
//!   [`interval`](Config::interval) even the *least* delay was above [`target`](Config::target), it is one that
//!   stands; then every call that has waited for more than twice the target is refused, until an interval
//!   had a call that waited less than the target. (*CoDel*, as servers do it.)
//!
//! The delay is the time before the call that it has waited already: in a layer, until the inner service became
//! ready, as behind a `ConcurrencyLimit`; with a queue of your own, what you say to
//! [`try_acquire_after`](Shed::try_acquire_after).
//!
//! At most [`max_refused_share`](Config::max_refused_share) of the calls of the last ten seconds are refused.
//!
//! # What it costs
//!
//! Two additions on a word that all threads share, and two loads. No lock, no clock, no allocation, until a call
//! has waited for longer than the target; then a reading of the clock and a short lock.
//!
//! # What a drop does
//!
//! Whatever ends a call gives its place back. A future dropped unpolled and a service dropped after `poll_ready`
//! leave nothing behind.
//!
//! # Example
//!
//! ```
//! use buttress::throttle::shed::{Config, Shed};
//!
//! # async fn handle(request: u32) -> Result<u32, std::io::Error> { Ok(request) }
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let shed = Shed::new("server", Config::new().with_max_in_flight(200))?;
//! let answer = shed.call(|| handle(7)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Example (tower)
//!
//! ```
//! use buttress::{Lift, throttle::shed::{Config, Shed}};
//! use tower::{ServiceBuilder, service_fn};
//!
//! let shed = Shed::new("server", Config::new())?;
//! let service = ServiceBuilder::new()
//!     .layer(shed.layer())
//!     .layer(Lift::layer())
//!     .concurrency_limit(64)
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
mod snapshot;

#[cfg(feature = "tower")]
pub use self::layer::{ShedLayer, ShedService};
pub use self::{
    config::{Config, Plan},
    future::Shedding,
    handle::Shed,
    permit::Permit,
    shared::{Borrowed, Owned},
    snapshot::{Snapshot, Totals},
};
