//! A rate for each key: per address, per user, per tenant, of whom there may be any number.
//!
//! **The problem.** One limit for everybody lets one caller take it all. One limiter for each caller is
//! memory that whoever makes up callers can fill.
//!
//! **When.** Where strangers choose the keys: addresses, tokens that were not checked yet. Where there are
//! millions of them.
//!
//! **When not.** For keys that are few and known, or whose calls are to wait, or are settled later: a
//! [`Keyed`](crate::Keyed) family of [`RateLimiter`](super::RateLimiter)s has all of that, at more memory
//! for each.
//!
//! # How it decides
//!
//! As [`rate_limit`](super) does, with a bucket of 16 bytes for each key, in a table whose size is fixed
//! when it is made. The table knows keys by a hash of 63 bits under a secret of its own ([`Tagged`]): two
//! keys share a bucket with a chance of about one in 2⁶³ a pair. What strangers can and cannot do to that
//! hash stands at [`Seeded`]. Where no two keys may ever share one, and a key may take what it takes,
//! [`exact`](KeyedRateLimiter::exact) keeps the keys and compares them ([`Exact`]).
//!
//! A bucket that is full again is the same as none, so its place is free: nothing is swept, and no task
//! runs. A key has twelve places it may stand in (sixteen if exact), and no more than these are ever looked
//! at; where all of them are taken by keys that still have
//! tokens missing, the table is crowded for it, and [`when_crowded`](Config::when_crowded) says whether
//! the call passes unlimited or is refused. With as many keys as [`max_keys`](Config::max_keys) that
//! happens to one key in some thousands, with fewer to none; it is counted.
//!
//! Several rates ([`also`](Config::also): per second *and* per day) are taken all or nothing, and so are
//! several keys: [`of`](KeyedRateLimiter::of) makes a key's bucket a member of [`All`](super::All).
//!
//! Where two threads bring the same new key at the same moment, or a place changes hands while a call
//! looks at it, that one call may go uncounted, or be counted for another key. (Not if exact.)
//!
//! # Whose call it is
//!
//! The layer asks a [`KeyOf`]: a closure, or with the feature `http` one of
//!
//! | | the key |
//! |---|---|
//! | [`PeerAddress`] | who is connected |
//! | [`ForwardedFor`], [`Forwarded`] | who is behind the proxies that you trust, and only those |
//! | [`ByPrefix`] | either, with the 2⁶⁴ addresses of an IPv6 customer as one |
//! | [`ApiKey`] | who has this API key, of which a hash is kept |
//! | [`Header`] | the value of a header |
//! | `(A, B)`, [`FirstOf`] | both together; the first that there is |
//!
//! # What it costs
//!
//! A hash, a look at one line of memory (two for one key in twenty), one *coarse* reading of the clock and
//! one compare-and-swap: half of what governor takes with its dashmap. (Where a million keys come in no
//! order, fetching that line from memory is nearly all of it, for both.) Rates of more than fifty a second
//! need an exact reading now and then ([`clock`](Config::clock)). 32 bytes a key, whatever the key's type,
//! and no more however many come; 16 more for each further rate. No lock, no allocation.
//!
//! If exact: a lock that other keys hardly ever want, and an allocation where a new key makes one when it
//! is cloned. Twice a key's own size and some 18 bytes.
//!
//! # What a drop does
//!
//! Nothing: a call that was let through has spent its token.
//!
//! # Example
//!
//! ```
//! use buttress::rate_limit::{All, Rate, keyed::{Config, KeyedRateLimiter, Tier}};
//! use std::net::IpAddr;
//!
//! let addresses = KeyedRateLimiter::<IpAddr>::new("address", Config::new(Rate::per_minute(60)))?;
//! addresses.try_acquire(&IpAddr::from([192, 0, 2, 1]))?;
//!
//! // Another rate for some.
//! let (free, paying) = (Tier::new(Rate::per_minute(60))?, Tier::new(Rate::per_minute(600))?);
//! let users = KeyedRateLimiter::<str>::new("user", Config::new(Rate::per_minute(60)))?
//!     .with_tiers(move |user: &str| if user.starts_with("pro-") { paying } else { free });
//! users.try_acquire("pro-7")?;
//!
//! // Two rates, by both, all or nothing.
//! let tokens = Config::new(Rate::per_second(5)).also(Rate::per_day(1000));
//! let tenants = KeyedRateLimiter::<u32>::exact("tenant", tokens)?;
//! All::of([&tenants.of(&7), &users.of("pro-7")]).try_acquire()?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # Example (tower)
//!
//! ```
//! use buttress::{Lift, rate_limit::{Rate, keyed::{Config, KeyedRateLimiter}}};
//! use tower::{ServiceBuilder, service_fn};
//!
//! struct Question { user: String, text: String }
//!
//! let users = KeyedRateLimiter::<String>::new("user", Config::new(Rate::per_minute(60)))?;
//! let service = ServiceBuilder::new()
//!     .layer(users.layer(|question: &Question| Some(question.user.clone())))
//!     .layer(Lift::layer())
//!     .service(service_fn(|question: Question| async move { Ok::<_, std::io::Error>(question.text) }));
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```

mod config;
mod future;
mod handle;
mod hash;
#[cfg(feature = "tower")]
mod key;
#[cfg(feature = "tower")]
mod layer;
mod machine;
mod of_key;
mod shared;
mod snapshot;
mod spending;
mod store;

#[cfg(feature = "http")]
pub use self::key::{
    ApiKey, ApiKeyId, ByPrefix, Forwarded, ForwardedFor, Header, Network, NotANetwork, PeerAddress,
};
pub use self::{
    config::{Config, Plan, Tier, WhenCrowded},
    future::KeyLimited,
    handle::{KeyedRateLimiter, OfKey},
    hash::{Seeded, SeededHasher},
    snapshot::{Snapshot, Totals},
    store::{Exact, Store, Tagged},
};
#[cfg(feature = "tower")]
pub use self::{
    key::{Either, FirstOf, KeyOf},
    layer::{Deferred, KeyedRateLimitLayer, KeyedRateLimitService},
};

#[cfg(all(test, buttress_loom))]
#[path = "../../../../tests/loom/rate_limit_keyed.rs"]
mod loom;
