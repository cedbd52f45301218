//! One call with a hundred items instead of a hundred calls.
//!
//! **The problem.** What calls per item pays the price of a call for each of them: fifty passages are
//! embedded in fifty requests, a list of users is fetched in as many queries as it has lines. Whoever
//! needs one item does not know who else needs another in the same moment.
//!
//! **When.** Around what takes many items in one call and costs hardly more for it: embeddings, lookups by
//! id, bulk inserts, a GPU.
//!
//! **When not.** Around what takes one item, and where five milliseconds are much. For the same
//! item asked for by many there is [`single_flight`](crate::single_flight), and a cache.
//!
//! # How it decides
//!
//! The first key opens a batch and the next ones join it, each as it is called. The batch is sent when it has
//! [`max_items`](Config::max_items), when the next item would make it heavier than
//! [`max_weight`](Config::max_weight), or after [`max_wait`](Config::max_wait), and no sooner than fewer than
//! [`max_in_flight`](Config::max_in_flight) are being sent: until then it goes on gathering. A key that is in
//! the batch already is not sent twice. The keys are sent in the order in which they came; the answers
//! belong to them by their order.
//!
//! An error is everybody's, unless [`isolate`](Batcher::isolate) says that it is one item's fault: then the
//! batch is called again in halves until the item is alone with its error. What is sent again is always smaller
//! than what failed. Too few or too many answers are refused as
//! [`Mismatched`](crate::Refusal::Mismatched): nobody knows which belongs to whom. An item that is
//! heavier than a batch may be is [`Invalid`](crate::Refusal::Invalid) and never sent. More callers than
//! [`max_waiting`](Config::max_waiting) are refused as [`Full`](crate::Refusal::Full).
//!
//! A call may load other keys of the same batcher only while there are turns left: it keeps its own.
//!
//! Nobody owns a batch: whoever waits for it and is polled drives it, the wait and the call as well; see
//! [`single_flight`](crate::single_flight), which has the same engine. With [`detached`](Config::detached) a
//! task of its own does. If the call panics, so does whoever was polling it; the others are refused as
//! [`Panicked`](crate::Refusal::Panicked). Who has a [`Deadline`](crate::time::Deadline) waits no longer than
//! it leaves; the call knows none, and wants a [`Timeout`](crate::timeout::Timeout) inside.
//!
//! # What it costs
//!
//! A key: two short locks that all callers share, one hash, and up to three polls of its caller (when it
//! comes, when the batch is full, when it is answered). A batch: a timer and its lists, some thirty allocations
//! for a hundred keys.
//! With [`isolate`](Batcher::isolate) the keys of each call are cloned before it, in case that it fails.
//! Figures: `benches/peers/RESULTS.md`.
//!
//! # What a drop does
//!
//! A dropped caller leaves the batch to the others. If nobody else waits for its key, that is not sent, unless
//! it has been. A batch is dropped with the last who waits for it, or runs on if it is detached.
//!
//! # Example
//!
//! ```
//! use buttress::batch::{Batcher, Config};
//! use std::{io, sync::Arc};
//!
//! # async fn embed(texts: Vec<String>) -> Result<Vec<Vec<f32>>, io::Error> { Ok(vec![vec![]; texts.len()]) }
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let embeddings = Batcher::new(
//!     "embeddings",
//!     Config::new().with_max_items(100).with_max_weight(300_000),
//!     |texts: Vec<String>| async { embed(texts).await.map_err(Arc::new) },
//! )?
//! .weigh(|text: &String| text.len() as u64 / 3)
//! .isolate(|error: &Arc<io::Error>| error.kind() == io::ErrorKind::InvalidInput);
//!
//! // From many tasks, one each; or many from one.
//! let vector = embeddings.load("a text".into()).await?;
//! let vectors = embeddings.load_many(["one".into(), "two".into()]).await;
//! # Ok(())
//! # }
//! ```
//!
//! # Example (tower)
//!
//! A service that takes a `Vec` of requests and answers with a `Vec` becomes one that takes a request:
//!
//! ```
//! use buttress::{Lift, batch::{BatchLayer, Config}};
//! use std::{io, sync::Arc};
//! use tower::{ServiceBuilder, service_fn};
//!
//! # async fn embed(texts: Vec<String>) -> Result<Vec<usize>, io::Error> { Ok(vec![0; texts.len()]) }
//! let embeddings = BatchLayer::new("embeddings", Config::new())?;
//! let service = ServiceBuilder::new()
//!     .layer(embeddings)
//!     .layer(Lift::layer())
//!     .map_err(Arc::new)
//!     .service(service_fn(|texts: Vec<String>| embed(texts)));
//! # async fn call(mut service: impl tower::Service<String>) { let _ = service.call(String::new()).await; }
//! # let _ = call(service);
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```

mod answers;
mod caller;
mod config;
mod future;
mod handle;
#[cfg(feature = "tower")]
mod layer;
mod machine;
mod shared;
mod snapshot;
mod work;

#[cfg(feature = "tower")]
pub use self::layer::{BatchLayer, BatchService, BatcherService};
pub use self::{
    config::{Config, Plan},
    future::{Loading, LoadingMany},
    handle::Batcher,
    snapshot::{Snapshot, Totals},
};

#[cfg(all(test, buttress_loom))]
#[path = "../../../tests/loom/batch.rs"]
mod loom;
