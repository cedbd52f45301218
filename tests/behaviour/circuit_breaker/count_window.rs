//! Failures in a row, and shares of the last so many calls.

use buttress::circuit_breaker::{Config, Reason, State, Window};

use crate::doors::{changes, circuits, news};

fn half_of(calls: u32, min_calls: u32) -> Config {
    Config::new()
        .with_failure_ratio(0.5)
        .with_window(Window::Count(calls))
        .with_min_calls(min_calls)
}

/// A success that makes the window full does not open the circuit, whatever is in it; the next
/// failure does.
#[tokio::test(start_paused = true)]
async fn a_full_window_is_judged_by_the_next_failure_cb_01() {
    for circuit in circuits(half_of(5, 5)) {
        let mut seen = circuit.breaker.subscribe();
        circuit.play("FFFS").await;
        assert_eq!(circuit.tally(), (1, 3), "three of four, and four are not enough");
        circuit.is(State::Closed);
        circuit.play("S").await;
        assert_eq!(circuit.tally(), (2, 3), "three of five, but a success came last");
        circuit.is(State::Closed);

        circuit.play("F").await;
        let changes = news(&mut seen);
        assert_eq!(changes.len(), 1);
        assert_eq!((changes[0].from, changes[0].to), (State::Closed, State::Open));
        assert_eq!(changes[0].reason, Reason::FailureRatio);
        assert_eq!((changes[0].counts.failures, changes[0].counts.calls), (3, 5));
        circuit.refusal().await;
        assert_eq!(circuit.breaker.snapshot().totals.refused, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn min_calls_above_the_window_means_as_many_as_it_holds_cb_03() {
    for circuit in circuits(half_of(10, 100)) {
        circuit.play("FFFFFFFFF").await;
        circuit.is(State::Closed);
        circuit.play("F").await;
        circuit.is(State::Open);
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_never_opens_by_failures_cb_05() {
    for circuit in circuits(half_of(10, 4)) {
        circuit.play("FFFSS").await;
        circuit.is(State::Closed);
        circuit.play("F").await;
        circuit.is(State::Open);
    }
}

#[tokio::test(start_paused = true)]
async fn nineteen_failures_of_nineteen_are_too_few_calls_and_the_twentieth_opens_cb_07() {
    for circuit in circuits(Config::new()) {
        for _ in 0..19 {
            circuit.play("F").await;
            circuit.is(State::Closed);
        }
        circuit.play("F").await;
        circuit.is(State::Open);
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_ends_a_run_of_failures_cb_08() {
    for circuit in circuits(Config::off().with_consecutive_failures(3)) {
        circuit.play("FSFF").await;
        circuit.is(State::Closed);
        circuit.play("F").await;
        circuit.is(State::Open);
        assert_eq!(circuit.breaker.snapshot().reason, Some(Reason::ConsecutiveFailures));
    }
}

#[tokio::test(start_paused = true)]
async fn of_three_in_a_row_two_and_two_are_not_enough() {
    for (calls, state) in [
        ("FF", State::Closed),
        ("FFSFF", State::Closed),
        ("FFSFFSFF", State::Closed),
        ("FFF", State::Open),
        ("FFSFFF", State::Open),
        ("SSSSSSSSSSFFF", State::Open),
    ] {
        for circuit in circuits(Config::off().with_consecutive_failures(3)) {
            circuit.play(calls).await;
            circuit.is(state);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_ignored_changes_no_count_and_no_run_cb_11() {
    for circuit in circuits(half_of(10, 10).with_consecutive_failures(3)) {
        let circuit = circuit.discerning();
        circuit.play("SFMFM").await;
        let before = circuit.counts();
        assert_eq!((before.calls, before.failures, before.consecutive_failures), (3, 2, 2));
        circuit.play("MMMMMMMMMM").await;
        assert_eq!(circuit.counts(), before);
        circuit.play("F").await;
        circuit.is(State::Open);
    }
}

/// Each window is as long as it says, to the call.
#[tokio::test(start_paused = true)]
async fn a_failure_leaves_the_window_with_its_last_call() {
    for circuit in circuits(half_of(4, 4)) {
        circuit.play("FSSS").await;
        assert_eq!(circuit.tally(), (3, 1));
        circuit.play("S").await;
        assert_eq!(circuit.tally(), (4, 0));
        circuit.play("F").await;
        assert_eq!(circuit.tally(), (3, 1), "one of four, the first is out");
        circuit.play("SF").await;
        circuit.is(State::Open);
    }
}

#[tokio::test(start_paused = true)]
async fn a_share_equal_to_the_limit_opens_and_one_below_it_does_not() {
    for (ratio, calls, state) in [
        (0.5, "SSSF", State::Closed),
        (0.25, "SSSF", State::Open),
        (0.26, "SSSF", State::Closed),
        (0.1, "SSSSSSSSSF", State::Open),
        (1.0, "FFFS", State::Closed),
        (1.0, "FFFF", State::Open),
        (1.0, "SFFFF", State::Closed),
    ] {
        let config = half_of(10, 4).with_failure_ratio(ratio);
        for circuit in circuits(config) {
            circuit.play(calls).await;
            assert_eq!(circuit.breaker.state(), state, "{ratio} {calls} {:?}", circuit.door);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_of_one_call_opens_by_that_call() {
    for circuit in circuits(half_of(1, 1)) {
        circuit.play("SSS").await;
        circuit.is(State::Closed);
        circuit.play("F").await;
        circuit.is(State::Open);
    }
}

/// A call that breaks two rules at once makes one transition, and one interval holds for all rules.
#[tokio::test(start_paused = true)]
async fn two_rules_broken_by_one_call_open_once_cb_41() {
    let config = Config::new()
        .with_consecutive_failures(5)
        .with_failure_ratio(0.2)
        .with_min_calls(5)
        .with_fixed_interval(crate::doors::SECOND);
    for circuit in circuits(config) {
        let mut seen = circuit.breaker.subscribe();
        circuit.play("FFFFF").await;
        assert_eq!(changes(&mut seen), [(State::Closed, State::Open)]);
        assert_eq!(circuit.breaker.snapshot().totals.opened, 1);
        assert_eq!(circuit.refused_for().await, crate::doors::SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn either_of_two_rules_is_enough() {
    let config = half_of(10, 10).with_consecutive_failures(3);
    for (calls, reason) in
        [("SSFFF", Reason::ConsecutiveFailures), ("SFSFSFSFSF", Reason::FailureRatio)]
    {
        for circuit in circuits(config.clone()) {
            circuit.play(calls).await;
            circuit.is(State::Open);
            assert_eq!(circuit.breaker.snapshot().reason, Some(reason));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rules_in_a_row_only_count_no_window() {
    for circuit in circuits(Config::off().with_consecutive_failures(9)) {
        circuit.play("SSFF").await;
        let counts = circuit.counts();
        assert_eq!((counts.calls, counts.failures, counts.consecutive_failures), (0, 0, 2));
    }
}
