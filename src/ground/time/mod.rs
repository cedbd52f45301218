//! The one place that reads a clock or sleeps.
//!
//! Everything else in Buttress is *told* the time, so a test can write any instant down and a
//! paused tokio clock moves every window, interval and deadline at once.
//!
//! * [`now`] is tokio's clock: exact, and it follows [`tokio::time::pause`].
//! * [`recent`] may lag by one tick of the operating system's coarse clock (1–10 ms on Linux) and
//!   costs a quarter of an exact reading. Where there is no coarse clock, and whenever the feature
//!   `test-util` is on, it is simply [`now`]: an exact reading is a legal coarse one, so the
//!   feature changes what a reading costs and never what it means. Without `test-util` a coarse
//!   reading does not see a paused clock.
//! * [`Deadline`] is the time a task has left, seen by every guard below.
//!
//! Sleeping needs a tokio runtime with time enabled. That is the one precondition of this crate;
//! tokio itself panics without it.

mod alarm;
mod clock;
mod cut;
mod deadline;
mod instant;
mod sleep;
#[cfg(any(feature = "cache", feature = "redis"))]
mod within;

#[cfg(any(feature = "cache", feature = "redis"))]
pub(crate) use self::within::within;
pub(crate) use self::{
    alarm::Alarm,
    clock::{LATE, between_edges, reached, wall},
    cut::{cut_off, is_cutting_off, outside, watched},
    instant::nanos,
    sleep::Sleep,
};
pub use self::{
    clock::{Clock, now, recent},
    deadline::{Deadline, Scoped},
    instant::Instant,
};
