//! A second tier under a cache: slower, larger, and shared by several processes.
//!
//! **The problem.** Each instance of a service has a cache of its own: what one has worked out the next
//! one works out again, and after a restart all of them do. A store that they share remembers for all; but it
//! is slow or gone at times, and what one instance has removed the others still have.
//!
//! **When.** Values that cost much more than a round trip, wanted by several instances, or after a
//! restart.
//!
//! **When not.** For what is worked out faster than the store answers. For what must be right at every
//! moment: an instance that cannot be reached has what it has until it expires, and so has the store.
//!
//! # How it decides
//!
//! ```text
//!   get_or_load("a") ──▶ cache ──▶ store ──▶ the right to load it ──▶ loader
//!                          ▲         │                  │                │
//!                          ├─────────┘     somebody else has it:        │
//!                          │               wait for his value           │
//!                          └──────────────────◀── both store it ◀────────┘
//! ```
//!
//! [`Cache::over`](super::Cache::over) puts a [`Tier`] under a cache. A hit is the cache's, and costs what it
//! costs there. What is missing is asked of the tier as a part of its load, so that of all who want a key
//! here one asks. What the tier has is copied into the cache with its age, for as long as it has left and
//! no longer than the cache keeps anything: copies do not prolong a life. What nobody has is loaded, stored
//! in the tier and then in the cache. Errors are stored in neither; the cache's
//! [`negative_ttl`](super::Config::negative_ttl) holds for the cache alone.
//!
//! **A tier that fails** is passed by: the loader is called, the caller gets its value, and
//! [`Totals`] has the failure. No read fails because of a tier. [`insert`](Tiered::insert) and
//! [`invalidate`](Tiered::invalidate) do say so if the store could not be told, because then others
//! have what they should not; this process has done it all the same, and does not believe what the store has of
//! that key before the store was told. It remembers 65 536 keys of which the
//! store is to be told, those with them of which it is being told; if there are more, it is told to forget
//! everything.
//!
//! **The last word** has whoever removes or replaces a key, as it has in the cache. A load that was begun
//! before is given to those who wait for it and stored nowhere: not here, not in the store, not in another
//! process. The store knows by the [`Fence`] that goes with the right to load; of two loads of a key that run
//! at once, the one that was begun later may replace the other, never the other way round.
//!
//! **What others remove** they tell, if the tier [listens](Tier::listens), and it is removed here as well.
//! What was told while nobody could hear it is lost; so once news are heard again, the cache is emptied,
//! and loads under way are stored nowhere here. Until then it goes on with what it has, because without a store it is
//! all there is. The first load of a process waits up to a quarter of a second until it hears, and no longer than
//! half of what is left to its caller. and no longer than half of what its
//! caller has left.
//!
//! **A cache whose values nobody gets** has a tier of which the same is true. Under one that is
//! [disabled](super::CacheMode::Disabled) nothing is asked for or stored; what is removed and replaced is
//! removed there as well. Under one in the [shadow](super::CacheMode::Shadow) it is asked, so that it counts
//! what it would give, and stores what it lacks; nobody waits for the loads of others.
//!
//! # What it costs
//!
//! A hit in the cache: what it costs [there](super#what-it-costs). What is missing there costs a round trip,
//! and what is missing in the store two more. A [hash set of doubts](Snapshot::owed) and a few hundred numbers
//! are all the memory.
//!
//! # What a drop does
//!
//! Dropping the last who waits for a load drops it, wherever it is, and its right is given back by a task of one
//! call; where there is no runtime, the right ends by itself. A dropped removal is as one of which the
//! store could not be told. Dropping the last handle ends the task that listens.
//!
//! # Example
//!
//! ```
//! # #[cfg(feature = "redis")] {
//! use buttress::{
//!     cache::{Cache, Config, tier::redis::{self, RedisTier}},
//!     redis::{Config as At, Redis},
//! };
//! use std::time::Duration;
//!
//! # async fn ask_the_model(question: &str) -> Result<String, std::sync::Arc<std::io::Error>> { Ok(question.to_owned()) }
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let redis = Redis::new("redis", At::new("redis://127.0.0.1:6379"))?;
//! let hour = Duration::from_secs(3600);
//! // A minute here, an hour there.
//! let answers = Cache::<String, String>::new("answers", Config::entries(1000).with_ttl(hour / 60))?
//!     .over(RedisTier::new("answers", &redis, redis::Config::new().with_ttl(hour))?);
//! let answer = answers.try_get_or_load("why?", || async { ask_the_model("why?").await });
//! println!("{}", answer.await?);
//! answers.invalidate("why?").await?;
//! # Ok(())
//! # }
//! # }
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```
//!
//! A store of your own needs four methods. This one is a map, as it may stand in a test:
//!
//! ```
//! use buttress::cache::{Cache, Config, tier::{Fence, Found, TierValue, Put, Tier, TierFailure}};
//! use std::{collections::HashMap, sync::Mutex, time::Duration};
//!
//! #[derive(Default)]
//! struct Map(Mutex<HashMap<String, u64>>);
//!
//! impl Tier<String, u64> for Map {
//!     async fn get(&self, key: &String) -> Result<Found<u64>, TierFailure> {
//!         let value = self.0.lock().map_err(|_| TierFailure::Unavailable)?.get(key).copied();
//!         let kept = |value| Found::Value(TierValue { value, age: Duration::ZERO, left: None });
//!         Ok(value.map_or(Found::Nothing, kept))
//!     }
//!
//!     async fn put(&self, key: &String, value: &u64, _: Option<Duration>, _: Fence) -> Result<Put, TierFailure> {
//!         self.0.lock().map_err(|_| TierFailure::Unavailable)?.insert(key.clone(), *value);
//!         Ok(Put::Stored { left: None })
//!     }
//!
//!     async fn remove(&self, key: &String) -> Result<(), TierFailure> {
//!         self.0.lock().map_err(|_| TierFailure::Unavailable)?.remove(key);
//!         Ok(())
//!     }
//!
//!     async fn clear(&self) -> Result<(), TierFailure> {
//!         self.0.lock().map_err(|_| TierFailure::Unavailable)?.clear();
//!         Ok(())
//!     }
//! }
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
//! # runtime.block_on(async {
//! let squares = Cache::<String, u64>::new("squares", Config::new())?.over(Map::default());
//! assert_eq!(squares.get_or_load("seven", || async { 49 }).await, Ok(49));
//! squares.cache().clear();
//! assert_eq!(squares.get("seven").await, Some(49));
//! # Ok::<_, buttress::config::ConfigError>(())
//! # })?;
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```
//!
//! # Example (tower)
//!
//! As the layer of the [cache alone](super#example-tower):
//!
//! ```
//! use buttress::{Lift, cache::{Cache, Config, tier::Tier}};
//! use std::{io, sync::Arc};
//! use tower::{ServiceBuilder, service_fn};
//!
//! fn pages(tier: impl Tier<String, usize>) -> Result<(), Box<dyn std::error::Error>> {
//!     let pages = Cache::new("pages", Config::new())?.over(tier);
//!     let service = ServiceBuilder::new()
//!         .layer(pages.layer(|path: &String| Some(path.clone())).cache_if(|length| *length > 0))
//!         .layer(Lift::layer())
//!         .map_err(Arc::new)
//!         .service(service_fn(|path: String| async move { Ok::<_, io::Error>(path.len()) }));
//! #   async fn call(mut service: impl tower::Service<String>) { let _ = service.call(String::new()).await; }
//! #   let _ = call(service);
//!     Ok(())
//! }
//! ```

mod chain;
mod chain_many;
mod handle;
#[cfg(feature = "tower")]
mod layer;
mod owed;
#[cfg(feature = "redis")]
pub mod redis;
mod shared;
mod snapshot;
mod store;

#[cfg(feature = "tower")]
pub use self::layer::{TieredLayer, TieredService};
pub use self::{
    handle::Tiered,
    snapshot::{Snapshot, Totals},
    store::{Claim, Entry, Fence, Found, News, Put, Tier, TierFailure, TierValue},
};
