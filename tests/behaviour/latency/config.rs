//! Configs: what is refused, and what stands in files.

use std::time::Duration;

use buttress::latency::{Config, Latency};

use super::{MILLISECOND, SECOND, monitor};

#[test]
fn an_error_lists_every_field_that_is_wrong() {
    let config = Config::new()
        .with_window(Duration::ZERO)
        .with_slices(0)
        .with_max_operations(0)
        .with_slow_after(Duration::ZERO)
        .with_slow_after_of("a", Duration::ZERO);
    let error = Latency::new("rag", config).unwrap_err();
    let fields: Vec<_> = error.flaws().iter().map(|flaw| flaw.field).collect();
    assert_eq!(
        fields,
        [
            "window",
            "slices",
            "max_operations",
            "slow_after",
            "slow_after_of",
            "slow_after_of,max_operations"
        ]
    );
    assert_eq!(error.room(), "latency");
}

#[test]
fn bounds_are_where_they_say() {
    for (config, fits) in [
        (Config::new().with_slices(32), true),
        (Config::new().with_slices(33), false),
        (Config::new().with_window(6 * MILLISECOND), true),
        (Config::new().with_window(5 * MILLISECOND), false),
        (Config::new().with_window(Duration::MAX).with_slices(1), true),
        (Config::new().with_max_operations(1000), true),
        (Config::new().with_max_operations(1001), false),
        (Config::new().with_slow_after(Duration::MAX), true),
    ] {
        assert_eq!(config.clone().parse().is_ok(), fits, "{config:?}");
    }
}

#[test]
fn the_longest_window_works() {
    let latency = monitor(Config::new().with_window(Duration::MAX).with_slices(1));
    super::took(&latency, "op", 1);
    assert_eq!(super::seen(&latency, "op").count, 1);
}

#[test]
fn a_config_reads_from_a_file() {
    let text = r#"
        window = "5m"
        slices = 10
        max_operations = 20
        slow_after = "500ms"
        slow_after_of = { complete = "30s", "select users" = "45ms 200us" }
    "#;
    let config: Config = toml::from_str(text).unwrap();
    let expected = Config::new()
        .with_window(300 * SECOND)
        .with_slices(10)
        .with_max_operations(20)
        .with_slow_after(500 * MILLISECOND)
        .with_slow_after_of("complete", 30 * SECOND)
        .with_slow_after_of("select users", Duration::from_micros(45_200));
    assert_eq!(config, expected);
    let json = serde_json::to_string(&expected).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), expected);
    assert_eq!(toml::from_str::<Config>("slow_after = \"off\"").unwrap(), Config::new());
    for wrong in ["windows = \"5m\"", "window = 5", "slow_after_of = { a = \"soon\" }"] {
        assert!(toml::from_str::<Config>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_monitor_is_not_made_larger_while_it_runs() {
    let latency = monitor(Config::new().with_max_operations(10));
    let error = latency.reconfigure(Config::new().with_max_operations(11)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "latency config: max_operations must not exceed the 10 it was made with"
    );
    assert!(latency.reconfigure(Config::new().with_slices(0)).is_err());
    latency.reconfigure(Config::new().with_max_operations(1)).unwrap();
    super::took(&latency, "a", 1);
    super::took(&latency, "b", 1);
    assert_eq!(latency.summary().operations.len(), 2, "a and other");
    latency.reconfigure(Config::new().with_max_operations(10)).unwrap();
    super::took(&latency, "b", 1);
    assert_eq!(latency.summary().operations.len(), 3);
}
