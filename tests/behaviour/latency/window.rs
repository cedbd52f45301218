//! The window slides by whole slices.

use std::time::Duration;

use buttress::{
    latency::{Config, Ending},
    time,
};
use tokio::time::advance;

use super::{MILLISECOND, SECOND, monitor, seen, took};

/// Ten seconds in five slices.
fn config() -> Config {
    Config::new().with_window(10 * SECOND).with_slices(5)
}

#[tokio::test(start_paused = true)]
async fn a_record_is_out_when_a_whole_window_has_passed_since_its_slice_began() {
    let latency = monitor(config());
    took(&latency, "op", 1);
    advance(SECOND).await;
    took(&latency, "op", 2);
    advance(9 * SECOND - Duration::from_nanos(1)).await;
    assert_eq!(seen(&latency, "op").count, 2);
    advance(Duration::from_nanos(1)).await;
    let seen = seen(&latency, "op");
    assert_eq!((seen.count, seen.total, seen.max, seen.p50), (0, 2, None, None));
}

#[tokio::test(start_paused = true)]
async fn it_slides_slice_by_slice() {
    let latency = monitor(config());
    for millis in 1..=10 {
        took(&latency, "op", millis);
        advance(SECOND).await;
    }
    // At ten seconds: 1 and 2, of the first slice, are out.
    for (count, mean) in [(8, 6500), (8, 6500), (6, 7500), (6, 7500), (4, 8500), (4, 8500)] {
        let seen = seen(&latency, "op");
        assert_eq!((seen.count, seen.mean), (count, Some(Duration::from_micros(mean))));
        advance(SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_silence_of_a_year_nothing_old_is_left_and_all_is_counted() {
    let latency = monitor(config());
    (0..100).for_each(|_| took(&latency, "op", 900));
    advance(365 * 86_400 * SECOND).await;
    assert_eq!(seen(&latency, "op").count, 0);
    took(&latency, "op", 3);
    let seen = seen(&latency, "op");
    assert_eq!((seen.count, seen.total, seen.max), (1, 101, Some(3 * MILLISECOND)));
}

#[tokio::test(start_paused = true)]
async fn every_slice_of_a_busy_hour_is_exact() {
    let latency = monitor(Config::new().with_window(60 * SECOND).with_slices(32));
    let operation = latency.operation("op");
    let width = (60 * SECOND / 32).as_nanos();
    let mut calls = Vec::new();
    for call in 0..10_000_u64 {
        let at = call * 360_000_000;
        operation.record(Duration::from_nanos(call), Ending::Ok);
        calls.push(u128::from(at) / width);
        if call % 97 == 0 {
            let newest = u128::from(at) / width;
            let counting = calls.iter().filter(|slice| **slice + 32 > newest).count();
            assert_eq!(operation.snapshot().count(), counting as u64, "call {call}");
        }
        advance(Duration::from_millis(360)).await;
    }
    assert_eq!(seen(&latency, "op").total, 10_000);
}

#[tokio::test(start_paused = true)]
async fn told_moments_out_of_order_are_all_counted() {
    let latency = monitor(config());
    let operation = latency.operation("op");
    let start = time::now();
    for second in [8, 3, 9, 1, 8, 0, 9] {
        operation.record_at(start + second * SECOND, SECOND, Ending::Ok);
    }
    advance(9 * SECOND).await;
    let seen = seen(&latency, "op");
    assert_eq!((seen.count, seen.total), (7, 7));
    // They went into the newest slice the thread had, and leave with it.
    advance(8 * SECOND).await;
    assert_eq!(operation.snapshot().count(), 7);
    advance(SECOND).await;
    assert_eq!(operation.snapshot().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_clock_that_is_ahead_has_recorded_is_seen() {
    let latency = monitor(config());
    let operation = latency.operation("op");
    operation.record_at(time::now() + 3 * SECOND, SECOND, Ending::Ok);
    assert_eq!(operation.snapshot().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_counts_in_the_slice_in_which_it_ends() {
    let latency = monitor(config());
    let operation = latency.operation("op");
    let call = operation.wrap(async {
        tokio::time::sleep(25 * SECOND).await;
        Ok::<_, ()>(())
    });
    call.await.unwrap();
    let seen = seen(&latency, "op");
    assert_eq!((seen.count, seen.max), (1, Some(25 * SECOND)));
}

#[tokio::test(start_paused = true)]
async fn another_window_starts_from_nothing_and_forgets_no_total() {
    let latency = monitor(config());
    let operation = latency.operation("op");
    took(&latency, "op", 5);
    latency.reconfigure(config()).unwrap();
    assert_eq!(seen(&latency, "op").count, 1, "the same window, what is in it stays");
    latency.reconfigure(Config::new().with_window(60 * SECOND).with_slices(2)).unwrap();
    assert_eq!((seen(&latency, "op").count, seen(&latency, "op").total), (0, 1));
    operation.record(SECOND, Ending::Err);
    advance(29 * SECOND).await;
    took(&latency, "op", 7);
    let seen = seen(&latency, "op");
    assert_eq!((seen.count, seen.total, seen.err), (2, 3, 1));
    assert_eq!(latency.summary().window, 60 * SECOND);
}
