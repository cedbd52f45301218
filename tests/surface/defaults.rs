//! Defaults and presets: the numbers that are promised, and that they work.

use std::time::Duration;

use buttress::{
    Mode,
    backoff::{Backoff, Jitter},
    budget,
    circuit_breaker::{Config, Window, presets},
    fallback::{self, WhenAllOpen},
    latency,
    rate_limit::{self, Rate, WhenLimited},
    reconnect,
    time::Clock,
    timeout,
};

#[test]
fn the_breakers_defaults_are_as_documented() {
    let config = Config::new();
    assert_eq!(config, Config::default());
    assert_eq!(config.failure_ratio, Some(0.5));
    assert_eq!(config.consecutive_failures, None);
    assert_eq!(config.window, Window::Time { span: Duration::from_secs(30), buckets: 10 });
    assert_eq!(config.min_calls, 20);
    assert_eq!(config.open_for, Duration::from_secs(5));
    assert_eq!(config.open_growth, 1.5);
    assert_eq!(config.max_open_for, Duration::from_secs(60));
    assert_eq!(config.probes, 3);
    assert_eq!((config.clock, config.mode), (Clock::Exact, Mode::Enforce));
}

#[test]
fn the_budgets_defaults_are_as_documented() {
    let config = budget::Config::new();
    assert_eq!(config, budget::Config::default());
    assert_eq!((config.ratio, config.per_second, config.max_kept), (0.2, 3, 1000));
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
}

#[test]
fn the_reconnects_defaults_are_as_documented() {
    let (config, seconds) = (reconnect::Config::new(), Duration::from_secs);
    assert_eq!(config, reconnect::Config::default());
    assert_eq!(config.backoff, Backoff::exponential(Duration::from_millis(100), seconds(20)));
    assert_eq!(config.jitter, Jitter::Full);
    assert_eq!((config.connect_within, config.wait), (seconds(10), seconds(10)));
    assert_eq!(config.while_backing_off, reconnect::WhileBackingOff::Wait);
    assert_eq!((config.max_attempts, config.max_elapsed), (Some(10), None));
    assert_eq!((config.down_for, config.stable_after), (seconds(30), seconds(5)));
    assert!(config.call_again);
    assert_eq!((config.beat_every, config.missed_beats), (seconds(15), 2));
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
}

#[test]
fn the_monitors_defaults_are_as_documented() {
    let config = latency::Config::new();
    assert_eq!(config, latency::Config::default());
    assert_eq!((config.window, config.slices), (Duration::from_secs(60), 6));
    assert_eq!(config.max_operations, 64);
    assert_eq!((config.slow_after, config.slow_after_of.len()), (None, 0));
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    assert_eq!(latency::Plan::default().config(), &latency::Config::new());
}

#[test]
fn a_limiter_has_a_quota_and_the_defaults_are_as_documented() {
    let (quota, seconds) = (Rate::per_minute(60), Duration::from_secs);
    assert_eq!(
        (quota.amount, quota.per, quota.burst, quota.at_once()),
        (60, seconds(60), None, 60)
    );
    assert_eq!(quota.with_burst(5).at_once(), 5);
    assert_eq!(Rate::every(seconds(2)), Rate::new(1, seconds(2)));
    assert_eq!((Rate::per_hour(3).per, Rate::per_day(3).per), (seconds(3600), seconds(86_400)));
    let config = rate_limit::Config::new(quota);
    assert_eq!(config, rate_limit::Config::from(quota));
    assert_eq!((config.rate, config.also.len()), (quota, 0));
    assert_eq!((config.when_limited, config.max_wait), (WhenLimited::Refuse, seconds(30)));
    assert_eq!((config.max_waiting, config.clock), (10_000, Clock::Exact));
    assert_eq!(config.mode, Mode::Enforce);
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
}

#[test]
fn the_fallbacks_defaults_are_as_documented() {
    let config = fallback::Config::new();
    assert_eq!(config, fallback::Config::default());
    assert_eq!((config.patience, config.mode), (Duration::ZERO, Mode::Enforce));
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    let chain = fallback::FailoverConfig::new();
    assert_eq!(chain, fallback::FailoverConfig::default());
    assert_eq!((chain.patience, chain.mode), (Duration::ZERO, Mode::Enforce));
    assert_eq!((chain.when_all_open, chain.max_held), (WhenAllOpen::Fail, 64));
    assert_eq!(chain.clone().parse().map(|plan| plan.config().clone()), Ok(chain));
}

#[test]
fn defaults_and_presets_parse() {
    for config in [Config::new(), presets::LOCAL_MODEL, presets::GATEWAY, presets::SERVICE] {
        assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    }
    assert_eq!(buttress::circuit_breaker::Plan::default().config(), &Config::new());
    for config in [
        timeout::stream::Config::new(),
        timeout::stream::presets::COMPLETION,
        timeout::stream::presets::REASONING,
    ] {
        assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    }
    for config in [
        timeout::presets::COMPLETION,
        timeout::presets::DEPENDENCY,
        timeout::presets::EMBEDDING,
        timeout::presets::REQUEST,
    ] {
        assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    }
}

#[test]
fn presets_are_the_numbers_of_the_services_they_come_from() {
    let seconds = Duration::from_secs;
    assert_eq!(presets::LOCAL_MODEL.consecutive_failures, Some(3));
    assert_eq!(
        (presets::LOCAL_MODEL.open_for, presets::LOCAL_MODEL.max_open_for),
        (seconds(300), seconds(300))
    );
    assert_eq!(presets::GATEWAY.consecutive_failures, Some(5));
    assert_eq!((presets::GATEWAY.open_for, presets::GATEWAY.probes), (seconds(30), 5));
    assert_eq!(presets::GATEWAY.successes_to_close, Some(2));
    assert_eq!(presets::SERVICE.consecutive_failures, Some(5));
    assert_eq!(presets::SERVICE.open_for, seconds(60));
}

#[test]
fn a_stream_may_be_silent_for_as_long_as_the_presets_say_and_last_for_ever() {
    use timeout::stream::{Config, presets};
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(Config::new(), Config::default());
    assert_eq!(timeout::stream::Plan::default().config(), &Config::new());
    for (preset, first, gap) in [
        (Config::new(), None, None),
        (presets::COMPLETION, seconds(30), seconds(20)),
        (presets::REASONING, seconds(180), seconds(60)),
    ] {
        assert_eq!((preset.first_content, preset.gap, preset.total), (first, gap, None));
        assert_eq!(preset.mode, Mode::Enforce);
    }
}
