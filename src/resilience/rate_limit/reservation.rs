use std::fmt;

use super::shared::Shared;
use crate::ground::hold::Hold;

/// Tokens taken for a call whose cost is known only afterwards; made by
/// [`RateLimiter::reserve`](super::RateLimiter::reserve).
///
/// [`settle`](Self::settle) says what it was. Dropped without a word it keeps what was taken: an error
/// may hide what was used. [`refunding`](Self::refunding) says otherwise.
#[must_use = "a reservation that is dropped at once keeps what it has taken"]
pub struct Reservation<H: Hold<Core = Shared>> {
    hold: H,
    /// None once it is settled, and of a call that shadow mode let go without tokens: it would not have been
    /// made, and changes nothing.
    open: Option<u64>,
    refunds: bool,
}

impl<H: Hold<Core = Shared>> Reservation<H> {
    pub(super) const fn new(hold: H, open: Option<u64>) -> Self {
        Self { hold, open, refunds: false }
    }

    /// Gives what was taken back if it is dropped without a word: for calls that cost nothing when they
    /// fail.
    pub fn refunding(mut self) -> Self {
        self.refunds = true;
        self
    }

    /// What was taken; nothing where [shadow mode](crate::Mode::Shadow) let the call go without.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.open.unwrap_or(0)
    }

    /// The call has cost so much. What was taken too much comes back; what was too little is taken now,
    /// and what is not there is a debt that later callers wait for.
    pub fn settle(mut self, actual: u64) {
        if let (Some(tokens), Some(shared)) = (self.open.take(), self.hold.core()) {
            if actual < tokens {
                shared.give_back(tokens - actual);
            } else if actual > tokens {
                shared.charge(actual - tokens);
            }
        }
    }

    /// The call has used so much more, which is taken now: for a stream, as it goes. It counts towards
    /// what was taken.
    pub fn extend(&mut self, tokens: u64) {
        if let (Some(open), Some(shared)) = (&mut self.open, self.hold.core()) {
            *open = open.saturating_add(tokens);
            shared.charge(tokens);
        }
    }

    /// Gives everything back: there was no call.
    pub fn cancel(self) {
        self.settle(0);
    }
}

impl<H: Hold<Core = Shared>> Drop for Reservation<H> {
    fn drop(&mut self) {
        if let (true, Some(tokens), Some(shared)) = (self.refunds, self.open, self.hold.core()) {
            shared.give_back(tokens);
        }
    }
}

impl<H: Hold<Core = Shared>> fmt::Debug for Reservation<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation")
            .field("open", &self.open)
            .field("refunds", &self.refunds)
            .finish_non_exhaustive()
    }
}
