use std::sync::Arc;

use super::{
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
    resilience::cache::handle::Cache,
};

/// What clones share.
pub(super) struct Shared {
    pub(super) cache: Cache<RequestKey, Reply>,
    config: Mutex<Arc<Config>>,
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
