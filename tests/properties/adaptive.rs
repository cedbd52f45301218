//! An adaptive limit against whatever calls may do: it stays within its bounds, and every place comes back.

use std::time::Duration;

use buttress::bulkhead::{Adaptive, Bulkhead, Config, Owned, Permit};
use proptest::{collection::vec, prelude::*, sample::select};
use tokio::time::advance;

use crate::{MILLISECOND, SECOND, TICK, cases, paused};

#[derive(Clone, Copy, Debug)]
enum Event {
    Acquire,
    /// So many-th of those in flight ends: well, badly, without saying how.
    Succeed(usize),
    Fail(usize),
    Ignore(usize),
    Drop(usize),
    Pass(Duration),
}

fn events() -> impl Strategy<Value = Event> {
    let times = select(vec![TICK, MILLISECOND, 100 * MILLISECOND, SECOND, 3600 * SECOND]);
    prop_oneof![
        6 => Just(Event::Acquire),
        4 => (0..16_usize).prop_map(Event::Succeed),
        2 => (0..16_usize).prop_map(Event::Fail),
        1 => (0..16_usize).prop_map(Event::Ignore),
        1 => (0..16_usize).prop_map(Event::Drop),
        4 => times.prop_map(Event::Pass),
    ]
}

fn adaptives() -> impl Strategy<Value = Adaptive> {
    let all = vec![
        Adaptive::aimd(SECOND),
        Adaptive::gradient(),
        Adaptive::gradient().with_tolerance(10.0),
        Adaptive::min_rtt(),
        Adaptive::min_rtt().with_tolerance(1.0),
        Adaptive::vegas(),
        Adaptive::vegas().with_timeout(TICK),
    ];
    (select(all), 1..8_u32, 0..8_u32)
        .prop_map(|(adaptive, min, more)| adaptive.with_min(min).with_max(min + more))
}

async fn holds(adaptive: Adaptive, events: Vec<Event>) {
    let config = Config::new().with_limit(adaptive.min).with_adaptive(adaptive);
    let bulkhead = Bulkhead::new("any", config).unwrap();
    let mut inside: Vec<Permit<Owned>> = Vec::new();
    let mut ended = 0;
    for event in events {
        let before = bulkhead.snapshot().limit;
        match event {
            Event::Acquire => {
                let free = inside.len() < before as usize;
                let permit = bulkhead.try_acquire_owned();
                assert_eq!(permit.is_ok(), free, "{} of {before}", inside.len());
                inside.extend(permit);
            }
            Event::Pass(time) => advance(time).await,
            Event::Succeed(at) | Event::Fail(at) | Event::Ignore(at) | Event::Drop(at) => {
                if inside.is_empty() {
                    continue;
                }
                let permit = inside.swap_remove(at % inside.len());
                ended += 1;
                match event {
                    Event::Succeed(_) => permit.success(),
                    Event::Fail(_) => permit.failure(),
                    Event::Ignore(_) => permit.ignore(),
                    _ => drop(permit),
                }
                if matches!(event, Event::Ignore(_) | Event::Drop(_)) {
                    assert_eq!(bulkhead.snapshot().limit, before, "it says nothing");
                }
            }
        }
        let seen = bulkhead.snapshot();
        let told = seen.adaptive.unwrap();
        assert!((adaptive.min..=adaptive.max).contains(&seen.limit), "{seen:?}");
        assert_eq!(told.found, seen.limit);
        assert_eq!(seen.in_flight as usize, inside.len());
        assert_eq!(told.samples + told.ignored, ended, "each is told or says nothing: {told:?}");
        assert!(told.drops <= told.samples);
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_limit_stays_within_its_bounds_whatever_happens_ad_40(
        adaptive in adaptives(),
        events in vec(events(), 0..400),
    ) {
        paused(holds(adaptive, events));
    }
}

/// Round times, one after another, of as many calls as there may be.
#[test]
fn round_numbers_keep_it_within_its_bounds_ad_40() {
    let times = [Duration::ZERO, TICK, MILLISECOND, SECOND, 3600 * SECOND, 86_400 * SECOND];
    let ends: [fn(usize) -> Event; 2] = [Event::Succeed, Event::Fail];
    for adaptive in
        [Adaptive::aimd(SECOND), Adaptive::gradient(), Adaptive::min_rtt(), Adaptive::vegas()]
    {
        for (time, end) in times.iter().flat_map(|time| ends.map(|end| (*time, end))) {
            let round = [Event::Acquire, Event::Acquire, Event::Pass(time), end(0), end(0)];
            let events = round.repeat(60);
            paused(holds(adaptive.with_min(1).with_max(10), events));
        }
    }
}
