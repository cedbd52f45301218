mod plan;

use std::time::Duration;

pub use self::plan::Plan;
use crate::ground::{mode::Mode, time::Clock};

/// When a circuit opens, for how long, and how it closes again.
///
/// ```
/// use buttress::circuit_breaker::{Config, Window};
/// use std::time::Duration;
///
/// const SEARCH: Config = Config::new()
///     .with_failure_ratio(0.3)
///     .with_window(Window::Time { span: Duration::from_secs(60), buckets: 12 })
///     .with_min_calls(50);
/// ```
///
/// In a file every field may be left out, durations read `"30s"`, and a rule is switched off with
/// `"off"`.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// Opens after this many failures in a row. Default: off.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off"))]
    pub consecutive_failures: Option<u32>,
    /// Opens once this share of the calls in the window failed. Default: 0.5.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off"))]
    pub failure_ratio: Option<f64>,
    /// Opens once this share of the calls in the window failed softly (429). Default: off; such
    /// calls are then neither successes nor failures, but they are calls.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off"))]
    pub soft_failure_ratio: Option<f64>,
    /// Opens once this share of the calls in the window was slow. Goes with `slow_after`. Default: off.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off"))]
    pub slow_ratio: Option<f64>,
    /// A call that takes longer than this is slow. Costs a reading of the clock on each side of a
    /// call. Default: off.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off::duration"))]
    pub slow_after: Option<Duration>,
    /// The calls the ratios are over. Default: 30 seconds in 10 buckets.
    pub window: Window,
    /// No ratio opens the circuit before this many calls are in the window. Default: 20; more than
    /// a count window holds means as many as it holds.
    pub min_calls: u32,
    /// How long the circuit stays open the first time. Default: 5 s.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub open_for: Duration,
    /// Each time it opens again without having closed, it stays open this many times longer.
    /// Default: 1.5.
    pub open_growth: f64,
    /// The longest it stays open by its own reckoning. Default: 60 s.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub max_open_for: Duration,
    /// The share of the open interval that is random, from 0 to 1, taken off and never added.
    /// Default: 0.
    pub open_jitter: f64,
    /// The longest the backend's own `Retry-After` can keep the circuit open. Default: 5 min.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub max_retry_after: Duration,
    /// How many calls a half-open circuit lets through before it decides. Default: 3.
    pub probes: u32,
    /// Closes as soon as this many probes succeeded. Default: off, then all probes are waited for
    /// and judged by `failure_ratio` (half of them where that is off) and `slow_ratio`.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off"))]
    pub successes_to_close: Option<u32>,
    /// Opens again as soon as this many probes failed. Default: off, which means the first one
    /// where `successes_to_close` is on.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off"))]
    pub probe_failures_to_open: Option<u32>,
    /// A probe out for longer than this has failed, and its place is free. Default: 30 s.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub probe_lease: Duration,
    /// After this long a half-open circuit is judged by the probes it has. Default: 60 s.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
    pub half_open_for: Duration,
    /// After closing, lets a share of the calls through that rises from a tenth to all of them
    /// over this long. Default: off.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off::duration"))]
    pub ramp: Option<Duration>,
    /// Which clock a time window and `slow_after` read. Default: exact.
    pub clock: Clock,
    /// Whether it refuses, or only tells what it would have done. Default: enforce.
    pub mode: Mode,
}

/// The calls that ratios are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum Window {
    /// The last so many calls, truly sliding: 1 to 1 000 000.
    Count(u32),
    /// The calls of the last `span`, in steps of `span / buckets` (at least a millisecond each).
    Time {
        /// How far back it looks.
        #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::human"))]
        span: Duration,
        /// In how many steps it slides: 1 to 32.
        buckets: u32,
    },
}

