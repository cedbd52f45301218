use crate::resilience::cache::{
    config::CacheMode,
    given::Given,
    removal::{Removal, Removed},
    shared::{Guard, Shared},
    stored::{Hit, Stored},
};

impl<K, V> Shared<K, V> {
    /// The value of a key, which is now known to be wanted.
    #[inline]
    pub(super) fn get(&self, hash: u64, is: impl Fn(&K) -> bool) -> Option<V>
    where
        V: Clone,
    {
        if !self.terms.is_plain() {
            return self.get_timed(hash, is);
        }
        let mut shard = self.shard(hash).lock();
        let Some(place) = shard.ask(hash as u32, is) else { return self.missed(shard, hash) };
        if !shard.is_plain() {
            return self.get_in(shard, hash, place);
        }
        let value = shard.plain_hit(place).cloned();
        drop(shard);
        self.seen(hash, true);
        value
    }

    /// The same where every entry has its time, and nothing else matters; or nobody gets it.
    #[inline(never)]
    fn get_timed(&self, hash: u64, is: impl Fn(&K) -> bool) -> Option<V>
    where
        V: Clone,
    {
        if self.terms.is_aside() {
            return self.get_aside(hash, is);
        }
        let now = self.now();
        let mut shard = self.shard(hash).lock();
        let Some(place) = shard.ask(hash as u32, is) else { return self.missed(shard, hash) };
        if shard.is_due(now) || !shard.is_surely_there(place, now) {
            return self.get_in(shard, hash, place);
        }
        let value = shard.plain_hit(place).cloned();
        drop(shard);
        self.seen(hash, true);
        value
    }

    /// The same where nobody gets what is there: it counts, if it may.
    #[cold]
    fn get_aside(&self, hash: u64, is: impl Fn(&K) -> bool) -> Option<V>
    where
        V: Clone,
    {
        let mut shard = self.shard(hash).lock();
        let place = shard.ask(hash as u32, is);
        if self.terms.mode() == CacheMode::Disabled {
            shard.misses += 1;
            return None;
        }
        let would_get = match place {
            Some(place) => self.get_in(shard, hash, place),
            None => self.missed(shard, hash),
        };
        drop(would_get);
        None
    }

    #[inline]
    fn missed(&self, mut shard: Guard<'_, K, V>, hash: u64) -> Option<V> {
        shard.misses += 1;
        if shard.is_stamped() {
            self.leave(shard, hash);
        } else {
            drop(shard);
        }
        self.seen(hash, false);
        None
    }

