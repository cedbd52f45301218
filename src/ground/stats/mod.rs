//! Counting over time, told the time.

mod buckets;
mod counter;
mod divider;
#[cfg_attr(not(test), expect(dead_code, reason = "for the rooms that follow a latency"))]
pub(crate) mod ewma;
mod histogram;
mod own_counter;
mod ring;
mod sliding;
mod survival;
mod tally;

pub(crate) use self::{
    buckets::{BUCKETS, index},
    counter::Counter,
    histogram::Histogram,
    own_counter::OwnCounter,
    ring::{MAX_BUCKETS, Ring, Slicing},
    sliding::SlidingCount,
    survival::Survival,
    tally::Tally,
};

#[cfg(all(test, buttress_loom))]
#[path = "../../../tests/loom/stats.rs"]
mod loom;