impl Config {
    /// The defaults: half of at least 20 calls within 30 seconds failed; open for 5 seconds,
    /// growing by half to a minute; 3 probes.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            consecutive_failures: None,
            failure_ratio: Some(0.5),
            soft_failure_ratio: None,
            slow_ratio: None,
            slow_after: None,
            window: Window::Time { span: Duration::from_secs(30), buckets: 10 },
            min_calls: 20,
            open_for: Duration::from_secs(5),
            open_growth: 1.5,
            max_open_for: Duration::from_secs(60),
            open_jitter: 0.0,
            max_retry_after: Duration::from_secs(300),
            probes: 3,
            successes_to_close: None,
            probe_failures_to_open: None,
            probe_lease: Duration::from_secs(30),
            half_open_for: Duration::from_secs(60),
            ramp: None,
            clock: Clock::Exact,
            mode: Mode::Enforce,
        }
    }

    /// The defaults with every rule that opens the circuit off, to switch on just those wanted.
    #[must_use]
    pub const fn off() -> Self {
        Self { failure_ratio: None, ..Self::new() }
    }

    /// Sets [`consecutive_failures`](Self::consecutive_failures).
    #[must_use]
    pub const fn with_consecutive_failures(self, failures: u32) -> Self {
        Self { consecutive_failures: Some(failures), ..self }
    }

    /// Sets [`failure_ratio`](Self::failure_ratio).
    #[must_use]
    pub const fn with_failure_ratio(self, ratio: f64) -> Self {
        Self { failure_ratio: Some(ratio), ..self }
    }

    /// Sets [`soft_failure_ratio`](Self::soft_failure_ratio).
    #[must_use]
    pub const fn with_soft_failure_ratio(self, ratio: f64) -> Self {
        Self { soft_failure_ratio: Some(ratio), ..self }
    }

    /// Sets [`slow_after`](Self::slow_after) and [`slow_ratio`](Self::slow_ratio).
    #[must_use]
    pub const fn with_slow_calls(self, after: Duration, ratio: f64) -> Self {
        Self { slow_after: Some(after), slow_ratio: Some(ratio), ..self }
    }

    /// Sets [`window`](Self::window).
    #[must_use]
    pub const fn with_window(self, window: Window) -> Self {
        Self { window, ..self }
    }

    /// Sets [`min_calls`](Self::min_calls).
    #[must_use]
    pub const fn with_min_calls(self, calls: u32) -> Self {
        Self { min_calls: calls, ..self }
    }

    /// Stays open for this long every time: no growth, no jitter.
    #[must_use]
    pub const fn with_fixed_interval(self, open_for: Duration) -> Self {
        Self { open_for, open_growth: 1.0, max_open_for: open_for, open_jitter: 0.0, ..self }
    }

    /// Sets [`open_for`](Self::open_for), [`open_growth`](Self::open_growth) and
    /// [`max_open_for`](Self::max_open_for).
    #[must_use]
    pub const fn with_growing_interval(
        self,
        open_for: Duration,
        growth: f64,
        at_most: Duration,
    ) -> Self {
        Self { open_for, open_growth: growth, max_open_for: at_most, ..self }
    }

    /// Sets [`open_jitter`](Self::open_jitter).
    #[must_use]
    pub const fn with_open_jitter(self, share: f64) -> Self {
        Self { open_jitter: share, ..self }
    }

    /// Sets [`max_retry_after`](Self::max_retry_after).
    #[must_use]
    pub const fn with_max_retry_after(self, at_most: Duration) -> Self {
        Self { max_retry_after: at_most, ..self }
    }

    /// Sets [`probes`](Self::probes).
    #[must_use]
    pub const fn with_probes(self, probes: u32) -> Self {
        Self { probes, ..self }
    }

    /// Sets [`successes_to_close`](Self::successes_to_close).
    #[must_use]
    pub const fn with_successes_to_close(self, successes: u32) -> Self {
        Self { successes_to_close: Some(successes), ..self }
    }

    /// Sets [`probe_failures_to_open`](Self::probe_failures_to_open).
    #[must_use]
    pub const fn with_probe_failures_to_open(self, failures: u32) -> Self {
        Self { probe_failures_to_open: Some(failures), ..self }
    }

    /// Sets [`probe_lease`](Self::probe_lease).
    #[must_use]
    pub const fn with_probe_lease(self, lease: Duration) -> Self {
        Self { probe_lease: lease, ..self }
    }

    /// Sets [`half_open_for`](Self::half_open_for).
    #[must_use]
    pub const fn with_half_open_for(self, at_most: Duration) -> Self {
        Self { half_open_for: at_most, ..self }
    }

    /// Sets [`ramp`](Self::ramp).
    #[must_use]
    pub const fn with_ramp(self, over: Duration) -> Self {
        Self { ramp: Some(over), ..self }
    }

    /// Sets [`clock`](Self::clock).
    #[must_use]
    pub const fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Sets [`mode`](Self::mode).
    #[must_use]
    pub const fn with_mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}
