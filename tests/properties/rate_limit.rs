//! A limiter against a naive bucket that counts in whole numbers.

use std::time::Duration;

use buttress::rate_limit::{
    All, Config, Limiting, Rate, RateLimiter,
    keyed::{self, KeyedRateLimiter, Store},
};
use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestCaseError};
use tokio::time::{Instant, advance};

use crate::{MILLISECOND, SECOND, TICK, cases, paused};

/// So many tokens times the nanoseconds of the period, and what comes back in a nanosecond is `amount`.
pub(crate) struct Naive {
    pub(crate) quota: Rate,
    pub(crate) level: i128,
}

impl Naive {
    pub(crate) fn new(quota: Rate) -> Self {
        Self { quota, level: Self::worth(quota, quota.at_once()) }
    }

    pub(crate) fn worth(quota: Rate, tokens: u64) -> i128 {
        i128::from(tokens) * quota.per.as_nanos() as i128
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.add(time.as_nanos() as i128 * i128::from(self.quota.amount));
    }

    pub(crate) fn add(&mut self, what: i128) {
        self.level = (self.level + what).min(Self::worth(self.quota, self.quota.at_once()));
    }

    pub(crate) fn take(&mut self, tokens: u64) -> bool {
        let worth = Self::worth(self.quota, tokens);
        let taken = worth <= self.level;
        if taken {
            self.level -= worth;
        }
        taken
    }

    /// By how many nanoseconds the next of so many comes too early.
    fn short(&self, tokens: u64) -> u128 {
        let short = Self::worth(self.quota, tokens) - self.level;
        short.max(0).unsigned_abs().div_ceil(u128::from(self.quota.amount))
    }
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Pass(Duration),
    Take(u64),
    Refund(u64),
    Settle { estimate: u64, actual: u64 },
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        3 => select(vec![TICK, MILLISECOND, 333 * MILLISECOND, SECOND, 7 * SECOND, 100 * SECOND])
            .prop_map(Event::Pass),
        6 => (0..12_u64).prop_map(Event::Take),
        1 => (0..12_u64).prop_map(Event::Refund),
        2 => (0..12_u64, 0..30_u64)
            .prop_map(|(estimate, actual)| Event::Settle { estimate, actual }),
    ];
    vec(event, 1..200)
}

/// Quotas whose tokens come at whole nanoseconds, for which naive and ours agree to the letter.
fn even() -> Vec<Rate> {
    vec![
        Rate::every(SECOND),
        Rate::every(2 * SECOND).with_burst(10),
        Rate::per_second(5).with_burst(10),
        Rate::per_second(1000).with_burst(10),
        Rate::per_minute(60),
        Rate::new(16, SECOND).with_burst(3),
        Rate::per_hour(1).with_burst(7),
    ]
}

fn agree(quota: Rate, events: &[Event]) -> Result<(), TestCaseError> {
    paused(async {
        let limiter = RateLimiter::new("model", quota).unwrap();
        let mut naive = Naive::new(quota);
        for event in events {
            match *event {
                Event::Pass(time) => {
                    advance(time).await;
                    naive.pass(time);
                }
                Event::Take(tokens) => {
                    let short = naive.short(tokens);
                    let got = limiter.try_acquire_n(tokens);
                    prop_assert_eq!(got.is_ok(), naive.take(tokens), "{:?}", event);
                    if let Err(refusal) = got {
                        let fits = tokens <= quota.at_once();
                        let after = refusal.retry_after().map(|after| after.as_nanos());
                        prop_assert_eq!(after, fits.then_some(short));
                    }
                }
                Event::Refund(tokens) => {
                    limiter.refund(tokens);
                    naive.add(Naive::worth(quota, tokens));
                }
                Event::Settle { estimate, actual } => {
                    let estimate = estimate.min(quota.at_once());
                    let reservation = limiter.reserve(estimate);
                    prop_assert_eq!(reservation.is_ok(), naive.take(estimate));
                    if let Ok(reservation) = reservation {
                        reservation.settle(actual);
                        naive.add(Naive::worth(quota, estimate) - Naive::worth(quota, actual));
                    }
                }
            }
            let left = naive.level.max(0) / quota.per.as_nanos() as i128;
            prop_assert_eq!(i128::from(limiter.peek(1).remaining), left, "{:?}", event);
        }
        Ok(())
    })
}

