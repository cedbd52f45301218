//! The breaker and the naive model agree after every event.

use std::time::Duration;

use buttress::{
    circuit_breaker::{CircuitBreaker, Config, Owned, Permit, State, Window},
    outcome::Outcome,
    time,
};
use proptest::{prelude::*, test_runner::TestCaseError};
use tokio::time::advance;

use crate::{
    LIFETIME, MILLISECOND, SECOND, TICK, YEAR, cases,
    events::{End, Event, config, events},
    model::{Model, Refused, Ticket},
    paused,
};

type Eyes = fn(&Result<Outcome, ()>) -> Outcome;

struct Pair {
    breaker: CircuitBreaker<Eyes>,
    model: Model,
    running: Vec<(Permit<Owned<Eyes>>, Ticket)>,
}

impl Pair {
    fn new(config: Config) -> Self {
        let eyes: Eyes = |result| result.unwrap_or(Outcome::Failure);
        let breaker = CircuitBreaker::new("backend", config.clone()).unwrap().classify(eyes);
        Self { breaker, model: Model::new(config), running: Vec::new() }
    }

    async fn pass(&mut self, duration: Duration) {
        if self.model.now + duration < LIFETIME {
            advance(duration).await;
            self.model.now += duration;
        }
    }

    fn begin(&mut self) -> Result<bool, TestCaseError> {
        match (self.breaker.try_acquire_owned(), self.model.admit()) {
            (Ok(permit), Ok(ticket)) => {
                self.running.push((permit, ticket));
                Ok(true)
            }
            (Err(refusal), Err(Refused(after))) => {
                // An interval of forever ends when the clock does.
                let wait = |after: Option<Duration>| after.map(|after| after.min(LIFETIME));
                prop_assert_eq!(wait(refusal.retry_after()), wait(after));
                Ok(false)
            }
            (breaker, model) => Err(TestCaseError::fail(format!("{breaker:?} and {model:?}"))),
        }
    }

    fn finish(&mut self, at: usize, end: End) {
        let (permit, ticket) = self.running.swap_remove(at);
        match end {
            End::Drop => drop(permit),
            End::Failure => permit.failure(),
            End::Ignore => permit.ignore(),
            End::Slow => permit.record(&Ok(Outcome::Slow)),
            End::Soft(retry_after) => permit.soft_failure(retry_after),
            End::Success => permit.success(),
        }
        self.model.end(ticket, end);
    }

    async fn play(&mut self, event: Event) -> Result<(), TestCaseError> {
        match event {
            Event::Advance(duration) => self.pass(duration).await,
            Event::AdvanceToEnd(beside) => {
                if let Some(left) = self.breaker.snapshot().retry_after {
                    let ticks = u64::from(beside.unsigned_abs()) * TICK.as_nanos() as u64;
                    let ticks = Duration::from_nanos(ticks);
                    let to = if beside < 0 { left.saturating_sub(ticks) } else { left + ticks };
                    self.pass(to).await;
                }
            }
            Event::Ask(end) => {
                if self.begin()? {
                    self.finish(self.running.len() - 1, end);
                }
            }
            Event::AskFor(duration, end) => {
                if self.begin()? {
                    self.pass(duration).await;
                    self.finish(self.running.len() - 1, end);
                }
            }
            Event::Begin => {
                self.begin()?;
            }
            Event::Finish(which, end) => {
                if !self.running.is_empty() {
                    self.finish(which % self.running.len(), end);
                }
            }
            Event::OpenFor(duration) => {
                self.breaker.open_for(duration);
                self.model.open_for(duration);
            }
            Event::Order(state) => {
                match state {
                    State::Closed => self.breaker.reset(),
                    State::Disabled => self.breaker.disable(),
                    State::ForcedOpen => self.breaker.force_open(),
                    _ => self.breaker.isolate(),
                }
                self.model.order(state);
            }
        }
        self.agree()
    }

    fn agree(&self) -> Result<(), TestCaseError> {
        let (snapshot, model) = (self.breaker.snapshot(), &self.model);
        prop_assert_eq!(snapshot.state, model.state());
        prop_assert_eq!(self.breaker.state(), model.state());
        prop_assert_eq!(snapshot.counts, model.counts());
        prop_assert_eq!(snapshot.opens, model.opens);
        let wait = |after: Option<Duration>| after.map(|after| after.min(LIFETIME));
        let near = model.left().is_none_or(|left| left < 10 * YEAR);
        if near {
            prop_assert_eq!(wait(snapshot.retry_after), wait(model.left()));
        }
        let totals = snapshot.totals;
        prop_assert_eq!(
            (totals.opened, totals.refused, totals.transitions),
            (model.opened, model.refused, model.transitions)
        );
        Ok(())
    }
}

