use std::time::Duration;

use super::shared::{End, Shared};
use crate::ground::{mode::Mode, name::Name, refusal::Refusal};

/// How a call holds its timeout: [`Borrowed`] or [`Owned`]. Sealed.
pub trait Hold: sealed::Hold {}

mod sealed {
    use super::{Duration, End, Refusal};

    #[expect(unnameable_types, reason = "what seals the trait above")]
    pub trait Hold {
        /// The refusal of a call that was not started.
        fn too_late(&self, late: Duration) -> Refusal;

        /// The time of a call is up: its refusal, unless it is only watched.
        fn expired(&self, end: End) -> Option<Refusal>;
    }
}

/// Holds the timeout by reference.
#[derive(Clone, Copy, Debug)]
pub struct Borrowed<'a>(&'a Shared);

/// Knows the timeout by its name and number.
#[derive(Clone, Debug)]
pub struct Owned {
    name: Name,
    id: u64,
    /// Whether it only watched when the call began.
    shadow: bool,
}

impl<'a> Borrowed<'a> {
    #[inline]
    pub(super) const fn new(shared: &'a Shared) -> Self {
        Self(shared)
    }
}

impl Owned {
    #[inline]
    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "for services"))]
    pub(super) fn new(shared: &Shared) -> Self {
        let shadow = shared.mode() == Mode::Shadow;
        Self { name: shared.name().clone(), id: shared.id(), shadow }
    }
}

impl Hold for Borrowed<'_> {}

impl sealed::Hold for Borrowed<'_> {
    fn too_late(&self, late: Duration) -> Refusal {
        too_late(self.0.name(), late)
    }

    fn expired(&self, end: End) -> Option<Refusal> {
        self.0.expire(end).then(|| expired(self.0.name(), end))
    }
}

impl Hold for Owned {}

impl sealed::Hold for Owned {
    fn too_late(&self, late: Duration) -> Refusal {
        too_late(&self.name, late)
    }

    fn expired(&self, end: End) -> Option<Refusal> {
        // Without a handle left there is nobody to count for; the limit holds all the same.
        let found = Shared::find(self.id);
        let cut_off = found.map_or(!self.shadow, |shared| shared.expire(end));
        cut_off.then(|| expired(&self.name, end))
    }
}

fn too_late(name: &Name, late: Duration) -> Refusal {
    Refusal::DeadlineExceeded { name: name.clone(), began: false, late }
}

#[cold]
fn expired(name: &Name, end: End) -> Refusal {
    let name = name.clone();
    match end {
        End::Limit(limit) | End::LimitAt(_, limit) => {
            Refusal::TimedOut { name, limit: Duration::from_nanos(limit) }
        }
        End::Deadline(_) => Refusal::DeadlineExceeded { name, began: true, late: Duration::ZERO },
    }
}
