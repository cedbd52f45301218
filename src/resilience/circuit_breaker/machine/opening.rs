//! When a circuit opens, and for how long.

use std::time::Duration;

use super::super::{
    config::{Config, Window},
    state::{Counts, Reason},
    window::Marks,
};

/// Which rule a call that was bad in this way breaks the circuit by.
pub(super) fn broken_rule(config: &Config, marks: Marks, counts: Counts) -> Option<Reason> {
    let failed = marks.has(Marks::FAILURE);
    if failed && config.consecutive_failures.is_some_and(|most| counts.consecutive_failures >= most)
    {
        return Some(Reason::ConsecutiveFailures);
    }
    let enough = match config.window {
        Window::Count(size) => config.min_calls.min(size),
        Window::Time { .. } => config.min_calls,
    };
    if counts.calls < u64::from(enough) {
        return None;
    }
    // Each rule is asked only when a call of its own kind came in: no success opens a circuit by
    // its failures.
    let over = |mark, limit: Option<f64>, bad: u64| {
        marks.has(mark) && limit.is_some_and(|limit| bad as f64 / counts.calls as f64 >= limit)
    };
    if over(Marks::FAILURE, config.failure_ratio, counts.failures) {
        Some(Reason::FailureRatio)
    } else if over(Marks::SLOW, config.slow_ratio, counts.slow) {
        Some(Reason::SlowRatio)
    } else if over(Marks::SOFT, config.soft_failure_ratio, counts.soft_failures) {
        Some(Reason::SoftFailureRatio)
    } else {
        None
    }
}

/// How long to stay open the `opens`th time in a row: bounded first, jittered inside the bound,
/// never shorter than the backend asks for (`hint`).
pub(super) fn interval(config: &Config, opens: u32, hint: Option<Duration>, draw: f64) -> Duration {
    let exponent = i32::try_from(opens.saturating_sub(1)).unwrap_or(i32::MAX);
    let seconds = |seconds: f64, most: Duration| {
        Duration::try_from_secs_f64(seconds).map_or(most, |duration| duration.min(most))
    };
    let bound = seconds(
        config.open_for.as_secs_f64() * config.open_growth.powi(exponent),
        config.max_open_for,
    );
    let own = seconds(bound.as_secs_f64() * (1.0 - config.open_jitter * draw), bound);
    hint.map_or(own, |hint| own.max(hint.min(config.max_retry_after)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn intervals_of_round_numbers() {
        let config = Config::new().with_growing_interval(5 * SECOND, 1.5, 60 * SECOND);
        let intervals =
            [1, 2, 3, 7, 8, 1000, u32::MAX].map(|opens| interval(&config, opens, None, 0.99));
        let millis =
            [5000, 7500, 11_250, 56_953, 60_000, 60_000, 60_000].map(Duration::from_millis);
        for (got, expected) in intervals.into_iter().zip(millis) {
            assert!(
                got.abs_diff(expected) < Duration::from_millis(1),
                "{got:?} is not {expected:?}"
            );
        }
    }

    #[test]
    fn jitter_stays_inside_the_bound_and_is_still_there_at_the_cap() {
        let config =
            Config::new().with_growing_interval(SECOND, 2.0, 10 * SECOND).with_open_jitter(0.5);
        for (draw, expected) in [(0.0, 10.0), (0.5, 7.5), (1.0, 5.0)] {
            assert_eq!(interval(&config, 50, None, draw), SECOND.mul_f64(expected));
        }
    }

    #[test]
    fn a_hint_lengthens_and_never_shortens_up_to_its_own_cap() {
        let config =
            Config::new().with_fixed_interval(5 * SECOND).with_max_retry_after(300 * SECOND);
        for (hint, expected) in [(0, 5), (3, 5), (5, 5), (120, 120), (300, 300), (86_400, 300)] {
            assert_eq!(interval(&config, 1, Some(hint * SECOND), 0.0), expected * SECOND, "{hint}");
        }
    }

    #[test]
    fn forever_and_infinity_saturate() {
        let config = Config::new().with_growing_interval(Duration::MAX, f64::MAX, Duration::MAX);
        assert_eq!(interval(&config, u32::MAX, Some(Duration::MAX), 0.0), Duration::MAX);
    }

    #[test]
    fn a_rule_is_asked_only_about_its_own_kind() {
        let config = Config::new().with_failure_ratio(0.5).with_min_calls(4);
        let counts = Counts { calls: 4, failures: 3, slow: 4, ..Counts::default() };
        assert_eq!(broken_rule(&config, Marks::FAILURE, counts), Some(Reason::FailureRatio));
        assert_eq!(broken_rule(&config, Marks::SLOW, counts), None);
        assert_eq!(broken_rule(&config, Marks::NONE, counts), None);
    }
}
