use std::time::Duration;

/// What a limiter makes of a call, in numbers that fit the headers of an HTTP answer.
///
/// With several quotas it is the one that refuses for longest, or else the one with the fewest tokens left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Decision {
    /// Whether there are tokens for it. In shadow mode the call may go whatever this says.
    pub verdict: Verdict,
    /// The most tokens there are at once.
    pub limit: u64,
    /// How many there are now, after this call.
    pub remaining: u64,
    /// After how long there will be as many as there can be.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "reset_after_ms",
            serialize_with = "crate::ground::config::millis::whole::serialize"
        )
    )]
    pub reset_after: Duration,
    /// When the same call fits; none if it does now, or never will.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "retry_after_ms",
            serialize_with = "crate::ground::config::millis::serialize"
        )
    )]
    pub retry_after: Option<Duration>,
}

impl Decision {
    /// Whether there are tokens for the call.
    #[must_use]
    pub const fn is_admitted(&self) -> bool {
        matches!(self.verdict, Verdict::Admitted)
    }

    /// Of a call that was refused: what has come back since is for the next one.
    pub(super) fn of_refused(self) -> Self {
        match self.verdict {
            Verdict::Admitted => {
                Self { verdict: Verdict::Limited, retry_after: Some(Duration::ZERO), ..self }
            }
            Verdict::Limited | Verdict::NeverFits => self,
        }
    }

    /// The one that binds: of two decisions about the same call.
    pub(super) fn tighter(self, other: Self) -> Self {
        let weight = |decision: &Self| match decision.verdict {
            Verdict::Admitted => (0, Duration::ZERO, u64::MAX - decision.remaining),
            Verdict::Limited => (1, decision.retry_after.unwrap_or_default(), 0),
            Verdict::NeverFits => (2, Duration::ZERO, u64::MAX - decision.limit),
        };
        if weight(&other) > weight(&self) { other } else { self }
    }
}

/// Whether a call fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Verdict {
    /// There are tokens for it.
    Admitted,
    /// There will be.
    Limited,
    /// It costs more than the bucket holds.
    NeverFits,
}
