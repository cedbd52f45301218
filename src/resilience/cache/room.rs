use crate::ground::sync::{
    Padded,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

/// How much more a cache may hold: one number for all of its shards.
///
/// An entry that takes the place of another leaves it as it is, so a full cache hardly writes it.
#[derive(Debug)]
pub(super) struct Room {
    /// Less than none where there has been more room than there is now.
    free: Padded<AtomicI64>,
    most: AtomicU64,
}

impl Room {
    pub(super) fn new(most: u64) -> Self {
        Self { free: Padded(AtomicI64::new(signed(most))), most: AtomicU64::new(most) }
    }

    /// Everything there is.
    pub(super) fn most(&self) -> u64 {
        self.most.load(Ordering::Relaxed)
    }

    /// How much is taken.
    pub(super) fn taken(&self) -> u64 {
        let taken = signed(self.most()).saturating_sub(self.free.load(Ordering::Relaxed));
        taken.max(0).unsigned_abs()
    }

    /// How much more is taken than there is.
    pub(super) fn missing(&self) -> u64 {
        self.free.load(Ordering::Relaxed).min(0).unsigned_abs()
    }

    /// There is so much from now on. One change after the other.
    pub(super) fn resize(&self, most: u64) {
        let former = self.most.swap(most, Ordering::Relaxed);
        self.free.fetch_add(signed(most) - signed(former), Ordering::Relaxed);
    }

    /// Takes so much, all of it or nothing.
    pub(super) fn take(&self, weight: u64) -> bool {
        let weight = signed(weight);
        let mut free = self.free.load(Ordering::Relaxed);
        while free >= weight {
            let left = free - weight;
            match self.free.compare_exchange_weak(free, left, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(now) => free = now,
            }
        }
        false
    }

    /// Gives so much back.
    pub(super) fn give(&self, weight: u64) {
        if weight > 0 {
            self.free.fetch_add(signed(weight), Ordering::Relaxed);
        }
    }
}

/// Room that was found for an entry. What is left of it goes back, if only because `Eq` panics.
pub(super) struct Claim<'a> {
    room: &'a Room,
    pub(super) got: u64,
}

impl<'a> Claim<'a> {
    pub(super) const fn of(room: &'a Room, got: u64) -> Self {
        Self { room, got }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.room.give(self.got);
    }
}

/// Nothing is as heavy as what would not fit.
const fn signed(weight: u64) -> i64 {
    if weight > i64::MAX as u64 { i64::MAX } else { weight as i64 }
}
