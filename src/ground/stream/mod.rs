//! Guards around streams, which end long after the call that opened them has returned.

#[cfg(feature = "http")]
mod body;
mod guarded;
mod held;
mod lifted;

#[cfg(feature = "http")]
pub use self::body::HeldBody;
pub use self::{
    guarded::GuardedStream,
    held::{HeldStream, Settle},
};
