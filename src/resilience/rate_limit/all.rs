use std::fmt;

use super::handle::RateLimiter;
use crate::ground::refusal::Refusal;

/// Several limiters at once, all or nothing: per user and per address, per tenant and for everybody.
///
/// They are asked in order. Where one refuses, those before it get their tokens back; all are looked at
/// before any is taken of, so that a refusal hardly ever shows to others.
///
/// ```
/// use buttress::rate_limit::{All, Rate, RateLimiter};
///
/// let user = RateLimiter::new("user", Rate::per_minute(60))?;
/// let address = RateLimiter::new("address", Rate::per_second(10))?;
/// All::of([&user, &address]).try_acquire()?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct All<'a, const N: usize>([&'a RateLimiter; N]);

impl<'a, const N: usize> All<'a, N> {
    /// These.
    #[must_use]
    pub const fn of(limiters: [&'a RateLimiter; N]) -> Self {
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
        let barring = self.0.iter().filter_map(|limiter| {
            let shared = &*limiter.view.core;
            shared.bars(tokens).map(|short| (shared, short))
        });
        if let Some((shared, short)) = barring.max_by_key(|(_, short)| *short) {
            shared.count_refusal();
            return Err(shared.refusal(short));
        }
        let mut taken = [false; N];
        for (at, limiter) in self.0.iter().enumerate() {
            match limiter.take_for_now(tokens) {
                Ok(now) => taken[at] = now,
                Err(refusal) => {
                    let given = self.0.iter().zip(taken).filter(|(_, taken)| *taken);
                    given.for_each(|(limiter, _)| limiter.refund(tokens));
                    return Err(refusal);
                }
            }
        }
        Ok(())
    }
}

impl<const N: usize> fmt::Debug for All<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0).finish()
    }
}
