use std::time::Duration;

/// When an entry came and when it goes, as raw moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) born: u64,
    /// From here on it is not there.
    pub(super) until: u64,
    /// Last asked for, if that matters.
    pub(super) touched: u64,
}

impl Stamp {
    /// Of what never expires, and came before there was a clock.
    pub(super) const NONE: Self = Self { born: 0, until: u64::MAX, touched: 0 };

    /// How old it is, if somebody took down when it came.
    pub(super) fn age(self, now: u64) -> Option<Duration> {
        (self.born != 0).then(|| Duration::from_nanos(now.saturating_sub(self.born)))
    }
}
