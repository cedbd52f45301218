//! Probes, and what they decide.

use buttress::{
    OpenReason, Refusal,
    circuit_breaker::{CircuitBreaker, Config, Counts, Reason, State, Window},
    testing::Step,
};
use tokio::time::advance;

use crate::doors::{Circuit, Down, MILLISECOND, SECOND, circuits};

/// Opens for a second.
fn config() -> Config {
    Config::off().with_consecutive_failures(1).with_fixed_interval(SECOND)
}

/// Opens it and waits for the interval to be over: the next call is a probe.
async fn probing<C>(circuit: &Circuit<C>) {
    circuit.breaker.open_for(SECOND);
    advance(SECOND).await;
}

#[track_caller]
fn is_probing(refusal: &Refusal) {
    assert!(
        matches!(refusal, Refusal::CircuitOpen { reason: OpenReason::Probing, .. }),
        "{refusal:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn of_two_who_race_at_the_deadline_one_probes_and_the_other_is_told_when_cb_29() {
    for (ends, state) in [("S", State::Closed), ("F", State::Open)] {
        for circuit in circuits(config().with_probes(1)) {
            probing(&circuit).await;
            let deed = if ends == "S" { Step::ok("up") } else { Step::err(Down::Broken) };
            let first = circuit.start(deed.after(100 * MILLISECOND));
            let second = circuit.start(Step::ok("up"));
            assert_eq!(circuit.ran(), 1);
            let refusal = match second.await {
                Err(buttress::Error::Refused(refusal)) => refusal,
                other => panic!("{other:?}"),
            };
            is_probing(&refusal);
            assert_eq!(refusal.retry_after(), Some(SECOND));
            assert_eq!(first.await.is_ok(), ends == "S");
            circuit.is(state);
            if state == State::Open {
                assert_eq!(circuit.refused_for().await, SECOND, "a fresh interval from now");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn four_probes_are_judged_when_all_four_are_in_cb_31() {
    let config = config().with_failure_ratio(0.5).with_probes(4);
    for (probes, state) in [
        ("FFSF", State::Open),
        ("FSSS", State::Closed),
        ("FFSS", State::Open),
        ("SSSS", State::Closed),
        ("FFFF", State::Open),
    ] {
        for circuit in circuits(config.clone()) {
            probing(&circuit).await;
            let (first, last) = probes.split_at(probes.len() - 1);
            circuit.play(first).await;
            circuit.is(State::HalfOpen);
            circuit.play(last).await;
            circuit.is(state);
            assert_eq!(circuit.counts(), Counts::default(), "and nothing of it stays");
        }
    }
}

/// Four probes of which three must succeed: two failures are already too many.
#[tokio::test(start_paused = true)]
async fn probes_are_judged_early_only_where_asked_cb_33() {
    let config = config().with_probes(4).with_successes_to_close(3).with_probe_failures_to_open(2);
    for (probes, state) in [
        ("SFSF", State::Open),
        ("SFSS", State::Closed),
        ("FF", State::Open),
        ("SSS", State::Closed),
        ("FSSS", State::Closed),
        ("SSFF", State::Open),
    ] {
        for circuit in circuits(config.clone()) {
            probing(&circuit).await;
            let (first, last) = probes.split_at(probes.len() - 1);
            circuit.play(first).await;
            circuit.is(State::HalfOpen);
            circuit.play(last).await;
            circuit.is(state);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn with_successes_to_close_the_first_failure_opens_again() {
    let config = config().with_probes(5).with_successes_to_close(2);
    for (probes, state) in [("SS", State::Closed), ("F", State::Open), ("SF", State::Open)] {
        for circuit in circuits(config.clone()) {
            probing(&circuit).await;
            circuit.play(probes).await;
            circuit.is(state);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn with_failures_to_open_alone_all_probes_are_waited_for() {
    let config = config().with_failure_ratio(1.0).with_probes(3).with_probe_failures_to_open(2);
    for (probes, state) in [
        ("SS", State::HalfOpen),
        ("SSS", State::Closed),
        ("FSS", State::Closed),
        ("FF", State::Open),
        ("SFF", State::Open),
    ] {
        for circuit in circuits(config.clone()) {
            probing(&circuit).await;
            circuit.play(probes).await;
            circuit.is(state);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn by_default_three_probes_decide_by_half() {
    for (probes, state) in [
        ("SS", State::HalfOpen),
        ("FF", State::HalfOpen),
        ("SSS", State::Closed),
        ("SFS", State::Closed),
        ("FSF", State::Open),
    ] {
        for circuit in circuits(Config::new()) {
            probing(&circuit).await;
            circuit.play(probes).await;
            circuit.is(state);
            if state == State::Open {
                assert_eq!(circuit.breaker.snapshot().reason, Some(Reason::ProbesFailed));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_pass_than_there_are_probes_out_and_in() {
    for circuit in circuits(config().with_probes(3)) {
        probing(&circuit).await;
        let first = circuit.start(Step::hang());
        let second = circuit.start(Step::hang());
        circuit.play("S").await;
        for _ in 0..5 {
            is_probing(&circuit.refusal().await);
        }
        assert_eq!(circuit.ran(), 3);
        drop((first, second));
        circuit.play("SS").await;
        circuit.is(State::Closed);
    }
}

/// A circuit is not closed onto a backend that asks to be left alone.
#[tokio::test(start_paused = true)]
async fn a_soft_failure_of_a_probe_is_no_success() {
    for circuit in circuits(config().with_probes(2)) {
        let circuit = circuit.discerning();
        probing(&circuit).await;
        circuit.play("BB").await;
        circuit.is(State::Open);
        probing(&circuit).await;
        circuit.play("SB").await;
        circuit.is(State::Open);
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_says_nothing_gives_its_place_back() {
    for circuit in circuits(config().with_probes(1)) {
        let circuit = circuit.discerning();
        probing(&circuit).await;
        circuit.play("MMMMMMMMMM").await;
        circuit.is(State::HalfOpen);
        circuit.play("S").await;
        circuit.is(State::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_closed_circuit_starts_with_an_empty_window() {
    let config = config()
        .with_failure_ratio(0.5)
        .with_window(Window::Count(10))
        .with_min_calls(2)
        .with_probes(3)
        .with_consecutive_failures(4);
    for circuit in circuits(config) {
        circuit.play("FF").await;
        circuit.is(State::Open);
        advance(SECOND).await;
        circuit.play("FSS").await;
        circuit.is(State::Closed);
        assert_eq!(circuit.counts(), Counts::default());
        circuit.play("F").await;
        circuit.is(State::Closed);
    }
}

/// Eight threads ask at the very end of the interval, each again and again.
#[test]
fn threads_that_race_for_probes_get_as_many_as_there_are() {
    let config = config().with_probes(5);
    for _ in 0..50 {
        let breaker = CircuitBreaker::new("backend", config.clone()).unwrap();
        breaker.open_for(std::time::Duration::ZERO);
        let permits: Vec<_> = std::thread::scope(|scope| {
            let race = || (0..20).filter_map(|_| breaker.try_acquire().ok()).collect::<Vec<_>>();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(race)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(permits.len(), 5);
        assert_eq!(breaker.snapshot().totals.transitions, 2);
        permits.into_iter().for_each(buttress::circuit_breaker::Permit::success);
        assert_eq!(breaker.state(), State::Closed);
    }
}
