//! So many calls at once, so many more wait for so long, and the rest are told so at once.
//!
//! **The problem.** A backend that has become slow is not called less but by more at once: calls pile up
//! until memory, sockets or the backend itself give out, and what had nothing to do with it goes down
//! as well. A pool without a bound only moves the pile.
//!
//! **When.** Around what can do only so much at once: a database, a model, a CPU-bound job, a partner who
//! counts. Around what must not take everything: one bulkhead for each backend, or for each tenant
//! ([`Keyed`](crate::Keyed)).
//!
//! **When not.** To hold a rate: so many at once may be any number in a second. For a
//! backend that fails, which needs a [breaker](crate::circuit_breaker). For one limit on several
//! machines: places are one process's own, and on purpose.
//!
//! # How it decides
//!
//! A call that finds a place is in flight at once. One that does not is refused, or waits if there
//! is a [`queue`](Config::queue) with room in it: at most [`wait`](Config::wait), and never beyond its
//! [`Deadline`](crate::time::Deadline). It is refused as [`Full`](crate::Refusal::Full) then, or as
//! [`DeadlineExceeded`](crate::Refusal::DeadlineExceeded). While anybody waits, a place that becomes free
//! is theirs: no newcomer overtakes those of its own class.
//!
//! How much a call matters is its [`Class`], said by [`sort`](Bulkhead::sort). Among those who wait the
//! more important are served first, and where the queue is full they take the place of the least
//! important, of those who would be served last. Without more, that lets the important ones starve the
//! others; [`shares`](Config::shares) are places that a class is sure of. A share lies idle for nobody: others
//! may have it, and whoever it belongs to is let in all the same when it comes, so **with shares there may
//! be more in flight than the limit**, by at most the shares that others had taken. What is
//! [`Exempt`](Class::Exempt) is let in always and counted never.
//!
//! The limit may change while running ([`set_limit`](Bulkhead::set_limit),
//! [`reconfigure`](Bulkhead::reconfigure)): a larger one lets in those who wait at once, a smaller one
//! lets nobody in until enough have left; nobody is cut off. A limit of 0 is refused as a mistake, which it
//! would be wherever it is read from a file. [`close`](Bulkhead::close) is what lets nobody in: new calls and
//! those who wait are refused as [`ShuttingDown`](crate::Refusal::ShuttingDown), which was never begun and
//! may be tried elsewhere, those in flight go on, and a future says when the last of them has left.
//!
//! In [shadow mode](crate::Mode::Shadow) everybody is let in at once, and what would have waited or been
//! refused is counted. Only `close` holds in that mode too: it is an order, and no number on trial.
//!
//! # A limit that finds itself
//!
//! What a backend can do at once is seldom known, and is another number tomorrow. With
//! [`adaptive`](Config::adaptive) the limit follows from how calls go: how long they take, or whether they
//! are dropped. It begins at [`limit`](Config::limit) and stays between [`min`](Adaptive::min) and
//! [`max`](Adaptive::max).
//!
//! | [`Adaptive`] | grows | shrinks | for |
//! |---|---|---|---|
//! | [`gradient`](Adaptive::gradient) | while calls take no longer than in the long run | as much as they take longer | most backends |
//! | [`min_rtt`](Adaptive::min_rtt) | the same, against the shortest | the same | backends whose times vary little; finds a new limit soonest |
//! | [`vegas`](Adaptive::vegas) | while few seem to wait | by one or two, once more than six seem to | knees above thirty, where a limit that jumps does harm |
//! | [`aimd`](Adaptive::aimd) | by one in the time of a call | by a tenth after a drop | backends that say no, or a time that must be kept |
//!
//! All of them keep to this. The limit never grows while less than half of it is in use, for then nothing
//! was learned about more. What began before the last window, or decrease, is old news. A drop shrinks it,
//! and where all calls are dropped it goes down to the floor, which is at least 1. To learn what a call takes
//! that waits for no other, those that go by time lower it by three tenths for a window, a minute apart,
//! and only while calls take long: nobody is refused for a measurement on an idle day. Of very short calls
//! (below 100 µs) they learn nothing.
//!
//! | the call | says |
//! |---|---|
//! | success, slow success | that it was served, in this time |
//! | failure, [soft failure](crate::outcome::Outcome::SoftFailure) (429), panic, cut off by one of our timeouts or deadlines, longer than [`timeout`](Adaptive::timeout) | that it was dropped |
//! | to be ignored, cancelled, refused by a guard further in before it began, [exempt](Class::Exempt) | nothing; its place is free |
//!
//! Any `Err` is a failure unless a [classifier](Bulkhead::classify) knows better: **a backend that answers
//! "not found" by an `Err` needs one**. Time is taken from when there is a place to the result, to the first
//! item of a stream, to the head of a response. `set_limit` pins such a limit and `reconfigure` lets it go
//! on; a config whose `limit` and `adaptive` are as they were leaves what was found as it is.
//! [`limited_by`](Bulkhead::limited_by) has an algorithm of your own find it. In shadow mode it is found and
//! shown, and nobody is refused; but as nobody is kept out, what a call takes alone cannot be measured anew.
//!
//! # Streams, and what else outlives its call
//!
//! A [`Permit`] is a place that goes where you take it: [`hold`](Permit::hold) keeps it until a stream
//! ends, [`try_acquire_owned`](Bulkhead::try_acquire_owned) and [`acquire_owned`](Bulkhead::acquire_owned)
//! give one that outlives the handle. A call's own place is free when its future is ready: where that
//! is a response whose body is still to come,
//! [`layer().until_body_ends()`](BulkheadLayer::until_body_ends) keeps it until the body has ended, failed or
//! been dropped.
//!
//! # What it costs
//!
//! With a place free and nobody waiting: one compare-and-swap coming in and one subtraction going out, on
//! one shared word, where threads meet. No lock, no clock, no allocation. A refusal without a queue takes
//! no lock either. To wait takes a short lock, a reading of the clock, and one allocation for the call
//! and its timer. In the tower door a call that has to wait also clones the inner service. An adaptive limit
//! reads an exact clock twice for each call that is measured, and takes a lock that nobody waits for, once:
//! some thousand times a second at most, and beyond that for one call in two, four, up to 64; a call that is
//! not measured costs a few instructions more than under a fixed limit. No allocation. Figures:
//! `benches/peers/RESULTS.md`.
//!
//! # What a drop does
//!
//! A call dropped in flight drops its operation and then gives its place back, to whoever is next; so
//! does one that panics. One dropped while it waits leaves the queue, and a place that it was given
//! meanwhile goes to the next. A service dropped after `poll_ready` had no place. There is nothing to
//! forget: whatever ends a call, its place is free.
//!
//! # Example
//!
//! ```
//! use buttress::{Error, bulkhead::{Bulkhead, Config}, time::Deadline};
//! use std::time::Duration;
//!
//! # async fn complete(prompt: &str) -> Result<String, std::io::Error> { Ok(prompt.into()) }
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! // Eight at once; sixteen more wait, a quarter of a second at most.
//! let config = Config::new().with_limit(8).with_queue(16, Duration::from_millis(250));
//! let model = Bulkhead::new("model", config)?;
//! match model.call(|| complete("why?")).await {
//!     Ok(answer) => println!("{answer}"),
//!     Err(Error::Refused(refusal)) => println!("busy: {refusal}"),
//!     Err(Error::Inner(error)) => println!("failed: {error}"),
//! }
//!
//! // On the way out: nobody comes in, and ten seconds for those who are.
//! let left = model.close(Deadline::within(Duration::from_secs(10))).await;
//! # Ok(())
//! # }
//! ```
//!
//! A limit that finds itself, and the results it goes by:
//!
//! ```
//! use buttress::{Error, bulkhead::{Adaptive, Bulkhead, Config}, outcome::Outcome};
//! # enum ApiError { NotFound, Busy }
//!
//! let config = Config::new().with_limit(20).with_adaptive(Adaptive::gradient().with_max(200));
//! let search = Bulkhead::new("search", config)?.classify(
//!     |result: &Result<String, Error<ApiError>>| match result {
//!         Ok(_) | Err(Error::Inner(ApiError::NotFound)) => Outcome::Success,
//!         Err(_) => Outcome::Failure,
//!     },
//! );
//! println!("{:?}", search.snapshot().adaptive);
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```
//!
//! # Example (tower)
//!
//! ```
//! use buttress::{Lift, bulkhead::{Bulkhead, Class, Config, Shares}};
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, service_fn};
//!
//! let shares = Shares { critical: 0.7, sheddable: 0.1, ..Shares::NONE };
//! let gateway = Bulkhead::new("gateway", Config::new().with_limit(100).with_shares(shares))?.sort(
//!     |request: &Request<String>| match request.uri().path() {
//!         "/health" => Class::Exempt,
//!         "/checkout" => Class::Critical,
//!         _ => Class::Sheddable,
//!     },
//! );
//! let service = ServiceBuilder::new()
//!     .layer(gateway.layer()) // or .until_body_ends(), for responses that are long
//!     .layer(Lift::layer())
//!     .service(service_fn(|_: Request<String>| async { Ok::<_, std::io::Error>(Response::new(())) }));
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```

#[cfg(feature = "http")]
mod bodies;
mod class;
mod closing;
mod config;
mod future;
mod handle;
#[cfg(feature = "tower")]
mod layer;
mod machine;
mod operation;
mod permit;
mod queue;
mod shared;
mod snapshot;
mod tuner;
mod waiter;

#[cfg(feature = "http")]
pub use self::bodies::{CallingForBody, UntilBodyEndsLayer, UntilBodyEndsService};
#[cfg(feature = "tower")]
pub use self::layer::{BulkheadLayer, BulkheadService, Sent};
pub use self::{
    class::{Class, Sort},
    closing::Closing,
    config::{Adaptive, Algorithm, Config, Order, Plan, Shares},
    future::{Acquiring, Calling},
    handle::Bulkhead,
    operation::{Called, Operation, Ran},
    permit::{Permit, Settling},
    shared::{Borrowed, Owned},
    snapshot::{Adapting, Classes, Share, Snapshot, State, Totals},
};
pub use crate::ground::adaptive::{Limit, Sample};

#[cfg(all(test, buttress_loom))]
#[path = "../../../tests/loom/bulkhead.rs"]
mod loom;