/// Admitted at these moments, in this many: in no span more than the burst and what comes back in it.
fn assert_within(quota: Rate, admitted: &[(Duration, u64)]) -> Result<(), TestCaseError> {
    for (first, (from, _)) in admitted.iter().enumerate() {
        let mut sum = 0;
        for (at, tokens) in &admitted[first..] {
            sum += u128::from(*tokens);
            let span = (*at - *from).as_nanos();
            // Every interval may be short by an eighth of a nanosecond.
            let interval = quota.per.as_nanos() * 8 / u128::from(quota.amount);
            let most = u128::from(quota.at_once()) + span * 8 / (interval - 1).max(1);
            prop_assert!(sum <= most, "{} in {:?}", sum, at);
        }
    }
    Ok(())
}

/// A large bucket does not look at the clock for every token: it never has more than the naive one, and
/// lacks at most a thousandth of it.
fn lacks_little(quota: Rate, asks: &[(Duration, u64)]) -> Result<(), TestCaseError> {
    let slack = (quota.at_once() / 1024).min(64);
    paused(async {
        let limiter = RateLimiter::new("large", quota).unwrap();
        let mut naive = Naive::new(quota);
        for (time, calls) in asks {
            advance(*time).await;
            naive.pass(*time);
            for _ in 0..*calls {
                if limiter.try_acquire().is_ok() {
                    prop_assert!(naive.take(1), "more than there is");
                } else {
                    let lacking = naive.level / Naive::worth(quota, 1);
                    prop_assert!(lacking <= i128::from(slack), "{} left", lacking);
                    break;
                }
            }
        }
        Ok(())
    })
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn a_large_bucket_never_has_more_and_lacks_little(
        quota in select(vec![
            Rate::per_second(5000),
            Rate::per_second(100).with_burst(2048),
            Rate::per_second(1_000_000_000),
            Rate::per_day(100_000),
        ]),
        asks in vec(
            (select(vec![Duration::ZERO, TICK, MILLISECOND, SECOND, 3600 * SECOND]), 0..6000_u64),
            1..20,
        ),
    ) {
        lacks_little(quota, &asks)?;
    }

    #[test]
    fn a_limiter_is_a_naive_bucket(quota in select(even()), events in events()) {
        agree(quota, &events)?;
    }

    #[test]
    fn in_no_span_more_than_burst_and_rate(
        amount in 1..2000_u64,
        per in select(vec![SECOND, 60 * SECOND, 7 * SECOND, 3600 * SECOND]),
        burst in 1..20_u64,
        asks in vec((0..2_000_u64, 1..4_u64), 1..150),
    ) {
        let quota = Rate::new(amount, per).with_burst(burst);
        let admitted = paused(async {
            let limiter = RateLimiter::new("any", quota).unwrap();
            let start = Instant::now();
            let mut admitted = Vec::new();
            for (millis, tokens) in asks {
                advance(Duration::from_millis(millis)).await;
                while admitted.len() < 1000 && limiter.try_acquire_n(tokens).is_ok() {
                    admitted.push((start.elapsed(), tokens));
                }
            }
            admitted
        });
        assert_within(quota, &admitted)?;
    }

    /// Waiters come and go; whoever is served is served in order and within the quota.
    #[test]
    fn who_waits_is_served_in_order_and_within_the_quota(
        quota in select(vec![Rate::every(SECOND), Rate::per_second(4), Rate::per_second(2).with_burst(5)]),
        callers in vec((0..1500_u64, 1..3_u64, prop::option::weighted(0.3, 1..4000_u64)), 1..40),
    ) {
        let served = paused(async {
            let config = Config::new(quota).with_max_wait(3600 * SECOND);
            let limiter = &RateLimiter::new("line", config).unwrap();
            let start = Instant::now();
            let mut at = Duration::ZERO;
            let calls = callers.iter().enumerate().map(|(number, &(after, tokens, patience))| {
                at += Duration::from_millis(after);
                let asks = start + at;
                let tokens = tokens.min(quota.at_once());
                async move {
                    tokio::time::sleep_until(asks).await;
                    let patience = patience.map_or(3600 * SECOND, Duration::from_millis);
                    let served = tokio::time::timeout(patience, limiter.acquire_n(tokens)).await;
                    served.ok().map(|served| {
                        served.unwrap();
                        (start.elapsed(), tokens, number)
                    })
                }
            });
            let served: Vec<_> = futures::future::join_all(calls).await.into_iter().flatten().collect();
            assert_eq!(limiter.snapshot().waiting, 0);
            served
        });
        prop_assert!(served.is_sorted_by_key(|(at, _, number)| (*at, *number)), "{served:?}");
        let admitted: Vec<_> = served.iter().map(|(at, tokens, _)| (*at, *tokens)).collect();
        // Timers of a millisecond: who is woken late may meet the next, as may who moved up.
        for (first, (from, _)) in admitted.iter().enumerate() {
            let sum: u64 = admitted[first..].iter().map(|(_, tokens)| tokens).sum();
            let span = admitted[admitted.len() - 1].0 - *from + 2 * MILLISECOND;
            let back = span.as_nanos() * u128::from(quota.amount) / quota.per.as_nanos();
            prop_assert!(u128::from(sum) <= u128::from(quota.at_once()) + back + 1);
        }
    }

    /// What is admitted by reservation is within the quota; what is settled exceeds that by no more than
    /// the debts of the reservations that were open together.
    #[test]
    fn settled_exceeds_the_quota_by_no_more_than_open_debts(
        steps in vec((0..3_u8, 1..60_u64, 0..150_u64, 0..3000_u64), 1..120),
    ) {
        paused(async {
            let quota = Rate::per_second(10).with_burst(100);
            let limiter = RateLimiter::new("tokens", quota).unwrap();
            let start = Instant::now();
            let mut open = Vec::new();
            let (mut settled, mut largest_debt) = (0_u64, 0);
            for (what, estimate, actual, millis) in steps {
                match what {
                    0 => open.extend(limiter.reserve(estimate).ok().map(|held| (held, actual))),
                    1 if !open.is_empty() => {
                        // All that are open together settle together.
                        let debts: u64 = open
                            .iter()
                            .map(|(held, actual)| actual.saturating_sub(held.tokens()))
                            .sum();
                        largest_debt = largest_debt.max(debts);
                        for (held, actual) in open.drain(..) {
                            settled += actual;
                            held.settle(actual);
                        }
                    }
                    _ => advance(Duration::from_millis(millis)).await,
                }
                let back = start.elapsed().as_millis() as u64 / 100;
                prop_assert!(settled <= 100 + back + largest_debt, "{settled} of {back}, {largest_debt}");
            }
            Ok(())
        })?;
    }

    /// By either store, with one rate and with two, whatever jumps the clock makes.
    #[test]
    fn every_key_is_a_naive_bucket(
        rates in (select(even()), proptest::option::of(select(even()))),
        is_exact in any::<bool>(),
        asks in vec((0..6_u8, 0..4_u64, any::<bool>(), select(jumps())), 1..200),
    ) {
        let config = keyed::Config::new(rates.0);
        let config = rates.1.map_or(config.clone(), |also| config.also(also));
        if is_exact {
            let keys = KeyedRateLimiter::<u8>::exact("keys", config).unwrap();
            paused(against_naive(&keys, rates, asks))?;
        } else {
            let keys = KeyedRateLimiter::<u8>::new("keys", config).unwrap();
            paused(against_naive(&keys, rates, asks))?;
        }
    }

    #[test]
    fn several_limiters_together_take_all_or_nothing(
        asks in vec((0..3_usize, 1..5_u64, 0..1500_u64), 1..100),
    ) {
        paused(async {
            let quotas = [Rate::per_second(5), Rate::every(SECOND).with_burst(7), Rate::per_second(3)];
            let limiters = quotas.map(|quota| RateLimiter::new("one", quota).unwrap());
            let mut naive = quotas.map(Naive::new);
            for (apart, tokens, millis) in asks {
                let time = Duration::from_millis(millis);
                advance(time).await;
                naive.iter_mut().for_each(|naive| naive.pass(time));
                let pair = [(apart + 1) % 3, (apart + 2) % 3];
                let fits = pair.iter().all(|at| naive[*at].short(tokens) == 0);
                let all = All::of(pair.map(|at| &limiters[at] as &dyn Limiting));
                prop_assert_eq!(all.try_acquire_n(tokens).is_ok(), fits);
                if fits {
                    pair.iter().for_each(|at| assert!(naive[*at].take(tokens)));
                }
                for (limiter, naive) in limiters.iter().zip(&naive) {
                    let left = naive.level / naive.quota.per.as_nanos() as i128;
                    prop_assert_eq!(i128::from(limiter.peek(1).remaining), left);
                }
            }
            Ok(())
        })?;
    }
}

