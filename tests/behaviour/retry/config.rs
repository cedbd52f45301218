//! Configs as data: in a file, and what is wrong with them.

use std::time::Duration;

use buttress::{
    Mode,
    backoff::{Backoff, Jitter},
    retry::{Config, GiveUp, Retry, presets},
};

use super::doors::{MILLISECOND, SECOND};

const FULL: &str = r#"
    max_attempts = 5
    jitter = { fraction = 0.25 }
    max_elapsed = "1m 30s"
    max_retry_after = "1h"
    retry_refusals = true
    give_up = "refuse"
    mode = "shadow"

    [backoff.exponential]
    base = "250ms"
    factor = 1.5
    cap = "10s"
"#;

fn full() -> Config {
    let backoff = Backoff::Exponential { base: 250 * MILLISECOND, factor: 1.5, cap: 10 * SECOND };
    Config::new()
        .with_max_attempts(5)
        .with_backoff(backoff)
        .with_jitter(Jitter::Fraction(0.25))
        .with_max_elapsed(90 * SECOND)
        .with_max_retry_after(3600 * SECOND)
        .with_retry_refusals(true)
        .with_give_up(GiveUp::Refuse)
        .with_mode(Mode::Shadow)
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
            "max_attempts": 10,
            "backoff": { "linear": { "base": "1s", "cap": "30s" } },
            "jitter": "equal",
            "max_elapsed": "off",
            "give_up": "return"
        }"#,
    )
    .unwrap();
    let backoff = Backoff::linear(SECOND, 30 * SECOND);
    let expected = Config::new().with_max_attempts(10).with_backoff(backoff);
    assert_eq!(config, expected.with_jitter(Jitter::Equal));
}

#[test]
fn whatever_is_left_out_is_as_by_default() {
    assert_eq!(toml::from_str::<Config>("").unwrap(), Config::new());
    assert_eq!(serde_json::from_str::<Config>("{}").unwrap(), Config::default());
    let config: Config = toml::from_str("max_attempts = 7").unwrap();
    assert_eq!(config, Config::new().with_max_attempts(7));
}

