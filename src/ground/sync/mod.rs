//! Locks and atomics, or loom's under `cfg(buttress_loom)`; and what keeps threads apart.

mod here;
mod journal;
mod live;
mod padded;
mod parked;
mod spread;

pub(crate) use self::{
    here::here,
    journal::{Journal, Reader},
    live::Live,
    padded::{Padded, own_shard, shard, shards},
    parked::{Park, Parked, Spot},
    spread::{Anchored, Spread},
};
#[cfg(buttress_loom)]
pub(crate) use loom::sync::{MutexGuard, atomic};
#[cfg(not(buttress_loom))]
pub(crate) use parking_lot::{Mutex, MutexGuard};
#[cfg(not(buttress_loom))]
pub(crate) use std::sync::atomic;

/// Loom's lock with parking_lot's manners.
#[cfg(buttress_loom)]
#[derive(Debug)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

#[cfg(buttress_loom)]
impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
        match self.0.lock() {
            Ok(guard) => guard,
            Err(poisoned) => poisoned.into_inner(),
        }
    }

    pub(crate) fn try_lock(&self) -> Option<loom::sync::MutexGuard<'_, T>> {
        self.0.try_lock().ok()
    }
}
