//! Keep something connected: make it when it is needed, once, and again when it is lost.
//!
//! **The problem.** A connection is made once and used by everybody, until it breaks. Then everybody
//! notices at the same time, everybody connects, and the server that has just come up goes down
//! again. Or one of them connects and the others wait for it, it is given up, and they wait for ever.
//!
//! **When.** Around what must be connected before it can be used, and whose clients do not see to it
//! themselves: websockets, queues, a database without a pool, a session with a login.
//!
//! **When not.** Around what connects for each call, or by itself: most HTTP clients and pools do. For
//! a backend that is connected and fails, use a [`CircuitBreaker`](crate::circuit_breaker::CircuitBreaker).
//!
//! # How it decides
//!
//! ```text
//!            asked          connected             broken, and was stable
//!   ┌──────┐ ────▶ ┌────────────┐ ────▶ ┌────┐ ───────────────────────────▶ idle
//!   │ idle │       │ connecting │       │ up │
//!   └──────┘       └────────────┘       └────┘
//!              due ▲     │ failed          │ broken too soon
//!                  │     ▼                 │
//!              ┌─────────────┐ ◀───────────┘
//!              │ backing off │ ────▶ down: too many attempts, or too long; asked again later
//!              └─────────────┘
//! ```
//!
//! Nothing is connected before somebody asks. However many ask, one connect is under way; all of them
//! drive it, and whoever of them goes away leaves the others to it. A connect that fails, panics or
//! takes too long is followed by the next, after a delay that grows and is jittered. A connection
//! that breaks before it was [`stable`](Config::stable_after) counts as one more failed attempt, or a
//! server that accepts and hangs up would be connected to in a loop. After
//! [`max_attempts`](Config::max_attempts) or [`max_elapsed`](Config::max_elapsed) it is *down*: callers
//! are refused at once, and are told when the next is let try.
//!
//! Who is without a connection waits for it as long as [`wait`](Config::wait), and never longer than its
//! [`Deadline`](crate::time::Deadline) leaves; one who would wait in vain is refused at once.
//!
//! What breaks a connection only you can tell: [`classify`](Reconnect::classify) says which results
//! do (`Failure`), and unless it is said none does. A connection is given up once, however many
//! calls fail on it. The call that failed is made once more on the next connection, so **it may have
//! been carried out twice**; [`call_again`](Config::call_again) switches that off.
//!
//! [`heartbeat`](Reconnect::heartbeat) asks a silent connection whether it is still there. It is a
//! future that you spawn; there is no background task.
//!
//! # What it costs
//!
//! While connected: one short lock, a reference counted up and down, and a clone of the connection for
//! each call. No clock, no allocation. Connecting allocates.
//!
//! # What a drop does
//!
//! A dropped caller takes nothing with it: the connect it was driving goes on with whoever else waits, and if
//! nobody does, it rests until somebody asks again. A call dropped while it runs says nothing about
//! its connection. With the last handle go the connection and whatever was on its way to be one.
//!
//! # Example
//!
//! ```
//! use buttress::{Error, outcome::Outcome, reconnect::{Config, Reconnect}};
//! # use std::{io, sync::Arc};
//! # struct Db;
//! # impl Db {
//! #     async fn open() -> Result<Arc<Self>, io::Error> { Ok(Arc::new(Self)) }
//! #     async fn query(&self, _: &str) -> Result<u32, io::Error> { Ok(7) }
//! #     async fn ping(&self) -> Result<(), io::Error> { Ok(()) }
//! # }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! // A database, …
//! let link = Reconnect::new("db", Config::new(), || Db::open())?;
//! let db = link.classify(
//!     |result: &Result<u32, Error<io::Error>>| match result {
//!         Err(Error::Inner(error)) if error.kind() == io::ErrorKind::BrokenPipe => Outcome::Failure,
//!         _ => Outcome::Success,
//!     },
//! );
//! let rows = db.call(|db| async move { db.query("select 1").await }).await?;
//!
//! // … with a heartbeat, which ends when the last handle is gone.
//! tokio::spawn(link.heartbeat(|db| async move { db.ping().await }));
//! # Ok(())
//! # }
//! ```
//!
//! A websocket or a queue is read in a loop and not by calls; the connection then says itself what
//! became of it:
//!
//! ```
//! # use buttress::reconnect::Reconnect;
//! # use std::io;
//! # struct Socket;
//! # impl Socket { async fn next(&self) -> Result<String, io::Error> { Ok(String::new()) } }
//! # async fn follow(feed: Reconnect<Socket, io::Error>) -> Result<(), buttress::Refusal> {
//! loop {
//!     let socket = feed.connected().await?;
//!     while let Ok(message) = socket.next().await {
//!         println!("{message}");
//!     }
//!     socket.broken();
//! }
//! # }
//! ```
//!
//! # Example (tower)
//!
//! Where the connection is a service itself, so is the handle of it:
//!
//! ```
//! use buttress::{Lift, reconnect::{Config, Reconnect}};
//! use std::io;
//! use tower::{ServiceBuilder, service_fn};
//!
//! let peer = Reconnect::new("peer", Config::new(), || async {
//!     let connection = service_fn(|request: u32| async move { Ok::<_, io::Error>(request) });
//!     Ok::<_, io::Error>(ServiceBuilder::new().layer(Lift::layer()).service(connection))
//! })?;
//! let service = peer.service();
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```

mod attempt;
mod config;
mod connection;
mod future;
mod handle;
mod heartbeat;
mod hold;
#[cfg(feature = "tower")]
mod layer;
mod machine;
mod operation;
mod shared;
mod snapshot;
mod state;
mod subscription;
mod waiter;

#[cfg(feature = "tower")]
pub use self::layer::{ReconnectService, Request};
pub use self::{
    config::{Config, Plan, WhileBackingOff},
    connection::Connection,
    future::Calling,
    handle::Reconnect,
    hold::{Borrowed, Hold, Owned},
    operation::{Called, Operation, Ran},
    snapshot::{Snapshot, Totals},
    state::{Intact, State, Transition},
    subscription::Subscription,
};

#[cfg(all(test, buttress_loom))]
#[path = "../../../tests/loom/reconnect.rs"]
mod loom;
