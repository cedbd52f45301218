use std::{fmt, ops::Add, time::Duration};

/// A moment: nanoseconds around a process-wide origin, in one `u64`.
///
/// It fits an atomic, compares in one instruction, and never overflows: arithmetic saturates, so
/// "now plus a thousand years" is [`Instant::FOREVER`] and not a panic or a moment long past.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The process-wide origin. Clocks that started before it still have room: 146 years of it.
    pub const ORIGIN: Self = Self(1 << 62);

    /// A moment that never comes.
    pub const FOREVER: Self = Self(u64::MAX);

    /// The moment with this raw value, as given by [`Instant::as_nanos`].
    #[must_use]
    pub const fn from_nanos(raw: u64) -> Self {
        Self(raw)
    }

    /// The raw value: nanoseconds, with [`Instant::ORIGIN`] at 2⁶².
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this moment is; zero when it is not after it.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// This moment and `duration` more; [`Instant::FOREVER`] when that is beyond what fits.
    #[must_use]
    pub const fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos(duration)))
    }

    /// This moment less `duration`, at least the earliest one that fits.
    #[must_use]
    pub const fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(duration)))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        self.after(duration)
    }
}

impl fmt::Debug for Instant {
    /// Seconds from the origin: `+12.5s`, `-3s`, `forever`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::FOREVER {
            f.write_str("forever")
        } else if *self >= Self::ORIGIN {
            write!(f, "+{:?}", self.since(Self::ORIGIN))
        } else {
            write!(f, "-{:?}", Self::ORIGIN.since(*self))
        }
    }
}

/// Whole nanoseconds of `duration`, at most `u64::MAX` (584 years).
pub(crate) const fn nanos(duration: Duration) -> u64 {
    let nanos = duration.as_nanos();
    if nanos > u64::MAX as u128 { u64::MAX } else { nanos as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let ages = Duration::from_secs(u64::MAX);
        assert_eq!(Instant::ORIGIN.after(ages), Instant::FOREVER);
        assert_eq!(Instant::ORIGIN.before(ages), Instant::from_nanos(0));
        assert_eq!(Instant::ORIGIN.since(Instant::FOREVER), Duration::ZERO);
        assert_eq!(Instant::FOREVER.after(Duration::from_nanos(1)), Instant::FOREVER);
    }

    #[test]
    fn a_moment_prints_its_distance_from_the_origin() {
        let moment = Instant::ORIGIN + Duration::from_millis(1500);
        assert_eq!(format!("{moment:?}"), "+1.5s");
        assert_eq!(format!("{:?}", Instant::ORIGIN.before(Duration::from_secs(3))), "-3s");
        assert_eq!(format!("{:?}", Instant::FOREVER), "forever");
    }
}
