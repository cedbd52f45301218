//! One call for all who ask for the same thing at once.

mod callers;
mod config;
mod detached;
mod doors;
mod endings;
mod polls;
mod threads;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use buttress::single_flight::{Config, SingleFlight};
use tokio::time::sleep;

pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);

pub(crate) type Shared = SingleFlight<&'static str, u32, String>;

pub(crate) fn shared(config: Config) -> Shared {
    SingleFlight::new("loads", config).unwrap()
}

/// Something to load from. What it gives is the number of the load; each takes 30 ms in three steps.
#[derive(Clone, Default)]
pub(crate) struct Store(Arc<Inner>);

#[derive(Default)]
struct Inner {
    began: AtomicU32,
    ended: AtomicU32,
    dropped: AtomicU32,
}

/// Counts a load that is dropped before its end.
struct Running(Store, bool);

impl Drop for Running {
    fn drop(&mut self) {
        if !self.1 {
            self.0.0.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Store {
    pub(crate) fn load(&self) -> impl Future<Output = Result<u32, String>> + Send + use<> {
        let number = self.0.began.fetch_add(1, Ordering::Relaxed) + 1;
        let mut running = Running(self.clone(), false);
        async move {
            for _ in 0..3 {
                sleep(10 * MILLISECOND).await;
            }
            running.1 = true;
            running.0.0.ended.fetch_add(1, Ordering::Relaxed);
            Ok(number)
        }
    }

    /// How many loads began, ended, and were dropped.
    pub(crate) fn counts(&self) -> (u32, u32, u32) {
        let count = |count: &AtomicU32| count.load(Ordering::Relaxed);
        (count(&self.0.began), count(&self.0.ended), count(&self.0.dropped))
    }
}
