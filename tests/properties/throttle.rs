//! A throttle against a list of all its calls.

use std::time::Duration;

use buttress::{
    Mode,
    throttle::{Config, Permit, Throttle},
    time,
};
use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestCaseError};
use tokio::time::advance;

use crate::{MILLISECOND, SECOND, TICK, YEAR, cases, paused};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// A call begins.
    Begin,
    /// One of those in flight ends.
    Accepted(usize),
    Rejected(usize),
    Ignored(usize),
    Dropped(usize),
}

/// A call: when it began, and what became of it.
type Call = (Duration, Option<Event>);

/// What must be seen, by the definitions: accepted, failed, unanswered.
fn expected(config: &Config, calls: &[Call], now: Duration, buckets: u128) -> (u64, u64, u64) {
    let width = config.window.as_nanos().div_ceil(24);
    let bucket = |at: Duration| at.as_nanos() / width;
    let counting = |began: Duration| bucket(began) + buckets > bucket(now);
    let is_old = |began: Duration| {
        config.unanswered_after.is_zero()
            || now
                .checked_sub(config.unanswered_after)
                .is_some_and(|then| bucket(began) < bucket(then))
    };
    let count = |pick: &dyn Fn(&Call) -> bool| {
        calls.iter().filter(|call| counting(call.0) && pick(call)).count() as u64
    };
    (
        count(&|call| matches!(call.1, Some(Event::Accepted(_)))),
        count(&|call| matches!(call.1, Some(Event::Rejected(_)))),
        count(&|call| call.1.is_none() && is_old(call.0)),
    )
}

fn share(config: &Config, (accepted, failed, unanswered): (u64, u64, u64)) -> Option<f64> {
    let requests = accepted + failed + unanswered;
    let by_the_book =
        (requests as f64 - config.multiplier * accepted as f64) / (requests + 1) as f64;
    (requests >= u64::from(config.min_requests))
        .then(|| by_the_book.max(0.0).powf(1.0 / config.aggression).min(config.max_refused_share))
}

/// Plays these, after so long each, and compares after each with the list. In shadow mode, so that what
/// happens is what is said to.
fn compare(config: &Config, events: &[(Duration, Event)]) -> Result<(), TestCaseError> {
    let config = config.clone().with_mode(Mode::Shadow);
    paused(async {
        let throttle = Throttle::new("backend", config.clone()).unwrap();
        let start = time::now();
        let mut calls: Vec<Call> = Vec::new();
        let mut permits = Vec::new();
        for (passes, event) in events {
            advance(*passes).await;
            let now = time::now().since(start);
            let (end, at): (fn(Permit<_>), usize) = match *event {
                Event::Begin => {
                    permits.push((calls.len(), throttle.try_acquire().unwrap()));
                    calls.push((now, None));
                    (drop, 0)
                }
                Event::Accepted(at) => (Permit::accepted, at),
                Event::Rejected(at) => (Permit::rejected, at),
                Event::Ignored(at) => (Permit::ignore, at),
                Event::Dropped(at) => (drop, at),
            };
            if *event != Event::Begin && !permits.is_empty() {
                let (call, permit) = permits.swap_remove(at % permits.len());
                end(permit);
                calls[call].1 = Some(*event);
            }

            let seen = throttle.snapshot();
            let counts = expected(&config, &calls, now, 24);
            prop_assert_eq!(
                (seen.counts.accepted, seen.counts.failed, seen.counts.unanswered),
                counts
            );
            prop_assert_eq!(seen.counts.requests, counts.0 + counts.1 + counts.2);
            let lately = share(&config, expected(&config, &calls, now, 6)).unwrap_or(1.0);
            let expected = share(&config, counts).unwrap_or(0.0).min(lately);
            prop_assert!((seen.share - expected).abs() < 1e-9, "{} not {expected}", seen.share);
        }
        Ok(())
    })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        5 => Just(Event::Begin),
        2 => any::<usize>().prop_map(Event::Accepted),
        2 => any::<usize>().prop_map(Event::Rejected),
        1 => any::<usize>().prop_map(Event::Ignored),
        1 => any::<usize>().prop_map(Event::Dropped),
    ]
}

fn config() -> impl Strategy<Value = Config> {
    (
        select(vec![1.0, 1.5, 2.0, 100.0]),
        select(vec![24 * MILLISECOND, SECOND, 120 * SECOND, 7 * SECOND + TICK]),
        select(vec![1, 2, 20]),
        select(vec![1.0, 2.0]),
        select(vec![0.0, 0.8, 1.0]),
        select(vec![Duration::ZERO, TICK, SECOND, 10 * SECOND, Duration::MAX]),
    )
        .prop_map(|(multiplier, window, least, aggression, most, unanswered)| {
            Config::new()
                .with_multiplier(multiplier)
                .with_window(window)
                .with_min_requests(least)
                .with_aggression(aggression)
                .with_max_refused_share(most)
                .with_unanswered_after(unanswered)
        })
}

fn passes() -> impl Strategy<Value = Duration> {
    prop_oneof![
        4 => Just(Duration::ZERO),
        2 => (0..2_000_u64).prop_map(Duration::from_millis),
        2 => select(vec![TICK, MILLISECOND, SECOND, 5 * SECOND, 10 * SECOND]),
        1 => select(vec![30 * SECOND, 119 * SECOND, 120 * SECOND, 160 * SECOND, YEAR]),
    ]
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn a_throttle_sees_what_a_list_of_all_calls_says(
        config in config(),
        events in vec((passes(), event()), 1..120),
    ) {
        compare(&config, &events)?;
    }
}

#[test]
fn round_numbers() {
    for window in [SECOND, 24 * SECOND, 120 * SECOND, 3600 * SECOND] {
        for passes in [TICK, window / 24 - TICK, window / 24, window / 6, window - TICK, window] {
            for after in [Duration::ZERO, window / 24, window / 12, window] {
                let config = Config::new()
                    .with_window(window)
                    .with_min_requests(1)
                    .with_unanswered_after(after);
                let events: Vec<_> = (0..40)
                    .flat_map(|at| {
                        let end =
                            if at % 3 == 0 { Event::Rejected(at) } else { Event::Accepted(at) };
                        [(Duration::ZERO, Event::Begin), (passes, Event::Begin), (passes, end)]
                    })
                    .collect();
                compare(&config, &events).unwrap();
            }
        }
    }
}
