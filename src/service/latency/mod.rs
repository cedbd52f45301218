//! Measure how long operations take and how they end, and hear of those that are slow.
//!
//! **The problem.** A mean hides the calls that hurt: one in a hundred takes ten seconds, and the
//! mean says 150 ms. Counting only what succeeded hides them too, because the slowest calls are those
//! that were given up. And an alert for every slow call is a second outage.
//!
//! **When.** Around whatever has a latency you would be asked about: queries, calls of a model,
//! requests. One [`Latency`] for a service, one operation for each kind of call.
//!
//! **When not.** Per user, tenant or path with ids in it: an operation is a *kind* of call, known when the
//! program is written; its name becomes a metric label. Not for work of a few nanoseconds either:
//! measuring it takes longer.
//!
//! # How it decides
//!
//! Each record is a duration and an [`Ending`]: `Ok`, `Err`, `Panicked`, or `Cancelled` when the
//! future was dropped. A drop by one of our own timeouts is an `Err`, as everywhere. All of them count
//! towards the percentiles. Time begins when [`wrap`](Operation::wrap) or a service is called, not
//! with the first poll. Guards *around* a measured call keep their refusals out of it; guards *inside*
//! show up as errors that took no time.
//!
//! Percentiles are of the last [`window`](Config::window), which slides by whole
//! [`slices`](Config::slices): what is seen is at least `(slices − 1) / slices` of it. They are within
//! 1 % of the exact ones (64 steps for each power of two: at most 0.8 %) from 1 ns to 73 minutes, and
//! longer durations count as that. Maximum, mean and counts are exact, but for a record that another
//! thread makes while you look, which may be seen in part. Histograms [merge](Snapshot::merge): two
//! monitors together have the percentiles of all their records, which no arithmetic on percentiles
//! gives.
//!
//! There are at most [`max_operations`](Config::max_operations); whatever is named beyond that is
//! recorded as one operation, `other`, and the look-ups that ended there are counted
//! ([`overflowed`](Summary::overflowed)).
//!
//! An operation that took longer than its threshold is slow: counted in the summary and in
//! `buttress_latency_slow_total`. The first of them raises an alert, a `tracing` warning with its
//! duration and the p99; then there is silence for a whole window, and the next alert says how many
//! were slow meanwhile.
//!
//! # What it costs
//!
//! A record by an [`Operation`] is one coarse reading of the clock and a few additions in memory that
//! belongs to the thread: no lock, no atomic read-modify-write, no allocation, and nothing that two
//! threads share. [`wrap`](Operation::wrap) reads the exact clock twice instead. A record
//! [by name](Latency::record) looks the name up first. Figures: `benches/peers/RESULTS.md`.
//!
//! That holds for as many threads as the machine has cores, twice (rounded up to a power of two, at
//! most 64); threads beyond that record under the operation's lock. So does every thread at its first
//! record in a new slice, when it hands over what it has (3 to 7 µs). Threads that have ended make room.
//! A summary takes 15 µs for each operation and holds its lock for ten of them.
//!
//! **Memory.** 9.4 KiB for each thread that has recorded an operation and 9.4 KiB for each slice,
//! both made when they are first used. With the defaults (6 slices) and 8 cores that is at most
//! 22 × 9.4 = 207 KiB for an operation, and 13.5 MiB for all 65 if every thread records every one of
//! them. With two threads and ten operations it is 0.75 MiB.
//!
//! # What a drop does
//!
//! Dropping a measured future records `Cancelled` with the time it had taken, polled or not. Dropping
//! handles forgets nothing as long as one is left.
//!
//! # Example
//!
//! ```
//! use buttress::latency::{Config, Latency, Ending};
//! use std::time::Duration;
//!
//! # async fn search(query: &str) -> Result<String, std::io::Error> { Ok(query.into()) }
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let latency = Latency::new("rag", Config::new().with_slow_after(Duration::from_secs(1)))?;
//!
//! // Look a name up once, where the client is made.
//! let searching = latency.operation("search");
//! let found = searching.wrap(search("buttress")).await?;
//!
//! // What something else has timed.
//! latency.record("select", Duration::from_micros(45_200), Ending::Ok);
//!
//! for operation in latency.summary().operations {
//!     println!("{}: p99 {:?} of {}", operation.operation, operation.p99, operation.count);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Example (tower)
//!
//! ```
//! use buttress::latency::{Config, Latency};
//! use tower::{ServiceBuilder, service_fn};
//!
//! let latency = Latency::new("rag", Config::new())?;
//! let service = ServiceBuilder::new()
//!     .layer(latency.layer("complete"))
//!     .service(service_fn(|prompt: String| async move { Ok::<_, std::io::Error>(prompt) }));
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```

mod config;
mod ending;
mod future;
mod handle;
mod hold;
#[cfg(feature = "tower")]
mod layer;
mod machine;
mod shared;
mod snapshot;

#[cfg(feature = "tower")]
pub use self::layer::{LatencyLayer, LatencyService};
pub use self::{
    config::{Config, Plan},
    ending::Ending,
    future::Measured,
    handle::{Latency, Operation},
    hold::{Borrowed, Hold, Owned},
    snapshot::{Distribution, OperationSummary, Snapshot, Summary},
};
