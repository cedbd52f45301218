//! What Buttress itself decides against, and the room an error type has for it.

mod error;
mod fault;
#[cfg(feature = "tower")]
mod lift;
mod lifted;
mod manner;
mod reason;

#[cfg(feature = "tower")]
pub use self::lift::{Lift, LiftLayer};
pub use self::{
    error::Error,
    fault::Fault,
    lifted::Lifted,
    manner::{Manner, Unchanged, Wrapped},
    reason::{OpenReason, Refusal, StallPhase},
};
