//! What Buttress itself decides against, and the room an error type has for it.

mod answer;
mod error;
mod fault;
#[cfg(feature = "tower")]
mod lift;
mod lifted;
mod reason;

#[cfg(feature = "tower")]
pub use self::lift::{Lift, LiftLayer};
pub use self::{
    answer::{Answer, Unchanged, Wrapped},
    error::Error,
    fault::Fault,
    lifted::Lifted,
    reason::{OpenReason, Refusal, StallPhase},
};
