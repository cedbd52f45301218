//! Windows that do not slide, rules that never apply, records without end.

use std::time::Duration;

use buttress::circuit_breaker::{CircuitBreaker, Config, State, Window};
use tokio::time::advance;

use crate::allocator::live_bytes;

const SECOND: Duration = Duration::from_secs(1);

fn successes(breaker: &CircuitBreaker, calls: u32) {
    (0..calls).for_each(|_| breaker.try_acquire().unwrap().success());
}

fn failures(breaker: &CircuitBreaker, calls: u32) {
    (0..calls).for_each(|_| breaker.try_acquire().unwrap().failure());
}

/// tower-resilience: a count window only ever adds up; after 1 000 successes a window of 10 takes
/// 1 000 failures to open. Ours holds the last N calls and no others.
#[tokio::test(start_paused = true)]
async fn d01_a_count_window_slides_however_long_it_has_been_healthy() {
    let config = Config::new().with_window(Window::Count(10)).with_failure_ratio(0.5);
    let breaker = CircuitBreaker::new("d01", config).unwrap();
    successes(&breaker, 1_000_000);
    failures(&breaker, 4);
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.snapshot().counts.calls, 10);
    failures(&breaker, 1);
    assert_eq!(breaker.state(), State::Open, "half of the last ten");
}

/// The same, for calls that were bad long ago: they leave the window again.
#[tokio::test(start_paused = true)]
async fn d01_a_count_window_forgets_failures_as_well_as_successes() {
    let config = Config::new().with_window(Window::Count(10)).with_failure_ratio(0.5);
    let breaker = CircuitBreaker::new("d01", config).unwrap();
    successes(&breaker, 10);
    for _ in 0..1000 {
        failures(&breaker, 4);
        successes(&breaker, 6);
        assert_eq!(breaker.snapshot().counts.failures, 4);
    }
    successes(&breaker, 4);
    assert_eq!(breaker.snapshot().counts.failures, 0);
}

/// tower-resilience: `minimum_number_of_calls(5)` waits for a whole window of 100 all the same.
/// Ours opens with exactly that many.
#[tokio::test(start_paused = true)]
async fn d02_a_circuit_opens_at_exactly_its_smallest_number_of_calls() {
    let windows =
        [Window::Count(100), Window::Count(5), Window::Time { span: 60 * SECOND, buckets: 10 }];
    for window in windows {
        let config = Config::new().with_window(window).with_min_calls(5);
        let breaker = CircuitBreaker::new("d02", config).unwrap();
        failures(&breaker, 4);
        assert_eq!(breaker.state(), State::Closed, "{window:?}");
        failures(&breaker, 1);
        assert_eq!(breaker.state(), State::Open, "{window:?}");
    }
}

/// The other way round, a window smaller than the smallest number of calls would never open: it
/// opens when it is full.
#[tokio::test(start_paused = true)]
async fn d02_a_window_smaller_than_its_smallest_number_of_calls_still_opens() {
    let config = Config::new().with_window(Window::Count(10)).with_min_calls(100);
    let breaker = CircuitBreaker::new("d02", config).unwrap();
    failures(&breaker, 9);
    assert_eq!(breaker.state(), State::Closed);
    failures(&breaker, 1);
    assert_eq!(breaker.state(), State::Open);
}

