//! A tier that processes share through [Redis](crate::redis).
//!
//! **The problem.** Several processes miss the same key at the same moment, and each loads it. One of them is
//! told that it is out of date, and the others are not; or one comes home late, with an old value, and stores
//! it over the new one.
//!
//! **When.** Several instances of a service that have a Redis server, or one that speaks the same, anyway.
//!
//! **When not.** On a cluster of several servers behind several addresses: all keys have to be on one. (With
//! a hash tag as the [prefix](crate::redis::Config::prefix) they are.)
//!
//! # How it decides
//!
//! A value is stored under `prefix:name:vN:=key`, the key as JSON (as its SHA-1 where it is long or
//! has braces; the value then says whose it is), for [`ttl`](Config::ttl) or what its loader says. A changed
//! [`version`](Config::version) makes all values invisible that others have stored, and theirs to them; what
//! one version removes all versions forget. What cannot be decoded is a miss, and what is larger than
//! [`max_bytes`](Config::max_bytes) is not stored: both are counted, and neither is an error.
//!
//! **Who loads.** Who misses a key asks for the right to load it, which is nobody else's for
//! [`lock`](Config::lock). Others ask again, after 5 to 100 ms, until the value is there, or the right is
//! free, or they have waited for as long as [`wait`](Config::wait) (or half of what is left to them) and load
//! themselves: [`gave_up`](super::Totals::gave_up). The right is given back when the value is stored, the load
//! fails, or it is dropped. [`load_many`](super::Tiered::load_many) asks for rights that keep nobody waiting.
//!
//! **Who stores.** A right is a number, one higher than the one before. A value whose right is older than that of
//! what was stored is not stored, nor one whose key was removed since, nor one whose right the store
//! does not know any more: because it was restarted, or because the load has taken longer than
//! [`longest_load`](Config::longest_load). That is decided by a script, in one go. No process' clock has a say in
//! it. The server's has one thing to say: the numbers go on by it where they are behind, because a server that
//! comes back from a snapshot, or whose replica takes its place, has forgotten the last ones it gave. (What was
//! removed since is back then as well, until it expires: a store that forgets what it was told cannot tell.)
//!
//! **Who hears.** What is removed is published, on a channel that all versions share, and heard over a
//! connection of its own. If nothing was heard for [`heartbeat`](Config::heartbeat), the server is asked whether
//! it is still there. A connection that ends is replaced after 0.1 to 2 seconds, and the cache is
//! [emptied](super#how-it-decides) then.
//!
//! Any call ends at the [timeout](crate::redis::Config::timeout) of the server's handle; a server that is down
//! is not waited for. A call whose repetition would do harm (to ask for a right, to store a value) is not
//! repeated when its connection breaks.
//!
//! # What it costs
//!
//! A hit is one round trip, 1.2 of a bare `GET` of a kilobyte (19 µs against 16): with the value come the era
//! of all that are to be believed and the server's time. Many keys are asked for and stored in pieces, a thousand
//! of them or 4 MiB in each: so long the server is kept from others. A miss is two round trips, and a third one
//! to store the value. Every value has 56 bytes more than what is stored; a load under way has one key of some
//! 100 bytes.
//!
//! # What a drop does
//!
//! A call that is dropped is not waited for; what was sent may still be done. So a load that is dropped at the
//! very moment at which the store is asked for the right to it may leave that right to end by itself, after
//! [`lock`](Config::lock). See [`tier`](super).
//!
//! # Example
//!
//! ```
//! use buttress::{cache::{Cache, Config, tier::redis::{self, RedisTier}}, redis::Redis};
//! use std::time::Duration;
//!
//! #[derive(Clone, serde::Serialize, serde::Deserialize)]
//! struct Forecast { rain: f32 }
//!
//! let redis = Redis::new("redis", buttress::redis::Config::new("redis://127.0.0.1:6379"))?;
//! // Version 2: there was no `rain` before.
//! let config = redis::Config::new().with_version(2).with_lock(Some(Duration::from_secs(30)));
//! let forecasts = Cache::<(u16, u16), Forecast>::new("forecasts", Config::entries(1000))?
//!     .over(RedisTier::new("forecasts", &redis, config)?);
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```
//!
//! # Example (tower)
//!
//! See [`tier`](super#example-tower).

mod answers;
mod codec;
mod config;
mod handle;
mod listen;
mod names;
mod putting;
mod shared;

pub use self::{
    codec::{Codec, Json},
    config::{Config, Plan},
    handle::RedisTier,
};