fn jumps() -> Vec<Duration> {
    vec![Duration::ZERO, TICK, SECOND, 9 * SECOND, 86_400 * SECOND]
}

/// Asks for so many tokens of these keys, or gives them back, after so long each.
async fn against_naive<S: Store<u8>>(
    keys: &KeyedRateLimiter<u8, S>,
    rates: (Rate, Option<Rate>),
    asks: Vec<(u8, u64, bool, Duration)>,
) -> Result<(), TestCaseError> {
    let rates: Vec<_> = std::iter::once(rates.0).chain(rates.1).collect();
    let bucket = || rates.iter().copied().map(Naive::new).collect::<Vec<_>>();
    let mut naive: Vec<_> = (0..6).map(|_| bucket()).collect();
    for (key, tokens, gives_back, time) in asks {
        advance(time).await;
        naive.iter_mut().flatten().for_each(|naive| naive.pass(time));
        let naive = &mut naive[usize::from(key)];
        if gives_back {
            keys.refund(&key, tokens);
            naive.iter_mut().for_each(|naive| naive.add(Naive::worth(naive.quota, tokens)));
        } else {
            let fits = naive.iter().all(|naive| naive.short(tokens) == 0);
            prop_assert_eq!(keys.try_acquire_n(&key, tokens).is_ok(), fits);
            if fits {
                naive.iter_mut().for_each(|naive| assert!(naive.take(tokens)));
            }
        }
        let left = naive.iter().map(|naive| naive.level / naive.quota.per.as_nanos() as i128).min();
        prop_assert_eq!(Some(i128::from(keys.peek(&key, 1).remaining)), left);
    }
    Ok(())
}

#[test]
fn round_numbers() {
    let full: Vec<_> = std::iter::repeat_n(Event::Take(1), 12).collect();
    let schedules = [
        full.clone(),
        [full.clone(), vec![Event::Pass(SECOND)], full.clone()].concat(),
        [
            full.clone(),
            vec![Event::Pass(SECOND - TICK)],
            full.clone(),
            vec![Event::Pass(TICK)],
            full,
        ]
        .concat(),
        vec![
            Event::Take(10),
            Event::Refund(10),
            Event::Refund(10),
            Event::Take(11),
            Event::Take(10),
        ],
        vec![Event::Settle { estimate: 1, actual: 29 }, Event::Pass(7 * SECOND), Event::Take(1)],
    ];
    for quota in even() {
        for schedule in &schedules {
            agree(quota, schedule).unwrap();
        }
    }
}