    /// A hit where the time matters, or the policy wants to know.
    #[inline(never)]
    fn get_in(&self, mut shard: Guard<'_, K, V>, hash: u64, place: u32) -> Option<V>
    where
        V: Clone,
    {
        if !shard.is_stamped() {
            let value = shard.hit(place, 0).cloned();
            drop(shard);
            self.seen(hash, true);
            return value;
        }
        let now = self.now();
        if !shard.is_surely_there(place, now) {
            if !Self::is_ahead(shard.stamp(place).until, now) {
                return self.missed(shard, hash);
            }
            shard.note_sure(place);
        }
        let value = shard.hit(place, now).cloned();
        let is_due = shard.is_due(now);
        drop(shard);
        if is_due {
            self.maintain_a_little(hash, now);
        }
        self.seen(hash, true);
        value
    }

    /// Leaves a shard, where the time matters; clears a little away there if it is time to.
    #[inline(never)]
    fn leave(&self, shard: Guard<'_, K, V>, hash: u64) {
        let now = self.now();
        let is_due = shard.is_due(now);
        drop(shard);
        if is_due {
            self.maintain_a_little(hash, now);
        }
    }

    /// What `look` sees in the entry of a key; asking counts as nothing.
    pub(super) fn look<T>(
        &self,
        hash: u64,
        is: impl Fn(&K) -> bool,
        look: impl FnOnce(&K, &V) -> T,
    ) -> Option<T> {
        let shard = self.shard(hash).lock();
        let place = shard.find(hash as u32, is)?;
        if shard.is_stamped() && !Self::is_ahead(shard.stamp(place).until, self.now()) {
            return None;
        }
        shard.entry(place).map(|(key, value)| look(key, value))
    }

    /// The value of a key and its age, if it expired no longer ago than `grace`.
    pub(super) fn look_up(&self, hash: u64, is: impl Fn(&K) -> bool, grace: u64) -> Option<Hit<V>>
    where
        V: Clone,
    {
        if self.terms.is_aside() {
            return self.get_aside(hash, is).map(|value| Hit { value, age: None, is_stale: false });
        }
        let now = self.now();
        let (hit, is_due) = {
            let mut shard = self.shard(hash).lock();
            let found = shard.ask(hash as u32, is);
            let stamped = shard.is_stamped();
            let hit = found.and_then(|place| {
                let stamp = shard.stamp(place);
                let until = stamp.until.saturating_add(grace);
                if stamped && !Self::is_ahead(until, now) {
                    return None;
                }
                let is_fresh = !stamped || Self::is_ahead(stamp.until, now);
                let age = stamp.age(now);
                let is_old = age.is_some_and(|age| age > self.terms.stale_after());
                // One that is kept for want of a better one is not wanted for itself.
                let value = if is_fresh { shard.hit(place, now) } else { shard.get(place) };
                let value = value?.clone();
                Some(Hit { value, age, is_stale: is_old || !is_fresh })
            });
            shard.misses += u64::from(hit.is_none());
            (hit, stamped && shard.is_due(now))
        };
        if is_due {
            self.maintain_a_little(hash, now);
        }
        self.seen(hash, hit.is_some());
        hit
    }

    /// A copy of a value, and a watch over its key. Asking counts as nothing.
    pub(super) fn read(&self, hash: u64, key: &K) -> (Option<V>, Watch<'_, K, V>)
    where
        K: Eq,
        V: Clone,
    {
        let mut shard = self.shard(hash).lock();
        let place = shard.find(hash as u32, |theirs| theirs == key);
        let live = place.filter(|place| {
            !shard.is_stamped() || Self::is_ahead(shard.stamp(*place).until, self.now())
        });
        let value = live.and_then(|place| shard.entry(place)).map(|(_, value)| value.clone());
        let watch = Watch { shared: self, hash, number: shard.watch(hash as u32) };
        drop(shard);
        (value, watch)
    }

    /// Takes an entry out and gives its value.
    pub(super) fn remove(&self, hash: u64, is: impl Fn(&K) -> bool) -> Option<V>
    where
        V: Clone,
    {
        let mut removed = Removed::new();
        let was_there = self.take_out(hash, is, Removal::Removed, &mut removed);
        let value = if was_there { removed.first().cloned() } else { None };
        self.tell(removed);
        value
    }

    /// Takes an entry out, unless its key was written under this watch. Whether it was not.
    pub(super) fn remove_unchanged(&self, key: &K, watch: &Watch<'_, K, V>) -> bool
    where
        K: Eq,
    {
        let (hash, mut removed) = (watch.hash, Removed::new());
        {
            let mut shard = self.shard(hash).lock();
            if !shard.is_unwritten(watch.number) {
                return false;
            }
            if let Some(place) = shard.find(hash as u32, |theirs| theirs == key) {
                self.take_out_of(&mut shard, place, Removal::Removed, &mut removed);
            }
        }
        self.tell(removed);
        true
    }

    /// Puts an entry in, unless its key was written under this watch; `None` if it was.
    pub(super) fn insert_unchanged(
        &self,
        key: K,
        value: V,
        watch: &Watch<'_, K, V>,
    ) -> Option<Stored>
    where
        K: Eq,
    {
        self.insert_if(watch.hash, key, value, None, Given::Unwritten(watch.number))
    }

    /// Takes everything out.
    pub(super) fn clear(&self) {
        for shard in self.shards() {
            let mut removed = Removed::new();
            {
                let mut shard = shard.lock();
                let weight = shard.clear(&mut removed);
                self.room.give(weight);
            }
            self.tell(removed);
        }
    }
}

/// Learns whether a key is written meanwhile. Writes of other keys do not matter, however many there are.
pub(super) struct Watch<'a, K, V> {
    shared: &'a Shared<K, V>,
    hash: u64,
    number: u64,
}

impl<K, V> Drop for Watch<'_, K, V> {
    fn drop(&mut self) {
        self.shared.shard(self.hash).lock().unwatch(self.number);
    }
}
