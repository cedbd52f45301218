//! What a config may say.

use std::time::Duration;

use buttress::batch::{Batcher, Config, Plan};

use super::{Backend, MILLISECOND};

#[test]
fn every_fault_of_a_config_is_named() {
    let config = Config::new()
        .with_max_items(0)
        .with_max_weight(0)
        .with_max_in_flight(0)
        .with_max_waiting(0);
    let echo = |keys: Vec<u8>| async { Ok::<_, u8>(keys) };
    let error = Batcher::new("loads", config, echo).unwrap_err();
    assert_eq!(
        error.to_string(),
        "batch config: max_items must be at least 1; max_weight must be at least 1, or off; \
         max_in_flight must be at least 1; max_waiting must be at least 1"
    );
}

#[test]
fn a_config_is_data() {
    let config: Config =
        toml::from_str("max_items = 5\nmax_weight = 300000\nmax_wait = \"2ms\"").unwrap();
    let wanted = Config::new().with_max_items(5).with_max_weight(300_000);
    assert_eq!(config, wanted.with_max_wait(2 * MILLISECOND));
    assert_eq!(toml::from_str::<Config>("max_weight = \"off\"").unwrap(), Config::new());
    assert!(toml::from_str::<Config>("max_size = 5").is_err());
    assert_eq!(Plan::default().config(), &Config::new());
}

#[tokio::test(start_paused = true)]
async fn a_config_that_is_replaced_holds_for_the_next_key() {
    let backend = Backend::default();
    let batcher = backend.batcher(Config::new());
    let first = batcher.load_many([1, 2, 3]);
    assert!(batcher.reconfigure(Config::new().with_max_items(0)).is_err());
    batcher.reconfigure(Config::new().with_max_items(2).with_max_in_flight(1)).unwrap();
    let second = batcher.load_many([4, 5]);
    let (first, second) = tokio::join!(first, second);
    assert!(first.iter().chain(&second).all(Result::is_ok));
    assert_eq!(backend.sizes(), [3, 2]);
}

/// Numbers that nobody means.
#[tokio::test(start_paused = true)]
async fn huge_numbers_are_no_limits() {
    let backend = Backend::default();
    let config = Config::new()
        .with_max_items(u32::MAX)
        .with_max_weight(u64::MAX)
        .with_max_in_flight(u32::MAX)
        .with_max_waiting(u32::MAX);
    let batcher = backend.batcher(config).weigh(|_| u64::MAX);
    assert_eq!(batcher.load_many([1, 2]).await, [Ok(2), Ok(4)]);
    let patient = backend.batcher(Config::new().with_max_wait(Duration::MAX).with_max_items(2));
    assert_eq!(patient.load_many([1, 2]).await, [Ok(2), Ok(4)]);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_says_what_is_under_way() {
    let batcher = Backend::default().batcher(Config::new());
    let calls = [1, 2, 1].map(|number| batcher.load(number));
    assert_eq!(
        serde_json::to_value(batcher.snapshot()).unwrap(),
        serde_json::json!({
            "name": "doubles",
            "open": 2,
            "in_flight": 0,
            "waiting": 3,
            "totals": { "loads": 3, "folded": 1, "calls": 0, "halved": 0, "refused": 0 },
        })
    );
    assert_eq!(format!("{batcher:?}"), r#"Batcher { name: "doubles", .. }"#);
    drop(calls);
}
