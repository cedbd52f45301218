//! Whatever was dropped and whenever: nothing stays in flight, and a backend that works closes the
//! circuit in bounded time.

use std::time::Duration;

use buttress::{
    circuit_breaker::{CircuitBreaker, Config, State, presets},
    time,
};
use proptest::{collection::vec, option, prelude::*, sample::select, test_runner::TestCaseError};
use tokio::time::advance;

use crate::{
    MILLISECOND, SECOND, cases,
    events::config,
    paused,
    world::{Door, Job, Step, World, step},
};

const GOOD: Job = Job { door: Door::Layer, latency: Some(Duration::ZERO), good: true };

/// No interval of forever: time must be able to tell.
fn bounded(mut config: Config, ramp: Option<Duration>) -> Config {
    config.max_open_for = config.max_open_for.min(60 * SECOND);
    config.probe_lease = config.probe_lease.min(10 * SECOND);
    config.half_open_for = config.half_open_for.min(30 * SECOND);
    config.ramp = ramp;
    config
}

fn closes(
    config: Config,
    start: State,
    steps: Vec<Step>,
    dropped: bool,
) -> Result<(), TestCaseError> {
    paused(async {
        buttress::random::seed(1);
        let breaker = CircuitBreaker::new("backend", config.clone()).unwrap();
        let mut world = World::new(breaker.clone());
        match start {
            State::Disabled => breaker.disable(),
            State::ForcedOpen => breaker.force_open(),
            State::Isolated => breaker.isolate(),
            State::Open => breaker.open_for(SECOND),
            _ => {}
        }
        for step in steps {
            world.take(step).await;
        }
        // Either everything is dropped, or what hangs goes on hanging.
        if dropped {
            world.drop_all();
            prop_assert_eq!(world.seen().in_flight, 0);
        }
        if matches!(breaker.state(), State::Disabled | State::ForcedOpen | State::Isolated) {
            prop_assert_eq!(breaker.state(), start, "only a person ends that");
            breaker.reset();
        }

        // An interval, the probes that hang in it, and once more for what they were judged by.
        let round = config.max_open_for + config.probe_lease + config.half_open_for;
        let bound = 3 * round + config.ramp.unwrap_or_default();
        let (began, mut asked) = (time::now(), 0);
        while breaker.state() != State::Closed {
            asked += 1;
            prop_assert!(asked <= 10_000, "still {} after {} calls", breaker.state(), asked);
            let waited = time::now().since(began);
            prop_assert!(waited <= bound, "still {} after {:?}", breaker.state(), waited);
            let answer = world.start(GOOD).await;
            if let Err(error) = answer {
                let wait = error.retry_after().unwrap();
                advance(wait.clamp(100 * MILLISECOND, SECOND)).await;
            }
        }
        prop_assert!(world.start(GOOD).await.is_ok());
        world.drop_all();
        // Those that hung were slow, and may open it again by that.
        prop_assert_eq!(world.seen().in_flight, 0);
        Ok(())
    })
}

const STATES: [State; 5] =
    [State::Closed, State::Disabled, State::ForcedOpen, State::Isolated, State::Open];

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_backend_that_works_closes_it(
        config in config(),
        ramp in option::of(select(vec![MILLISECOND, 10 * SECOND])),
        start in select(STATES.to_vec()),
        steps in vec(step(), 0..60),
        dropped in any::<bool>(),
    ) {
        closes(bounded(config, ramp), start, steps, dropped)?;
    }
}

#[test]
fn a_backend_that_works_closes_the_presets() {
    let hang = |door| Step::Start(Job { door, latency: None, good: true });
    let fail = |door| Step::Start(Job { door, latency: Some(MILLISECOND), good: false });
    let hangs = [Door::Call, Door::Layer, Door::Run].map(hang);
    let fails = [Door::Call, Door::Layer, Door::Run].map(fail);
    let pass = [Step::Pass(MILLISECOND)];
    let stories: [&[&[Step]]; 4] = [
        &[],
        &[&fails, &fails, &pass],
        &[&fails, &fails, &pass, &[Step::PassToEnd(true)], &hangs, &hangs],
        &[&hangs, &fails, &fails, &pass, &[Step::PassToEnd(true)], &hangs, &[Step::Drop(3)]],
    ];
    for config in [
        presets::GATEWAY,
        presets::LOCAL_MODEL,
        presets::SERVICE,
        presets::GATEWAY.with_ramp(60 * SECOND),
        Config::new().with_min_calls(4),
    ] {
        for start in STATES {
            for story in stories {
                for dropped in [false, true] {
                    closes(config.clone(), start, story.concat(), dropped).unwrap();
                }
            }
        }
    }
}
