//! Configs as data: in a file, and what is wrong with them.

use std::time::Duration;

use buttress::{
    Mode,
    circuit_breaker::{Config, Window, presets},
    time::Clock,
};

use crate::doors::{MILLISECOND, SECOND};

const FULL: &str = r#"
    consecutive_failures = 5
    failure_ratio = 0.25
    soft_failure_ratio = "off"
    slow_ratio = 1
    slow_after = "1m 30s"
    min_calls = 7
    open_for = "250ms"
    open_growth = 2
    max_open_for = "1h"
    open_jitter = 0.1
    max_retry_after = "0s"
    probes = 4
    successes_to_close = 3
    probe_failures_to_open = 2
    probe_lease = "10s"
    half_open_for = "1m"
    ramp = "30s"
    clock = "coarse"
    mode = "shadow"

    [window.time]
    span = "10s"
    buckets = 5
"#;

fn full() -> Config {
    let mut config = Config::new()
        .with_consecutive_failures(5)
        .with_failure_ratio(0.25)
        .with_slow_calls(90 * SECOND, 1.0)
        .with_window(Window::Time { span: 10 * SECOND, buckets: 5 })
        .with_min_calls(7)
        .with_growing_interval(250 * MILLISECOND, 2.0, 3600 * SECOND)
        .with_open_jitter(0.1)
        .with_max_retry_after(Duration::ZERO)
        .with_probes(4)
        .with_successes_to_close(3)
        .with_probe_failures_to_open(2)
        .with_probe_lease(10 * SECOND)
        .with_half_open_for(60 * SECOND)
        .with_ramp(30 * SECOND)
        .with_clock(Clock::Coarse);
    config.mode = Mode::Shadow;
    config
}

#[test]
fn a_config_reads_from_toml() {
    let config: Config = toml::from_str(FULL).unwrap();
    assert_eq!(config, full());
    config.parse().unwrap();
}

#[test]
fn a_config_reads_from_json() {
    let config: Config = serde_json::from_str(
        r#"{
            "consecutive_failures": 3,
            "failure_ratio": "off",
            "window": { "count": 100 },
            "open_for": "1h 30m",
            "max_open_for": "2h",
            "slow_after": "off",
            "mode": "enforce"
        }"#,
    )
    .unwrap();
    let expected = Config::off()
        .with_consecutive_failures(3)
        .with_window(Window::Count(100))
        .with_growing_interval(5400 * SECOND, 1.5, 7200 * SECOND);
    assert_eq!(config, expected);
}

#[test]
fn whatever_is_left_out_is_as_by_default() {
    assert_eq!(toml::from_str::<Config>("").unwrap(), Config::new());
    assert_eq!(serde_json::from_str::<Config>("{}").unwrap(), Config::default());
    let config: Config = toml::from_str("probes = 1").unwrap();
    assert_eq!(config, Config::new().with_probes(1));
}

