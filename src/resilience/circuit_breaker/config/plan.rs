use std::time::Duration;

use super::{Config, Window};
use crate::ground::{
    config::{Check, ConfigError},
    stats::MAX_BUCKETS,
};

/// A checked [`Config`]; a breaker made from it cannot fail to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan(Config);

impl Config {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, all at once.
    pub fn parse(self) -> Result<Plan, ConfigError> {
        let mut check = Check::new("circuit_breaker");
        self.check_rules(&mut check);
        self.check_interval(&mut check);
        self.check_half_open(&mut check);
        if let Some(ramp) = self.ramp {
            check.positive("ramp", ramp);
        }
        check.finish(Plan(self))
    }

    fn check_rules(&self, check: &mut Check) {
        let ratios = [
            ("failure_ratio", self.failure_ratio),
            ("soft_failure_ratio", self.soft_failure_ratio),
            ("slow_ratio", self.slow_ratio),
        ];
        check.require(
            self.consecutive_failures.is_some() || ratios.iter().any(|(_, ratio)| ratio.is_some()),
            "consecutive_failures, failure_ratio, soft_failure_ratio, slow_ratio",
            "must not all be off: the circuit would never open",
        );
        check.require(
            self.consecutive_failures != Some(0),
            "consecutive_failures",
            "must be at least 1",
        );
        for (field, ratio) in ratios {
            if let Some(ratio) = ratio {
                check.ratio(field, ratio);
            }
        }
        if let Some(after) = self.slow_after {
            check.positive("slow_after", after);
        }
        check.require(
            self.slow_after.is_some() == self.slow_ratio.is_some(),
            "slow_after, slow_ratio",
            "must be both on or both off: one does nothing without the other",
        );
        match self.window {
            Window::Count(calls) => {
                check.require(
                    (1..=1_000_000).contains(&calls),
                    "window.count",
                    "must be 1 to 1000000",
                );
            }
            Window::Time { span, buckets } => {
                check.require(
                    (1..=MAX_BUCKETS).contains(&buckets),
                    "window.time.buckets",
                    format!("must be 1 to {MAX_BUCKETS}"),
                );
                check.require(
                    span >= Duration::from_millis(u64::from(buckets.clamp(1, MAX_BUCKETS))),
                    "window.time.span",
                    "must be at least a millisecond for each bucket",
                );
            }
        }
        check.require(self.min_calls > 0, "min_calls", "must be at least 1");
    }

    fn check_interval(&self, check: &mut Check) {
        check.positive("open_for", self.open_for);
        check.require(
            self.open_growth >= 1.0 && self.open_growth.is_finite(),
            "open_growth",
            "must be at least 1 and finite",
        );
        check.require(
            self.max_open_for >= self.open_for,
            "max_open_for",
            "must be at least open_for",
        );
        check.require((0.0..=1.0).contains(&self.open_jitter), "open_jitter", "must be 0 to 1");
    }

    fn check_half_open(&self, check: &mut Check) {
        check.require((1..=1000).contains(&self.probes), "probes", "must be 1 to 1000");
        let within =
            |count: Option<u32>| count.is_none_or(|count| (1..=self.probes).contains(&count));
        let successes = within(self.successes_to_close);
        let failures = within(self.probe_failures_to_open);
        check.require(successes, "successes_to_close", "must be 1 to probes");
        check.require(failures, "probe_failures_to_open", "must be 1 to probes");
        if let (true, true, Some(to_close), Some(to_open)) =
            (successes, failures, self.successes_to_close, self.probe_failures_to_open)
        {
            check.require(
                to_close.saturating_add(to_open) <= self.probes.saturating_add(1),
                "successes_to_close, probe_failures_to_open",
                "must together be at most probes + 1, or the probes could run out undecided",
            );
        }
        check.positive("probe_lease", self.probe_lease);
        check.positive("half_open_for", self.half_open_for);
    }
}

impl Plan {
    /// The config it was parsed from.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.0
    }

    /// Whether any rule needs the calls of the window.
    pub(in super::super) const fn has_window(&self) -> bool {
        self.0.failure_ratio.is_some()
            || self.0.soft_failure_ratio.is_some()
            || self.0.slow_ratio.is_some()
    }
}

impl Default for Plan {
    /// The plan of the default config.
    fn default() -> Self {
        Self(Config::new())
    }
}
