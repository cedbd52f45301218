use std::{fmt, time::Duration};

use super::{
    config::{Config, Plan, Tier, WhenCrowded},
    snapshot::{Snapshot, Totals},
    spending::{Short, Spending, give_back},
    store::{Store, Words},
};
use crate::{
    ground::{
        config::ConfigError,
        mode::Mode,
        name::Name,
        refusal::Refusal,
        stats::{Counter, OwnCounter},
        sync::{
            Mutex,
            atomic::{AtomicU32, AtomicU64, Ordering},
            shards,
        },
        telemetry::Meter,
        time,
    },
    resilience::rate_limit::{
        config::MOST_ALSO,
        decision::Decision,
        machine::{Terms, nanos},
    },
};

/// The rates of a key.
pub(super) type Tiers<K> = Box<dyn Fn(&K) -> Tier + Send + Sync>;

/// What the clones of a keyed limiter share.
pub(super) struct Shared<K: ?Sized, S> {
    store: S,
    /// Of every key, unless there are tiers.
    usual: [Live; 1 + MOST_ALSO],
    flags: AtomicU32,
    spending: Spending,
    /// Every key has one rate, and it is the same.
    is_simple: bool,
    tiers: Option<Tiers<K>>,
    admitted: OwnCounter,
    refused: OwnCounter,
    crowds: Counter,
    plan: Mutex<Plan>,
    meter: Meter,
    name: Name,
}

const SHADOW: u32 = 1;
const REFUSES_WHEN_CROWDED: u32 = 2;

/// Terms that may be changed. Whoever sees the one old and the other new decides so once.
#[derive(Debug)]
struct Live {
    interval: AtomicU64,
    capacity: AtomicU64,
}

impl Live {
    fn none() -> Self {
        Self { interval: AtomicU64::new(2), capacity: AtomicU64::new(u64::MAX) }
    }

    #[inline]
    fn get(&self) -> Terms {
        Terms {
            interval: self.interval.load(Ordering::Relaxed),
            capacity: self.capacity.load(Ordering::Relaxed),
        }
    }

    fn set(&self, terms: Terms) {
        self.interval.store(terms.interval, Ordering::Relaxed);
        self.capacity.store(terms.capacity, Ordering::Relaxed);
    }
}

impl<K: ?Sized, S: Store<K>> Shared<K, S> {
    pub(super) fn new(name: Name, plan: Plan, store: S, tiers: Option<Tiers<K>>) -> Self {
        let shared = Self {
            store,
            usual: std::array::from_fn(|_| Live::none()),
            flags: AtomicU32::new(0),
            spending: Spending::new(time::now()),
            is_simple: tiers.is_none() && plan.config().also.is_empty(),
            tiers,
            admitted: OwnCounter::new(shards()),
            refused: OwnCounter::new(shards()),
            crowds: Counter::new(1),
            plan: Mutex::new(plan.clone()),
            meter: Meter::new(&name, "rate_limited"),
            name,
        };
        shared.go_by(&plan);
        shared
    }

    /// The same with other tiers, and with full buckets of its own.
    pub(super) fn with_tiers(&self, tiers: Tiers<K>) -> Self {
        let plan = self.plan.lock().clone();
        Self::new(self.name.clone(), plan, self.store.empty(), Some(tiers))
    }

