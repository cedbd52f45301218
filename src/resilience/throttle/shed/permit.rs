use std::fmt;

use super::shared::Shared;
use crate::ground::hold::Hold;

/// A call's place among those that run. Dropping it gives the place back.
#[must_use = "a permit that is dropped at once admits nothing"]
pub struct Permit<H: Hold<Core = Shared>> {
    hold: H,
}

impl<H: Hold<Core = Shared>> Permit<H> {
    /// For a call that was let in.
    #[inline]
    pub(super) const fn new(hold: H) -> Self {
        Self { hold }
    }
}

impl<H: Hold<Core = Shared>> Drop for Permit<H> {
    #[inline]
    fn drop(&mut self) {
        if let Some(shared) = self.hold.core() {
            shared.leave();
        }
    }
}

impl<H: Hold<Core = Shared>> fmt::Debug for Permit<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}
