//! Histograms of two monitors, together.

use std::time::Duration;

use buttress::latency::{Config, Ending};

use super::{SECOND, monitor, took};

#[test]
fn two_monitors_together_are_as_one_that_saw_everything() {
    let [left, right, both] = [(); 3].map(|()| monitor(Config::new()));
    for millis in 1..=1000 {
        let half = if millis <= 900 { &left } else { &right };
        took(half, "op", millis);
        took(&both, "op", millis);
    }
    let mut merged = left.snapshot();
    merged.merge(&right.snapshot());
    let (merged, both) = (merged.summary(), both.summary());
    assert_eq!(merged.operation("op"), both.operation("op"));
    // The mean of the percentiles would be another thing.
    assert_ne!(left.summary().operation("op").unwrap().p99, merged.operation("op").unwrap().p99);
}

#[test]
fn operations_of_either_are_there_in_order_and_totals_add_up() {
    let (left, right) = (
        monitor(Config::new().with_slow_after(SECOND)),
        monitor(Config::new().with_slow_after(SECOND).with_max_operations(2)),
    );
    for operation in ["b", "d"] {
        left.record(operation, 2 * SECOND, Ending::Ok);
    }
    for operation in ["c", "b", "a"] {
        right.record(operation, 3 * SECOND, Ending::Err);
    }
    let mut merged = left.snapshot();
    merged.merge(&right.snapshot());
    let names: Vec<_> = merged.operations().iter().map(|one| one.operation().as_str()).collect();
    assert_eq!(names, ["b", "c", "d", "other"]);
    let summary = merged.summary();
    let b = summary.operation("b").unwrap();
    assert_eq!((b.count, b.ok, b.err, b.slow, b.total, b.alerts), (2, 1, 1, 2, 2, 2));
    assert_eq!((b.max, b.mean), (Some(3 * SECOND), Some(Duration::from_millis(2500))));
    assert_eq!(summary.overflowed, 1);
    assert_eq!(summary.name.as_str(), "rag");
}

#[test]
fn distributions_of_any_two_operations_merge() {
    let latency = monitor(Config::new());
    took(&latency, "read", 1);
    took(&latency, "write", 3);
    let snapshot = latency.snapshot();
    let mut all = snapshot.operation("read").unwrap().clone();
    all.merge(snapshot.operation("write").unwrap());
    assert_eq!((all.count(), all.mean()), (2, Some(Duration::from_millis(2))));
    assert_eq!(all.operation().as_str(), "read");
}
