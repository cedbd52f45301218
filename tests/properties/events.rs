//! What can happen to a circuit, at random.

use std::time::Duration;

use buttress::circuit_breaker::{Config, State, Window};
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::{MILLISECOND, SECOND, TICK, YEAR};

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Drop,
    Failure,
    Ignore,
    Slow,
    /// With the backend's `Retry-After`.
    Soft(Option<Duration>),
    Success,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Advance(Duration),
    /// To the end of the open interval, or so many ticks beside it; nowhere if it is not open.
    AdvanceToEnd(i8),
    /// A call that ends where it began.
    Ask(End),
    /// A call that takes this long.
    AskFor(Duration, End),
    /// A call that goes on.
    Begin,
    /// One of the calls that go on ends.
    Finish(usize, End),
    OpenFor(Duration),
    Order(State),
}

pub(crate) fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        4 => Just(End::Success),
        6 => Just(End::Failure),
        2 => Just(End::Drop),
        1 => Just(End::Ignore),
        1 => Just(End::Slow),
        1 => option::of(pause()).prop_map(End::Soft),
    ]
}

/// Round numbers and their neighbours.
pub(crate) fn pause() -> impl Strategy<Value = Duration> {
    prop_oneof![
        12 => select(vec![
            Duration::ZERO,
            TICK,
            MILLISECOND,
            100 * MILLISECOND,
            SECOND - TICK,
            SECOND,
            SECOND + TICK,
            2 * SECOND,
            5 * SECOND,
            10 * SECOND,
            60 * SECOND,
            3600 * SECOND,
        ]),
        4 => (0..20_000_u64).prop_map(Duration::from_millis),
        1 => Just(10 * YEAR),
    ]
}

pub(crate) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        30 => end().prop_map(Event::Ask),
        6 => (pause(), end()).prop_map(|(pause, end)| Event::AskFor(pause, end)),
        10 => Just(Event::Begin),
        10 => (any::<usize>(), end()).prop_map(|(which, end)| Event::Finish(which, end)),
        8 => pause().prop_map(Event::Advance),
        8 => (-1..=1_i8).prop_map(Event::AdvanceToEnd),
        1 => select(vec![State::Closed, State::Disabled, State::ForcedOpen, State::Isolated])
            .prop_map(Event::Order),
        1 => Just(Event::Order(State::Closed)),
        1 => pause().prop_map(Event::OpenFor),
    ]
}

pub(crate) fn events(most: usize) -> impl Strategy<Value = Vec<Event>> {
    vec(event(), 0..most)
}

fn window() -> impl Strategy<Value = Window> {
    prop_oneof![
        (1..12_u32).prop_map(Window::Count),
        (1..20_u32, 1..=32_u32)
            .prop_map(|(seconds, buckets)| Window::Time { span: seconds * SECOND, buckets }),
    ]
}

fn ratio() -> impl Strategy<Value = Option<f64>> {
    option::of(select(vec![0.1, 0.25, 1.0 / 3.0, 0.5, 2.0 / 3.0, 0.9, 1.0]))
}

/// Configs that work, small enough for things to happen; nothing random about the interval.
pub(crate) fn config() -> impl Strategy<Value = Config> {
    let rules = (option::of(1..5_u32), ratio(), ratio(), ratio(), window(), 1..8_u32);
    let interval = (
        select(vec![MILLISECOND, SECOND, 5 * SECOND]),
        select(vec![1.0, 2.0, 3.0]),
        select(vec![5 * SECOND, 60 * SECOND, Duration::MAX]),
    );
    let probes = (
        1..5_u32,
        option::of(1..5_u32),
        option::of(1..5_u32),
        select(vec![SECOND, 10 * SECOND, Duration::MAX]),
        select(vec![SECOND, 30 * SECOND, Duration::MAX]),
    );
    (rules, interval, probes)
        .prop_map(|(rules, interval, probes)| {
            let mut config = Config::off().with_window(rules.4).with_min_calls(rules.5);
            config.consecutive_failures = rules.0;
            config.failure_ratio = rules.1;
            config.soft_failure_ratio = rules.2;
            config.slow_ratio = rules.3;
            config.slow_after = rules.3.map(|_| SECOND);
            (config.open_for, config.open_growth, config.max_open_for) = interval;
            (config.probes, config.successes_to_close, config.probe_failures_to_open) =
                (probes.0, probes.1, probes.2);
            (config.probe_lease, config.half_open_for) = (probes.3, probes.4);
            config
        })
        .prop_filter("a config that works", |config| config.clone().parse().is_ok())
}
