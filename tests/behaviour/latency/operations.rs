//! Names, their bound, and the numbers as data.

use std::time::Duration;

use buttress::{
    Name,
    latency::{Config, Ending},
};
use serde_json::json;

use super::{MILLISECOND, SECOND, monitor, seen, took};

#[test]
fn beyond_the_cap_everything_is_one_operation_and_nothing_is_lost() {
    let latency = monitor(Config::new().with_max_operations(3));
    for call in 0..1000_u32 {
        latency.record(format!("op{}", call % 10), MILLISECOND, Ending::Ok);
    }
    let summary = latency.summary();
    let names: Vec<_> = summary.operations.iter().map(|one| one.operation.as_str()).collect();
    assert_eq!(names, ["op0", "op1", "op2", "other"]);
    let counts: Vec<_> = summary.operations.iter().map(|one| one.count).collect();
    assert_eq!(counts, [100, 100, 100, 700]);
    assert_eq!(summary.overflowed, 700, "by name, each record looks the name up");
}

#[test]
fn a_handle_beyond_the_cap_says_what_it_records_as() {
    let latency = monitor(Config::new().with_max_operations(1));
    assert_eq!(latency.operation("a").name().as_str(), "a");
    let beyond = latency.operation("b");
    assert_eq!(beyond.name().as_str(), "other");
    (0..5).for_each(|_| beyond.record(SECOND, Ending::Ok));
    assert_eq!((seen(&latency, "other").count, latency.summary().overflowed), (5, 1));
    assert_eq!(latency.operation("a").name().as_str(), "a", "who is in stays in");
}

#[test]
fn other_can_be_named_and_takes_no_room() {
    let latency = monitor(Config::new().with_max_operations(1));
    took(&latency, "other", 1);
    took(&latency, "a", 1);
    assert_eq!((seen(&latency, "other").count, latency.summary().overflowed), (1, 0));
}

#[test]
fn a_thousand_operations_are_told_apart() {
    let latency = monitor(Config::new().with_max_operations(1000));
    let names: Vec<Name> = (0..1000).map(|at| format!("op{at}").into()).collect();
    for (at, name) in names.iter().enumerate() {
        latency.record(name.clone(), Duration::from_nanos(at as u64), Ending::Ok);
    }
    for (at, name) in names.iter().enumerate() {
        let seen = latency.operation(name.clone()).snapshot();
        assert_eq!((seen.count(), seen.max()), (1, Some(Duration::from_nanos(at as u64))));
    }
    assert_eq!(latency.summary().overflowed, 0);
}

#[test]
fn names_are_one_however_they_are_held_and_clones_share() {
    let latency = monitor(Config::new());
    let clone = latency.clone();
    let operation = clone.operation("op");
    took(&latency, "op", 1);
    clone.record(String::from("op"), SECOND, Ending::Ok);
    operation.clone().record(SECOND, Ending::Ok);
    drop(clone);
    assert_eq!((seen(&latency, "op").count, latency.summary().operations.len()), (3, 1));
    drop(latency);
    assert_eq!(operation.snapshot().count(), 3, "an operation outlives its monitor");
}

#[test]
fn threads_that_name_an_operation_at_once_get_the_same_one() {
    for _ in 0..50 {
        let latency = monitor(Config::new().with_max_operations(4));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for name in ["a", "b", "c", "d", "e"] {
                        took(&latency, name, 1);
                    }
                });
            }
        });
        let counts: Vec<_> = latency.summary().operations.iter().map(|one| one.count).collect();
        assert_eq!(counts, [4; 5]);
    }
}

/// Cases 128 and 132: the summary is data, durations in milliseconds with fractions.
#[tokio::test(start_paused = true)]
async fn a_summary_is_data_case_128_132() {
    let latency = monitor(Config::new().with_slow_after(SECOND));
    let select = latency.operation("select");
    select.record(Duration::from_micros(45_200), Ending::Ok);
    select.record(2 * SECOND, Ending::Err);
    let _ = latency.operation("update");
    let expected = json!({
        "name": "rag",
        "window": "1m",
        "operations": [
            {
                "operation": "select", "count": 2, "ok": 1, "err": 1, "cancelled": 0, "panicked": 0,
                "slow": 1, "p50_ms": 45.350_911, "p95_ms": 2000.0, "p99_ms": 2000.0, "max_ms": 2000.0,
                "mean_ms": 1022.6, "total": 2, "alerts": 1, "suppressed": 0
            },
            {
                "operation": "update", "count": 0, "ok": 0, "err": 0, "cancelled": 0, "panicked": 0,
                "slow": 0, "p50_ms": null, "p95_ms": null, "p99_ms": null, "max_ms": null,
                "mean_ms": null, "total": 0, "alerts": 0, "suppressed": 0
            },
        ],
        "overflowed": 0,
    });
    assert_eq!(serde_json::to_value(latency.summary()).unwrap(), expected);
    assert_eq!(serde_json::to_value(latency.snapshot()).unwrap(), expected);
}

#[test]
fn below_a_millisecond_nothing_is_rounded_away() {
    let latency = monitor(Config::new());
    latency.record("op", Duration::from_nanos(1500), Ending::Ok);
    let seen = serde_json::to_value(seen(&latency, "op")).unwrap();
    assert_eq!((&seen["max_ms"], &seen["p50_ms"]), (&json!(0.0015), &json!(0.0015)));
}

#[test]
fn handles_print_their_names() {
    let latency = monitor(Config::new());
    assert_eq!(format!("{latency:?}"), r#"Latency { name: "rag", .. }"#);
    let operation = latency.operation("op");
    assert_eq!(format!("{operation:?}"), r#"Operation { name: "op", .. }"#);
    assert!(format!("{:?}", latency.layer("op")).contains("\"op\""));
    assert!(format!("{:?}", operation.snapshot()).contains("count: 0"));
}
