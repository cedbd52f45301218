//! Values by their keys, in bounded memory, for a bounded time.
//!
//! **The problem.** An answer that took two seconds and a cent to work out is asked for again a moment
//! later. Kept in a plain map it is never forgotten; kept in a queue of the last ones, one long scan pushes
//! out everything that people ask for.
//!
//! **When.** Answers that cost more than a look-up and stay good for a while: results of searches,
//! embeddings, what another service says about a key.
//!
//! **When not.** For what must be right at every moment, or what is asked for once. For one value that
//! everybody asks for: [`LastGood`](crate::fallback::LastGood). For values that every instance of a service
//! must share: this one is in memory, and empty after a restart, unless there is a [second tier](tier) under it.
//!
//! # How it decides
//!
//! ```text
//!   get_or_load("a") ──▶ is there ──▶ the value, at once
//!   get_or_load("b") ──▶ begins the load of b ─┐
//!   get_or_load("b") ──▶ waits for it ─────────┴──▶ each of them gets it, and it is stored
//! ```
//!
//! **What is missing** is loaded, once for all who ask for it meanwhile. The load is nobody's: whoever of
//! them is polled drives it, as in [`single_flight`](crate::single_flight), so that one who is dropped, or
//! kept and not polled, holds nobody up. What it comes to goes to all of them; a value is stored, an error
//! only where [`negative_ttl`](Config::negative_ttl) says so. Whoever removes or replaces a key while it is
//! being loaded has the last word: the load's value goes to those who wait for it, is not stored, and
//! who asks next begins anew. [`load_many`](Cache::load_many) makes one call of all keys that are missing. At
//! most 65 536 keys are on their way at once; a load of one more is [`Full`](crate::Refusal::Full).
//!
//! **What is older than [`stale_after`](Config::stale_after)** is given at once, and loaded anew, once: that
//! is the one load that is a task of its own, because whoever found it stale does not wait. (Without a
//! runtime, he does.) If it fails, the old value stays as old as it is, and who asks next tries again.
//!
//! **What has expired** is loaded as if it were missing; but if that fails, and its
//! [`grace`](Config::grace) is not over, the old value is the answer. [`Hit`] says how old it is.
//!
//! A [`Bound`] says how much there is room for: so many entries, or entries of so much
//! [weight](Cache::with_weigher) together. It is one number for the whole cache, so that the heaviest entry
//! may be as heavy as all of it. What is heavier is refused, and [`Stored`] says so.
//!
//! When there is no room, somebody goes. By default new keys prove themselves in a tenth of the room:
//! who was asked for there stays, and who was not stays only if his key was asked for more often, lately,
//! than that of whoever would go for him. A scan passes through that tenth. Where those who were asked for
//! a moment ago are the ones asked for next, that is the wrong rule; so a small part of the keys is
//! also played through by the other rule (who was asked for lately stays), on paper, and the cache goes by
//! whichever serves it better, and changes its mind. [`Eviction::Lru`] is the plain old rule, exactly.
//!
//! An entry is gone when its [`ttl`](Config::ttl) is over, or when nobody asked for it during
//! [`idle`](Config::idle). At that moment, not later: whoever asks then gets nothing. Its memory is given
//! back soon after, by operations that find something to do and do a little of it each, and by
//! [`maintain`](Cache::maintain); no task runs for that.
//!
//! Its config can be [changed](Cache::reconfigure) while it runs. By its [`CacheMode`] it can be filled and counted
//! without anybody getting what it holds, to see what it would save, or be switched off: what is missing is
//! still loaded once for all who ask at the same time.
//!
//! Answers to HTTP requests say themselves what may be kept, and whose they are: `cache::http` listens.
//!
//! Removed values are dropped, and [listeners](Cache::with_listener), weighers and whatever a method takes
//! as a closure are called, where no lock is held. `Eq` of keys and `Clone` of values (and of keys, by
//! [`iter`](Cache::iter)) run under the lock of a part of the cache: they must not use the cache.
//!
//! # What it costs
//!
//! A hit is a hash, a lock of a part of the cache (sixteen on two cores) and a look at two or three lines of
//! memory: 12 ns of a thousand entries, as quick_cache, where moka takes 94; of 100 000 and more 0.9 of
//! quick_cache's and a tenth of moka's; on two threads 0.8 of quick_cache's. No allocation. The usual hasher is
//! SipHash, which strangers cannot aim at, and takes 3 ns more for a number. Where entries expire, a hit
//! reads the coarse clock as well: 2 ns, and more where many entries are not in a processor's cache. Writing is
//! dearer: an insert into a full cache costs 2.1 of quick_cache's and 0.2 to 0.4 of moka's, mixed traffic 0.9
//! to 1.5 of quick_cache's, by what else waits for memory on the machine, and 0.1 of moka's.
//!
//! A hit by [`get_or_load`](Cache::get_or_load) is answered in the call, without an allocation and without
//! a copy of the key. A load costs three and two copies of the key: what its callers share, the work, and
//! what says that it is out of date.
//!
//! Memory: 50 bytes an entry of two numbers, where quick_cache has 94 and moka 238; with times, 36 more and
//! what the wheel holds. `benches/peers`, contests `cache.*`, has the figures; `hit_ratio` what the policies
//! come to.
//!
//! Loads and what they come to are told to the `metrics` facade at once; who is gone, by whoever next takes a
//! [snapshot](Cache::snapshot) or [maintains](Cache::maintain) it: in a full cache somebody goes with each insert.
//!
//! # What a drop does
//!
//! Dropping the last clone drops the entries; the listener is not told. Whoever waits for a load and is
//! dropped leaves it to the others; with the last of them it is dropped, and the key is free. Where it
//! should rather be finished: [`detached`](Config::detached). A dropped handle takes no load with it that
//! somebody waits for.
//!
//! # Example
//!
//! ```
//! use buttress::cache::{Cache, Config};
//! use std::{sync::Arc, time::Duration};
//!
//! let answers = Cache::new("answers", Config::entries(10_000).with_ttl(Duration::from_secs(900)))?;
//! answers.insert("weather".to_owned(), Arc::new("rain".to_owned()));
//! assert_eq!(answers.get("weather").as_deref().map(String::as_str), Some("rain"));
//! assert_eq!(answers.get("traffic"), None);
//!
//! // By weight, with a time to live of its own for each entry, and somebody who wants to know what goes.
//! let pages = Cache::<String, Vec<u8>>::new("pages", Config::weight(64 << 20))?
//!     .with_weigher(|url, page| (url.len() + page.len()) as u32)
//!     .with_lifetime(|_, page| page.is_empty().then_some(Duration::from_secs(5)))
//!     .with_listener(|url, _, cause| println!("{url} is gone: {}", cause.as_str()));
//! pages.insert("/".to_owned(), b"<h1>Hello".to_vec());
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```
//!
//! Keys made of what a request says, in whatever order it says it: [`key`]. What is missing is loaded:
//!
//! ```
//! use buttress::{Error, cache::{Cache, Config}};
//! use std::{io, sync::Arc, time::Duration};
//!
//! # async fn look_up(user: u64) -> Result<String, io::Error> { Ok(format!("user {user}")) }
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let minute = Duration::from_secs(60);
//! let config = Config::entries(10_000).with_stale_after(minute).with_ttl(10 * minute).with_grace(60 * minute);
//! let users = Cache::<u64, Arc<str>>::new("users", config)?;
//! // Everybody who waits gets a clone of the error; what cannot be cloned is shared as an `Arc`.
//! let load = || async { look_up(7).await.map(Arc::from).map_err(Arc::new) };
//! match users.try_get_or_load(&7, load).await {
//!     Ok(user) => println!("{user}"),
//!     Err(Error::Refused(refusal)) => println!("not now: {refusal}"),
//!     Err(Error::Inner(error)) => println!("failed: {error}"),
//! }
//! // One call for all that are missing.
//! let users = users.load_many([1, 2, 3], |missing| async move {
//!     Ok::<_, Arc<io::Error>>(missing.into_iter().map(|id| (id, Arc::from("somebody"))))
//! });
//! assert_eq!(users.await?.len(), 3);
//! # Ok(())
//! # }
//! ```
//!
//! # Example (tower)
//!
//! Responses and errors must be `Clone`. The key says which requests have the same answer, and `None` that a
//! request is like no other:
//!
//! ```
//! use buttress::{Lift, cache::{Cache, Config, presets}};
//! use std::{io, sync::Arc};
//! use tower::{ServiceBuilder, service_fn};
//!
//! let pages = Cache::new("pages", presets::ANSWERS)?;
//! let layer = pages.layer(|path: &String| (!path.contains('?')).then(|| path.clone()));
//! let service = ServiceBuilder::new()
//!     .layer(layer.cache_if(|length| *length > 0))
//!     .layer(Lift::layer())
//!     .map_err(Arc::new)
//!     .service(service_fn(|path: String| async move { Ok::<_, io::Error>(path.len()) }));
//! # async fn call(mut service: impl tower::Service<String>) { let _ = service.call(String::new()).await; }
//! # let _ = call(service);
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```

mod changing;
mod config;
mod fetching;
mod future;
mod given;
mod handle;
#[cfg(feature = "http")]
pub mod http;
mod iter;
pub mod key;
#[cfg(feature = "tower")]
mod layer;
mod loading;
mod loads;
mod many;
mod many_loading;
mod meters;
mod policy;
mod reads;
mod reconfiguring;
mod removal;
mod room;
mod shard;
mod shared;
mod sketch;
mod slab;
mod snapshot;
mod stamp;
mod stored;
mod terms;
pub mod tier;
mod wheel;
mod writes;

#[cfg(feature = "tower")]
pub use self::layer::{CacheLayer, CacheService};
pub use self::{
    config::{Bound, CacheMode, Config, Eviction, Plan, presets},
    future::{Aged, Bare, Fetching, Gives, Sure},
    handle::Cache,
    many::FetchingMany,
    removal::Removal,
    snapshot::{Snapshot, Totals},
    stored::{Change, Hit, Loaded, Stored},
};

#[cfg(all(test, buttress_loom))]
#[path = "../../../tests/loom/cache.rs"]
mod loom;
