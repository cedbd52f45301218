//! Counting over time, told the time.

mod counter;
mod divider;
#[cfg_attr(not(test), expect(dead_code, reason = "for the rooms that follow a latency"))]
pub(crate) mod ewma;
#[cfg_attr(not(test), expect(dead_code, reason = "for the room that measures latency"))]
pub(crate) mod histogram;
mod ring;
mod sliding;
mod tally;

pub(crate) use self::{
    counter::Counter,
    ring::{MAX_BUCKETS, Ring, Slicing},
    sliding::SlidingCount,
    tally::Tally,
};

#[cfg(all(test, buttress_loom))]
#[path = "../../../tests/loom/stats.rs"]
mod loom;
