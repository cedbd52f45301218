use std::{
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    time::Duration,
};

use super::{
    config::{Plan, Tier, WhenCrowded},
    snapshot::{Snapshot, Totals},
    table::{Place, Table},
};
use crate::{
    ground::{
        mode::Mode,
        name::Name,
        refusal::Refusal,
        stats::{Counter, OwnCounter},
        sync::{atomic::Ordering, shards},
        telemetry::Meter,
        time::{self, Instant, LATE},
    },
    resilience::rate_limit::{
        decision::Decision,
        machine::{BUSY, Terms, foretell, give_back, nanos, spend, units},
    },
};

const LATE_UNITS: u64 = units(LATE.as_nanos() as u64);

/// The terms of a key.
type Tiers<K> = Box<dyn Fn(&K) -> Tier + Send + Sync>;

/// What the clones of a keyed limiter share.
pub(super) struct Shared<K: ?Sized> {
    table: Table,
    hasher: RandomState,
    usual: Tier,
    tiers: Option<Tiers<K>>,
    epoch: Instant,
    plan: Plan,
    admitted: OwnCounter,
    refused: OwnCounter,
    crowded: Counter,
    meter: Meter,
    name: Name,
}

/// Why a call does not pass: after how long it fits, if it ever does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Short(Option<Duration>);

impl<K: ?Sized + Hash> Shared<K> {
    pub(super) fn new(name: Name, plan: Plan, tiers: Option<Tiers<K>>) -> Self {
        let config = plan.config();
        Self {
            table: Table::new(config.max_keys),
            hasher: RandomState::new(),
            usual: Tier(Terms::of(config.rate)),
            tiers,
            epoch: time::now(),
            admitted: OwnCounter::new(shards()),
            refused: OwnCounter::new(shards()),
            crowded: Counter::new(1),
            meter: Meter::new(&name, "rate_limited"),
            name,
            plan,
        }
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    pub(super) const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Takes so many tokens of this key, if they are there.
    #[inline]
    pub(super) fn take(&self, key: &K, tokens: u64) -> Result<(), Short> {
        let terms = self.terms(key);
        match self.try_take(self.hasher.hash_one(key), terms, tokens) {
            Ok(()) => {
                self.admitted.add_one();
                Ok(())
            }
            Err(short) => self.refuse(terms, tokens, short),
        }
    }

    #[inline]
    fn try_take(&self, hash: u64, terms: Terms, tokens: u64) -> Result<(), u64> {
        let cost = terms.cost(tokens);
        let place = match self.table.find(hash) {
            Some(place) => place,
            None => match self.claim(hash, terms)? {
                Some(place) => place,
                None => return Ok(()),
            },
        };
        let mut word = place.word.load(Ordering::Relaxed);
        if word & BUSY != 0 {
            let coarse = self.units(time::recent());
            match foretell(word, coarse, cost, terms.capacity, LATE_UNITS) {
                Some(Ok(next)) => match replace(place, word, next) {
                    Ok(()) => return Ok(()),
                    Err(seen) => word = seen,
                },
                Some(Err(short)) => return Err(short),
                None => {}
            }
        }
        let now = self.units(time::now());
        loop {
            match replace(place, word, spend(word, now, cost, terms.capacity, LATE_UNITS)?) {
                Ok(()) => return Ok(()),
                Err(seen) => word = seen,
            }
        }
    }

    /// A place for a new key; none if the call is to pass without one.
    fn claim(&self, hash: u64, terms: Terms) -> Result<Option<&Place>, u64> {
        // What is full by a clock that lags is full.
        let place = self.table.claim(hash, self.units(time::recent()));
        if place.is_none() {
            self.crowded.add_one();
            if self.plan.config().when_crowded == WhenCrowded::Refuse {
                return Err(terms.interval);
            }
        }
        Ok(place)
    }

    #[cold]
    fn refuse(&self, terms: Terms, tokens: u64, short: u64) -> Result<(), Short> {
        self.refused.add_one();
        let mode = self.plan.config().mode;
        self.meter.refused(mode);
        if mode == Mode::Shadow {
            self.admitted.add_one();
            return Ok(());
        }
        let fits = !terms.exceeds(terms.cost(tokens));
        Err(Short(fits.then(|| Duration::from_nanos(nanos(short)))))
    }

    /// Takes so many tokens of this key if they are there, and tells about it.
    pub(super) fn check(&self, key: &K, tokens: u64) -> Decision {
        let (terms, hash) = (self.terms(key), self.hasher.hash_one(key));
        let taken = self.try_take(hash, terms, tokens);
        match taken {
            Ok(()) => self.admitted.add_one(),
            Err(short) => drop(self.refuse(terms, tokens, short)),
        }
        self.decision(hash, terms, tokens, taken.is_ok())
    }

    /// The same without taking any.
    pub(super) fn peek(&self, key: &K, tokens: u64) -> Decision {
        self.decision(self.hasher.hash_one(key), self.terms(key), tokens, false)
    }

    fn decision(&self, hash: u64, terms: Terms, tokens: u64, taken: bool) -> Decision {
        let place = self.table.find(hash);
        let word = place.map_or(0, |place| place.word.load(Ordering::Relaxed));
        terms.decision(word, self.units(time::now()), tokens, taken)
    }

    /// Gives tokens back to this key.
    pub(super) fn give_back(&self, key: &K, tokens: u64) {
        let cost = self.terms(key).cost(tokens);
        if let Some(place) = self.table.find(self.hasher.hash_one(key)) {
            let mut word = place.word.load(Ordering::Relaxed);
            while let Err(seen) = replace(place, word, give_back(word, cost)) {
                word = seen;
            }
        }
    }

    #[cold]
    pub(super) fn refusal(&self, short: Short) -> Refusal {
        Refusal::RateLimited { name: self.name.clone(), retry_after: short.0 }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            name: self.name.clone(),
            mode: self.plan.config().mode,
            keys: self.table.live(self.units(time::now())),
            max_keys: self.plan.config().max_keys,
            bytes: self.table.bytes(),
            totals: Totals {
                admitted: self.admitted.total(),
                refused: self.refused.total(),
                crowded: self.crowded.total(),
            },
        }
    }

    #[inline]
    fn terms(&self, key: &K) -> Terms {
        match &self.tiers {
            None => self.usual.0,
            Some(tiers) => time::outside(|| tiers(key)).0,
        }
    }

    #[inline]
    fn units(&self, now: Instant) -> u64 {
        units(now.as_nanos().saturating_sub(self.epoch.as_nanos()))
    }
}

#[inline]
fn replace(place: &Place, word: u64, next: u64) -> Result<(), u64> {
    place.word.compare_exchange(word, next, Ordering::Relaxed, Ordering::Relaxed).map(|_| ())
}

impl<K: ?Sized> fmt::Debug for Shared<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("name", &self.name).finish_non_exhaustive()
    }
}
