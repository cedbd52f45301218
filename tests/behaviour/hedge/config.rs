//! Configs as data.

use std::time::Duration;

use buttress::{
    Mode,
    hedge::{After, Config, Hedge},
};

use super::{MILLISECOND, SECOND, millis};

/// What a config must not be, and what is said of it.
#[test]
fn every_flaw_is_named_at_once() {
    let flawed = Config::new().with_extra_load(0.0).with_max_hedges(0).with_window(Duration::ZERO);
    assert_eq!(
        flawed.parse().unwrap_err().to_string(),
        "hedge config: after.extra_load must be 0.001 to 0.5; max_hedges must be 1 to 10; \
         window must be above zero"
    );
    for (share, sound) in [
        (0.001, true),
        (0.5, true),
        (0.02, true),
        (0.000_999, false),
        (0.500_001, false),
        (0.0, false),
        (-0.1, false),
        (f64::NAN, false),
        (f64::INFINITY, false),
    ] {
        assert_eq!(Config::new().with_extra_load(share).parse().is_ok(), sound, "{share}");
    }
    for (hedges, sound) in [(0, false), (1, true), (10, true), (11, false), (u32::MAX, false)] {
        assert_eq!(Config::new().with_max_hedges(hedges).parse().is_ok(), sound, "{hedges}");
    }
    for delay in [Duration::ZERO, MILLISECOND, Duration::MAX] {
        assert!(Config::after(delay).parse().is_ok(), "{delay:?}");
    }
    let error = Hedge::new("search", Config::new().with_max_hedges(11)).unwrap_err();
    assert_eq!((error.room(), error.flaws()[0].field), ("hedge", "max_hedges"));
}

#[test]
fn setters_set_what_they_are_named_after() {
    const CONFIG: Config = Config::after(Duration::from_millis(80))
        .with_max_hedges(3)
        .with_window(Duration::from_secs(5))
        .with_mode(Mode::Shadow);
    assert_eq!(
        (CONFIG.after, CONFIG.max_hedges, CONFIG.window, CONFIG.mode),
        (After::Delay(millis(80)), 3, 5 * SECOND, Mode::Shadow)
    );
    let config = CONFIG.with_extra_load(0.1);
    assert_eq!((config.after, config.max_hedges), (After::ExtraLoad(0.1), 3));
}

#[test]
fn a_config_file_says_it_in_a_line() {
    for (toml, config) in [
        ("", Config::new()),
        ("after = { delay = \"80ms\" }", Config::after(millis(80))),
        ("after = { extra_load = 0.05 }", Config::new().with_extra_load(0.05)),
        (
            "max_hedges = 3\nwindow = \"5m\"\nmode = \"shadow\"\n[after]\ndelay = \"0s\"",
            Config::after(Duration::ZERO)
                .with_max_hedges(3)
                .with_window(300 * SECOND)
                .with_mode(Mode::Shadow),
        ),
    ] {
        assert_eq!(toml::from_str::<Config>(toml), Ok(config), "{toml}");
    }
}

#[test]
fn a_config_file_with_a_mistake_is_not_read() {
    for (toml, said) in [
        ("delay = \"80ms\"", "unknown field `delay`"),
        ("after = \"80ms\"", "unknown variant"),
        ("after = { dealy = \"80ms\" }", "unknown variant `dealy`"),
        ("after = { delay = \"80\" }", "is not a duration such as \"30s\""),
        ("after = { delay = 80 }", "expected a string"),
        ("after = { delay = \"1s\", extra_load = 0.1 }", ""),
        ("max_hedges = -1", "invalid value"),
        ("mode = \"off\"", "unknown variant `off`"),
    ] {
        let error = toml::from_str::<Config>(toml).unwrap_err().to_string();
        assert!(error.contains(said), "{toml}: {error}");
    }
}

#[test]
fn what_is_written_can_be_read() {
    for config in [
        Config::new(),
        Config::after(Duration::ZERO),
        Config::after(Duration::from_micros(1500)).with_max_hedges(10),
        Config::new().with_extra_load(0.001).with_window(90 * SECOND).with_mode(Mode::Shadow),
    ] {
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), config, "{json}");
    }
    assert_eq!(
        serde_json::to_value(Config::after(millis(80))).unwrap(),
        serde_json::json!({
            "after": {"delay": "80ms"},
            "max_hedges": 1,
            "window": "1m",
            "mode": "enforce",
        })
    );
}
