//! One call for all who ask for the same thing at once.
//!
//! **The problem.** Something is wanted by many and is not there: a cache entry has expired, a page has
//! been linked to, a token has run out. All of them call for it at the same moment, and the backend does
//! the same work five hundred times. Or one of them calls and the others wait for it; its task is
//! aborted, or waits elsewhere, and they wait for ever.
//!
//! **When.** Around what costs something and is the same for everybody who asks in the same moment: a
//! load into a cache, an embedding, a token, a configuration.
//!
//! **When not.** Around what has an effect for each who asks: an order that two people place at once is
//! two orders. To keep an answer for those who come later: that is a cache. Different keys that
//! could go in one call want a batch.
//!
//! # How it decides
//!
//! ```text
//!   call("a") ──▶ begins the work of a ─┐
//!   call("a") ──▶ waits for it ─────────┼──▶ each of them gets the answer; the key is free
//!   call("a") ──▶ waits for it ─────────┘
//! ```
//!
//! A call whose key is under way joins it, any other begins. The work is nobody's: **whoever of its
//! callers is polled drives it**. One that is dropped leaves it where it is to the others, and nothing is
//! begun again; one that is kept and not polled any longer holds nobody up. So when the work wakes, all
//! of its callers are woken, and the first who comes polls it; it is polled once for each wake, however
//! many wait. When the last caller goes, so does the work. Where it should rather be finished, or
//! where it wakes often and many wait, [`detached`](Config::detached) gives it a task of its own: the
//! callers are woken once, at its end. If that task's runtime ends before, they drive it again.
//!
//! The answer, good or bad, is for those who wait; nothing is kept, and who comes next begins anew. Work that
//! panics does so in whoever was polling it; the others are refused as
//! [`Panicked`](crate::Refusal::Panicked), and the key is free. What is on its way and known to be out of
//! date can be [forgotten](SingleFlight::forget): newcomers begin anew then.
//!
//! Work may ask for other keys. Where it asks for its own and waits for the answer, by way of others or not, it
//! would wait for ever, and so would all who come: that call is [`Invalid`](crate::Refusal::Invalid). Between
//! tasks that is not noticed.
//!
//! Whoever has a [`Deadline`](crate::time::Deadline) waits no longer than it leaves. The work knows no
//! deadline: it is for all of them. It wants limits of its own, a [`Timeout`](crate::timeout::Timeout) inside.
//! At most [`max_in_flight`](Config::max_in_flight) keys are under way, each with at most
//! [`max_callers`](Config::max_callers); beyond that a call is [`Full`](crate::Refusal::Full).
//!
//! It is no link of a [`Pipeline`](crate::Pipeline): what many share must outlive each of them, and a
//! pipeline's operation may borrow. Put the pipeline inside.
//!
//! # What it costs
//!
//! Two allocations for each work: what its callers share, and the work itself, which must be where any
//! of them can drive it. A key is hashed once a call; one short lock of a shard of keys at the
//! beginning and one at the end. Who only joins allocates nothing. No clock, unless there is a deadline.
//! Figures: `benches/peers/RESULTS.md`.
//!
//! # What a drop does
//!
//! A dropped call takes nothing with it, unless it was the last: then the work is dropped, or runs on if
//! it is detached. A dropped handle drops nothing that somebody waits for.
//!
//! # Example
//!
//! ```
//! use buttress::{Error, single_flight::{Config, SingleFlight}};
//! use std::{io, sync::Arc};
//!
//! # async fn load(user: u64) -> Result<String, io::Error> { Ok(format!("user {user}")) }
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! // What cannot be cloned is shared as an `Arc`.
//! let users = SingleFlight::new("users", Config::new())?;
//! let load = |id| async move { load(id).await.map_err(Arc::new) };
//! match users.call(7, || load(7)).await {
//!     Ok(user) => println!("{user}"),
//!     Err(Error::Refused(refusal)) => println!("not now: {refusal}"),
//!     Err(Error::Inner(error)) => println!("failed: {error}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Example (tower)
//!
//! Responses and errors must be `Clone`; the key says which requests are the same, and `None` that a
//! request is like no other:
//!
//! ```
//! use buttress::{Lift, single_flight::{Config, SingleFlight}};
//! use std::{io, sync::Arc};
//! use tower::{ServiceBuilder, service_fn};
//!
//! let pages = SingleFlight::new("pages", Config::new())?;
//! let service = ServiceBuilder::new()
//!     .layer(pages.layer(|path: &String| (!path.contains('?')).then(|| path.clone())))
//!     .layer(Lift::layer())
//!     .map_err(Arc::new)
//!     .service(service_fn(|path: String| async move { Ok::<_, io::Error>(path.len()) }));
//! # async fn call(mut service: impl tower::Service<String>) { let _ = service.call(String::new()).await; }
//! # let _ = call(service);
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```

mod config;
mod future;
mod handle;
#[cfg(feature = "tower")]
mod layer;
mod machine;
mod shared;
mod snapshot;

#[cfg(feature = "tower")]
pub use self::layer::{SingleFlightLayer, SingleFlightService};
#[cfg_attr(
    not(feature = "cache"),
    expect(unused_imports, reason = "for a cache, which shares what it loads")
)]
pub(crate) use self::shared::{Caller, Flights, Full};
pub use self::{
    config::{Config, Plan},
    future::Flying,
    handle::SingleFlight,
    snapshot::{Snapshot, Totals},
};

#[cfg(all(test, buttress_loom))]
#[path = "../../../tests/loom/single_flight.rs"]
mod loom;
