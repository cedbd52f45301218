//! What can be asked for, and what cannot.

use std::time::Duration;

use buttress::{
    backoff::Backoff,
    reconnect::{Config, State, WhileBackingOff},
};
use tokio::time::advance;

use super::{SECOND, Server, config};

#[test]
fn every_fault_is_named() {
    let mut config = Config::new()
        .with_backoff(Backoff::Immediate)
        .with_connect_within(Duration::ZERO)
        .with_wait(Duration::ZERO)
        .with_max_attempts(0)
        .with_max_elapsed(Duration::ZERO)
        .with_down_for(Duration::ZERO)
        .with_heartbeat(Duration::ZERO, 0);
    config.jitter = buttress::backoff::Jitter::None;
    let error = config.parse().unwrap_err();
    let fields: Vec<_> = error.flaws().iter().map(|flaw| flaw.field).collect();
    let expected = [
        "backoff",
        "connect_within",
        "wait",
        "max_attempts",
        "max_elapsed",
        "down_for",
        "beat_every",
        "missed_beats",
    ];
    assert_eq!((error.room(), fields), ("reconnect", expected.to_vec()));
}

#[test]
fn a_config_file_says_what_differs_from_the_defaults() {
    let text = r#"
        backoff = { exponential = { base = "1s", cap = "8s" } }
        max_attempts = "off"
        max_elapsed = "10m"
        while_backing_off = "refuse"
    "#;
    let read: Config = toml::from_str(text).unwrap();
    let mut expected = Config::new()
        .with_backoff(Backoff::exponential(SECOND, 8 * SECOND))
        .with_max_elapsed(600 * SECOND)
        .with_while_backing_off(WhileBackingOff::Refuse);
    expected.max_attempts = None;
    assert_eq!(read, expected);
    let json = serde_json::to_string(&expected).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), expected);
    assert!(toml::from_str::<Config>("retries = 3").is_err());
}

#[test]
fn no_limit_survives_the_way_into_a_file_and_back() {
    let config = Config::new().with_wait(Duration::MAX).with_connect_within(Duration::MAX);
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&text).unwrap(), config);
    assert!(config.parse().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_data() {
    let server = Server::default();
    server.down(true);
    let db = server.kept(config().with_wait(SECOND / 2));
    assert!(db.connected().await.is_err());
    assert_eq!(
        serde_json::to_value(db.snapshot()).unwrap(),
        serde_json::json!({
            "name": "db",
            "state": { "backing_off": 1 },
            "failures": 1,
            "retry_after_ms": 1000,
            "totals": { "made": 0, "failed": 1, "lost": 0 },
        })
    );
}

#[tokio::test(start_paused = true)]
async fn another_config_holds_from_the_next_failure_on() {
    let server = Server::default();
    server.down(true);
    let db = server.kept(config().with_wait(SECOND / 2));
    assert!(db.connected().await.is_err());
    db.reconfigure(config().with_wait(SECOND / 2).with_max_attempts(2)).unwrap();
    assert_eq!(db.snapshot().retry_after, Some(SECOND), "a delay that runs already stays");
    advance(SECOND).await;
    assert!(db.connected().await.is_err());
    assert_eq!(db.state(), State::Down);
    assert!(db.reconfigure(config().with_wait(Duration::ZERO)).is_err());
}
