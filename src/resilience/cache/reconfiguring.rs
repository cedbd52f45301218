use std::time::Duration;

use crate::{
    ground::{
        config::{Check, ConfigError},
        sync::atomic::Ordering,
        time::nanos,
    },
    resilience::cache::{
        config::{Bound, Config, Plan},
        handle::Cache,
        removal::Removed,
        shard::Lasting,
        shared::{Shared, poor},
        terms::is_timed,
    },
};

impl<K, V, S> Cache<K, V, S> {
    /// Goes by another config from now on.
    ///
    /// What is written later lasts as the new one says. What is there keeps its time to live; what had none
    /// counts as written now if the new config has times, and if it is the first with
    /// [`idle`](Config::idle), everything counts as asked for now; what has expired does not come back. A
    /// change of its times looks at every entry, a part of the cache after the other. Where the bound is
    /// less than what is there, the rest goes before this returns, a few at a time, while others use the
    /// cache. Whoever has room in his hand at that moment puts his entry in, and has somebody go for it.
    ///
    /// A cache keeps the number of parts that it was made with: as many as its first bound was good for.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then. What cannot be changed is who goes
    /// ([`eviction`](Config::eviction)), and whether entries or weights count.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.shared.reconfigure(config.parse()?)
    }
}

impl<K, V> Shared<K, V> {
    pub(super) fn reconfigure(&self, plan: Plan) -> Result<(), ConfigError> {
        // One after the other: each goes from a bound to the next.
        let turn = self.changing.lock();
        let (former, new) = (self.terms.plan(), plan.config().clone());
        let former = former.config();
        let mut check = Check::new("cache");
        let is_same_kind = matches!(
            (former.bound, new.bound),
            (Bound::Entries(_), Bound::Entries(_)) | (Bound::Weight(_), Bound::Weight(_))
        );
        check.require(is_same_kind, "bound", "must stay one of entries, or of weight");
        check.require(former.eviction == new.eviction, "eviction", "must stay what it was");
        check.finish(())?;
        self.terms.set(plan);
        if times(former) != times(&new) {
            let (lasting, now) = (lasting(&new), self.now());
            for shard in self.shards() {
                shard.lock().retime(lasting, now);
            }
        }
        let (Bound::Entries(most) | Bound::Weight(most)) = new.bound;
        self.poor.store(poor(most, self.shards.len()), Ordering::Relaxed);
        self.room.resize(most);
        // Foreign code from here on: listeners, and what is dropped.
        drop(turn);
        if new.negative_ttl.is_none() {
            if let Some(failed) = self.failed.get() {
                failed.clear();
            }
        }
        self.evict_the_rest();
        Ok(())
    }

    /// Takes out what there is no room for any more.
    pub(super) fn evict_the_rest(&self) {
        let (mut at, mut idle) = (0, 0);
        // Each shard in turn, those first that have their part. When none of them has anything, whatever is
        // missing is in the hands of others.
        while self.room.missing() > 0 && idle < 2 * self.shards.len() {
            let shard = &self.shards[at & (self.shards.len() - 1)];
            (at, idle) = (at + 1, idle + 1);
            let mut removed = Removed::new();
            {
                let mut shard = shard.lock();
                if self.is_poor(&shard) && idle <= self.shards.len() {
                    continue;
                }
                shard.set_share(self.share.load(Ordering::Relaxed));
                for _ in 0..FEW {
                    if self.room.missing() == 0 {
                        break;
                    }
                    let Some(freed) = shard.evict(&mut removed) else { break };
                    self.room.give(u64::from(freed));
                    idle = 0;
                }
                shard.tidy();
            }
            self.tell(removed);
        }
    }
}

/// What decides when entries go.
const fn times(config: &Config) -> [Option<Duration>; 4] {
    [config.ttl, config.idle, config.stale_after, Some(config.grace)]
}

fn lasting(config: &Config) -> Lasting {
    let raw = |time: Option<Duration>| time.map_or(u64::MAX, nanos);
    Lasting {
        idle: raw(config.idle),
        grace: nanos(config.grace),
        is_timed: is_timed(config),
        life: raw(config.ttl.or(config.idle)),
    }
}

/// So many go under one lock.
const FEW: usize = 64;