/// Of every rule, and of nothing else.
#[test]
fn a_rule_is_switched_off_by_a_word() {
    for field in [
        "consecutive_failures",
        "failure_ratio",
        "soft_failure_ratio",
        "slow_ratio",
        "slow_after",
        "successes_to_close",
        "probe_failures_to_open",
        "ramp",
    ] {
        let read = |text: &str| toml::from_str::<Config>(&format!("{field} = {text}"));
        read(r#""off""#).unwrap_or_else(|error| panic!("{field}: {error}"));
        for text in [r#""on""#, r#""""#, r#""OFF""#, "false", "[]"] {
            assert!(read(text).is_err(), "{field} = {text}");
        }
    }
    assert_eq!(toml::from_str::<Config>(r#"failure_ratio = "off""#).unwrap(), Config::off());
    for field in ["min_calls", "open_for", "open_growth", "probes", "probe_lease", "window"] {
        assert!(toml::from_str::<Config>(&format!(r#"{field} = "off""#)).is_err(), "{field}");
    }
}

#[test]
fn a_field_that_does_not_exist_is_refused_by_name() {
    let error = toml::from_str::<Config>("failure_rate = 0.5").unwrap_err().to_string();
    assert!(error.contains("failure_rate"), "{error}");
    assert!(error.contains("failure_ratio"), "and those that do are listed: {error}");
    let error = serde_json::from_str::<Config>(r#"{ "probe": 1 }"#).unwrap_err().to_string();
    assert!(error.contains("unknown field `probe`"), "{error}");
    assert!(serde_json::from_str::<Config>(r#"{ "window": { "calls": 5 } }"#).is_err());
}

#[test]
fn a_field_of_a_window_that_does_not_exist_is_refused_by_name() {
    let wrong = r#"{ "window": { "time": { "span": "10s", "buckets": 5, "bucket": 1 } } }"#;
    let error = serde_json::from_str::<Config>(wrong).unwrap_err().to_string();
    assert!(error.contains("unknown field `bucket`"), "{error}");
}

#[test]
fn what_is_no_duration_is_refused_with_an_example() {
    for text in ["30", "\"30\"", "\"soon\"", "\"-1s\"", "30.5"] {
        let error = toml::from_str::<Config>(&format!("open_for = {text}")).unwrap_err();
        assert!(error.to_string().contains("open_for"), "{text}: {error}");
    }
    let error = serde_json::from_str::<Config>(r#"{ "ramp": "soon" }"#).unwrap_err().to_string();
    assert!(error.contains("`soon`") && error.contains("\"30s\""), "{error}");
}

#[test]
fn every_config_survives_the_way_to_a_file_and_back() {
    let configs = [
        Config::new(),
        Config::off(),
        full(),
        presets::GATEWAY,
        presets::LOCAL_MODEL,
        presets::SERVICE,
        Config::new().with_window(Window::Count(1)),
        Config::new().with_growing_interval(
            Duration::from_nanos(1),
            1e300,
            Duration::new(86_400 * 365 * 10, 999_999_999),
        ),
    ];
    for config in configs {
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), config, "{json}");
    }
}

#[test]
fn a_config_is_written_as_a_person_would() {
    let json = serde_json::to_value(presets::GATEWAY).unwrap();
    let expected = serde_json::json!({
        "consecutive_failures": 5,
        "failure_ratio": "off",
        "soft_failure_ratio": "off",
        "slow_ratio": "off",
        "slow_after": "off",
        "window": { "time": { "span": "30s", "buckets": 10 } },
        "min_calls": 20,
        "open_for": "30s",
        "open_growth": 2.0,
        "max_open_for": "2m",
        "open_jitter": 0.0,
        "max_retry_after": "5m",
        "probes": 5,
        "successes_to_close": 2,
        "probe_failures_to_open": "off",
        "probe_lease": "30s",
        "half_open_for": "1m",
        "ramp": "off",
        "clock": "exact",
        "mode": "enforce",
    });
    assert_eq!(json, expected);
}

fn flaws(config: Config) -> Vec<&'static str> {
    config.parse().unwrap_err().flaws().iter().map(|flaw| flaw.field).collect()
}

/// Every field that can be wrong at once is, in one config or the other.
#[test]
fn an_error_lists_every_field_that_is_wrong() {
    let mut one = Config::new()
        .with_consecutive_failures(0)
        .with_failure_ratio(0.0)
        .with_soft_failure_ratio(f64::NAN)
        .with_slow_calls(Duration::ZERO, 1.5)
        .with_window(Window::Time { span: Duration::ZERO, buckets: 0 })
        .with_min_calls(0)
        .with_growing_interval(Duration::ZERO, f64::NAN, SECOND)
        .with_open_jitter(-0.1)
        .with_probes(0)
        .with_successes_to_close(1)
        .with_probe_failures_to_open(1)
        .with_probe_lease(Duration::ZERO)
        .with_half_open_for(Duration::ZERO)
        .with_ramp(Duration::ZERO);
    assert_eq!(
        flaws(one.clone()),
        [
            "consecutive_failures",
            "failure_ratio",
            "soft_failure_ratio",
            "slow_ratio",
            "slow_after",
            "window.time.buckets",
            "window.time.span",
            "min_calls",
            "open_for",
            "open_growth",
            "open_jitter",
            "probes",
            "successes_to_close",
            "probe_failures_to_open",
            "probe_lease",
            "half_open_for",
            "ramp",
        ]
    );
    let error = one.clone().parse().unwrap_err();
    assert_eq!(error.room(), "circuit_breaker");
    let text = error.to_string();
    assert!(text.starts_with("circuit_breaker config: consecutive_failures must be at least 1; "));
    for flaw in error.flaws() {
        assert!(text.contains(&format!("{} {}", flaw.field, flaw.rule)), "{text}");
    }

    one = Config::off().with_window(Window::Count(0));
    one.slow_after = Some(SECOND);
    one.max_open_for = one.open_for - MILLISECOND;
    assert_eq!(
        flaws(one),
        [
            "consecutive_failures, failure_ratio, soft_failure_ratio, slow_ratio",
            "slow_after, slow_ratio",
            "window.count",
            "max_open_for",
        ]
    );
}

#[test]
fn what_is_wrong_and_what_is_just_right() {
    let time = |span, buckets| Config::new().with_window(Window::Time { span, buckets });
    let count = |calls| Config::new().with_window(Window::Count(calls));
    let early = |successes, failures| {
        Config::new()
            .with_probes(4)
            .with_successes_to_close(successes)
            .with_probe_failures_to_open(failures)
    };
    let jitter = |share| Config::new().with_open_jitter(share);
    let growth = |by| Config::new().with_growing_interval(SECOND, by, SECOND);
    let ratio = |share| Config::new().with_failure_ratio(share);
    for (right, wrong) in [
        (time(32 * MILLISECOND, 32), time(31 * MILLISECOND, 32)),
        (time(SECOND, 32), time(SECOND, 33)),
        (time(SECOND, 1), time(SECOND, 0)),
        (time(Duration::MAX, 1), time(Duration::ZERO, 1)),
        (count(1), count(0)),
        (count(1_000_000), count(1_000_001)),
        (early(3, 2), early(3, 3)),
        (early(4, 1), Config::new().with_successes_to_close(4)),
        (early(1, 4), Config::new().with_probe_failures_to_open(4)),
        (early(1, 1), early(0, 1)),
        (jitter(1.0), jitter(1.000_001)),
        (jitter(0.0), jitter(f64::NAN)),
        (growth(1.0), growth(0.999)),
        (growth(f64::MAX), growth(f64::INFINITY)),
        (ratio(1.0), ratio(1.000_001)),
        (ratio(f64::MIN_POSITIVE), ratio(-0.0)),
        (Config::new().with_probes(1_000), Config::new().with_probes(1_001)),
        (Config::new().with_probes(1), Config::new().with_probes(0)),
    ] {
        assert!(right.clone().parse().is_ok(), "{right:?}");
        assert_eq!(wrong.clone().parse().unwrap_err().flaws().len(), 1, "{wrong:?}");
    }
}
