//! Shares of the calls of the last so many seconds, in buckets.

use std::time::Duration;

use buttress::{
    circuit_breaker::{Config, State, Window},
    time::Clock,
};
use tokio::time::advance;

use crate::doors::{Circuit, MILLISECOND, SECOND, TICK, circuits};

fn half_within(seconds: u32, min_calls: u32) -> Config {
    Config::new()
        .with_failure_ratio(0.5)
        .with_window(Window::Time { span: seconds * SECOND, buckets: seconds })
        .with_min_calls(min_calls)
}

/// Counts and never opens.
fn counting(seconds: u32) -> Config {
    half_within(seconds, 1_000_000_000).with_failure_ratio(1.0)
}

#[tokio::test(start_paused = true)]
async fn half_of_the_calls_opens_on_the_sixth_cb_02() {
    for circuit in circuits(half_within(20, 5)) {
        for call in ["S", "S", "S", "F", "F"] {
            circuit.play(call).await;
            advance(SECOND).await;
        }
        assert_eq!(circuit.tally(), (3, 2));
        circuit.is(State::Closed);
        circuit.play("F").await;
        circuit.is(State::Open);
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_is_out_a_whole_window_after_its_start_cb_14() {
    for clock in [Clock::Exact, Clock::Coarse] {
        for circuit in circuits(counting(10).with_clock(clock)) {
            for _ in 0..10 {
                circuit.play("S").await;
                advance(SECOND).await;
            }
            assert_eq!(circuit.tally(), (9, 0));
            advance(SECOND).await;
            assert_eq!(circuit.tally(), (8, 0));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn failures_count_together_until_the_last_tick_of_the_window_cb_15() {
    for wait in [6 * SECOND, 10 * SECOND - TICK] {
        for circuit in circuits(half_within(10, 4)) {
            circuit.play("FFF").await;
            advance(wait).await;
            circuit.play("F").await;
            circuit.is(State::Open);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_later_to_the_tick_they_count_no_more_cb_16() {
    for circuit in circuits(half_within(10, 4)) {
        circuit.play("SSF").await;
        advance(10 * SECOND).await;
        circuit.play("F").await;
        circuit.is(State::Closed);
        assert_eq!(circuit.tally(), (0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn what_leaves_the_window_makes_the_share_larger_cb_17() {
    let stories: [&[(Duration, &str)]; 2] = [
        &[(Duration::ZERO, "S"), (10 * SECOND - TICK, "SSF"), (TICK, "F")],
        &[(Duration::ZERO, "S"), (SECOND, "FFS"), (9 * SECOND, "F")],
    ];
    for story in stories {
        for circuit in circuits(half_within(10, 4)) {
            for (wait, calls) in story {
                circuit.is(State::Closed);
                advance(*wait).await;
                circuit.play(calls).await;
            }
            circuit.is(State::Open);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_leaves_the_window_may_leave_too_few_calls_cb_18() {
    for circuit in circuits(half_within(10, 3)) {
        circuit.play("S").await;
        advance(9_990 * MILLISECOND).await;
        circuit.play("F").await;
        advance(10 * MILLISECOND).await;
        circuit.play("F").await;
        circuit.is(State::Closed);
        assert_eq!(circuit.tally(), (0, 2));
    }
}

/// The grain: a call counts for as long as its bucket does, one bucket's width short of the window
/// at worst.
#[tokio::test(start_paused = true)]
async fn a_call_counts_as_long_as_its_bucket_cb_19() {
    for circuit in circuits(counting(5)) {
        circuit.play("SSS").await;
        advance(4_800 * MILLISECOND).await;
        assert_eq!(circuit.tally(), (3, 0));
        advance(200 * MILLISECOND).await;
        assert_eq!(circuit.tally(), (0, 0));
    }
    for circuit in circuits(counting(5)) {
        advance(999 * MILLISECOND).await;
        circuit.play("SSS").await;
        advance(4_000 * MILLISECOND).await;
        assert_eq!(circuit.tally(), (3, 0));
        advance(MILLISECOND).await;
        assert_eq!(circuit.tally(), (0, 0), "its bucket began 5 s ago");
    }
}

#[tokio::test(start_paused = true)]
async fn totals_follow_the_window_without_a_call_cb_20() {
    async fn play(circuit: &Circuit, good: usize, bad: usize) {
        circuit.play(&"S".repeat(good)).await;
        circuit.play(&"F".repeat(bad)).await;
    }
    for circuit in circuits(counting(4)) {
        advance(900 * MILLISECOND).await;
        play(&circuit, 10, 40).await;
        assert_eq!(circuit.tally(), (10, 40));
        for (wait, good, bad, tally) in [
            (100, 10, 0, (20, 40)),
            (1_500, 0, 20, (20, 60)),
            (600, 5, 20, (25, 80)),
            (2_300, 8, 0, (13, 40)),
            (1_900, 0, 5, (8, 5)),
            (15_200, 0, 0, (0, 0)),
        ] {
            advance(wait * MILLISECOND).await;
            play(&circuit, good, bad).await;
            assert_eq!(circuit.tally(), tally);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_jump_of_the_clock_leaves_only_what_came_after_cb_21() {
    for jump in [3600 * SECOND, 86_400 * 365 * 10 * SECOND] {
        for circuit in circuits(counting(10)) {
            circuit.play("SSSFFF").await;
            advance(jump).await;
            circuit.play("F").await;
            assert_eq!(circuit.tally(), (0, 1));
            circuit.play("SS").await;
            assert_eq!(circuit.tally(), (2, 1));
        }
    }
}

/// Half good, half bad, all in one instant.
#[tokio::test(start_paused = true)]
async fn a_million_calls_in_one_instant_are_counted_exactly_cb_22() {
    let mut circuits = circuits(counting(10));
    let circuit = circuits.next().unwrap();
    for _ in 0..500_000 {
        circuit.breaker.try_acquire().unwrap().success();
        circuit.breaker.try_acquire().unwrap().failure();
    }
    assert_eq!(circuit.tally(), (500_000, 500_000));
    for circuit in circuits {
        circuit.play(&"SF".repeat(1_000)).await;
        assert_eq!(circuit.tally(), (1_000, 1_000));
    }
}

/// 2³² buckets of a millisecond are not quite 50 days.
#[tokio::test(start_paused = true)]
async fn a_good_call_never_comes_back_however_long_it_has_been() {
    let config = counting(1).with_window(Window::Time { span: 32 * MILLISECOND, buckets: 32 });
    for wait in [32, 1 << 20, 1 << 31, (1_u64 << 32) - 1, 1 << 32, (1 << 32) + 31, 1 << 33] {
        for circuit in circuits(config.clone()) {
            circuit.play("SSS").await;
            advance(Duration::from_millis(wait)).await;
            assert_eq!(circuit.tally(), (0, 0), "{wait} ms later");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_of_one_bucket_starts_afresh_with_each() {
    let config = counting(1).with_window(Window::Time { span: 7 * SECOND, buckets: 1 });
    for circuit in circuits(config) {
        circuit.play("SF").await;
        advance(7 * SECOND - TICK).await;
        circuit.play("SF").await;
        assert_eq!(circuit.tally(), (2, 2));
        advance(TICK).await;
        circuit.play("S").await;
        assert_eq!(circuit.tally(), (1, 0));
    }
}

/// 10 s in 3 buckets: each a third of a nanosecond longer than it should be, never shorter.
#[tokio::test(start_paused = true)]
async fn a_span_that_does_not_divide_is_never_cut_short() {
    let config = counting(1).with_window(Window::Time { span: 10 * SECOND, buckets: 3 });
    for circuit in circuits(config) {
        circuit.play("F").await;
        advance(10 * SECOND - TICK).await;
        assert_eq!(circuit.tally(), (0, 1));
        advance(3 * TICK).await;
        assert_eq!(circuit.tally(), (0, 0));
    }
}
