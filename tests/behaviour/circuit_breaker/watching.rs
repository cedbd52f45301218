//! Looking at a circuit: subscriptions and snapshots.

use buttress::{
    Mode,
    circuit_breaker::{CircuitBreaker, Config, Reason, State, Window},
    testing::Step,
    time,
};
use serde_json::json;
use tokio::time::advance;

use crate::doors::{MILLISECOND, SECOND, changes, circuits, news};

fn config() -> Config {
    Config::new()
        .with_window(Window::Count(10))
        .with_min_calls(4)
        .with_fixed_interval(5 * SECOND)
        .with_probes(2)
        .with_ramp(SECOND)
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_sees_every_transition_in_order_with_what_led_to_it() {
    for circuit in circuits(config()) {
        let mut seen = circuit.breaker.subscribe();
        let start = time::now();
        circuit.play("SFSF").await;
        advance(5 * SECOND).await;
        circuit.play("SS").await;
        advance(SECOND).await;
        circuit.play("S").await;
        circuit.breaker.isolate();
        circuit.breaker.reset();

        let news = news(&mut seen);
        let told: Vec<_> = news
            .iter()
            .map(|change| (change.from, change.to, change.reason, change.at.since(start)))
            .collect();
        assert_eq!(
            told,
            [
                (State::Closed, State::Open, Reason::FailureRatio, std::time::Duration::ZERO),
                (State::Open, State::HalfOpen, Reason::IntervalOver, 5 * SECOND),
                (State::HalfOpen, State::Ramping, Reason::ProbesSucceeded, 5 * SECOND),
                (State::Ramping, State::Closed, Reason::RampOver, 6 * SECOND),
                (State::Closed, State::Isolated, Reason::Isolated, 6 * SECOND),
                (State::Isolated, State::Closed, Reason::Reset, 6 * SECOND),
            ]
        );
        let counts: Vec<_> =
            news.iter().map(|change| (change.counts.calls, change.counts.failures)).collect();
        assert_eq!(counts, [(4, 2), (0, 0), (2, 0), (0, 0), (1, 0), (0, 0)]);
        assert_eq!(news[0].open_for, Some(5 * SECOND));
        assert!(news[1..].iter().all(|change| change.open_for.is_none()));
        let opens: Vec<_> = news.iter().map(|change| change.opens).collect();
        assert_eq!(opens, [1, 1, 1, 0, 0, 0]);
        assert!(news.iter().all(|change| change.missed == 0 && !change.shadow));
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_sees_nothing_from_before_it_came() {
    for circuit in circuits(config()) {
        circuit.breaker.isolate();
        let mut seen = circuit.breaker.subscribe();
        assert_eq!(changes(&mut seen), []);
        circuit.breaker.reset();
        assert_eq!(changes(&mut seen), [(State::Isolated, State::Closed)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_who_fell_behind_is_told_how_much_it_missed() {
    let breaker = CircuitBreaker::new("backend", config()).unwrap();
    let mut seen = breaker.subscribe();
    breaker.isolate();
    assert_eq!(seen.try_next().unwrap().missed, 0);
    for _ in 0..50 {
        breaker.reset();
        breaker.isolate();
    }
    let news = news(&mut seen);
    assert_eq!((news.len(), news[0].missed), (64, 36));
    assert!(news[1..].iter().all(|change| change.missed == 0));
    assert_eq!(news.last().unwrap().to, State::Isolated);
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_waits_for_the_next_transition_and_so_do_others() {
    for circuit in circuits(config()) {
        let mut tasks = Vec::new();
        for _ in 0..3 {
            let mut seen = circuit.breaker.subscribe();
            tasks.push(tokio::spawn(async move { (seen.next().await.to, seen.next().await.to) }));
        }
        tokio::task::yield_now().await;
        circuit.play("FFFF").await;
        advance(5 * SECOND).await;
        circuit.play("S").await;
        for task in tasks {
            assert_eq!(task.await.unwrap(), (State::Open, State::HalfOpen));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_next_loses_nothing_when_given_up() {
    let breaker = CircuitBreaker::new("backend", config()).unwrap();
    let mut seen = breaker.subscribe();
    for _ in 0..3 {
        assert!(tokio::time::timeout(SECOND, seen.next()).await.is_err());
    }
    breaker.isolate();
    breaker.reset();
    assert_eq!(seen.next().await.to, State::Isolated);
    assert_eq!(seen.next().await.to, State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_of_a_fresh_circuit() {
    let snapshot = CircuitBreaker::new("openai", Config::new()).unwrap().snapshot();
    assert_eq!(
        serde_json::to_value(&snapshot).unwrap(),
        json!({
            "name": "openai",
            "state": "closed",
            "mode": "enforce",
            "reason": null,
            "retry_after_ms": null,
            "opens": 0,
            "counts": {
                "calls": 0, "failures": 0, "soft_failures": 0, "slow": 0, "consecutive_failures": 0,
            },
            "totals": { "refused": 0, "transitions": 0, "opened": 0, "would_have_opened": 0 },
        })
    );
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_of_an_open_circuit_to_the_letter() {
    for circuit in circuits(config()) {
        circuit.play("SFFF").await;
        circuit.refusal().await;
        advance(800 * MILLISECOND).await;
        assert_eq!(
            serde_json::to_string(&circuit.breaker.snapshot()).unwrap(),
            concat!(
                r#"{"name":"backend","state":"open","mode":"enforce","reason":"failure_ratio","#,
                r#""retry_after_ms":4200,"opens":1,"counts":{"calls":0,"failures":0,"#,
                r#""soft_failures":0,"slow":0,"consecutive_failures":0},"totals":{"refused":1,"#,
                r#""transitions":1,"opened":1,"would_have_opened":0}}"#,
            )
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_shows_the_probes_of_a_half_open_circuit() {
    for circuit in circuits(config().with_probes(4).with_mode(Mode::Enforce)) {
        circuit.breaker.open_for(SECOND);
        advance(SECOND).await;
        let out = circuit.start(Step::hang());
        circuit.play("SF").await;
        let snapshot = serde_json::to_value(circuit.breaker.snapshot()).unwrap();
        assert_eq!(snapshot["state"], "half_open");
        assert_eq!(snapshot["reason"], "interval_over");
        assert_eq!(snapshot["retry_after_ms"], json!(null));
        assert_eq!(
            (&snapshot["counts"]["calls"], &snapshot["counts"]["failures"]),
            (&json!(2), &json!(1))
        );
        drop(out);
    }
}

/// What is written in a snapshot is what a person reads in a log.
#[tokio::test(start_paused = true)]
async fn states_and_reasons_print_as_they_are_written() {
    let states = [
        State::Closed,
        State::Disabled,
        State::ForcedOpen,
        State::HalfOpen,
        State::Isolated,
        State::Open,
        State::Ramping,
    ];
    for state in states {
        assert_eq!(json!(state), json!(state.to_string()));
    }
    let reasons = [
        Reason::ConsecutiveFailures,
        Reason::Disabled,
        Reason::FailureRatio,
        Reason::Forced,
        Reason::IntervalOver,
        Reason::Isolated,
        Reason::ProbesFailed,
        Reason::ProbesSucceeded,
        Reason::RampOver,
        Reason::Reconfigured,
        Reason::Reset,
        Reason::SlowRatio,
        Reason::SoftFailureRatio,
    ];
    for reason in reasons {
        assert_eq!(json!(reason), json!(reason.to_string()));
    }
}
