//! The cache, as whoever uses it sees it.

mod bounds;
mod callbacks;
mod changes;
mod expiry;
mod freshness;
mod http;
mod late;
mod loads;
mod lookups;
mod many;
mod modes;
mod panics;
mod reconfigured;
mod services;
mod tier;

use std::sync::{Arc, Mutex};

use buttress::cache::{Cache, Config, Removal};

/// A cache that writes down whom it loses, and why.
fn recorded(config: Config) -> (Cache<&'static str, u32>, Losses) {
    let losses = Losses::default();
    let notes = losses.clone();
    let cache = Cache::new("cache", config).unwrap();
    let cache = cache.with_listener(move |key: &&'static str, value: &u32, cause| {
        notes.0.lock().unwrap().push((*key, *value, cause));
    });
    (cache, losses)
}

#[derive(Clone, Default)]
struct Losses(Arc<Mutex<Vec<Loss>>>);

/// Of whom, what, and why.
type Loss = (&'static str, u32, Removal);

impl Losses {
    /// What was lost since this was last asked.
    fn take(&self) -> Vec<Loss> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}
