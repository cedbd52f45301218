//! A rate for each key that several processes keep together, in Redis.
//!
//! **The problem.** Ten processes that allow sixty calls a minute each allow six hundred. A tenth for
//! each is too little for whoever is always served by the same one.
//!
//! **When.** Quotas that are counted by others (a provider's, a contract's), and limits on strangers who
//! can choose the process they come in at.
//!
//! **When not.** In front of work that is this process's own: [`keyed`](super::keyed) costs a
//! thousandth. Where a limit need not be exact, a share of it for each process is simpler.
//!
//! # How it decides
//!
//! As [`rate_limit`](super) does, by one script that runs inside the server, by the server's clock, for
//! all quotas of a key and, in [`RedisAll`], for the keys of several limiters: all of them give tokens, or none
//! does. The script counts in whole numbers: 7 per minute and 3000 per second keep their rate. A bucket is
//! one short text under the key's name, which says what it is ([`RedisKey`]), and the server forgets it
//! when it is full again. What asks for more than there can be is refused without asking.
//!
//! With [`remember_refused`](Config::remember_refused), a key that was refused is refused here until its time has
//! come: a stranger who keeps asking costs no round trips. What others give back meanwhile is seen late.
//!
//! # Leases
//!
//! With [`lease`](Config::lease), tokens of a key are taken up to so many at a time, and spent here: 1, 2, 4, …
//! as long as all are spent, and no more than were spent if not. One call asks, the others that need
//! tokens of the same key wait for it; each of them may be dropped, and the next one asks.
//!
//! **Over-admission: none.** Over any span of time, no more is let through than a bucket in the server
//! would let through: its burst, and what comes back in that span. (The call that asks counts from when the
//! server decides, as it does without leases.) A lease is *not* tokens put aside: whenever the bucket may
//! have earned a token in place of a leased one, that is given up. A lease of ten at one a second holds five
//! after five seconds, and none after ten. Why that is enough: consider what the bucket and all leases
//! hold together. Taking a lease moves tokens from one to the other; spending lowers the sum; time raises
//! it by the rate, and no faster. And it never exceeds the burst: the call that took the lease has spent a token
//! at that moment, so that there is room for one; before the bucket has earned it, the lease gives up another;
//! and so on until the lease is empty. While there is no lease at all, the sum is what the bucket holds.
//! So what is spent in a span is at most what was there at its start and what has come since. A lease
//! counts from when it was *asked* for, which was before it was granted, so neither a slow answer nor one
//! that is lost lets anything more through. With several quotas it gives up by the fastest.
//!
//! **Under-use: at most a lease for each process and key** is out at any moment, unspent. What a lease
//! gives up is forfeited, not given back: the bucket has earned it again. In the long run no more
//! is forfeited than is spent, and one lease. A request that is dropped, or answered too late, forfeits
//! what it was granted.
//!
//! # When the store cannot be asked
//!
//! How that is found out is [`redis`](crate::redis)'s. Then [`on_store_failure`](Config::on_store_failure) says: let
//! everything pass; refuse everything, with when to come back; or let this process decide by its share
//! of the quotas, with full buckets at first: so an outage lets at most one more burst through, in all.
//! Leases that are still worth something are spent first. A server that forgets (a restart without
//! persistence) gives everybody a full bucket.
//!
//! # What it costs
//!
//! Ratios in one run; `benches/peers/RESULTS.md` has the figures, machine and command.
//!
//! | decision | costs |
//! |---|---|
//! | by the store | one round trip, and what the client adds: under 1.15 of the bare round trip |
//! | with leases of 32, all spent | a thirty-second of that and what follows |
//! | out of a lease, or refused by memory | a hash, a short lock and one exact reading of the clock |
//! | the store is known to be down | the same without the hash |
//!
//! # What a drop does
//!
//! Dropped while the store is asked, a call is not made; its token may be spent all the same. Nothing
//! runs in the background but what reads the connection.
//!
//! # Example
//!
//! ```
//! use buttress::{
//!     rate_limit::{Rate, redis::{Config, RedisRateLimiter}},
//!     redis::{self, OnStoreFailure, Redis},
//! };
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let redis = Redis::new("redis", redis::Config::new("redis://127.0.0.1:6379"))?;
//! let quota = Config::new(Rate::per_second(10))
//!     .also(Rate::per_day(10_000))
//!     .with_lease(32)
//!     .with_on_store_failure(OnStoreFailure::local_of(4));
//! let users = RedisRateLimiter::new("user", &redis, quota)?;
//! users.try_acquire("ann").await?;
//! // One bucket for everybody.
//! let model = RedisRateLimiter::new("model", &redis, Rate::per_minute(60))?;
//! model.try_acquire(&()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Example (tower)
//!
//! ```
//! use buttress::{Lift, rate_limit::{Rate, redis::RedisRateLimiter}, redis::{Config, Redis}};
//! use tower::{ServiceBuilder, service_fn};
//!
//! struct Question { user: String, text: String }
//!
//! let redis = Redis::new("redis", Config::new("redis://127.0.0.1:6379"))?;
//! let users = RedisRateLimiter::new("user", &redis, Rate::per_minute(60))?;
//! let service = ServiceBuilder::new()
//!     .layer(users.layer(|question: &Question| Some(question.user.clone())))
//!     .layer(Lift::layer())
//!     .service(service_fn(|question: Question| async move { Ok::<_, std::io::Error>(question.text) }));
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```

mod all;
mod begin;
mod config;
mod future;
mod handle;
mod held;
mod key;
#[cfg(feature = "tower")]
mod layer;
mod machine;
#[cfg(feature = "tower")]
mod readied;
mod shared;
mod snapshot;

pub use self::{
    all::RedisAll,
    begin::{Begin, LiftedOnce, Once},
    config::{Config, Plan},
    future::RedisLimited,
    handle::RedisRateLimiter,
    key::RedisKey,
    snapshot::{Snapshot, Totals},
};
#[cfg(feature = "tower")]
pub use self::{
    layer::{RedisRateLimitLayer, RedisRateLimitService},
    readied::Readied,
};

#[cfg(all(test, buttress_loom))]
#[path = "../../../../tests/loom/rate_limit_redis.rs"]
mod loom;
