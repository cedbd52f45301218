//! A second tier.

mod chain;
mod counts;
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
    store::{Claim, Entry, Fence, Found, Kept, News, Put, Tier, TierFailure},
};