/// tower-resilience: a time window keeps a record of every call and scans them all on each result.
/// Ours keeps a fixed number of buckets: a million calls take not one byte more, and none is lost.
#[tokio::test(start_paused = true)]
async fn d05_a_time_window_takes_the_same_memory_for_a_million_calls() {
    let config = Config::new().with_failure_ratio(1.0).with_min_calls(u32::MAX);
    let breaker = CircuitBreaker::new("d05", config).unwrap();
    successes(&breaker, 1);
    failures(&breaker, 1);
    advance(Duration::ZERO).await; // what the runtime wants for itself
    let before = live_bytes();
    successes(&breaker, 999_999);
    failures(&breaker, 999);
    assert_eq!(live_bytes(), before);
    let counts = breaker.snapshot().counts;
    assert_eq!((counts.calls, counts.failures), (1_001_000, 1_000));

    // Every moment of a minute: still no more, and the window never holds but its span.
    for _ in 0..6000 {
        advance(SECOND / 100).await;
        successes(&breaker, 1);
        failures(&breaker, 1);
    }
    assert_eq!(live_bytes(), before);
    let counts = breaker.snapshot().counts;
    assert!((5400..=6000).contains(&counts.calls), "27 to 30 seconds of them: {counts:?}");
    advance(60 * SECOND).await;
    assert_eq!(breaker.snapshot().counts.calls, 0, "without a call to push them out");
}

/// And a clock that jumps does not make a window walk through every bucket it has missed.
#[tokio::test(start_paused = true)]
async fn d05_years_without_a_call_are_over_at_once() {
    let config = Config::new().with_window(Window::Time { span: SECOND / 1000, buckets: 1 });
    let breaker = CircuitBreaker::new("d05", config).unwrap();
    for _ in 0..100 {
        failures(&breaker, 10);
        advance(365 * 86_400 * SECOND).await;
        assert_eq!(breaker.snapshot().counts.calls, 0);
    }
}

/// failsafe: windows under a second are truncated to nothing, under five milliseconds they divide
/// by zero. Ours go down to a millisecond a bucket, and anything shorter is refused by name.
#[tokio::test(start_paused = true)]
async fn failsafe_windows_of_less_than_a_second_work() {
    for (span, buckets) in [(SECOND / 2, 5), (SECOND / 200, 5), (SECOND / 1000, 1)] {
        let config = Config::new().with_window(Window::Time { span, buckets }).with_min_calls(4);
        let breaker = CircuitBreaker::new("fast", config).unwrap();
        failures(&breaker, 3);
        advance(span).await;
        assert_eq!(breaker.snapshot().counts.calls, 0, "{span:?} later they are out");
        failures(&breaker, 3);
        assert_eq!(breaker.state(), State::Closed, "{span:?}");
        failures(&breaker, 1);
        assert_eq!(breaker.state(), State::Open, "{span:?}");
    }
    let config = Config::new().with_window(Window::Time { span: SECOND / 1000, buckets: 2 });
    let error = CircuitBreaker::new("too fast", config).unwrap_err();
    assert_eq!(error.flaws()[0].field, "window.time.span");
}

/// failsafe and again: intervals under a second, or under a millisecond, are truncated to nothing.
#[tokio::test(start_paused = true)]
async fn failsafe_intervals_are_kept_to_the_microsecond() {
    let config =
        Config::off().with_consecutive_failures(1).with_fixed_interval(Duration::from_micros(300));
    let breaker = CircuitBreaker::new("fast", config).unwrap();
    failures(&breaker, 1);
    advance(Duration::from_micros(299)).await;
    let refusal = breaker.try_acquire().unwrap_err();
    assert_eq!(refusal.retry_after(), Some(Duration::from_micros(1)));
    advance(Duration::from_micros(1)).await;
    assert!(breaker.try_acquire().is_ok());
}

/// recloser: a window of N needs N + 1 calls, and a window of 0 panics.
#[tokio::test(start_paused = true)]
async fn recloser_a_window_of_n_needs_n_calls_and_one_of_none_is_refused() {
    let config = Config::new().with_window(Window::Count(3)).with_min_calls(3);
    let breaker = CircuitBreaker::new("three", config.clone()).unwrap();
    failures(&breaker, 3);
    assert_eq!(breaker.state(), State::Open);
    let error = CircuitBreaker::new("none", config.with_window(Window::Count(0))).unwrap_err();
    assert_eq!(error.flaws()[0].field, "window.count");
}
