//! Guards around streams, which end long after the call that opened them has returned.

mod guarded;
mod held;
mod lifted;

pub use self::{
    guarded::GuardedStream,
    held::{HeldStream, Settle},
};
