use std::{sync::Arc, time::Duration};

use crate::{
    ground::{
        random,
        sync::atomic::Ordering,
        telemetry,
        time::{self, nanos},
    },
    resilience::cache::{
        config::CacheMode,
        given::Given,
        removal::{Removal, Removed},
        room::Claim,
        shard::Shard,
        shared::{Guard, Lifetime, NOBODY, Shared},
        stamp::Stamp,
        stored::{Carried, Stored},
    },
};

impl<K, V> Shared<K, V> {
    /// Puts an entry in; what had to go for it is told of.
    pub(super) fn insert(&self, hash: u64, key: K, value: V, ttl: Option<Duration>) -> Stored
    where
        K: Eq,
    {
        self.insert_if(hash, key, value, ttl, Given::Anything).unwrap_or(Stored::New)
    }

    /// The same on a condition; `None` where it does not hold.
    pub(super) fn insert_if(
        &self,
        hash: u64,
        key: K,
        value: V,
        ttl: Option<Duration>,
        given: Given<'_>,
    ) -> Option<Stored>
    where
        K: Eq,
    {
        if given.is_void() {
            return None;
        }
        if self.terms.is_aside() && self.terms.mode() == CacheMode::Disabled {
            return self.refuse(hash, (key, value), Stored::Disabled, given);
        }
        let weight = self.weigh(&key, &value);
        if u64::from(weight) > self.room.most() {
            telemetry::too_heavy(&self.name, weight.into(), self.room.most());
            return self.refuse(hash, (key, value), Stored::TooHeavy, given);
        }
        let Ok(stamp) = self.stamp(&key, &value, ttl) else {
            return self.refuse(hash, (key, value), Stored::Expired, given);
        };
        let stamp = match given {
            Given::Carried(_, carried) => self.as_carried(stamp, carried),
            _ => stamp,
        };
        let shard = self.shard(hash).lock();
        let is_due = stamp.is_some_and(|stamp| shard.is_due(stamp.touched));
        if is_due || !matches!(given, Given::Anything) {
            drop(shard);
            let incoming = Incoming { key, value, weight, stamp, given };
            return self.put(hash, incoming, 0, Removed::new());
        }
        // Not before there is a lock: whoever begins a load after this sees what is written.
        self.void_load(hash, |theirs| *theirs == key);
        Some(match shard.find(hash as u32, |theirs| *theirs == key) {
            None => self.add(shard, hash, (key, value), weight, stamp),
            Some(place) => self.replace(shard, place, hash, (key, value), weight, stamp),
        })
    }

    /// Puts a new key in, as it goes as a rule: there is room, or one other goes for it.
    #[inline]
    fn add(
        &self,
        mut shard: Guard<'_, K, V>,
        hash: u64,
        (key, value): (K, V),
        weight: u32,
        stamp: Option<Stamp>,
    ) -> Stored
    where
        K: Eq,
    {
        if self.room.take(u64::from(weight)) {
            shard.insert(hash as u32, key, value, weight, stamp);
            return Stored::New;
        }
        let (mut got, mut removed) = (0, Removed::new());
        if !self.is_poor(&shard) {
            shard.set_share(self.share.load(Ordering::Relaxed));
            match shard.choose() {
                Some((place, freed)) if freed == weight => {
                    let gone = shard.exchange(place, (hash as u32, key, value), stamp);
                    drop(shard);
                    if self.watched.load(Ordering::Relaxed) == NOBODY {
                        self.begin();
                    }
                    if let Some((key, value)) = gone {
                        self.tell_one(&key, &value, Removal::Evicted);
                    }
                    return Stored::New;
                }
                Some((place, _)) => got = shard.throw_out(place, &mut removed).map_or(0, u64::from),
                None => {}
            }
        }
        drop(shard);
        let incoming = Incoming { key, value, weight, stamp, given: Given::Anything };
        self.put(hash, incoming, got, removed).unwrap_or(Stored::New)
    }

