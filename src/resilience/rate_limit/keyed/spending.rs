//! Spending from the words of a key, and the clocks that it takes.

use super::{config::Tier, machine::spend_late, store::Words};
use crate::{
    ground::{
        sync::atomic::{AtomicU64, Ordering},
        time::{self, Clock, Instant},
    },
    resilience::rate_limit::machine::{
        self, BUSY, LATE_UNITS, Terms, ahead, foretell, owe, spend, units,
    },
};

/// By how much a call comes too early, in units; `NEVER` if no time helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Short(pub(super) u64);

impl Short {
    pub(super) const NEVER: Self = Self(u64::MAX);
}

/// Which clock tells what, and since when.
#[derive(Debug)]
pub(super) struct Spending {
    /// Keys whose tokens take so long each are let through by the coarse clock.
    slow: AtomicU64,
    /// Where units count from.
    epoch: Instant,
}

impl Spending {
    pub(super) fn new(epoch: Instant) -> Self {
        Self { slow: AtomicU64::new(u64::MAX), epoch }
    }

    pub(super) fn go_by(&self, clock: Clock) {
        let slow = if clock == Clock::Coarse { LATE_UNITS } else { u64::MAX };
        self.slow.store(slow, Ordering::Relaxed);
    }

    pub(super) fn spend_of_each(
        &self,
        words: Words<'_>,
        tier: &Tier,
        tokens: u64,
    ) -> Result<(), Short> {
        if tier.further() == 0 {
            return self.spend(words.first, tier.first, tokens);
        }
        self.spend_of_all(words, tier, tokens)
    }

    #[inline]
    pub(super) fn spend(&self, bucket: &AtomicU64, terms: Terms, tokens: u64) -> Result<(), Short> {
        let cost = terms.cost(tokens);
        let mut word = bucket.load(Ordering::Relaxed);
        if terms.interval >= self.slow.load(Ordering::Relaxed) {
            // An exact reading costs more than all the rest, and keeps the processor from fetching what
            // the next call needs.
            let coarse = self.units(time::recent());
            loop {
                match spend_late(word, coarse, cost, terms.capacity, LATE_UNITS) {
                    Some(Ok(next)) => match replace(bucket, word, next) {
                        Ok(()) => return Ok(()),
                        Err(other) => word = other,
                    },
                    Some(Err(short)) => return Err(self.short(bucket, terms, cost, short)),
                    None => break,
                }
            }
        } else if word & BUSY != 0 {
            let coarse = self.units(time::recent());
            match foretell(word, coarse, cost, terms.capacity, LATE_UNITS) {
                Some(Ok(next)) if replace(bucket, word, next).is_ok() => return Ok(()),
                Some(Err(short)) => return Err(self.short(bucket, terms, cost, short)),
                _ => {}
            }
        }
        self.spend_exactly(bucket, terms, cost)
    }

    #[inline(never)]
    fn spend_exactly(&self, word: &AtomicU64, terms: Terms, cost: u64) -> Result<(), Short> {
        let now = self.units(time::now());
        let mut seen = word.load(Ordering::Relaxed);
        loop {
            match spend(seen, now, cost, terms.capacity, LATE_UNITS) {
                Ok(next) => match replace(word, seen, next) {
                    Ok(()) => return Ok(()),
                    Err(other) => seen = other,
                },
                Err(short) => return Err(self.short(word, terms, cost, short)),
            }
        }
    }

    /// By how much too early, told of one bucket.
    #[cold]
    fn short(&self, word: &AtomicU64, terms: Terms, cost: u64, short: u64) -> Short {
        if terms.exceeds(cost) {
            return Short::NEVER;
        }
        if short <= cost.saturating_add(LATE_UNITS) {
            return Short(short);
        }
        // More is missing than this bucket holds: it was written by other terms.
        self.empty(word, terms);
        Short(cost)
    }

    /// Leaves the bucket as empty as it can be by these terms, if it is emptier.
    fn empty(&self, word: &AtomicU64, terms: Terms) {
        let now = self.units(time::now());
        update(word, |word| {
            if ahead(word, now) > terms.capacity { owe(0, now, terms.capacity) } else { word }
        });
    }

    /// Of every bucket of the key, or of none.
    #[cold]
    #[inline(never)]
    fn spend_of_all(&self, words: Words<'_>, tier: &Tier, tokens: u64) -> Result<(), Short> {
        if tier.further() > words.also.len() {
            return Err(Short::NEVER);
        }
        let now = self.units(time::now());
        // Asked first: taking and giving back shows to others.
        let short = self.short_of_all(words, tier, tokens, now);
        if short != Short(0) {
            return Err(short);
        }
        for (at, (word, terms)) in words.iter().zip(tier.terms()).enumerate() {
            let cost = terms.cost(tokens);
            let mut seen = word.load(Ordering::Relaxed);
            loop {
                match spend(seen, now, cost, terms.capacity, LATE_UNITS) {
                    Ok(next) => match replace(word, seen, next) {
                        Ok(()) => break,
                        Err(other) => seen = other,
                    },
                    Err(short) => {
                        give_back(words.iter().take(at).zip(tier.terms()), tokens);
                        return Err(Short(short));
                    }
                }
            }
        }
        Ok(())
    }

    /// By how much too early a call comes, in the bucket that is slowest.
    pub(super) fn short_of_all(
        &self,
        words: Words<'_>,
        tier: &Tier,
        tokens: u64,
        now: u64,
    ) -> Short {
        let short = |(word, terms): (&AtomicU64, Terms)| {
            let cost = terms.cost(tokens);
            match machine::short(word.load(Ordering::Relaxed), now, cost, terms.capacity) {
                0 => Short(0),
                short => self.short(word, terms, cost, short),
            }
        };
        words.iter().zip(tier.terms()).map(short).max().unwrap_or(Short(0))
    }

    /// Takes what there is.
    pub(super) fn drain(&self, words: Words<'_>, tier: &Tier) {
        let now = self.units(time::now());
        for (word, terms) in words.iter().zip(tier.terms()) {
            update(word, |word| owe(word.min(now), now, terms.capacity).max(word));
        }
    }

    #[inline]
    pub(super) fn units(&self, now: Instant) -> u64 {
        units(now.as_nanos().saturating_sub(self.epoch.as_nanos()))
    }
}

pub(super) fn give_back<'a>(words: impl Iterator<Item = (&'a AtomicU64, Terms)>, tokens: u64) {
    for (word, terms) in words {
        let cost = terms.cost(tokens);
        update(word, |word| machine::give_back(word, cost));
    }
}

#[inline]
fn replace(word: &AtomicU64, seen: u64, next: u64) -> Result<(), u64> {
    // Nothing else is published by it.
    word.compare_exchange(seen, next, Ordering::Relaxed, Ordering::Relaxed).map(|_| ())
}

pub(super) fn update(word: &AtomicU64, change: impl Fn(u64) -> u64) {
    let mut seen = word.load(Ordering::Relaxed);
    while let Err(other) = replace(word, seen, change(seen)) {
        seen = other;
    }
}
