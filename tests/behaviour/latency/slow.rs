//! What is slow, and how often anybody is told. (What is told stands in `tests/surface/telemetry.rs`.)

use std::time::Duration;

use buttress::latency::{Config, Ending, Latency};
use tokio::time::advance;

use super::{MILLISECOND, SECOND, monitor, seen, took};

/// Slow ones in the window, alerts, those suppressed.
fn slow(latency: &Latency, operation: &str) -> (u64, u64, u64) {
    let seen = seen(latency, operation);
    (seen.slow, seen.alerts, seen.suppressed)
}

#[test]
fn slow_is_what_takes_longer_and_not_what_takes_as_long() {
    let latency = monitor(Config::new().with_slow_after(100 * MILLISECOND));
    took(&latency, "op", 100);
    assert_eq!(slow(&latency, "op"), (0, 0, 0));
    latency.record("op", 100 * MILLISECOND + Duration::from_nanos(1), Ending::Ok);
    assert_eq!(slow(&latency, "op"), (1, 1, 0));
}

#[test]
fn each_operation_has_its_own_threshold_or_the_default_or_none_case_130() {
    let config = Config::new()
        .with_slow_after(100 * MILLISECOND)
        .with_slow_after_of("complete", 30 * SECOND)
        .with_slow_after_of("poll", Duration::MAX);
    let latency = monitor(config);
    for operation in ["select", "complete", "poll"] {
        for millis in [50, 5000, 60_000] {
            took(&latency, operation, millis);
        }
        latency.record(operation, Duration::MAX, Ending::Ok);
    }
    assert_eq!(slow(&latency, "select").0, 3);
    assert_eq!(slow(&latency, "complete").0, 2);
    assert_eq!(slow(&latency, "poll").0, 0);
    let latency = monitor(Config::new());
    took(&latency, "op", u64::MAX / 1_000_000);
    assert_eq!(slow(&latency, "op"), (0, 0, 0), "without a threshold nothing is");
}

#[test]
fn whatever_its_end_a_slow_one_is_slow() {
    let latency = monitor(Config::new().with_slow_after(MILLISECOND));
    for ending in [Ending::Ok, Ending::Err, Ending::Cancelled, Ending::Panicked] {
        latency.record("op", SECOND, ending);
    }
    assert_eq!(slow(&latency, "op"), (4, 1, 3));
    assert_eq!(seen(&latency, "op").count, 4);
}

#[tokio::test(start_paused = true)]
async fn there_is_one_alert_a_window_and_operation_case_130() {
    let config = Config::new().with_window(10 * SECOND).with_slices(5).with_slow_after(MILLISECOND);
    let latency = monitor(config);
    for round in 1..=5 {
        for operation in ["a", "b"] {
            (0..20).for_each(|_| took(&latency, operation, 500));
            assert_eq!(slow(&latency, operation), (20, round, round * 19), "round {round}");
        }
        advance(10 * SECOND).await;
    }
    advance(3 * SECOND).await;
    took(&latency, "a", 500);
    advance(10 * SECOND - Duration::from_nanos(1)).await;
    took(&latency, "a", 500);
    assert_eq!(slow(&latency, "a").1, 6, "a whole window after the last, wherever slices end");
    advance(Duration::from_nanos(1)).await;
    took(&latency, "a", 500);
    assert_eq!(slow(&latency, "a").1, 7);
}

#[tokio::test(start_paused = true)]
async fn thresholds_change_while_it_runs() {
    let latency = monitor(Config::new().with_slow_after(SECOND));
    let operation = latency.operation("op");
    operation.record(500 * MILLISECOND, Ending::Ok);
    assert_eq!(slow(&latency, "op").0, 0);
    let config = Config::new().with_slow_after(SECOND).with_slow_after_of("op", MILLISECOND);
    latency.reconfigure(config).unwrap();
    operation.record(500 * MILLISECOND, Ending::Ok);
    assert_eq!((slow(&latency, "op").0, seen(&latency, "op").count), (1, 2));
    latency.reconfigure(Config::new()).unwrap();
    operation.record(500 * MILLISECOND, Ending::Ok);
    assert_eq!(slow(&latency, "op").0, 1);
}

#[test]
fn threads_that_are_all_slow_raise_one_alert() {
    let latency = monitor(Config::new().with_slow_after(MILLISECOND));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..500).for_each(|_| took(&latency, "op", 2)));
        }
    });
    assert_eq!(slow(&latency, "op"), (4000, 1, 3999));
}
