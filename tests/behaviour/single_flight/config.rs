//! What a config may say.

use buttress::{
    Error, Refusal,
    single_flight::{Config, Plan, SingleFlight},
};

use super::{Store, shared};

#[test]
fn every_fault_of_a_config_is_named() {
    let config = Config::new().with_max_in_flight(0).with_max_callers(0);
    let error = SingleFlight::<u8, u8, u8>::new("loads", config).unwrap_err();
    assert_eq!(
        error.to_string(),
        "single_flight config: max_in_flight must be at least 1; max_callers must be at least 1"
    );
}

#[test]
fn a_config_is_data() {
    let config: Config = toml::from_str("max_in_flight = 5\ndetached = true").unwrap();
    assert_eq!(config, Config::new().with_max_in_flight(5).with_detached(true));
    assert!(toml::from_str::<Config>("max_keys = 5").is_err());
    assert_eq!(Plan::default().config(), &Config::new());
}

#[tokio::test(start_paused = true)]
async fn a_config_that_is_replaced_holds_for_the_next_call() {
    let (loads, store) = (shared(Config::new().with_max_in_flight(1)), Store::default());
    let first = loads.call("a", || store.load());
    let full = Refusal::Full { name: "loads".into(), limit: 1 };
    assert_eq!(loads.call("b", || store.load()).await, Err(Error::Refused(full)));
    assert!(loads.reconfigure(Config::new().with_max_in_flight(0)).is_err());
    loads.reconfigure(Config::new().with_max_in_flight(2)).unwrap();
    assert_eq!(loads.call("b", || store.load()).await, Ok(2));
    assert_eq!(first.await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_says_what_is_under_way() {
    let (loads, store) = (shared(Config::new()), Store::default());
    let calls = ["a", "b", "a"].map(|key| loads.call(key, || store.load()));
    assert_eq!(
        serde_json::to_value(loads.snapshot()).unwrap(),
        serde_json::json!({
            "name": "loads",
            "in_flight": 2,
            "callers": 3,
            "totals": { "led": 2, "followed": 1, "panicked": 0, "abandoned": 0, "refused": 0 },
        })
    );
    assert_eq!(format!("{loads:?}"), r#"SingleFlight { name: "loads", in_flight: 2, .. }"#);
    drop(calls);
    assert_eq!(loads.snapshot().totals.abandoned, 2);
}
