//! What can be seen of a timeout, and changed while it runs.

use std::{future::pending, time::Duration};

use buttress::{
    Error, Lift, Mode,
    testing::{Script, Step},
    time::Deadline,
    timeout::{Config, Timeout, presets},
};
use serde_json::json;
use tokio::time::{Instant, sleep};
use tower::{Layer, Service, ServiceExt};

use crate::doors::{Door, SECOND, timed_out, timeout};

#[tokio::test(start_paused = true)]
async fn in_shadow_mode_a_call_goes_on_and_is_counted_once() {
    for door in Door::ALL {
        let config = Config::new(SECOND).with_mode(Mode::Shadow);
        let timeout = Timeout::new("t", config).unwrap();
        let backend = Script::<_, &str>::new([Step::ok("late").after(60 * SECOND)]);
        let start = Instant::now();
        assert_eq!(door.time(&timeout, || backend.call()).await, Ok("late"), "{door:?}");
        assert_eq!((start.elapsed(), backend.counts().cancelled), (60 * SECOND, 0));
        assert_eq!(timeout.snapshot().totals.timed_out, 1, "{door:?}");

        let call = door.time(&timeout, || backend.call());
        assert_eq!(Deadline::within(SECOND / 2).scope(call).await, Ok("late"), "{door:?}");
        let totals = timeout.snapshot().totals;
        assert_eq!((totals.timed_out, totals.deadline_struck), (1, 1), "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn in_shadow_mode_a_call_goes_on_even_when_the_last_handle_is_gone() {
    let config = Config::new(SECOND).with_mode(Mode::Shadow);
    let timeout = Timeout::new("t", config).unwrap();
    let backend = Script::<_, &str>::new([Step::ok("late").after(60 * SECOND)]);
    let mut service = timeout.layer().layer(Lift::layer().layer(backend.service()));
    let call = ServiceExt::<()>::ready(&mut service).await.unwrap().call(());
    drop((service, timeout));
    assert_eq!(call.await, Ok("late"));
}

#[tokio::test(start_paused = true)]
async fn calls_started_later_go_by_the_new_limit_and_those_in_flight_by_the_old() {
    for door in Door::ALL {
        let timeout = timeout(2 * SECOND);
        let start = Instant::now();
        let old = async {
            let answer = door.time(&timeout, pending::<Result<(), ()>>).await;
            (answer, start.elapsed())
        };
        let new = async {
            sleep(SECOND).await;
            timeout.reconfigure(10 * SECOND).unwrap();
            let answer = door.time(&timeout, pending::<Result<(), ()>>).await;
            (answer, start.elapsed())
        };
        let (old, new) = tokio::join!(old, new);
        assert_eq!(old.1, 2 * SECOND, "{door:?}");
        assert_eq!(new, (timed_out(10 * SECOND), 11 * SECOND), "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_tells_the_limit_the_call_was_given_and_not_one_set_since() {
    for door in Door::ALL {
        for in_force in [None, Some(Deadline::within(3600 * SECOND))] {
            let timeout = timeout(2 * SECOND);
            let call = async {
                let call = door.time(&timeout, pending::<Result<(), ()>>);
                match in_force {
                    Some(deadline) => deadline.scope(call).await,
                    None => call.await,
                }
            };
            let change = async {
                sleep(SECOND).await;
                timeout.reconfigure(Duration::MAX).unwrap();
            };
            assert_eq!(tokio::join!(call, change).0, timed_out(2 * SECOND), "{door:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_config_that_cannot_be_changes_nothing() {
    let timeout = timeout(SECOND);
    assert!(timeout.reconfigure(Duration::ZERO).is_err());
    assert!(timeout.reconfigure(Config::new(SECOND).with_max_refused_share(2.0)).is_err());
    assert_eq!(timeout.snapshot().limit, Some(SECOND));
}

#[tokio::test(start_paused = true)]
async fn all_clones_and_all_layers_share_limit_and_totals() {
    for door in Door::ALL {
        let first = timeout(SECOND);
        let second = first.clone();
        first.reconfigure(3 * SECOND).unwrap();
        let start = Instant::now();
        let answer: Result<(), Error<()>> = door.time(&second, pending).await;
        assert_eq!(answer, timed_out(3 * SECOND), "{door:?}");
        assert_eq!(start.elapsed(), 3 * SECOND);
        assert_eq!(first.snapshot(), second.snapshot());
        assert_eq!(first.snapshot().totals.timed_out, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_data() {
    let search = timeout(Duration::from_millis(1500));
    let _ = search.call(pending::<Result<(), ()>>).await;
    let seen = serde_json::to_value(search.snapshot()).unwrap();
    assert_eq!(
        seen,
        json!({
            "name": "t",
            "limit_ms": 1500,
            "mode": "enforce",
            "totals": { "timed_out": 1, "deadline_struck": 0, "not_started": 0, "late": 0 },
        })
    );
    let unlimited = Config::new(Duration::MAX).with_mode(Mode::Shadow);
    let seen = serde_json::to_value(Timeout::new("u", unlimited).unwrap().snapshot()).unwrap();
    assert_eq!((&seen["limit_ms"], &seen["mode"]), (&json!(null), &json!("shadow")));
}

#[test]
fn a_config_reads_from_a_file_and_back() {
    let config: Config = toml::from_str("limit = \"1m 30s\"\nmax_refused_share = 0.2").unwrap();
    assert_eq!(config, Config::new(90 * SECOND).with_max_refused_share(0.2));
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&text).unwrap(), config);
    let short: Config = serde_json::from_value(json!({ "limit": "2s" })).unwrap();
    assert_eq!(short, Config::new(2 * SECOND));
    for wrong in [json!({}), json!({ "limit": "2s", "limits": 1 }), json!({ "limit": 2 })] {
        assert!(serde_json::from_value::<Config>(wrong).is_err());
    }
}

#[test]
fn a_config_without_a_limit_survives_a_file() {
    let config = Config::new(Duration::MAX);
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&text).unwrap(), config, "{text}");
}

#[test]
fn presets_are_configs_that_hold() {
    let presets = [presets::COMPLETION, presets::EMBEDDING, presets::DEPENDENCY, presets::REQUEST];
    for preset in presets {
        let plan = preset.clone().parse().unwrap();
        assert_eq!(plan.config(), &preset);
        assert_eq!(Timeout::from_plan("t", &plan).snapshot().limit, Some(preset.limit));
        assert_eq!((preset.max_refused_share, preset.mode), (1.0, Mode::Enforce));
    }
    assert!(presets::EMBEDDING.limit < presets::COMPLETION.limit);
    assert!(presets::COMPLETION.limit < presets::REQUEST.limit);
}

#[test]
fn a_handle_prints_its_name_and_limit() {
    let timeout = timeout(SECOND);
    assert_eq!(timeout.name().as_str(), "t");
    assert_eq!(format!("{timeout:?}"), "Timeout { name: \"t\", limit: Some(1s), .. }");
}
