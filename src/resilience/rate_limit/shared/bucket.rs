use crate::ground::sync::atomic::{AtomicU64, Ordering};

use super::super::{
    machine::{BUSY, Terms, foretell, give_back, owe, short, spend},
    unseen::{room, settled, vouched},
};

/// One bucket: its word, and the terms that it is read by.
///
/// Terms and word may change between two loads. Whoever sees old terms with a new word decides by the
/// one or the other, once.
#[derive(Debug)]
pub(super) struct Bucket {
    word: AtomicU64,
    /// As far as the word may move without a look at the clock, for whoever looked last vouches.
    vouched: AtomicU64,
    interval: AtomicU64,
    capacity: AtomicU64,
    slack: AtomicU64,
}

/// A word, and what it stood under when it was read.
#[derive(Clone, Copy)]
struct Seen {
    word: u64,
    vouched: u64,
    slack: u64,
}

impl Seen {
    /// The word at this time.
    #[inline]
    const fn at(self, now: u64) -> u64 {
        settled(self.word, self.vouched, self.slack, now)
    }
}

impl Bucket {
    /// A full one.
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            word: AtomicU64::new(0),
            vouched: AtomicU64::new(0),
            interval: AtomicU64::new(terms.interval),
            capacity: AtomicU64::new(terms.capacity),
            slack: AtomicU64::new(0),
        }
    }

    #[inline]
    pub(super) fn terms(&self) -> Terms {
        Terms {
            interval: self.interval.load(Ordering::Relaxed),
            capacity: self.capacity.load(Ordering::Relaxed),
        }
    }

    /// The word as it is at this time.
    #[inline]
    pub(super) fn word(&self, now: u64) -> u64 {
        self.seen().at(now)
    }

    /// The same, for somebody who is told: from this look on, what was taken before it comes back.
    pub(super) fn look(&self, now: u64) -> u64 {
        let seen = self.seen();
        let word = seen.at(now);
        if word != seen.word {
            let _ = self.replace(seen.word, word);
        }
        word
    }

    /// The moment at which it is full, as it was last written.
    pub(super) fn full(&self) -> u64 {
        self.word.load(Ordering::Relaxed) & !BUSY
    }

    /// Whether a coarse reading is worth trying.
    #[inline]
    pub(super) fn is_busy(&self) -> bool {
        self.word.load(Ordering::Relaxed) & BUSY != 0
    }

    #[inline]
    fn seen(&self) -> Seen {
        // The word first: whoever moved it without a look at the clock had read what is vouched for,
        // and what is read here is no older than that.
        let word = self.word.load(Ordering::Acquire);
        let vouched = self.vouched.load(Ordering::Relaxed);
        Seen { word, vouched, slack: self.slack.load(Ordering::Relaxed) }
    }

    /// Spends a token without a look at the clock. False where that would not be certain to be right,
    /// and nothing has happened.
    #[inline]
    pub(super) fn spend_unseen(&self) -> bool {
        let interval = self.interval.load(Ordering::Relaxed);
        let slack = self.slack.load(Ordering::Relaxed);
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let room = room(word, self.vouched.load(Ordering::Relaxed));
            if room < interval || room > slack {
                return false;
            }
            // Within what is vouched for, which is a moment.
            let next = word.wrapping_add(interval);
            match self.word.compare_exchange_weak(word, next, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(seen) => word = seen,
            }
        }
    }

    /// Spends so many tokens, or says by how much too early.
    #[inline]
    pub(super) fn spend(&self, now: u64, tokens: u64, late: u64) -> Result<(), u64> {
        // The word first, here and below: what a lease has given back to it is not spent by what the bucket
        // held before that.
        let seen = self.seen();
        let terms = self.terms();
        let cost = terms.cost(tokens);
        let next = spend(seen.at(now), now, cost, terms.capacity, late)?;
        match self.replace(seen.word, next) {
            Ok(()) => {
                self.vouch(seen, next, now, terms.capacity);
                Ok(())
            }
            Err(_) => self.spend_again(now, tokens, late),
        }
    }

    /// Somebody else was faster.
    #[cold]
    #[inline(never)]
    fn spend_again(&self, now: u64, tokens: u64, late: u64) -> Result<(), u64> {
        loop {
            let (seen, terms) = (self.seen(), self.terms());
            let next = spend(seen.at(now), now, terms.cost(tokens), terms.capacity, late)?;
            if self.replace(seen.word, next).is_ok() {
                return Ok(());
            }
        }
    }

    /// The same by a reading that is up to `late` behind, where that is certain. None where it is not.
    #[inline]
    pub(super) fn spend_surely(
        &self,
        coarse: u64,
        tokens: u64,
        late: u64,
    ) -> Option<Result<(), u64>> {
        let (seen, terms) = (self.seen(), self.terms());
        if seen.at(coarse.saturating_add(late)) != seen.word {
            return None;
        }
        match foretell(seen.word, coarse, terms.cost(tokens), terms.capacity, late)? {
            Ok(next) => {
                self.replace(seen.word, next).ok()?;
                self.vouch(seen, next, coarse, terms.capacity);
                Some(Ok(()))
            }
            Err(short) => Some(Err(short)),
        }
    }

    /// Says how far others may go without a look at the clock, unless somebody has said so since.
    #[inline]
    fn vouch(&self, seen: Seen, word: u64, now: u64, capacity: u64) {
        if seen.slack != 0 {
            let next = vouched(word, now, capacity, seen.slack);
            // Acquire: who finds what was written with another capacity finds that capacity.
            let _ = self.vouched.compare_exchange(
                seen.vouched,
                next,
                Ordering::Acquire,
                Ordering::Relaxed,
            );
            if self.capacity.load(Ordering::Relaxed) != capacity {
                // It holds less or more since, and this was about what it held before.
                self.vouched.store(0, Ordering::Relaxed);
            }
        }
    }

    /// By how much too early a call for so many tokens comes.
    #[inline]
    pub(super) fn short(&self, now: u64, tokens: u64) -> u64 {
        let terms = self.terms();
        short(self.word(now), now, terms.cost(tokens), terms.capacity)
    }

    /// Spends tokens that may not be there yet. By how much too early.
    pub(super) fn owe(&self, now: u64, tokens: u64) -> u64 {
        let terms = self.terms();
        let cost = terms.cost(tokens);
        let before = self.update(|seen| owe(seen.at(now), now, cost));
        short(before.at(now), now, cost, terms.capacity)
    }

    /// Gives so many tokens back; what is more than the bucket holds is lost.
    pub(super) fn give_back(&self, tokens: u64) {
        let cost = self.terms().cost(tokens);
        self.update(|seen| give_back(seen.word, cost));
    }

    /// Takes what there is.
    pub(super) fn drain(&self, now: u64) {
        let capacity = self.terms().capacity;
        self.update(|seen| owe(seen.word.min(now), now, capacity).max(seen.word));
    }

    /// Whether it is full, or as good as full: what was taken without a look at the clock does not count.
    pub(super) fn is_full(&self, now: u64) -> bool {
        self.full() <= now
    }

    /// The same tokens by other terms, of which so many may be taken without a look at the clock.
    pub(super) fn restate(&self, now: u64, next: Terms, slack: u64) {
        let terms = self.terms();
        // While it is known what was taken without a look at the clock.
        self.update(|seen| seen.at(now));
        self.vouched.store(0, Ordering::Release);
        self.update(|seen| terms.restate(seen.word, now, next));
        self.reset(next, slack);
    }

    /// A full bucket of these terms, from now on.
    pub(super) fn refill(&self, terms: Terms, slack: u64) {
        self.word.store(0, Ordering::Relaxed);
        self.reset(terms, slack);
    }

    /// Holds so much from now on, whoever looks.
    pub(super) fn hold_at_most(&self, capacity: u64) {
        self.capacity.store(capacity, Ordering::Relaxed);
        self.vouched.store(0, Ordering::Release);
    }

    fn reset(&self, terms: Terms, slack: u64) {
        self.slack.store(slack, Ordering::Relaxed);
        self.interval.store(terms.interval, Ordering::Relaxed);
        self.capacity.store(terms.capacity, Ordering::Relaxed);
        self.vouched.store(0, Ordering::Release);
    }

    #[inline]
    fn replace(&self, word: u64, next: u64) -> Result<(), u64> {
        self.word.compare_exchange(word, next, Ordering::Release, Ordering::Relaxed).map(|_| ())
    }

    /// What it was before.
    fn update(&self, change: impl Fn(Seen) -> u64) -> Seen {
        loop {
            let seen = self.seen();
            if self.replace(seen.word, change(seen)).is_ok() {
                return seen;
            }
        }
    }
}