    pub(super) fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        let mut plan = self.plan.lock();
        let next = config.parse_after(&plan)?;
        self.go_by(&next);
        *plan = next;
        Ok(())
    }

    fn go_by(&self, plan: &Plan) {
        let config = plan.config();
        self.usual.iter().zip(plan.tier().terms()).for_each(|(live, terms)| live.set(terms));
        let mut flags = if config.mode == Mode::Shadow { SHADOW } else { 0 };
        if config.when_crowded == WhenCrowded::Refuse {
            flags |= REFUSES_WHEN_CROWDED;
        }
        self.flags.store(flags, Ordering::Relaxed);
        self.spending.go_by(config.clock);
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    /// Takes so many tokens of this key, if they are there.
    #[inline]
    pub(super) fn take(&self, key: &K, tokens: u64) -> Result<(), Short> {
        if !self.is_simple {
            return self.take_by_tier(key, tokens);
        }
        let spent = self.store.visit_first(
            key,
            || self.spending.units(time::recent()),
            |word| self.spending.spend(word, self.usual[0].get(), tokens),
        );
        match spent {
            Some(Ok(())) => {
                self.admitted.add_one();
                Ok(())
            }
            Some(Err(short)) => self.refuse(short),
            None => self.crowded(self.usual[0].get(), tokens),
        }
    }

    /// The same where keys have several rates, or there are tiers.
    #[inline(never)]
    fn take_by_tier(&self, key: &K, tokens: u64) -> Result<(), Short> {
        self.take_or_pass(key, tokens).map(drop)
    }

    /// Takes so many tokens of this key if they are there, and says whether: in shadow mode, and where the
    /// key finds no place, a call goes without.
    pub(super) fn take_or_pass(&self, key: &K, tokens: u64) -> Result<bool, Short> {
        let tier = self.tier(key);
        let spent = self.store.visit(
            key,
            || self.spending.units(time::recent()),
            |words| self.spending.spend_of_each(words, &tier, tokens),
        );
        match spent {
            Some(Ok(())) => {
                self.admitted.add_one();
                Ok(true)
            }
            Some(Err(short)) => self.refuse(short).map(|()| false),
            None => self.crowded(tier.first, tokens).map(|()| false),
        }
    }

    /// The key finds no place.
    #[cold]
    #[inline(never)]
    fn crowd(&self, terms: Terms, tokens: u64) -> Result<(), Short> {
        self.crowds.add_one();
        if terms.exceeds(terms.cost(tokens)) {
            return Err(Short::NEVER);
        }
        match self.flags.load(Ordering::Relaxed) & REFUSES_WHEN_CROWDED {
            0 => Ok(()),
            _ => Err(Short(terms.interval)),
        }
    }

    #[cold]
    fn crowded(&self, terms: Terms, tokens: u64) -> Result<(), Short> {
        match self.crowd(terms, tokens) {
            Ok(()) => {
                self.admitted.add_one();
                Ok(())
            }
            Err(short) => self.refuse(short),
        }
    }

    /// Counts a refusal. In shadow mode that is all.
    #[cold]
    fn refuse(&self, short: Short) -> Result<(), Short> {
        self.count_refusal();
        if self.mode() == Mode::Shadow {
            self.admitted.add_one();
            return Ok(());
        }
        Err(short)
    }

    pub(super) fn count_refusal(&self) {
        self.refused.add_one();
        self.meter.refused(self.mode());
    }

    /// Whether a call would be refused now, as far as can be told without a place.
    pub(super) fn bars(&self, key: &K, tokens: u64) -> Option<Short> {
        if self.mode() == Mode::Shadow {
            return None;
        }
        let tier = self.tier(key);
        if tier.terms().any(|terms| terms.exceeds(terms.cost(tokens))) {
            return Some(Short::NEVER);
        }
        let now = self.spending.units(time::now());
        let short =
            self.store.look(key, |words| self.spending.short_of_all(words, &tier, tokens, now));
        short.filter(|short| *short != Short(0))
    }

    /// Takes so many tokens of this key if they are there, and tells about it.
    pub(super) fn check(&self, key: &K, tokens: u64) -> Decision {
        let tier = self.tier(key);
        let spent = self.store.visit(
            key,
            || self.spending.units(time::recent()),
            |words| {
                let spent = self.spending.spend_of_each(words, &tier, tokens);
                (spent, self.decision(Some(words), &tier, tokens, spent.is_ok()))
            },
        );
        let (spent, decision) = spent.unwrap_or_else(|| {
            let passes = self.crowd(tier.first, tokens);
            (passes, self.decision(None, &tier, tokens, passes.is_ok()))
        });
        match spent {
            Ok(()) => {
                self.admitted.add_one();
                decision
            }
            Err(short) => {
                let _ = self.refuse(short);
                decision.of_refused()
            }
        }
    }

    /// The same without taking any.
    pub(super) fn peek(&self, key: &K, tokens: u64) -> Decision {
        let tier = self.tier(key);
        self.store
            .look(key, |words| self.decision(Some(words), &tier, tokens, false))
            .unwrap_or_else(|| self.decision(None, &tier, tokens, false))
    }

    /// Where there are no words, every bucket is full.
    fn decision(
        &self,
        words: Option<Words<'_>>,
        tier: &Tier,
        tokens: u64,
        taken: bool,
    ) -> Decision {
        let now = self.spending.units(time::now());
        let mut words = words.iter().flat_map(Words::iter);
        let mut word = || words.next().map_or(0, |word| word.load(Ordering::Relaxed));
        let first = tier.first.decision(word(), now, tokens, taken);
        let further = tier.terms().skip(1);
        further
            .map(|terms| terms.decision(word(), now, tokens, taken))
            .fold(first, Decision::tighter)
    }

    /// Gives tokens back to this key.
    pub(super) fn give_back(&self, key: &K, tokens: u64) {
        let tier = self.tier(key);
        self.store.look(key, |words| give_back(words.iter().zip(tier.terms()), tokens));
    }

    /// Takes what there is of this key.
    pub(super) fn drain(&self, key: &K) {
        let tier = self.tier(key);
        let coarse = || self.spending.units(time::recent());
        self.store.visit(key, coarse, |words| self.spending.drain(words, &tier));
    }

    #[cold]
    pub(super) fn refusal(&self, short: Short) -> Refusal {
        let retry_after = (short != Short::NEVER).then(|| Duration::from_nanos(nanos(short.0)));
        Refusal::RateLimited { name: self.name.clone(), retry_after }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            name: self.name.clone(),
            mode: self.mode(),
            keys: self.store.live(self.spending.units(time::now())),
            max_keys: self.plan.lock().config().max_keys,
            bytes: self.store.bytes(),
            totals: Totals {
                admitted: self.admitted.total(),
                refused: self.refused.total(),
                crowded: self.crowds.total(),
            },
        }
    }

    fn tier(&self, key: &K) -> Tier {
        match &self.tiers {
            Some(tiers) => time::outside(|| tiers(key)),
            None => {
                let further = self.usual[1..].iter().map(Live::get).take(self.store.further());
                Tier::from_terms(self.usual[0].get(), further)
            }
        }
    }

    fn mode(&self) -> Mode {
        match self.flags.load(Ordering::Relaxed) & SHADOW {
            0 => Mode::Enforce,
            _ => Mode::Shadow,
        }
    }
}

impl<K: ?Sized, S> fmt::Debug for Shared<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("name", &self.name).finish_non_exhaustive()
    }
}