    /// Puts another value in for a key, if that needs no more room.
    fn replace(
        &self,
        mut shard: Guard<'_, K, V>,
        place: u32,
        hash: u64,
        (key, value): (K, V),
        weight: u32,
        stamp: Option<Stamp>,
    ) -> Stored
    where
        K: Eq,
    {
        let had = shard.weight_at(place);
        if weight > had {
            drop(shard);
            let incoming = Incoming { key, value, weight, stamp, given: Given::Anything };
            return self.put(hash, incoming, 0, Removed::new()).unwrap_or(Stored::New);
        }
        let cause = self.cause(&shard, place, Removal::Replaced);
        let former = shard.replace(place, value, weight, stamp, cause);
        drop(shard);
        self.room.give(u64::from(had - weight));
        if let Some(former) = former {
            self.tell_one(&key, &former, cause);
        }
        Stored::over(cause)
    }

    /// What is not stored still takes the place of what was there: nobody is to get the former value.
    #[cold]
    fn refuse(
        &self,
        hash: u64,
        (key, value): (K, V),
        why: Stored,
        given: Given<'_>,
    ) -> Option<Stored>
    where
        K: Eq,
    {
        let refused = if why == Stored::TooHeavy { Removal::TooHeavy } else { Removal::Expired };
        let mut removed = Removed::new();
        {
            let mut shard = self.shard(hash).lock();
            if !self.may_be_said(given, &shard, hash, &key) {
                return None;
            }
            if let Some(place) = shard.find(hash as u32, |theirs| *theirs == key) {
                self.take_out_of(&mut shard, place, Removal::Replaced, &mut removed);
            }
            shard.counts.removed[refused as usize] += 1;
        }
        removed.push(key, value, refused);
        self.tell(removed);
        Some(why)
    }

    /// How heavy it is, as the user says.
    fn weigh(&self, key: &K, value: &V) -> u32 {
        match &self.told.weigher {
            Some(weigher) if self.is_weighed => time::outside(|| weigher(key, value)).max(1),
            _ => 1,
        }
    }

    /// How long it is to live, if the user says so of itself.
    pub(super) fn own_life(&self, key: &K, value: &V) -> Option<Duration> {
        let own = |lifetime: &Arc<Lifetime<K, V>>| time::outside(|| lifetime(key, value));
        self.told.lifetime.as_ref().and_then(own)
    }

    /// When it comes and goes. `Err` where it is gone before it has come.
    fn stamp(&self, key: &K, value: &V, ttl: Option<Duration>) -> Result<Option<Stamp>, ()> {
        let ttl = ttl.or_else(|| self.own_life(key, value));
        let ttl = match ttl.map(nanos).or_else(|| self.terms.ttl()) {
            None if !self.terms.always() => return Ok(None),
            None => u64::MAX,
            Some(0) => return Err(()),
            Some(ttl) => match self.terms.jitter() {
                jitter if jitter > 0.0 => ttl - (ttl as f64 * jitter * random::unit()) as u64,
                _ => ttl,
            },
        };
        let born = self.now();
        Ok(Some(Stamp { born, until: born.saturating_add(ttl), touched: born }))
    }

    /// The stamp of what was stored elsewhere before: a copy lives no longer than what it is a copy of.
    fn as_carried(&self, stamp: Option<Stamp>, carried: Carried) -> Option<Stamp> {
        let Carried { age, left } = carried;
        let now = match (stamp, left) {
            (None, None) => return None,
            (Some(stamp), _) => stamp.touched,
            (None, Some(_)) => self.now(),
        };
        let until = stamp.map_or(u64::MAX, |stamp| stamp.until);
        let most = left.map_or(u64::MAX, |left| now.saturating_add(nanos(left)));
        Some(Stamp { born: now.saturating_sub(nanos(age)), until: until.min(most), touched: now })
    }

    /// Puts an entry in, whatever has to be done for it. `got` is room that was found already.
    #[inline(never)]
    fn put(
        &self,
        hash: u64,
        incoming: Incoming<'_, K, V>,
        got: u64,
        mut removed: Removed<K, V>,
    ) -> Option<Stored>
    where
        K: Eq,
    {
        let stored = self.make_room_and_put(hash, incoming, got, &mut removed);
        self.tell(removed);
        if self.room.missing() > 0 {
            // The bound has fallen while this entry's room was in our hands.
            self.evict_the_rest();
        }
        stored
    }

