//! Give a call so much time and no more, and never more than its caller has left.
//!
//! **The problem.** A call that hangs holds its caller, and its caller's caller. And work goes on
//! for whom nobody waits any longer: the client gave up three seconds ago, every service below
//! still serves it.
//!
//! **When.** Around every call that leaves the process, and around every request that enters it.
//!
//! **When not.** Around a stream that is *meant* to last: time its first content and its gaps ([`stream`]).
//! Around work that ends by itself and soon: it costs a timer.
//!
//! # How it decides
//!
//! The operation is polled first. If it is ready, that is all: no clock is read and no timer made. Only
//! when it first has to wait is the timer set, so **the limit counts from the end of the first
//! poll**: what an operation does before it first waits is not timed. When operation and timer
//! are ready together, the operation wins. When the limit is up, the operation is dropped, then and
//! there.
//!
//! Inside a [`Deadline`](crate::time::Deadline) the limit is the smaller of its own and the time left,
//! which counts from the call; a call whose deadline has passed is not started. Where clocks of
//! other machines set the deadlines, bound the share of calls that may be refused this way
//! ([`max_refused_share`](Config::max_refused_share)): a clock that runs ahead must not take the
//! service down.
//!
//! A deadline that has passed before the call began is nobody's failure
//! ([`Refusal::began`](crate::Refusal::began) is false). A timeout and a deadline that struck
//! mid-flight are the backend's.
//!
//! # What it costs
//!
//! Around an operation that is ready at once: a few loads. Around one that waits: one tokio timer,
//! registered and removed, as with `tokio::time::timeout`. No allocation. The future is 168 bytes larger
//! than the operation's, 112 of them the timer. Figures: `benches/peers/RESULTS.md`.
//!
//! # What a drop does
//!
//! Dropping the call drops the operation and its timer; nothing is counted. When the timeout itself
//! drops the operation, guards inside know it and count a failure.
//!
//! # Example
//!
//! ```
//! use buttress::{Error, Refusal, timeout::Timeout};
//! use std::time::Duration;
//!
//! # async fn search(query: &str) -> Result<String, std::io::Error> { Ok(query.into()) }
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let timeout = Timeout::new("search", Duration::from_secs(10))?;
//! match timeout.call(|| search("buttress")).await {
//!     Ok(found) => println!("{found}"),
//!     Err(Error::Refused(Refusal::TimedOut { limit, .. })) => println!("nothing within {limit:?}"),
//!     Err(error) => println!("{error}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Example (tower)
//!
//! A deadline for the whole request, and a limit for one call inside it:
//!
//! ```
//! use buttress::{Lift, timeout::{DeadlineLayer, Timeout}};
//! use std::time::Duration;
//! use tower::{ServiceBuilder, service_fn};
//!
//! let timeout = Timeout::new("model", Duration::from_secs(30))?;
//! let service = ServiceBuilder::new()
//!     .layer(DeadlineLayer::new(Duration::from_secs(45))?)
//!     .layer(timeout.layer())
//!     .layer(Lift::layer())
//!     .service(service_fn(|prompt: String| async move { Ok::<_, std::io::Error>(prompt) }));
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```

mod config;
#[cfg(feature = "tower")]
mod deadline;
mod future;
mod handle;
mod hold;
#[cfg(feature = "http")]
mod http_deadline;
#[cfg(feature = "tower")]
mod layer;
pub mod presets;
mod shared;
mod snapshot;
pub mod stream;

#[cfg(feature = "http")]
pub use self::http_deadline::{HttpDeadlineLayer, HttpDeadlineService};
pub use self::{
    config::{Config, Plan},
    future::Timed,
    handle::Timeout,
    hold::{Borrowed, Hold, Owned},
    snapshot::{Snapshot, Totals},
};
#[cfg(feature = "tower")]
pub use self::{
    deadline::{DeadlineLayer, DeadlineService},
    layer::{TimeoutLayer, TimeoutService},
};
