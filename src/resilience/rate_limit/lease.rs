use std::fmt;

use super::shared::Shared;
use crate::ground::{hold::Hold, refusal::Refusal};

/// Tokens taken several at a time and spent one by one, by one task or thread that asks very often; made by
/// [`RateLimiter::lease`](super::RateLimiter::lease).
///
/// While it is open, what it may hold is taken off what the bucket holds, so that both together never
/// admit more than the quota; what it has and does not spend is missing elsewhere, until it is dropped and
/// gives it back. Until then a call that costs more than the bucket still holds never fits, and
/// [`drain`](super::RateLimiter::drain) leaves it what it has.
///
/// ```
/// use buttress::rate_limit::{Rate, RateLimiter};
///
/// let events = RateLimiter::new("events", Rate::per_second(100_000))?;
/// let mut lease = events.lease(32);
/// for event in 0..1000 {
///     lease.try_acquire()?;
/// }
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct Lease<H: Hold<Core = Shared>> {
    hold: H,
    wanted: u64,
    /// The most it holds: as much as the bucket could spare.
    size: u64,
    left: u64,
    /// How many of those spent are not counted yet.
    spent: u64,
}

impl<H: Hold<Core = Shared>> Lease<H> {
    pub(super) fn new(hold: H, wanted: u64) -> Self {
        Self { hold, wanted, size: 0, left: 0, spent: 0 }
    }

    /// A token now, or not at all.
    ///
    /// # Errors
    ///
    /// There is none, here or in the bucket; the refusal says when there will be.
    #[inline]
    pub fn try_acquire(&mut self) -> Result<(), Refusal> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                self.spent += 1;
                Ok(())
            }
            None => self.fetch(),
        }
    }

    /// The tokens it has.
    #[must_use]
    pub const fn held(&self) -> u64 {
        self.left
    }

    /// Takes as many as it may hold, and spends one of them.
    #[cold]
    #[inline(never)]
    fn fetch(&mut self) -> Result<(), Refusal> {
        let Some(shared) = self.hold.core() else { return Ok(()) };
        shared.count_admitted(std::mem::take(&mut self.spent));
        self.left = shared.take_up_to(self.size);
        let more = shared.set_aside(self.wanted.saturating_sub(self.size));
        self.size += more;
        self.left += more;
        if self.left == 0 {
            // Who is refused is told by the limiter, and who is not in shadow mode as well.
            return shared.take(1).map_err(|short| shared.refusal(short));
        }
        self.left -= 1;
        self.spent = 1;
        Ok(())
    }
}

impl<H: Hold<Core = Shared>> Drop for Lease<H> {
    fn drop(&mut self) {
        if let Some(shared) = self.hold.core() {
            shared.count_admitted(self.spent);
            shared.put_back(self.size, self.left);
        }
    }
}

impl<H: Hold<Core = Shared>> fmt::Debug for Lease<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("held", &self.left)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}
