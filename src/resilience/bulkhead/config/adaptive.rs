use std::time::Duration;

use super::MOST;
use crate::ground::config::Check;

/// How a limit finds itself, and between which numbers.
///
/// ```
/// # use buttress::bulkhead::{Adaptive, Config};
/// # use std::time::Duration;
/// let config = Config::new().with_limit(20).with_adaptive(Adaptive::gradient().with_max(200));
/// // Of a backend that says no when it has too much, or where calls must not take longer than this:
/// let config = Config::new().with_limit(20).with_adaptive(Adaptive::aimd(Duration::from_secs(5)));
/// # config.parse().unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Adaptive {
    /// How the limit follows from how calls go. Default: gradient.
    pub algorithm: Algorithm,
    /// The least that it shrinks to; at least 1, or nothing would ever be learned again. Default: 1.
    pub min: u32,
    /// The most that it grows to. Default: 1024.
    pub max: u32,
    /// By how much calls may take longer than when they wait for no other before that holds the limit
    /// back: a factor, 1 to 10. Only of [`Gradient`](Algorithm::Gradient), where it is 1.1 unless it is
    /// set, and of [`MinRtt`](Algorithm::MinRtt), where it is 1.05. The larger, the more calls wait at the
    /// backend, and the less of what it can do is wasted where times vary.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub tolerance: Option<f64>,
    /// A call that takes longer counts as dropped, whatever came of it. Default: off.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off::duration"))]
    pub timeout: Option<Duration>,
}

/// How a limit follows from how calls go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Algorithm {
    /// One more in the time of a call, a tenth less after a drop. Goes by drops alone, so it needs a
    /// backend that drops calls when it has too many, or a [`timeout`](Adaptive::timeout).
    Aimd,
    /// As much as the time of a call allows, measured against what it takes in the long run, and a little
    /// more: Netflix's Gradient2, but drops shrink it.
    #[default]
    Gradient,
    /// As much as the time of a call allows, measured against the shortest, and its root more: Envoy's
    /// gradient controller, but it keeps nobody out to measure.
    MinRtt,
    /// As many as wait nowhere, and a few more that do: TCP Vegas.
    Vegas,
}

impl Adaptive {
    /// By the time of a call against what it takes in the long run.
    #[must_use]
    pub const fn gradient() -> Self {
        Self::by(Algorithm::Gradient)
    }

    /// By the time of a call against the shortest.
    #[must_use]
    pub const fn min_rtt() -> Self {
        Self::by(Algorithm::MinRtt)
    }

    /// By how many calls seem to wait.
    #[must_use]
    pub const fn vegas() -> Self {
        Self::by(Algorithm::Vegas)
    }

    /// By drops, of which a call that takes longer than this is one.
    #[must_use]
    pub const fn aimd(timeout: Duration) -> Self {
        Self::by(Algorithm::Aimd).with_timeout(timeout)
    }

    const fn by(algorithm: Algorithm) -> Self {
        Self { algorithm, min: 1, max: 1024, tolerance: None, timeout: None }
    }

    /// Sets [`min`](Self::min).
    #[must_use]
    pub const fn with_min(self, min: u32) -> Self {
        Self { min, ..self }
    }

    /// Sets [`max`](Self::max).
    #[must_use]
    pub const fn with_max(self, max: u32) -> Self {
        Self { max, ..self }
    }

    /// Sets [`tolerance`](Self::tolerance).
    #[must_use]
    pub const fn with_tolerance(self, factor: f64) -> Self {
        Self { tolerance: Some(factor), ..self }
    }

    /// Sets [`timeout`](Self::timeout).
    #[must_use]
    pub const fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    pub(super) fn check(&self, limit: u32, check: &mut Check) {
        let bounds = 1 <= self.min && self.min <= self.max;
        check.require(self.min >= 1, "adaptive.min", "must be at least 1");
        check.require(self.max <= MOST, "adaptive.max", "must be at most 1048575");
        check.require(
            self.min == 0 || bounds,
            "adaptive.min, adaptive.max",
            "must be in this order, or equal",
        );
        check.require(
            !bounds || self.max > MOST || (self.min..=self.max).contains(&limit),
            "limit",
            "must be within adaptive.min and adaptive.max: it is where the limit starts",
        );
        match (self.tolerance, self.algorithm) {
            (None, _) => {}
            (Some(factor), Algorithm::Gradient | Algorithm::MinRtt) => check.require(
                (1.0..=10.0).contains(&factor),
                "adaptive.tolerance",
                "must be 1 to 10",
            ),
            (Some(_), Algorithm::Aimd | Algorithm::Vegas) => check.require(
                false,
                "adaptive.tolerance",
                "must be left out: aimd and vegas have none",
            ),
        }
        if let Some(timeout) = self.timeout {
            check.positive("adaptive.timeout", timeout);
        }
    }
}

impl Default for Adaptive {
    fn default() -> Self {
        Self::gradient()
    }
}
