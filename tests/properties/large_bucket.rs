//! A bucket large enough that tokens are taken from it without a look at the clock, whatever else is done
//! to it meanwhile: it never has more than a naive one.

use std::time::Duration;

use buttress::rate_limit::{Borrowed, Lease, Rate, RateLimiter, Reservation};
use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestCaseError};
use tokio::time::advance;

use crate::{MILLISECOND, SECOND, TICK, cases, paused, rate_limit::Naive};

#[derive(Clone, Copy, Debug)]
enum Event {
    Pass(Duration),
    /// One by one, so many times.
    Ones(u64),
    /// The same by a lease that stays open.
    Leased(u64),
    CloseLeases,
    /// So many at once.
    Many(u64),
    Refund(u64),
    Reserve(u64),
    /// The oldest reservation.
    Settle(u64),
    Drain,
    Reconfigure,
    Look,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let pause = select(vec![TICK, MILLISECOND / 10, MILLISECOND, SECOND, 3600 * SECOND]);
    let event = prop_oneof![
        4 => pause.prop_map(Event::Pass),
        6 => (0..30_u64).prop_map(Event::Ones),
        1 => (2000..6000_u64).prop_map(Event::Ones),
        2 => (0..100_u64).prop_map(Event::Leased),
        1 => Just(Event::CloseLeases),
        2 => (0..3000_u64).prop_map(Event::Many),
        2 => prop_oneof![1..20_u64, 1..5000_u64].prop_map(Event::Refund),
        1 => (0..3000_u64).prop_map(Event::Reserve),
        1 => (0..4000_u64).prop_map(Event::Settle),
        1 => Just(Event::Drain),
        1 => Just(Event::Reconfigure),
        1 => Just(Event::Look),
    ];
    vec(event, 1..60)
}

fn never_more(quota: Rate, events: &[Event]) -> Result<(), TestCaseError> {
    paused(async {
        let limiter = RateLimiter::new("large", quota).unwrap();
        let mut naive = Naive::new(quota);
        let mut leases: Vec<Lease<Borrowed<'_>>> = vec![limiter.lease(16)];
        let mut open: Vec<Reservation<Borrowed<'_>>> = Vec::new();
        for event in events {
            match *event {
                Event::Pass(time) => {
                    advance(time).await;
                    naive.pass(time);
                }
                Event::Ones(count) => {
                    for _ in 0..count {
                        if limiter.try_acquire().is_ok() {
                            prop_assert!(naive.take(1), "more than there is");
                        }
                    }
                }
                Event::Leased(count) => {
                    if leases.is_empty() {
                        leases.push(limiter.lease(16));
                    }
                    for _ in 0..count {
                        if leases[0].try_acquire().is_ok() {
                            prop_assert!(naive.take(1), "more than there is");
                        }
                    }
                }
                Event::CloseLeases => leases.clear(),
                Event::Many(tokens) => {
                    if limiter.try_acquire_n(tokens).is_ok() {
                        prop_assert!(naive.take(tokens), "more than there is");
                    }
                }
                Event::Refund(tokens) => {
                    limiter.refund(tokens);
                    naive.add(Naive::worth(quota, tokens));
                }
                Event::Reserve(tokens) => {
                    if let Ok(reservation) = limiter.reserve(tokens) {
                        prop_assert!(naive.take(reservation.tokens()), "more than there is");
                        open.push(reservation);
                    }
                }
                Event::Settle(actual) => {
                    if !open.is_empty() {
                        let reservation = open.remove(0);
                        // What leases hold is no part of a debt.
                        let most = if leases.is_empty() { actual } else { reservation.tokens() };
                        let actual = actual.min(most);
                        let was = Naive::worth(quota, reservation.tokens());
                        naive.add(was - Naive::worth(quota, actual));
                        reservation.settle(actual);
                    }
                }
                Event::Drain => {
                    limiter.drain();
                    // What leases hold they keep.
                    let held = leases.iter().map(Lease::held).sum();
                    naive.level = naive.level.min(Naive::worth(quota, held));
                }
                Event::Reconfigure => limiter.reconfigure(quota).unwrap(),
                Event::Look => {
                    let held: u64 = leases.iter().map(Lease::held).sum();
                    let left = naive.level / Naive::worth(quota, 1);
                    prop_assert!(i128::from(limiter.peek(1).remaining + held) <= left.max(0));
                }
            }
        }
        Ok(())
    })
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn whatever_is_done_to_it_a_large_bucket_never_has_more(
        quota in select(vec![
            Rate::per_second(5000),
            Rate::per_second(100).with_burst(2048),
            Rate::per_second(1_000_000).with_burst(100_000),
        ]),
        events in events(),
    ) {
        never_more(quota, &events)?;
    }
}

/// What nobody has looked at is not forgotten, whoever changes the bucket.
#[test]
fn round_numbers() {
    let (pause, rest) = (Event::Pass(3600 * SECOND), Event::Ones(20_000));
    let quota = Rate::per_second(10_240);
    for between in [
        vec![Event::Refund(5000)],
        vec![Event::Reserve(5000), pause, Event::Settle(0)],
        vec![Event::Reserve(5000), pause, Event::Ones(5), Event::Settle(0)],
        vec![Event::Reconfigure],
        vec![Event::Leased(1)],
        vec![Event::CloseLeases],
        vec![Event::Drain, pause],
    ] {
        for unseen in [0, 5, 10] {
            let begin = [Event::Ones(1), pause, Event::Ones(unseen)];
            let schedule = [begin.to_vec(), between.clone(), vec![Event::Look, rest]].concat();
            never_more(quota, &schedule).unwrap_or_else(|fault| panic!("{schedule:?}: {fault}"));
        }
    }
}
