//! Stop calling a backend that keeps failing, and probe it until it has recovered.
//!
//! **The problem.** A backend that is down fails slowly. Everyone who calls it waits, holds memory
//! and sockets while waiting, and calls again; the caller goes down with it, and the backend is
//! held down by the calls.
//!
//! **When.** The backend is remote, shared, and slow to fail: a model, a database, another service.
//!
//! **When not.** For mistakes of the caller (classify them as [`Ignore`](crate::outcome::Outcome::Ignore)), for
//! local work, or for one call that may hang: a [`Timeout`](crate::timeout::Timeout) is enough. To
//! spread load, use a limit. The circuit is one process's own and on purpose: a remote lock in front of a
//! failing remote is the failure it exists to avoid.
//!
//! # How it decides
//!
//! A closed circuit counts. It opens by any of four rules, together or alone: so many failures *in
//! a row*; a *share of failures*, of *soft failures* (429) or of *slow calls* among the last N
//! calls or the calls of the last so many seconds, once there are `min_calls` of them. No success
//! ever opens it by its failures.
//!
//! ```text
//!             a rule breaks                       interval over
//!   ┌────────┐ ───────────────────▶ ┌──────┐ ───────────────────▶ ┌───────────┐
//!   │ closed │                      │ open │                      │ half-open │
//!   └────────┘ ◀─── (ramp) ──┐      └──────┘ ◀─── probes fail ─── └───────────┘
//!                            └────────── probes succeed ──────────────┘
//! ```
//!
//! Open, it refuses without a lock, by the coarse clock: `retry_after` may be a tick too long, never
//! too short. The interval grows each time it opens again (jittered inside
//! its bound, never shorter than the backend's own `Retry-After`) and is short again after a full
//! close. Half-open, it lets a few probes through. Every probe has a lease: one that hangs has
//! failed when the lease is up, one that is dropped gives its place back, and a result from before
//! the last change of state is ignored. A half-open circuit cannot get stuck.
//!
//! Refusals of guards further in that never began are nobody's failure and count as nothing;
//! timeouts did begin and count as failures.
//!
//! # Streams
//!
//! A stream's call lasts until the stream ends. [`CircuitBreaker::stream`] asks for admission and
//! holds it until then, and [`Permit::record_stream`] does where there is a permit already. The
//! first error decides, by what the classifier calls it; so does an item that is `Ok` and called a failure,
//! as where a backend reports its failures in the stream. An end without one is a success. A drop
//! before the end is like that of any call: a failure if a [`StreamTimeout`](crate::timeout::stream::StreamTimeout)
//! outside cut it off, nothing otherwise.
//!
//! So a half-open circuit waits for a probe that streams, up to
//! [`probe_lease`](Config::probe_lease) and [`half_open_for`](Config::half_open_for): make them longer
//! than healthy streams last. `slow_after` is about the whole stream; leave it off around streams. And
//! a consumer that stops at a last item of some kind (`[DONE]`) never sees the end: end the stream
//! there, inside (`take_while`), or no answer is a success.
//!
//! # What it costs
//!
//! Measured around an operation that is ready at once, closed circuit, success, as a ratio in one
//! run; no mode allocates. `benches/peers/RESULTS.md` has the figures, machine and command.
//!
//! | rule | on a success |
//! |---|---|
//! | in a row | three loads, no store |
//! | share of the last N | one `fetch_add` (a shared word: threads meet there) |
//! | share of the last seconds | one coarse reading of the clock (near the edge of a bucket an exact one too), one `fetch_add` of the thread's own |
//! | slow calls | a reading of the clock on each side |
//! | refused | one coarse reading of the clock, one count |
//!
//! What is bad takes a short lock. In the tower door each call also counts a reference.
//!
//! # What a drop does
//!
//! A call dropped by one of our own timeouts or deadlines is a failure; a panic is a failure; any
//! other drop is nothing, or a slow call once it has lasted longer than `slow_after`. A probe's place is
//! free at once whatever ends it. A future that is dropped unpolled, and a service dropped
//! after `poll_ready`, leave nothing behind.
//!
//! # Example
//!
//! ```
//! use buttress::{Error, circuit_breaker::{CircuitBreaker, Config}};
//!
//! # async fn complete(prompt: &str) -> Result<String, std::io::Error> { Ok(prompt.into()) }
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let openai = CircuitBreaker::new("openai", Config::new().with_failure_ratio(0.3))?;
//! match openai.call(|| complete("why?")).await {
//!     Ok(answer) => println!("{answer}"),
//!     Err(Error::Refused(refusal)) => println!("later: {:?}", refusal.retry_after()),
//!     Err(Error::Inner(error)) => println!("failed: {error}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Example (tower)
//!
//! ```
//! use buttress::{Lift, circuit_breaker::{CircuitBreaker, presets}};
//! use tower::{ServiceBuilder, service_fn};
//!
//! let gateway = CircuitBreaker::new("gateway", presets::GATEWAY)?;
//! let service = ServiceBuilder::new()
//!     .layer(gateway.layer())
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
pub mod presets;
mod shared;
mod snapshot;
mod state;
mod streams;
mod subscription;
mod window;

#[cfg(feature = "tower")]
pub use self::layer::{CircuitBreakerLayer, CircuitBreakerService};
pub use self::{
    config::{Config, Plan, Window},
    future::Guarded,
    handle::CircuitBreaker,
    permit::{Borrowed, Hold, Owned, Permit},
    snapshot::{Snapshot, Totals},
    state::{Counts, Reason, State, Transition},
    streams::Recording,
    subscription::Subscription,
};

#[cfg(all(test, buttress_loom))]
#[path = "../../../tests/loom/circuit_breaker.rs"]
mod loom;