#[test]
fn every_backoff_and_jitter_has_its_form() {
    let backoffs = [
        (r#""immediate""#, Backoff::Immediate),
        (r#"{ constant = { delay = "1s" } }"#, Backoff::constant(SECOND)),
        (r#"{ linear = { base = "1s", cap = "5s" } }"#, Backoff::linear(SECOND, 5 * SECOND)),
        (
            r#"{ exponential = { base = "100ms", cap = "20s" } }"#,
            Backoff::exponential(SECOND / 10, 20 * SECOND),
        ),
        (
            r#"{ exponential = { base = "100ms", factor = 3, cap = "20s" } }"#,
            Backoff::Exponential { base: SECOND / 10, factor: 3.0, cap: 20 * SECOND },
        ),
    ];
    for (text, backoff) in backoffs {
        let config: Config = toml::from_str(&format!("backoff = {text}")).unwrap();
        assert_eq!(config, Config::new().with_backoff(backoff), "{text}");
    }
    let jitters = [
        (r#""none""#, Jitter::None),
        (r#""full""#, Jitter::Full),
        (r#""equal""#, Jitter::Equal),
        (r#""decorrelated""#, Jitter::Decorrelated),
        ("{ fraction = 0.1 }", Jitter::Fraction(0.1)),
        ("{ fraction = 1 }", Jitter::Fraction(1.0)),
    ];
    for (text, jitter) in jitters {
        let config: Config = toml::from_str(&format!("jitter = {text}")).unwrap();
        assert_eq!(config, Config::new().with_jitter(jitter), "{text}");
    }
}

#[test]
fn only_max_elapsed_can_be_off() {
    assert_eq!(toml::from_str::<Config>(r#"max_elapsed = "off""#).unwrap(), Config::new());
    for field in ["max_attempts", "backoff", "jitter", "max_retry_after", "give_up", "mode"] {
        assert!(toml::from_str::<Config>(&format!(r#"{field} = "off""#)).is_err(), "{field}");
    }
}

#[test]
fn what_does_not_exist_is_refused_by_name() {
    for (text, name) in [
        (r#"{ "max_retries": 3 }"#, "field `max_retries`"),
        (r#"{ "backoff": "fibonacci" }"#, "variant `fibonacci`"),
        (r#"{ "backoff": { "constant": { "delay": "1s", "cap": "2s" } } }"#, "field `cap`"),
        (
            r#"{ "backoff": { "exponential": { "base": "1s", "cap": "2s", "by": 2 } } }"#,
            "field `by`",
        ),
        (r#"{ "jitter": "some" }"#, "variant `some`"),
        (r#"{ "jitter": { "part": 0.1 } }"#, "variant `part`"),
        (r#"{ "give_up": "panic" }"#, "variant `panic`"),
    ] {
        let error = serde_json::from_str::<Config>(text).unwrap_err().to_string();
        assert!(error.starts_with(&format!("unknown {name}")), "{text}: {error}");
        assert!(error.contains("expected"), "and those that do are listed: {error}");
    }
}

#[test]
fn what_is_no_duration_is_refused_with_an_example() {
    for text in [
        r#"max_elapsed = "soon""#,
        r#"max_retry_after = "soon""#,
        r#"backoff = { constant = { delay = "soon" } }"#,
    ] {
        let error = toml::from_str::<Config>(text).unwrap_err().to_string();
        assert!(error.contains("`soon`") && error.contains("\"30s\""), "{text}: {error}");
    }
}

#[test]
fn every_config_survives_the_way_to_a_file_and_back() {
    let mut configs = vec![Config::new(), full()];
    configs.extend([presets::HOSTED_MODEL, presets::NEIGHBOUR, presets::PREDICTABLE]);
    for backoff in
        [Backoff::Immediate, Backoff::constant(SECOND), Backoff::linear(MILLISECOND, 3600 * SECOND)]
    {
        for jitter in [Jitter::None, Jitter::Equal, Jitter::Fraction(0.5), Jitter::Decorrelated] {
            configs.push(Config::new().with_backoff(backoff).with_jitter(jitter));
        }
    }
    for config in configs {
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), config, "{json}");
    }
}

#[track_caller]
fn assert_wrong(config: Config, expected: &str) {
    let error = Retry::new("backend", config.clone()).unwrap_err();
    assert_eq!(error.to_string(), format!("retry config: {expected}"));
    assert_eq!(error.room(), "retry");
    let retry = Retry::new("backend", Config::new()).unwrap();
    assert_eq!(retry.reconfigure(config), Err(error));
}

#[test]
fn an_error_lists_every_field_that_is_wrong() {
    let backoff = Backoff::Exponential { base: Duration::ZERO, factor: 0.5, cap: SECOND };
    let config = Config::new()
        .with_max_attempts(0)
        .with_backoff(backoff)
        .with_jitter(Jitter::Fraction(2.0))
        .with_max_elapsed(Duration::ZERO);
    assert_wrong(
        config,
        "max_attempts must be at least 1; \
         backoff.exponential.base must be above zero; \
         backoff.exponential.factor must be 1 to 1000; \
         jitter.fraction must be 0 to 1; \
         max_elapsed must be above zero",
    );
}

#[test]
fn each_rule_by_itself() {
    let backoff = |backoff| Config::new().with_backoff(backoff);
    let factor = |factor| backoff(Backoff::Exponential { base: SECOND, factor, cap: 2 * SECOND });
    assert_wrong(Config::new().with_max_attempts(0), "max_attempts must be at least 1");
    assert_wrong(
        backoff(Backoff::constant(Duration::ZERO)),
        "backoff.constant.delay must be above zero",
    );
    assert_wrong(
        backoff(Backoff::linear(2 * SECOND, SECOND)),
        "backoff.linear.cap must be at least base",
    );
    assert_wrong(
        backoff(Backoff::exponential(2 * SECOND, SECOND)),
        "backoff.exponential.cap must be at least base",
    );
    for wrong in [0.0, 0.99, 1000.1, -2.0, f64::NAN, f64::INFINITY] {
        assert_wrong(factor(wrong), "backoff.exponential.factor must be 1 to 1000");
    }
    for wrong in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let config = Config::new().with_jitter(Jitter::Fraction(wrong));
        assert_wrong(config, "jitter.fraction must be 0 to 1");
    }
    for without_cap in [Backoff::Immediate, Backoff::constant(SECOND)] {
        assert_wrong(
            backoff(without_cap).with_jitter(Jitter::Decorrelated),
            "backoff, jitter must have a base and a cap where jitter is decorrelated",
        );
    }
    for right in [1.0, 1.001, 2.0, 1000.0] {
        assert!(factor(right).parse().is_ok(), "{right}");
    }
    assert!(backoff(Backoff::exponential(SECOND, SECOND)).parse().is_ok());
    assert!(Config::new().with_max_retry_after(Duration::ZERO).parse().is_ok());
}
