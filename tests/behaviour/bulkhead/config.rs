use std::time::Duration;

use buttress::{
    Mode,
    bulkhead::{Adaptive, Algorithm, Bulkhead, Config, Order, Shares},
};

use super::SECOND;

fn flaws(config: Config) -> Vec<&'static str> {
    config.parse().unwrap_err().flaws().iter().map(|flaw| flaw.field).collect()
}

/// A limit of nothing is what a forgotten setting reads as. Whoever wants nobody let in closes it.
#[test]
fn a_limit_of_zero_is_a_mistake_bh_02() {
    let error = Bulkhead::new("house", Config::new().with_limit(0)).unwrap_err();
    assert_eq!(error.to_string(), "bulkhead config: limit must be 1 to 1048575");
    let bulkhead = Bulkhead::new("house", Config::new().with_limit(3)).unwrap();
    assert!(bulkhead.set_limit(0).is_err());
    assert!(bulkhead.reconfigure(Config::new().with_limit(0)).is_err());
    assert_eq!(bulkhead.snapshot().limit, 3);
}

#[test]
fn every_fault_is_told_at_once() {
    let shares = |critical, normal, sheddable| Shares { critical, normal, sheddable };
    let all = Config::new()
        .with_limit(1 << 20)
        .with_queue(1 << 20, Duration::ZERO)
        .with_shares(shares(0.7, 0.4, 0.0));
    assert_eq!(flaws(all), ["limit", "queue", "wait", "shares"]);
    for (critical, normal) in [(-0.1, 0.0), (f64::NAN, 0.0), (0.0, 1.1), (f64::INFINITY, 0.0)] {
        assert_eq!(flaws(Config::new().with_shares(shares(critical, normal, 0.0))), ["shares"]);
    }
}

#[test]
fn round_numbers_parse() {
    let third = 1.0 / 3.0;
    let shares = [
        Shares::NONE,
        Shares { critical: 0.7, normal: 0.2, sheddable: 0.1 },
        Shares { critical: third, normal: third, sheddable: third },
        Shares { critical: 1.0, ..Shares::NONE },
    ];
    for shares in shares {
        for limit in [1, 10, 100, 1024, 1_048_575] {
            let config = Config::new().with_limit(limit).with_shares(shares);
            assert!(config.clone().parse().is_ok(), "{config:?}");
        }
    }
    assert!(Config::new().with_queue(0, Duration::ZERO).parse().is_ok(), "nobody waits");
    assert!(Config::new().with_queue(1, Duration::MAX).parse().is_ok());
}

#[test]
fn it_is_read_from_a_file_and_written_back() {
    let text = r#"
        limit = 8
        queue = 16
        wait = "250ms"
        order = "lifo"
        mode = "shadow"

        [shares]
        critical = 0.5
    "#;
    let config: Config = toml::from_str(text).unwrap();
    let expected = Config::new()
        .with_limit(8)
        .with_queue(16, SECOND / 4)
        .with_order(Order::Lifo)
        .with_mode(Mode::Shadow)
        .with_shares(Shares { critical: 0.5, ..Shares::NONE });
    assert_eq!(config, expected);
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), config);
    assert!(toml::from_str::<Config>("max = 8").is_err());
    assert!(toml::from_str::<Config>("[shares]\nurgent = 0.5").is_err());
}

#[test]
fn a_snapshot_can_be_shown() {
    let bulkhead = Bulkhead::new("house", Config::new().with_limit(2)).unwrap();
    let _permit = bulkhead.try_acquire().unwrap();
    let seen = serde_json::to_value(bulkhead.snapshot()).unwrap();
    assert_eq!((&seen["name"], &seen["state"]), (&"house".into(), &"open".into()));
    assert_eq!((&seen["in_flight"], &seen["limit"]), (&1.into(), &2.into()));
    assert_eq!(seen["classes"]["normal"]["in_flight"], 1);
    assert_eq!(format!("{bulkhead:?}"), r#"Bulkhead { name: "house", limit: 2, .. }"#);
}

#[test]
fn every_fault_of_an_adaptive_limit_is_told_by_its_field_d13() {
    let with = |limit, adaptive| flaws(Config::new().with_limit(limit).with_adaptive(adaptive));
    let gradient = Adaptive::gradient();
    let all =
        gradient.with_min(0).with_max(1 << 20).with_tolerance(0.9).with_timeout(Duration::ZERO);
    assert_eq!(
        with(0, all),
        ["limit", "adaptive.min", "adaptive.max", "adaptive.tolerance", "adaptive.timeout"]
    );
    assert_eq!(with(20, gradient.with_min(9).with_max(8)), ["adaptive.min, adaptive.max"]);
    assert_eq!(with(20, gradient.with_max(19)), ["limit"]);
    assert_eq!(with(20, gradient.with_min(21)), ["limit"]);
    for tolerance in [f64::NAN, f64::INFINITY, 0.0, -1.5, 10.1] {
        assert_eq!(with(20, Adaptive::min_rtt().with_tolerance(tolerance)), ["adaptive.tolerance"]);
    }
    for adaptive in [Adaptive::vegas(), Adaptive::aimd(SECOND)] {
        assert_eq!(with(20, adaptive.with_tolerance(1.5)), ["adaptive.tolerance"]);
    }
    let error = Config::new().with_adaptive(gradient.with_max(200)).parse().unwrap_err();
    assert_eq!(
        error.to_string(),
        "bulkhead config: limit must be within adaptive.min and adaptive.max: it is where the limit starts"
    );
    assert!(Config::new().with_adaptive(gradient).parse().is_ok(), "the defaults");
    assert!(
        Config::new().with_limit(5).with_adaptive(gradient.with_min(5).with_max(5)).parse().is_ok()
    );
}

#[test]
fn an_adaptive_limit_is_read_from_a_file_and_written_back() {
    let text = r#"
        limit = 20

        [adaptive]
        algorithm = "min_rtt"
        max = 200
        tolerance = 1.25
        timeout = "5s"
    "#;
    let config: Config = toml::from_str(text).unwrap();
    let adaptive = Adaptive::min_rtt().with_max(200).with_tolerance(1.25).with_timeout(5 * SECOND);
    assert_eq!(config, Config::new().with_limit(20).with_adaptive(adaptive));
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), config);
    let config: Config = toml::from_str("adaptive = { algorithm = \"aimd\" }").unwrap();
    assert_eq!(config.adaptive.map(|adaptive| adaptive.algorithm), Some(Algorithm::Aimd));
    assert_eq!(
        toml::from_str::<Config>("adaptive = {}").unwrap().adaptive,
        Some(Adaptive::default())
    );
    for wrong in ["adaptive = { algorithm = \"cubic\" }", "adaptive = { most = 8 }"] {
        assert!(toml::from_str::<Config>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_snapshot_shows_how_a_limit_finds_itself() {
    let config = Config::new().with_limit(20).with_adaptive(Adaptive::vegas().with_max(200));
    let bulkhead = Bulkhead::new("house", config).unwrap();
    let seen = serde_json::to_value(bulkhead.snapshot()).unwrap();
    assert_eq!(
        seen["adaptive"],
        serde_json::json!({
            "algorithm": "vegas", "min": 1, "max": 200, "found": 20, "pinned": false,
            "baseline_ms": null, "one_in": 1, "samples": 0, "drops": 0, "ignored": 0, "missed": 0,
        })
    );
}
