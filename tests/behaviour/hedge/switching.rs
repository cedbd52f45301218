//! Configs that are replaced, and what a snapshot shows.

use std::sync::Arc;

use buttress::{
    Mode,
    hedge::{After, Config, Hedge, Plan},
    testing::Step,
};
use tokio::time::sleep;

use super::{Backend, Door, MILLISECOND, SECOND, hedge, measured, millis};

#[tokio::test(start_paused = true)]
async fn calls_begun_later_go_by_the_new_config() {
    for door in Door::ALL {
        let hedge = hedge(10, 1);
        let layered = hedge.clone();
        hedge.reconfigure(Config::after(millis(40)).with_max_hedges(2)).unwrap();
        assert_eq!(layered.snapshot().delay, Some(millis(40)));
        let backend = Backend::new([Step::ok(1).after(millis(100))]);
        assert_eq!(backend.ask(door, &layered).await, Ok(1));
        assert_eq!(backend.starts(), [0, 40, 80], "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_in_flight_keeps_the_delay_it_began_with() {
    for door in Door::ALL {
        let (hedge, backend) = (hedge(50, 1), Backend::new([Step::ok(1).after(millis(100))]));
        let call = tokio::spawn(backend.ask(door, &hedge));
        sleep(millis(20)).await;
        hedge.reconfigure(Config::after(10 * SECOND)).unwrap();
        assert_eq!(call.await.unwrap(), Ok(1));
        assert_eq!(backend.starts(), [0, 50], "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_config_with_a_flaw_changes_nothing() {
    let hedge = hedge(10, 1);
    let before = hedge.snapshot();
    let flawed = Config::new().with_extra_load(0.7).with_max_hedges(0).with_mode(Mode::Shadow);
    assert_eq!(hedge.reconfigure(flawed).unwrap_err().flaws().len(), 2);
    assert_eq!(hedge.snapshot(), before);
}

/// From a delay by hand to one that is measured, and back.
#[tokio::test(start_paused = true)]
async fn what_the_delay_goes_by_can_be_switched() {
    for door in Door::ALL {
        let (hedge, backend) = (hedge(10, 1), Backend::new([Step::ok(1).after(millis(20))]));
        assert_eq!(backend.ask(door, &hedge).await, Ok(1));
        assert_eq!(backend.counts().calls, 2);

        hedge.reconfigure(Config::new().with_extra_load(0.5)).unwrap();
        assert_eq!((hedge.snapshot().delay, hedge.snapshot().samples), (None, 0));
        for _ in 0..20 {
            assert_eq!(backend.ask(door, &hedge).await, Ok(1));
        }
        assert_eq!((backend.counts().calls, hedge.snapshot().samples), (22, 20), "{door:?}");
        assert!(hedge.snapshot().delay.is_some());

        hedge.reconfigure(Config::after(millis(15))).unwrap();
        assert_eq!(hedge.snapshot().delay, Some(millis(15)));
        for _ in 0..50 {
            assert_eq!(backend.ask(door, &hedge).await, Ok(1));
        }
        assert_eq!(backend.counts().calls, 122, "{door:?}");
        assert_eq!(hedge.snapshot().delay, Some(millis(15)));
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_measured_is_forgotten_with_the_config_it_was_measured_for() {
    for door in Door::ALL {
        let (hedge, backend) = (measured(0.1), Backend::new([Step::ok(1).after(millis(20))]));
        for _ in 0..50 {
            backend.ask(door, &hedge).await.unwrap();
        }
        assert!(hedge.snapshot().delay.is_some());
        hedge.reconfigure(Config::new().with_extra_load(0.2)).unwrap();
        assert_eq!((hedge.snapshot().delay, hedge.snapshot().samples), (None, 0), "{door:?}");
    }
}

/// Attempts that began under another config count for the new one.
#[tokio::test(start_paused = true)]
async fn a_call_in_flight_across_the_switch_ends_in_peace() {
    for door in Door::ALL {
        for to_measured in [true, false] {
            let (fixed, by_share) = (Config::after(millis(10)), Config::new().with_extra_load(0.5));
            let (from, to) = if to_measured { (fixed, by_share) } else { (by_share, fixed) };
            let hedge = Hedge::new("backend", from).unwrap();
            let backend = Backend::new([Step::ok(1).after(millis(100))]);
            let call = tokio::spawn(backend.ask(door, &hedge));
            sleep(millis(5)).await;
            hedge.reconfigure(to).unwrap();
            assert_eq!(call.await.unwrap(), Ok(1), "{door:?}");
            assert_eq!(backend.counts().in_flight, 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn shadow_mode_can_be_left() {
    for door in Door::ALL {
        let config = Config::after(millis(10));
        let hedge = Hedge::new("backend", config.clone().with_mode(Mode::Shadow)).unwrap();
        let backend = Backend::new([Step::ok(1).after(millis(30))]);
        backend.ask(door, &hedge).await.unwrap();
        assert_eq!((backend.counts().calls, hedge.snapshot().mode), (1, Mode::Shadow));
        hedge.reconfigure(config).unwrap();
        backend.ask(door, &hedge).await.unwrap();
        assert_eq!((backend.counts().calls, hedge.snapshot().mode), (3, Mode::Enforce), "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn clones_views_and_layers_are_one_hedge() {
    let hedge = hedge(10, 1);
    let backend = Backend::new([Step::hang(), Step::ok(2)]);
    let views = (hedge.clone(), hedge.classify(super::eyes as super::Eyes));
    for door in Door::ALL {
        let slow = Backend::new([Step::hang(), Step::ok(2)]);
        assert_eq!(slow.ask(door, &views.0).await, Ok(2));
    }
    assert_eq!(backend.ask(Door::Layer, &views.1).await, Ok(2));
    let totals = hedge.snapshot().totals;
    assert_eq!((totals.slow, totals.wins), (5, 5));
    assert_eq!(views.1.snapshot(), hedge.snapshot());
}

#[tokio::test(start_paused = true)]
async fn a_plan_makes_many_that_share_nothing() {
    let plan: Plan = Config::after(MILLISECOND).parse().unwrap();
    assert_eq!(plan.config().after, After::Delay(MILLISECOND));
    let [one, other] = [(); 2].map(|()| Hedge::from_plan("each", &plan));
    let backend = Backend::new([Step::hang(), Step::ok(2)]);
    assert_eq!(one.call(|| backend.call()).await, Ok(2));
    assert_eq!((one.snapshot().totals.slow, other.snapshot().totals.slow), (1, 0));
    assert_eq!(one.name(), other.name());
}

/// The future of a service keeps what it needs.
#[tokio::test(start_paused = true)]
async fn a_call_outlives_the_handle_and_the_service_it_came_from() {
    let hedge = hedge(10, 1);
    let backend = Backend::new([Step::hang(), Step::ok(2)]);
    let call = backend.ask(Door::Layer, &hedge);
    drop(hedge);
    assert_eq!(call.await, Ok(2));
    let shared = Arc::strong_count(&backend.starts);
    assert_eq!(shared, 1, "and lets go of it when it is over");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_readable_by_a_machine() {
    let hedge = Hedge::new("search", Config::after(millis(80))).unwrap();
    let json = serde_json::to_value(hedge.snapshot()).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "name": "search",
            "delay_ms": 80,
            "samples": 0,
            "mode": "enforce",
            "budget": {"name": "search", "kept": 0.0, "withdrawn": 0, "exhausted": 0},
            "totals": {"slow": 0, "failed": 0, "wins": 0, "unpaid": 0},
        })
    );
    let unknown = serde_json::to_value(measured(0.02).snapshot()).unwrap();
    assert!(unknown["delay_ms"].is_null() && unknown["budget"].is_null());
}
