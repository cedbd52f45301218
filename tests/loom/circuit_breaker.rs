//! Models of the breaker's shared state: every interleaving of two threads.

use std::{sync::Arc, time::Duration};

use loom::thread;

use super::{
    config::Config,
    machine::Order,
    shared::{Ending, Shared},
    state::State,
};
use crate::ground::{name::Name, outcome::Outcome};

fn shared(config: Config) -> Arc<Shared> {
    let plan = config.parse().expect("a config of this file");
    Arc::new(Shared::new(Name::Static("model"), plan, 1, true))
}

fn one_probe() -> Config {
    Config::off().with_consecutive_failures(1).with_probes(1)
}

fn half_openable(config: Config) -> Arc<Shared> {
    let shared = shared(config);
    // Open, and due to be probed at once.
    shared.obey(Order::OpenFor(Duration::ZERO));
    shared
}

fn finish(shared: &Shared, mut pass: super::shared::Pass, outcome: Outcome) {
    if outcome == Outcome::Success && shared.is_light(&pass) {
        shared.succeeded(pass.spend(), None);
    } else {
        shared.end(&pass, Ending::Finished(outcome), None);
    }
}

#[test]
fn two_callers_racing_for_one_probe_place_get_one() {
    loom::model(|| {
        let shared = half_openable(one_probe());
        let other = Arc::clone(&shared);
        let racer = thread::spawn(move || other.admit().is_ok());
        let mine = shared.admit().is_ok();
        let theirs = racer.join().expect("no panic");
        assert!(mine ^ theirs, "one probe place, {mine} and {theirs}");
        assert_eq!(shared.state(), State::HalfOpen);
    });
}

#[test]
fn a_probe_given_up_while_another_caller_asks_leaves_a_place_for_somebody() {
    loom::model(|| {
        let shared = half_openable(one_probe());
        let probe = shared.admit().expect("the first probe");
        let other = Arc::clone(&shared);
        let dropper = thread::spawn(move || other.end(&probe, Ending::Abandoned, None));
        let mine = shared.admit();
        dropper.join().expect("no panic");
        match mine {
            Ok(pass) => finish(&shared, pass, Outcome::Success),
            Err(_) => finish(&shared, shared.admit().expect("the place is free"), Outcome::Success),
        }
        assert_eq!(shared.state(), State::Closed);
    });
}

#[test]
fn a_result_from_before_the_trip_never_decides_a_half_open_circuit() {
    for outcome in [Outcome::Success, Outcome::Failure] {
        loom::model(move || {
            let shared = shared(one_probe());
            let stale = shared.admit().expect("closed");
            let other = Arc::clone(&shared);
            let late = thread::spawn(move || finish(&other, stale, outcome));
            shared.obey(Order::OpenFor(Duration::ZERO));
            let probe = shared.admit();
            late.join().expect("no panic");
            match probe {
                Ok(_) => assert_eq!(shared.state(), State::HalfOpen),
                // The failure came first and opened the circuit by itself; ours was then no news.
                Err(_) => assert_eq!((outcome, shared.state()), (Outcome::Failure, State::Open)),
            }
        });
    }
}

#[test]
fn two_failures_at_once_are_two_in_a_row() {
    loom::model(|| {
        let shared = shared(Config::off().with_consecutive_failures(2));
        let mine = shared.admit().expect("closed");
        let theirs = shared.admit().expect("closed");
        let other = Arc::clone(&shared);
        let failing = thread::spawn(move || finish(&other, theirs, Outcome::Failure));
        finish(&shared, mine, Outcome::Failure);
        failing.join().expect("no panic");
        assert_eq!(shared.state(), State::Open);
        assert_eq!(shared.snapshot().totals.opened, 1);
    });
}

#[test]
fn a_success_between_two_failures_or_beside_them_never_loses_a_failure_that_follows() {
    loom::model(|| {
        let shared = shared(Config::off().with_consecutive_failures(2));
        let good = shared.admit().expect("closed");
        let bad = shared.admit().expect("closed");
        let other = Arc::clone(&shared);
        let failing = thread::spawn(move || finish(&other, bad, Outcome::Failure));
        finish(&shared, good, Outcome::Success);
        failing.join().expect("no panic");
        // Both are over. Two more in a row open it in any case.
        for _ in 0..2 {
            if let Ok(pass) = shared.admit() {
                finish(&shared, pass, Outcome::Failure);
            }
        }
        assert_eq!(shared.state(), State::Open);
    });
}

#[test]
fn calls_of_a_count_window_are_counted_once_each() {
    loom::model(|| {
        let config = Config::off()
            .with_failure_ratio(1.0)
            .with_window(super::config::Window::Count(10))
            .with_min_calls(10);
        let shared = shared(config);
        let good = shared.admit().expect("closed");
        let bad = shared.admit().expect("closed");
        let other = Arc::clone(&shared);
        let failing = thread::spawn(move || finish(&other, bad, Outcome::Failure));
        finish(&shared, good, Outcome::Success);
        failing.join().expect("no panic");
        let counts = shared.snapshot().counts;
        assert_eq!((counts.calls, counts.failures), (2, 1));
    });
}

#[test]
fn every_transition_is_in_the_journal_in_order() {
    loom::model(|| {
        let shared = shared(one_probe());
        let mut reader = shared.journal().reader();
        let other = Arc::clone(&shared);
        let forcing = thread::spawn(move || other.obey(Order::ForceOpen));
        shared.obey(Order::Isolate);
        forcing.join().expect("no panic");
        let (first, _) = reader.try_next().expect("a first transition");
        let (second, _) = reader.try_next().expect("a second transition");
        assert_eq!(first.from, State::Closed);
        assert_eq!(first.to, second.from);
        assert_eq!(second.to, shared.state());
        assert!(reader.try_next().is_none());
    });
}
