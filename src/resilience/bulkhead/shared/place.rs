use super::super::queue::Rank;
use crate::ground::time::Instant;

/// A place taken by somebody: of its class, or of none; and when, if that is measured.
///
/// One number, so that a permit is as small as it was and moves in one piece: the class in the lowest two
/// bits, and above them how long after the clock's origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Place(u64);

const BITS: u32 = 2;
const CLASS: u64 = (1 << BITS) - 1;

impl Place {
    /// One that is not counted.
    pub(in super::super) const NONE: Self = Self(0);

    /// One that was given back. Of no class, and yet timed: no place that was taken is.
    pub(in super::super) const GONE: Self = Self(1 << BITS);

    #[inline]
    pub(super) const fn of(rank: Rank) -> Self {
        Self(rank.index() as u64 + 1)
    }

    /// The same, and it is measured from then on. For 73 years on each side of the origin.
    #[inline]
    pub(super) const fn since(self, started: Instant) -> Self {
        let after = started.as_nanos().wrapping_sub(Instant::ORIGIN.as_nanos());
        Self(after << BITS | self.0 & CLASS)
    }

    /// None of one that is not counted.
    #[inline]
    pub(super) const fn rank(self) -> Option<Rank> {
        match self.0 & CLASS {
            0 => None,
            class => Some(Rank::ALL[class as usize - 1]),
        }
    }

    #[inline]
    pub(in super::super) const fn is_timed(self) -> bool {
        self.0 > Self::GONE.0
    }

    /// When its call began, if it is measured and has not been told of.
    #[inline]
    pub(in super::super) const fn take_started(&mut self) -> Option<Instant> {
        if !self.is_timed() {
            return None;
        }
        let after = (self.0 as i64 >> BITS) as u64;
        self.0 &= CLASS;
        Some(Instant::from_nanos(Instant::ORIGIN.as_nanos().wrapping_add(after)))
    }
}

#[cfg(all(test, not(buttress_loom)))]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_place_tells_its_class_and_its_time() {
        let years = Duration::from_secs(86_400 * 365 * 70);
        let second = Duration::from_nanos(1_000_000_001);
        let origin = Instant::ORIGIN;
        let moments = [
            origin.before(years),
            origin.before(second),
            origin.before(Duration::from_nanos(1)),
            origin.after(Duration::from_nanos(1)),
            origin.after(second),
            origin.after(years),
        ];
        for rank in Rank::ALL {
            let untimed = Place::of(rank);
            assert_eq!((untimed.rank(), untimed.is_timed()), (Some(rank), false));
            for started in moments {
                let mut place = untimed.since(started);
                assert!(place.is_timed() && place != Place::GONE);
                assert_eq!((place.rank(), place.take_started()), (Some(rank), Some(started)));
                assert_eq!((place, place.take_started()), (untimed, None));
            }
        }
        for mut nothing in [Place::NONE, Place::GONE] {
            assert_eq!((nothing.rank(), nothing.take_started()), (None, None));
        }
    }
}
