//! What can be done to a cache. The fuzz target draws from it as well.

use std::time::Duration;

use buttress::cache::Config;

/// One operation. Keys are few, so that they meet.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Advance(Duration),
    Clear,
    /// The value that takes the place of what there is, if there is an even one, or none.
    Compute(u8, Option<u32>),
    Contains(u8),
    Get(u8),
    GetMany(u8, u8),
    Insert(u8, Put),
    Invalidate(u8),
    InvalidateIf(u32),
    Iterate,
    LookUp(u8),
    LookUpStale(u8),
    Maintain(usize),
    Peek(u8),
    /// By its times and its mode, and so much room.
    Reconfigure(Config, u64),
    Remove(u8),
}

/// What is put in: how heavy it is, how long it lives by its own account, and by that of whoever puts it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Put {
    pub(super) weight: u32,
    pub(super) own: Option<Duration>,
    pub(super) ttl: Option<Duration>,
}
