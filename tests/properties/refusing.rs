//! Open means that no body runs; half-open, that no more run than there are probes.

use std::time::Duration;

use buttress::circuit_breaker::{CircuitBreaker, Config, State, presets};
use proptest::{collection::vec, prelude::*, test_runner::TestCaseError};
use tokio::time::advance;

use crate::{
    MILLISECOND, SECOND, cases,
    events::config,
    paused,
    world::{Door, Job, Step, World, step},
};

/// No body begins before the end of an interval that was announced before.
fn no_body_while_open(config: Config, steps: Vec<Step>) -> Result<(), TestCaseError> {
    paused(async {
        let breaker = CircuitBreaker::new("backend", config).unwrap();
        let mut transitions = breaker.subscribe();
        let mut world = World::new(breaker);
        let (mut open_until, mut known) = (None, 0);
        for step in steps {
            world.take(step).await;
            for began in &world.seen().began[known..] {
                if let Some(until) = open_until {
                    prop_assert!(*began >= until, "a body ran at {began:?}, open until {until:?}");
                }
            }
            known = world.seen().began.len();
            while let Some(change) = transitions.try_next() {
                open_until = change.open_for.map(|open_for| change.at.after(open_for));
            }
        }
        Ok(())
    })
}

/// In its first half-open phase no more bodies are in flight than there are probes.
fn no_crowd_of_probes(config: Config, steps: Vec<Step>) -> Result<(), TestCaseError> {
    paused(async {
        let probes = config.probes as usize;
        // Leases never run out here: a probe that hangs is still out.
        let config = config.with_probe_lease(Duration::MAX);
        let breaker = CircuitBreaker::new("backend", config).unwrap();
        let mut world = World::new(breaker.clone());
        breaker.open_for(SECOND);
        advance(SECOND).await;
        let mut transitions = breaker.subscribe();
        for step in steps {
            world.take(step).await;
            while let Some(change) = transitions.try_next() {
                if change.from == State::HalfOpen {
                    return Ok(());
                }
            }
            let in_flight = world.seen().in_flight;
            prop_assert!(in_flight <= probes, "{in_flight} in flight, {probes} probes");
        }
        Ok(())
    })
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn no_body_runs_while_it_is_open(config in config(), steps in vec(step(), 0..80)) {
        no_body_while_open(config, steps)?;
    }

    #[test]
    fn no_more_bodies_run_than_there_are_probes(config in config(), steps in vec(step(), 0..40)) {
        no_crowd_of_probes(config, steps)?;
    }
}

#[test]
fn both_hold_for_presets_and_round_numbers() {
    let job = |latency, good| {
        [Door::Call, Door::Layer, Door::Run].map(|door| Step::Start(Job { door, latency, good }))
    };
    let hangs = job(None, true);
    let fails = job(Some(Duration::ZERO), false);
    let works = job(Some(MILLISECOND), true);
    let to_end = [Step::PassToEnd(false), works[0], Step::PassToEnd(true)];
    let minute = [Step::Pass(60 * SECOND)];
    let stories: [&[&[Step]]; 5] = [
        &[&fails, &fails, &to_end, &hangs, &hangs, &works],
        &[&fails, &fails, &to_end, &works, &works, &minute, &works],
        &[&hangs, &fails, &fails, &to_end, &hangs, &[Step::Drop(0)], &hangs],
        &[&fails, &fails, &to_end, &fails, &to_end, &fails, &to_end, &works],
        &[&fails, &fails, &to_end, &hangs, &minute, &minute, &hangs, &works],
    ];
    let configs = [
        presets::GATEWAY,
        presets::LOCAL_MODEL,
        presets::SERVICE,
        Config::off().with_consecutive_failures(1).with_probes(1),
        Config::new().with_min_calls(4),
    ];
    for config in configs {
        for story in stories {
            no_body_while_open(config.clone(), story.concat()).unwrap();
            no_crowd_of_probes(config.clone(), story.concat()).unwrap();
        }
    }
}
