//! A cache with a store under it.

mod doors;
mod invalidation;
mod lives;
mod modes;
mod news;
#[allow(dead_code, reason = "properties ask more of it")]
mod shelf;
mod troubles;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use buttress::cache::{Cache, Config, tier::Tiered};

use shelf::{Key, Shelf};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) type Numbers = Tiered<Key, u32, Shelf>;

pub(crate) fn numbers(config: Config, shelf: &Shelf) -> Numbers {
    Cache::new("numbers", config).unwrap().over(shelf.clone())
}

/// What loaders load: each load gives another number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source(Arc<AtomicU32>);

impl Source {
    pub(crate) fn loads(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }

    /// Loads at once.
    pub(crate) async fn get(&self, numbers: &Numbers, key: Key) -> u32 {
        self.slowly(numbers, key, Duration::ZERO).await
    }

    /// Begins at once, and takes so long.
    pub(crate) async fn slowly(&self, numbers: &Numbers, key: Key, time: Duration) -> u32 {
        let loads = Arc::clone(&self.0);
        let load = move || async move {
            let number = loads.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::time::sleep(time).await;
            number
        };
        numbers.get_or_load(&key, load).await.unwrap()
    }
}