    /// Whether the condition holds under which something is said of a key. If so, it is newer than whatever
    /// else is on its way for it.
    fn may_be_said(&self, given: Given<'_>, shard: &Shard<K, V>, hash: u64, key: &K) -> bool
    where
        K: Eq,
    {
        match given {
            Given::Unwritten(watch) if !shard.is_unwritten(watch) => return false,
            Given::Valid(_) | Given::Carried(..) => return !given.is_void(),
            Given::Anything | Given::Unwritten(_) => {}
        }
        self.void_load(hash, |theirs| theirs == key);
        true
    }

    fn make_room_and_put(
        &self,
        hash: u64,
        incoming: Incoming<'_, K, V>,
        got: u64,
        removed: &mut Removed<K, V>,
    ) -> Option<Stored>
    where
        K: Eq,
    {
        let Incoming { key, value, weight: light, stamp, given } = incoming;
        let weight = u64::from(light);
        let (mut claim, mut stored) = (Claim::of(&self.room, got), Stored::New);
        for _ in 0..ROUNDS {
            let mut shard = self.shard(hash).lock();
            if let Some(Stamp { touched: now, .. }) = stamp {
                if shard.is_due(now) {
                    claim.got += shard.expire_few(now, removed);
                }
            }
            if !self.may_be_said(given, &shard, hash, &key) {
                return None;
            }
            if let Some(place) = shard.find(hash as u32, |theirs| *theirs == key) {
                let had = u64::from(shard.weight_at(place));
                let cause = self.cause(&shard, place, Removal::Replaced);
                if weight <= had || self.room.take(weight - had) {
                    let former = shard.replace(place, value, light, stamp, cause);
                    drop(shard);
                    self.room.give(had.saturating_sub(weight));
                    if let Some(former) = former {
                        removed.push(key, former, cause);
                    }
                    return Some(Stored::over(cause));
                }
                // To make room it may have to go itself.
                if let Some(taken) = shard.remove(place, cause) {
                    claim.got += had;
                    removed.push(taken.key, taken.value, cause);
                    stored = Stored::over(cause);
                    if let Given::Unwritten(watch) = given {
                        shard.watch_on(hash as u32, watch);
                    }
                }
            }
            let mut is_full = false;
            while claim.got < weight {
                if self.room.take(weight - claim.got) {
                    claim.got = weight;
                    break;
                }
                is_full = true;
                if self.is_poor(&shard) {
                    break;
                }
                shard.set_share(self.share.load(Ordering::Relaxed));
                match shard.evict(removed) {
                    Some(freed) => claim.got += u64::from(freed),
                    None => break,
                }
            }
            let fits = claim.got >= weight;
            if fits {
                shard.insert(hash as u32, key, value, light, stamp);
                claim.got -= weight;
                drop(shard);
                if is_full && self.watched.load(Ordering::Relaxed) == NOBODY {
                    self.begin();
                }
                return Some(stored);
            }
            drop(shard);
            claim.got += self.evict_elsewhere(weight - claim.got, removed);
        }
        // Others hold what is left for heavy entries of their own.
        drop(claim);
        telemetry::too_heavy(&self.name, weight, self.room.most());
        self.shard(hash).lock().counts.removed[Removal::TooHeavy as usize] += 1;
        removed.push(key, value, Removal::TooHeavy);
        Some(Stored::TooHeavy)
    }

    /// Whether a shard has much less than its part, so that others should make room for it.
    pub(super) fn is_poor(&self, shard: &Shard<K, V>) -> bool {
        shard.weight < self.poor.load(Ordering::Relaxed)
    }

    /// Makes room in other shards: those first that have their part. How much came of it.
    #[cold]
    fn evict_elsewhere(&self, need: u64, removed: &mut Removed<K, V>) -> u64 {
        let mut got = 0;
        let first = self.donor.fetch_add(1, Ordering::Relaxed);
        for round in 0..self.shards.len() * 2 {
            let shard = &self.shards[(first + round) & (self.shards.len() - 1)];
            let mut shard = shard.lock();
            if round < self.shards.len() && self.is_poor(&shard) {
                continue;
            }
            shard.set_share(self.share.load(Ordering::Relaxed));
            while got < need {
                match shard.evict(removed) {
                    Some(freed) => got += u64::from(freed),
                    None => break,
                }
            }
            if got >= need {
                break;
            }
        }
        got
    }
}

/// A new entry.
struct Incoming<'a, K, V> {
    key: K,
    value: V,
    weight: u32,
    stamp: Option<Stamp>,
    given: Given<'a>,
}

/// So often is room looked for that others may take first.
const ROUNDS: usize = 8;
