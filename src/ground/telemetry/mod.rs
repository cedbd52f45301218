//! Telling the world: metrics through the `metrics` facade, events through `tracing`.
//!
//! The happy path is not told, it is counted by the guards themselves and read from their
//! snapshots: a facade call for each success would be a look-up in a registry. Twins with the same
//! functions, so that no caller needs a `cfg`.

#[cfg(not(any(feature = "metrics", feature = "tracing")))]
#[path = "disabled.rs"]
mod inner;
#[cfg(any(feature = "metrics", feature = "tracing"))]
#[path = "enabled.rs"]
mod inner;
#[cfg(feature = "metrics")]
mod names;
#[cfg(any(feature = "metrics", feature = "tracing"))]
mod told;

pub use self::inner::describe;
pub(crate) use self::inner::{
    Gauge, Meter, SlowMeter, Told, connection_changed, evicted, exhausted, fell_back, gave_up,
    hedged, retried, state_changed, store_changed, too_heavy, work_panicked,
};