fn agree_on(config: Config, events: Vec<Event>) -> Result<(), TestCaseError> {
    paused(async {
        let start = time::now();
        let mut pair = Pair::new(config);
        for (at, event) in events.into_iter().enumerate() {
            let played = pair.play(event).await;
            played
                .map_err(|error| TestCaseError::fail(format!("event {at}, {event:?}: {error}")))?;
        }
        prop_assert_eq!(time::now().since(start), pair.model.now);
        Ok(())
    })
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn breaker_and_model_agree(config in config(), events in events(80)) {
        agree_on(config, events)?;
    }
}

/// Letters are calls that end at once (Success, Failure, Busy, Long, Ignored, Dropped), `(` begins one
/// that goes on, `)` ends the oldest as a success and `!` as a failure, numbers are seconds to pass,
/// `>` passes to the end of the open interval.
fn read(story: &str) -> Vec<Event> {
    let events = story.split_whitespace().flat_map(|word| {
        if let Ok(seconds) = word.parse::<f64>() {
            return vec![Event::Advance(Duration::from_secs_f64(seconds))];
        }
        word.chars()
            .map(|letter| match letter {
                'S' => Event::Ask(End::Success),
                'F' => Event::Ask(End::Failure),
                'B' => Event::Ask(End::Soft(None)),
                'L' => Event::Ask(End::Slow),
                'I' => Event::Ask(End::Ignore),
                'D' => Event::Ask(End::Drop),
                '(' => Event::Begin,
                ')' => Event::Finish(0, End::Success),
                '!' => Event::Finish(0, End::Failure),
                'x' => Event::Finish(0, End::Drop),
                '>' => Event::AdvanceToEnd(0),
                '<' => Event::AdvanceToEnd(-1),
                other => panic!("there is no `{other}`"),
            })
            .collect()
    });
    events.collect()
}

#[test]
fn they_agree_on_round_numbers() {
    let time = |seconds, buckets| Window::Time { span: seconds * SECOND, buckets };
    let half = |window| Config::new().with_window(window).with_min_calls(4);
    let three = Config::off().with_consecutive_failures(3);
    let slow = half(Window::Count(10)).with_slow_calls(SECOND, 0.5);
    let configs = [
        three.clone(),
        three.clone().with_probes(1).with_growing_interval(SECOND, 2.0, 8 * SECOND),
        three.with_probes(4).with_successes_to_close(3).with_probe_failures_to_open(2),
        half(time(10, 10)),
        half(time(10, 1)),
        half(time(30, 10)).with_soft_failure_ratio(0.5),
        half(Window::Count(1)),
        half(Window::Count(4)),
        half(Window::Count(10)).with_consecutive_failures(3),
        slow.clone(),
        slow.with_probes(1).with_probe_lease(5 * SECOND),
        Config::new(),
    ];
    let stories = [
        "",
        "FFF",
        "FFSFF F",
        "FFFSSF",
        "FFFF < S > S S S",
        "FFFF > F > F > F > S > SSS FFF",
        "FFF 10 F FFF 10 FFF",
        "FF 9 F 1 F F F",
        "BBBB SSSS BBBB > B S B",
        "LLLL SSSS LLLL > L S L",
        "((( 2 ))) ((( 2 !!!",
        "(( FFFF ! > ( ) S ) S",
        "FFFF > ((( x ( S ))",
        "FFFF > ( 5 S ) 60 S ) SSS",
        "FFFF > ( 30 ( 30 ( 30 ) ) )",
        "IIII DDDD FFF I D F",
        "FFFF 315360000 S FFFF 315360000 SSSS",
        "(x (x ( 2 x ( 2 x ( 2 x ( 2 x",
    ];
    for mut config in configs {
        config.open_growth = config.open_growth.round();
        for story in stories {
            let played = agree_on(config.clone(), read(story));
            assert!(played.is_ok(), "{story:?} by {config:?}: {played:?}");
        }
    }
    assert_eq!(read("F 0.001"), [Event::Ask(End::Failure), Event::Advance(MILLISECOND)]);
}
