use std::{fmt, time::Duration};

use super::{
    handle::RateLimiter,
    limiting::{Limiting, sealed},
};
use crate::ground::refusal::Refusal;

/// Several limiters at once, all or nothing: per user and per address, per tenant and for everybody.
///
/// They are asked in order. Where one refuses, those before it get their tokens back; all are looked at
/// before any is taken of, so that a refusal hardly ever shows to others.
///
/// ```
/// use buttress::rate_limit::{All, Rate, RateLimiter, keyed::KeyedRateLimiter};
/// use std::net::IpAddr;
///
/// let everybody = RateLimiter::new("everybody", Rate::per_second(1000))?;
/// let users = KeyedRateLimiter::<str>::new("user", Rate::per_minute(60))?;
/// let addresses = KeyedRateLimiter::<IpAddr>::new("address", Rate::per_second(10))?;
///
/// let address = IpAddr::from([192, 0, 2, 1]);
/// All::of([&users.of("ann"), &addresses.of(&address), &everybody]).try_acquire()?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct All<'a, const N: usize>([&'a dyn Limiting; N]);

impl<'a, const N: usize> All<'a, N> {
    /// These.
    #[must_use]
    pub const fn of(limiters: [&'a dyn Limiting; N]) -> Self {
        Self(limiters)
    }

    /// A token of each, or none of any.
    ///
    /// # Errors
    ///
    /// That of the limiter that refuses for longest.
    pub fn try_acquire(&self) -> Result<(), Refusal> {
        self.try_acquire_n(1)
    }

    /// So many tokens of each, or none of any.
    ///
    /// # Errors
    ///
    /// That of the limiter that refuses for longest.
    pub fn try_acquire_n(&self, tokens: u64) -> Result<(), Refusal> {
        let barring = self.0.iter().filter_map(|limiter| Some((limiter, limiter.bars(tokens)?)));
        // Without a time to come back it is for good.
        let length = |refusal: &Refusal| refusal.retry_after().unwrap_or(Duration::MAX);
        if let Some((limiter, refusal)) = barring.max_by_key(|(_, refusal)| length(refusal)) {
            limiter.count_refusal();
            return Err(refusal);
        }
        let mut taken = [false; N];
        for (at, limiter) in self.0.iter().enumerate() {
            match limiter.try_take(tokens) {
                Ok(were_there) => taken[at] = were_there,
                Err(refusal) => {
                    self.give_back(&taken, tokens);
                    return Err(refusal);
                }
            }
        }
        Ok(())
    }

    /// To those who have given some.
    #[cold]
    fn give_back(&self, taken: &[bool; N], tokens: u64) {
        let given = self.0.iter().zip(taken).filter(|(_, taken)| **taken);
        given.for_each(|(limiter, _)| limiter.give_back(tokens));
    }
}

impl sealed::Limiting for RateLimiter {
    fn bars(&self, tokens: u64) -> Option<Refusal> {
        let shared = &*self.view.core;
        shared.bars(tokens).map(|short| shared.refusal(short))
    }

    fn count_refusal(&self) {
        self.view.core.count_refusal();
    }

    fn try_take(&self, tokens: u64) -> Result<bool, Refusal> {
        let shared = &*self.view.core;
        shared.take_for_now(tokens).map_err(|short| shared.refusal(short))
    }

    fn give_back(&self, tokens: u64) {
        self.refund(tokens);
    }
}

impl<const N: usize> fmt::Debug for All<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0).finish()
    }
}
