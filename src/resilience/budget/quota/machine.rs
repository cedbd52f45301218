use super::config::Config;

/// After what a further attempt is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cost {
    /// The backend has asked to be left alone.
    Throttled,
    /// It failed.
    Transient,
}

/// What a further attempt has cost; given back when its call succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "give it back when the call succeeds"]
pub struct Paid(pub(super) u32);

impl Cost {
    pub(super) const fn of(self, config: &Config) -> u32 {
        match self {
            Self::Throttled => config.throttled,
            Self::Transient => config.transient,
        }
    }
}

/// What is left after paying so much; none if there is not enough.
pub(super) const fn pay(left: u32, cost: u32) -> Option<u32> {
    left.checked_sub(cost)
}

/// What there is once so much has come back; none if it is full already.
pub(super) fn refund(left: u32, amount: u32, capacity: u32) -> Option<u32> {
    (left < capacity && amount > 0).then(|| left.saturating_add(amount).min(capacity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_paid_whole_or_not_at_all() {
        assert_eq!((pay(100, 14), pay(14, 14), pay(13, 14)), (Some(86), Some(0), None));
    }

    #[test]
    fn nothing_comes_back_beyond_the_capacity() {
        assert_eq!(refund(80, 10, 100), Some(90));
        assert_eq!(refund(95, 10, 100), Some(100));
        assert_eq!(refund(100, 10, 100), None);
        assert_eq!(refund(120, 10, 100), None, "the capacity has shrunk");
        assert_eq!(refund(50, 0, 100), None);
        assert_eq!(refund(u32::MAX - 1, 10, u32::MAX), Some(u32::MAX));
    }
}
