use std::{fmt, time::Duration};

use crate::ground::name::Name;

/// A call that Buttress decided against: who refused, why, and when to come back.
///
/// One type for every guard, small (48 bytes) and free to build on the hot path. It travels in
/// [`Error`](crate::Error), in a boxed error, or in an error type of your own that is a
/// [`Fault`](crate::Fault).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A circuit breaker is not letting calls through.
    #[error("circuit `{name}` is {reason}{}", Retry(*retry_after))]
    CircuitOpen {
        /// The breaker.
        name: Name,
        /// What holds the circuit open.
        reason: OpenReason,
        /// When the next call may be let through; none if only a person can tell.
        retry_after: Option<Duration>,
    },
    /// The deadline of the task passed.
    #[error("`{name}`: the deadline passed {}", Passed { began: *began, late: *late })]
    DeadlineExceeded {
        /// The guard that saw it.
        name: Name,
        /// Whether the call had begun.
        began: bool,
        /// How long ago, where the call had not begun.
        late: Duration,
    },
    /// What must be connected is not, and the next try is not due.
    #[error("`{name}` is not connected{}", Retry(*retry_after))]
    Disconnected {
        /// The connection.
        name: Name,
        /// When the next try is due; none if there will be none.
        retry_after: Option<Duration>,
    },
    /// Every attempt that was allowed has failed; given only where that was asked for instead of the
    /// last failure itself.
    #[error("`{name}` gave up after {attempts} attempt{}{}", plural(*attempts), Retry(*retry_after))]
    Exhausted {
        /// Who tried.
        name: Name,
        /// How many attempts were made, the first included.
        attempts: u32,
        /// How long the backend asked to be left alone, if it did.
        retry_after: Option<Duration>,
    },
    /// No room: everything a guard may hold at once is in flight.
    #[error("`{name}` is full: {limit} in flight")]
    Full {
        /// The bulkhead, or whatever else has a limit.
        name: Name,
        /// How many may be in flight.
        limit: u64,
    },
    /// The input cannot be accepted as it is.
    #[error("`{name}` refuses the input: {rule}")]
    Invalid {
        /// The check.
        name: Name,
        /// The rule it breaks; never the input itself.
        rule: &'static str,
    },
    /// A batch was answered, and not by one answer for each of its items.
    #[error("`{name}`: {answers} answer{} for {items} item{}", plural(*answers), plural(*items))]
    Mismatched {
        /// The batcher.
        name: Name,
        /// How many answers there were.
        answers: u32,
        /// How many items were sent.
        items: u32,
    },
    /// There is too much to do here.
    #[error("`{name}` is overloaded")]
    Overloaded {
        /// What sheds load.
        name: Name,
    },
    /// The work that several callers shared has panicked.
    #[error("`{name}`: the call that was shared has panicked")]
    Panicked {
        /// What shared it.
        name: Name,
    },
    /// A quota is used up.
    #[error("`{name}`: {}", Quota(*retry_after))]
    RateLimited {
        /// The limiter.
        name: Name,
        /// When the same call will fit; none if it never will.
        retry_after: Option<Duration>,
    },
    /// The service is going away.
    #[error("`{name}` is shutting down")]
    ShuttingDown {
        /// What is being shut down.
        name: Name,
    },
    /// A stream went silent and was cut off.
    #[error("`{name}`: {phase} did not come within {limit:?}, after {items} items")]
    Stalled {
        /// The timeout.
        name: Name,
        /// What it was waiting for.
        phase: StallPhase,
        /// How many content items had passed.
        items: u32,
        /// The time that phase was given.
        limit: Duration,
    },
    /// What decides for several processes cannot be asked.
    #[error("`{name}`: its store cannot be asked{}", Retry(*retry_after))]
    StoreUnavailable {
        /// The guard that would have asked.
        name: Name,
        /// When it is asked again, where that is known.
        retry_after: Option<Duration>,
    },
    /// Held back because the backend has been refusing.
    #[error("`{name}`: held back, the backend is overloaded")]
    Throttled {
        /// The throttle.
        name: Name,
    },
    /// The call took too long and was cut off.
    #[error("`{name}` timed out after {limit:?}")]
    TimedOut {
        /// The timeout.
        name: Name,
        /// The time it was given.
        limit: Duration,
    },
}

impl Refusal {
    /// The guard that refused.
    #[must_use]
    pub const fn name(&self) -> &Name {
        match self {
            Self::CircuitOpen { name, .. }
            | Self::DeadlineExceeded { name, .. }
            | Self::Disconnected { name, .. }
            | Self::Exhausted { name, .. }
            | Self::Full { name, .. }
            | Self::Invalid { name, .. }
            | Self::Mismatched { name, .. }
            | Self::Overloaded { name }
            | Self::Panicked { name }
            | Self::RateLimited { name, .. }
            | Self::ShuttingDown { name }
            | Self::Stalled { name, .. }
            | Self::StoreUnavailable { name, .. }
            | Self::Throttled { name }
            | Self::TimedOut { name, .. } => name,
        }
    }

