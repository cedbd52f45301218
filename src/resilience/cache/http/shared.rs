use std::{hash::BuildHasher, sync::Arc};

use super::{
    changes::Changes,
    config::{Config, Plan},
    key::RequestKey,
    reply::Reply,
    snapshot::{Snapshot, Totals},
};
use crate::{
    ground::{
        config::ConfigError,
        name::Name,
        sync::{
            Mutex,
            atomic::{AtomicU64, Ordering},
        },
    },
    resilience::cache::{handle::Cache, stored::Hit},
};

/// What clones share.
pub(super) struct Shared {
    pub(super) cache: Cache<RequestKey, Reply>,
    config: Mutex<Arc<Config>>,
    changes: Mutex<Changes>,
    pub(super) counts: Counts,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) passed: AtomicU64,
    pub(super) private: AtomicU64,
    pub(super) not_whole: AtomicU64,
}

impl Shared {
    pub(super) fn new(name: Name, plan: &Plan) -> Self {
        let cache = Cache::from_plan(name, plan.cache().clone());
        Self {
            cache: cache.with_weigher(|key, reply: &Reply| reply.weight(key)),
            config: Mutex::new(Arc::new(plan.config().clone())),
            changes: Mutex::new(Changes::default()),
            counts: Counts::default(),
        }
    }

    pub(super) fn reconfigure(&self, plan: &Plan) -> Result<(), ConfigError> {
        self.cache.reconfigure(plan.config().cache.clone())?;
        *self.config.lock() = Arc::new(plan.config().clone());
        Ok(())
    }

    /// What it goes by now.
    pub(super) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.lock())
    }

    /// How many changes there have been: an answer that is asked for now knows of all these.
    pub(super) fn changes(&self) -> u64 {
        self.changes.lock().count()
    }

    /// Whatever is kept of this address, or on its way, is out of date.
    pub(super) fn note_change(&self, address: &str) {
        let hash = self.hash(address);
        self.changes.lock().note(hash);
    }

    /// Whatever was asked for before this change may not be what is there now. What is kept from before is
    /// taken out.
    pub(super) fn last_change(&self, key: &RequestKey) -> u64 {
        let hash = self.hash(key.address());
        let change = self.changes.lock().last(hash);
        if change > 0 && self.former(key).is_some_and(|(former, _)| former.value.asked() < change) {
            self.cache.invalidate(key);
        }
        change
    }

    /// In any case: servers are named in any.
    fn hash(&self, address: &str) -> u64 {
        self.cache.hasher.hash_one(address.to_ascii_lowercase())
    }

    /// What is kept, even where it has only its grace left, and whether it has not expired.
    pub(super) fn former(&self, key: &RequestKey) -> Option<(Hit<Reply>, bool)> {
        let (cache, hash) = (&self.cache.shared, self.cache.hasher.hash_one(key));
        cache.look_aside(hash, |theirs| theirs == key, cache.terms.grace())
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Counts { passed, private, not_whole } = &self.counts;
        let totals =
            Totals { passed: read(passed), private: read(private), not_whole: read(not_whole) };
        Snapshot { cache: self.cache.snapshot(), totals }
    }
}

/// One more.
pub(super) fn count(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}
