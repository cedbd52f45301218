use crate::ground::sync::atomic::{AtomicU64, Ordering};

use super::super::machine::{BUSY, Terms, foretell, give_back, owe, short, spend};

/// One bucket: its word, and the terms that it is read by.
///
/// Terms and word may change between two loads. Whoever sees old terms with a new word decides by the
/// one or the other, once.
#[derive(Debug)]
pub(super) struct Bucket {
    word: AtomicU64,
    interval: AtomicU64,
    capacity: AtomicU64,
}

impl Bucket {
    /// A full one.
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            word: AtomicU64::new(0),
            interval: AtomicU64::new(terms.interval),
            capacity: AtomicU64::new(terms.capacity),
        }
    }

    #[inline]
    pub(super) fn terms(&self) -> Terms {
        Terms {
            interval: self.interval.load(Ordering::Relaxed),
            capacity: self.capacity.load(Ordering::Relaxed),
        }
    }

    #[inline]
    pub(super) fn word(&self) -> u64 {
        // Nothing else is published by it.
        self.word.load(Ordering::Relaxed)
    }

    /// The moment at which it is full.
    pub(super) fn full(&self) -> u64 {
        self.word() & !BUSY
    }

    /// Whether a coarse reading is worth trying: the word, if it is.
    #[inline]
    pub(super) fn busy(&self) -> Option<u64> {
        let word = self.word();
        (word & BUSY != 0).then_some(word)
    }

    /// Spends so many tokens, or says by how much too early.
    #[inline]
    pub(super) fn spend(&self, now: u64, tokens: u64, late: u64) -> Result<(), u64> {
        let terms = self.terms();
        let cost = terms.cost(tokens);
        let word = self.word();
        let next = spend(word, now, cost, terms.capacity, late)?;
        match self.replace(word, next) {
            Ok(()) => Ok(()),
            Err(seen) => self.spend_again(seen, now, cost, terms.capacity, late),
        }
    }

    /// Somebody else was faster.
    #[cold]
    #[inline(never)]
    fn spend_again(
        &self,
        mut word: u64,
        now: u64,
        cost: u64,
        capacity: u64,
        late: u64,
    ) -> Result<(), u64> {
        loop {
            match self.replace(word, spend(word, now, cost, capacity, late)?) {
                Ok(()) => return Ok(()),
                Err(seen) => word = seen,
            }
        }
    }

    /// The same by a reading that is up to `late` behind, where that is certain. None where it is not.
    #[inline]
    pub(super) fn spend_surely(
        &self,
        word: u64,
        coarse: u64,
        tokens: u64,
        late: u64,
    ) -> Option<Result<(), u64>> {
        let terms = self.terms();
        match foretell(word, coarse, terms.cost(tokens), terms.capacity, late)? {
            Ok(next) => self.replace(word, next).ok().map(Ok),
            Err(short) => Some(Err(short)),
        }
    }

    /// By how much too early a call for so many tokens comes.
    #[inline]
    pub(super) fn short(&self, now: u64, tokens: u64) -> u64 {
        let terms = self.terms();
        short(self.word(), now, terms.cost(tokens), terms.capacity)
    }

    /// Spends tokens that may not be there yet. By how much too early.
    pub(super) fn owe(&self, now: u64, tokens: u64) -> u64 {
        let terms = self.terms();
        let cost = terms.cost(tokens);
        let before = self.update(|word| owe(word, now, cost));
        short(before, now, cost, terms.capacity)
    }

    /// Gives so many tokens back; what is more than the bucket holds is lost.
    pub(super) fn give_back(&self, tokens: u64) {
        let cost = self.terms().cost(tokens);
        self.update(|word| give_back(word, cost));
    }

    /// Takes what there is.
    pub(super) fn drain(&self, now: u64) {
        let capacity = self.terms().capacity;
        self.update(|word| owe(word.min(now), now, capacity).max(word));
    }

    /// The same tokens by other terms.
    pub(super) fn restate(&self, now: u64, next: Terms) {
        let terms = self.terms();
        self.update(|word| terms.restate(word, now, next));
        self.interval.store(next.interval, Ordering::Relaxed);
        self.capacity.store(next.capacity, Ordering::Relaxed);
    }

    /// A full bucket of these terms, from now on.
    pub(super) fn refill(&self, terms: Terms) {
        self.interval.store(terms.interval, Ordering::Relaxed);
        self.capacity.store(terms.capacity, Ordering::Relaxed);
        self.word.store(0, Ordering::Relaxed);
    }

    #[inline]
    fn replace(&self, word: u64, next: u64) -> Result<(), u64> {
        self.word.compare_exchange(word, next, Ordering::Relaxed, Ordering::Relaxed).map(|_| ())
    }

    /// What the word was before.
    fn update(&self, change: impl Fn(u64) -> u64) -> u64 {
        let mut word = self.word();
        while let Err(seen) = self.replace(word, change(word)) {
            word = seen;
        }
        word
    }
}