    /// Whether the call had begun when it was given up.
    ///
    /// One that began and ran out of time is the backend's failure: breakers count it, a retry may
    /// repeat it. One that never began is nobody's failure and is not repeated unless asked.
    #[must_use]
    pub const fn began(&self) -> bool {
        match self {
            Self::Exhausted { .. }
            | Self::Mismatched { .. }
            | Self::Panicked { .. }
            | Self::Stalled { .. }
            | Self::TimedOut { .. } => true,
            Self::DeadlineExceeded { began, .. } => *began,
            Self::CircuitOpen { .. }
            | Self::Disconnected { .. }
            | Self::Full { .. }
            | Self::Invalid { .. }
            | Self::Overloaded { .. }
            | Self::RateLimited { .. }
            | Self::ShuttingDown { .. }
            | Self::StoreUnavailable { .. }
            | Self::Throttled { .. } => false,
        }
    }

    /// When it is worth asking again, where that is known.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::CircuitOpen { retry_after, .. }
            | Self::Disconnected { retry_after, .. }
            | Self::Exhausted { retry_after, .. }
            | Self::RateLimited { retry_after, .. }
            | Self::StoreUnavailable { retry_after, .. } => *retry_after,
            Self::DeadlineExceeded { .. }
            | Self::Full { .. }
            | Self::Invalid { .. }
            | Self::Mismatched { .. }
            | Self::Overloaded { .. }
            | Self::Panicked { .. }
            | Self::ShuttingDown { .. }
            | Self::Stalled { .. }
            | Self::Throttled { .. }
            | Self::TimedOut { .. } => None,
        }
    }

    /// The kind as one word, for logs and metric labels: `circuit_open`, `timed_out`, ….
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::CircuitOpen { .. } => "circuit_open",
            Self::DeadlineExceeded { .. } => "deadline_exceeded",
            Self::Disconnected { .. } => "disconnected",
            Self::Exhausted { .. } => "exhausted",
            Self::Full { .. } => "full",
            Self::Invalid { .. } => "invalid",
            Self::Mismatched { .. } => "mismatched",
            Self::Overloaded { .. } => "overloaded",
            Self::Panicked { .. } => "panicked",
            Self::RateLimited { .. } => "rate_limited",
            Self::ShuttingDown { .. } => "shutting_down",
            Self::Stalled { .. } => "stalled",
            Self::StoreUnavailable { .. } => "store_unavailable",
            Self::Throttled { .. } => "throttled",
            Self::TimedOut { .. } => "timed_out",
        }
    }
}

/// What holds a circuit open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OpenReason {
    /// Somebody forced it open.
    Forced,
    /// Somebody took the backend out of service.
    Isolated,
    /// It is being probed, and every probe is out.
    Probing,
    /// It has just closed and lets a rising share of calls through; this one was not among them.
    Ramping,
    /// Too many calls failed.
    Tripped,
}

impl fmt::Display for OpenReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forced => "forced open",
            Self::Isolated => "isolated",
            Self::Probing => "half-open, all probes are out",
            Self::Ramping => "closing, not every call passes yet",
            Self::Tripped => "open",
        })
    }
}

/// What a stream was waiting for when it was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StallPhase {
    /// Its first content item.
    First,
    /// More content, after some had come.
    Gap,
    /// Its end.
    Total,
}

impl fmt::Display for StallPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::First => "the first content",
            Self::Gap => "the next content",
            Self::Total => "the end",
        })
    }
}

const fn plural(count: u32) -> &'static str {
    if count == 1 { "" } else { "s" }
}

struct Retry(Option<Duration>);

impl fmt::Display for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            // To the millisecond, and never sooner than it says.
            Some(after) => {
                let millis = after.as_nanos().div_ceil(1_000_000);
                let after = u64::try_from(millis).map_or(after, Duration::from_millis);
                write!(f, "; retry after {after:?}")
            }
            None => Ok(()),
        }
    }
}

/// Where no wait helps, it is not because the limit was reached.
struct Quota(Option<Duration>);

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(_) => write!(f, "rate limit reached{}", Retry(self.0)),
            None => f.write_str("costs more than the rate limit ever holds"),
        }
    }
}

struct Passed {
    began: bool,
    late: Duration,
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.began {
            f.write_str("during the call")
        } else {
            write!(f, "{:?} before the call could begin", self.late)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_stays_small() {
        assert!(size_of::<Refusal>() <= 48, "{} bytes", size_of::<Refusal>());
        assert!(size_of::<Result<u64, crate::Error<std::io::Error>>>() <= 48);
    }
}
