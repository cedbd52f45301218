//! Waiting in turn.

use std::{pin::Pin, time::Duration};

use buttress::{
    rate_limit::{Acquire, Config, Rate, RateLimiter},
    testing::Polls,
    time::Deadline,
};
use futures::FutureExt;
use tokio::time::{Instant, advance, sleep};

use super::{Limit, MILLISECOND, SECOND, TICK, limits, short};

fn limiter(quota: Rate) -> RateLimiter {
    RateLimiter::new("backend", Config::new(quota).with_max_wait(3600 * SECOND)).unwrap()
}

type Place<'a> = Pin<Box<Acquire<'a>>>;

/// A place in the line, taken now.
fn line_up(limiter: &RateLimiter) -> Place<'_> {
    Box::pin(limiter.acquire())
}

/// Waits for all of these at once: when each was served.
async fn served(places: Vec<Place<'_>>) -> Vec<Duration> {
    let start = Instant::now();
    let waits = places.into_iter().map(|place| async move {
        place.await.unwrap();
        start.elapsed()
    });
    futures::future::join_all(waits).await
}

/// Evenly spaced from one another. (There is no grid: after a pause the first is served at once, and
/// the others from then on; a limiter with a grid has 900 where this has 1000.)
#[tokio::test(start_paused = true)]
async fn slots_are_reserved_ahead_rl_12() {
    let limiter = &limiter(Rate::every(500 * MILLISECOND));
    let start = Instant::now();
    // When asked, for how many, and how long the last of them waits.
    let schedule = [
        (0, 7, 3000),
        (800, 3, 3700),
        (2300, 1, 2700),
        (3500, 3, 3000),
        (9100, 3, 1000),
        (11_000, 1, 0),
    ];
    let mut waits = Vec::new();
    for (at, slots, wait) in schedule {
        let asked = async move {
            sleep((start + Duration::from_millis(at)) - Instant::now()).await;
            let asked = Instant::now();
            let slots: Vec<_> = (0..slots).map(|_| line_up(limiter)).collect();
            let served = served(slots).await;
            assert_eq!(served.last(), Some(&Duration::from_millis(wait)), "asked at {at}");
            assert!(served.is_sorted());
            assert_eq!((asked - start).as_millis() as u64, at);
        };
        waits.push(asked);
    }
    futures::future::join_all(waits).await;
}

#[tokio::test(start_paused = true)]
async fn slots_are_reserved_ahead_rl_13() {
    let limiter = limiter(Rate::every(200 * MILLISECOND));
    let last = async |slots: u32| {
        let slots = (0..slots).map(|_| line_up(&limiter)).collect();
        served(slots).await.last().copied()
    };
    let start = Instant::now();
    assert_eq!(last(3).await, Some(400 * MILLISECOND));
    sleep(550 * MILLISECOND - start.elapsed()).await;
    assert_eq!(last(2).await, Some(250 * MILLISECOND));
    sleep(2210 * MILLISECOND - start.elapsed()).await;
    // A bucket that refilled while nobody came: the first at once, the next an interval later.
    assert_eq!(last(2).await, Some(200 * MILLISECOND));
}

#[tokio::test(start_paused = true)]
async fn many_at_once_wait_as_long_as_one_after_another_rl_14() {
    let (together, apart) = (limiter(Rate::per_second(10)), limiter(Rate::per_second(10)));
    let start = Instant::now();
    for _ in 0..6 {
        together.acquire_n(5).await.unwrap();
    }
    let took = start.elapsed();
    assert_eq!(took, 2 * SECOND);
    for _ in 0..30 {
        apart.acquire().await.unwrap();
    }
    assert_eq!(start.elapsed() - took, took);
}

#[tokio::test(start_paused = true)]
async fn who_would_wait_too_long_reserves_nothing_rl_15() {
    let quota = Config::new(Rate::every(100 * MILLISECOND));
    for limit in limits(quota.clone().with_waiting(MILLISECOND)) {
        assert_eq!(limit.ask().await, Ok("up"));
        assert_eq!(limit.refused_for().await, Some(100 * MILLISECOND));
        assert_eq!(limit.refused_for().await, Some(100 * MILLISECOND), "nothing was reserved");
    }
    for limit in limits(quota.with_waiting(100 * MILLISECOND)) {
        let start = Instant::now();
        assert_eq!(limit.admitted_of(2).await, 2);
        assert_eq!(start.elapsed(), 100 * MILLISECOND);
    }
}

/// The refusal comes at once, and not after the wait that would have been too long.
#[tokio::test(start_paused = true)]
async fn a_refusal_for_want_of_time_comes_at_once_rl_21() {
    for limit in limits(Config::new(Rate::every(10 * SECOND)).with_waiting(5 * SECOND)) {
        let start = Instant::now();
        assert_eq!(limit.ask().await, Ok("up"));
        assert_eq!(limit.refused_for().await, Some(10 * SECOND));
        assert_eq!(start.elapsed(), Duration::ZERO);
        sleep(5 * SECOND).await;
        assert_eq!(limit.ask().await, Ok("up"));
        assert_eq!(start.elapsed(), 10 * SECOND);
        assert_eq!(limit.limiter.snapshot().totals.waited, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_for_want_of_a_deadline_comes_at_once() {
    for limit in limits(Config::new(Rate::every(10 * SECOND)).with_waiting(60 * SECOND)) {
        let start = Instant::now();
        assert_eq!(limit.ask().await, Ok("up"));
        let asked = Deadline::within(10 * SECOND - TICK).scope(async { limit.ask().await });
        assert!(asked.await.is_err());
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(limit.limiter.snapshot().waiting, 0);
        let acquired = async { limit.limiter.acquire().await };
        let acquired = Deadline::within(9 * SECOND).scope(acquired).await;
        assert_eq!(short(acquired), 10 * SECOND);
        let asked = Deadline::within(10 * SECOND).scope(async { limit.ask().await });
        assert_eq!(asked.await, Ok("up"), "just in time");
        assert_eq!(start.elapsed(), 10 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_faster_quota_shortens_the_waits_and_a_slower_one_lengthens_none_rl_20() {
    for (amount, first, last) in [(2, 750, 1250), (1, 1000, 2000), (4, 625, 875)] {
        let limiter = limiter(Rate::every(SECOND));
        limiter.acquire().await.unwrap();
        let start = Instant::now();
        let places = vec![line_up(&limiter), line_up(&limiter)];
        let reconfigured = async {
            sleep(500 * MILLISECOND).await;
            let faster = Rate::per_second(amount).with_burst(1);
            limiter.reconfigure(Config::new(faster).with_max_wait(3600 * SECOND)).unwrap();
        };
        let (served, ()) = tokio::join!(served(places), reconfigured);
        assert_eq!(served, [first * MILLISECOND, last * MILLISECOND], "{amount} a second");
        assert!(start.elapsed() < 3 * SECOND);
    }
    let limiter = limiter(Rate::every(SECOND));
    limiter.acquire().await.unwrap();
    let places = vec![line_up(&limiter), line_up(&limiter)];
    limiter
        .reconfigure(Config::new(Rate::every(10 * SECOND)).with_max_wait(3600 * SECOND))
        .unwrap();
    assert_eq!(served(places).await, [SECOND, 2 * SECOND]);
    let start = Instant::now();
    limiter.acquire().await.unwrap();
    assert!(start.elapsed() > 9 * SECOND, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_goes_away_gives_its_slot_back_rl_22() {
    let limiter = limiter(Rate::every(SECOND));
    limiter.acquire().await.unwrap();
    let start = Instant::now();
    let first = line_up(&limiter);
    sleep(500 * MILLISECOND).await;
    drop(first);
    sleep(100 * MILLISECOND).await;
    limiter.acquire().await.unwrap();
    assert_eq!(start.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_goes_away_while_it_waits_gives_its_slot_back_rl_22() {
    for limit in limits(Config::new(Rate::every(SECOND)).with_waiting(60 * SECOND)) {
        assert_eq!(limit.ask().await, Ok("up"));
        let start = Instant::now();
        assert!(tokio::time::timeout(500 * MILLISECOND, limit.ask()).await.is_err());
        sleep(100 * MILLISECOND).await;
        assert_eq!(limit.ask().await, Ok("up"), "{:?}", limit.door);
        assert_eq!(start.elapsed(), SECOND, "{:?}", limit.door);
        assert_eq!(limit.counts().calls, 2, "what waited was never started");
    }
}

#[tokio::test(start_paused = true)]
async fn those_behind_move_up() {
    let limiter = limiter(Rate::every(SECOND));
    limiter.acquire().await.unwrap();
    let mut places: Vec<_> = (0..6).map(|_| line_up(&limiter)).collect();
    // The first, and one in the middle.
    drop(places.remove(0));
    drop(places.remove(2));
    assert_eq!(limiter.snapshot().waiting, 4);
    let latecomer = line_up(&limiter);
    places.push(latecomer);
    assert_eq!(served(places).await, [1, 2, 3, 4, 5].map(|second| second * SECOND));
}

/// Nobody is woken for those ahead but the first in line: a line of N that dissolves costs N wakes.
#[tokio::test(start_paused = true)]
async fn a_long_line_that_dissolves_wakes_few() {
    let limiter = limiter(Rate::every(SECOND));
    limiter.acquire().await.unwrap();
    let polls = Polls::new();
    let mut places: Vec<_> = (0..1000).map(|_| Box::pin(polls.of(limiter.acquire()))).collect();
    let mut waiting: futures::stream::FuturesUnordered<_> = Default::default();
    let last = places.split_off(999);
    waiting.extend(last);
    for place in &mut places {
        let _ = place.as_mut().now_or_never();
    }
    let start = Instant::now();
    let dissolving = async {
        for place in places {
            tokio::task::yield_now().await;
            drop(place);
        }
    };
    let last = futures::StreamExt::next(&mut waiting);
    let (served, ()) = tokio::join!(last, dissolving);
    assert_eq!(served, Some(Ok(())));
    assert_eq!(start.elapsed(), SECOND);
    polls.assert_at_most(1000 + 10);
}

/// Who is not polled holds nobody up for longer than if it had gone its way.
#[tokio::test(start_paused = true)]
async fn one_who_sleeps_in_line_does_not_hold_up_those_behind() {
    let limiter = limiter(Rate::every(SECOND));
    limiter.acquire().await.unwrap();
    let sleeper = line_up(&limiter);
    let places = vec![line_up(&limiter), line_up(&limiter)];
    assert_eq!(served(places).await, [2 * SECOND, 3 * SECOND]);
    assert_eq!(sleeper.now_or_never(), Some(Ok(())));
}

#[tokio::test(start_paused = true)]
async fn nobody_passes_those_who_wait() {
    let limiter = limiter(Rate::per_second(10));
    limiter.try_acquire_n(10).unwrap();
    let mut big = Box::pin(limiter.acquire_n(10));
    assert!(big.as_mut().now_or_never().is_none());
    advance(500 * MILLISECOND).await;
    assert!(limiter.try_acquire().is_err(), "five are there, and spoken for");
    let start = Instant::now();
    let small = async {
        limiter.acquire().await.unwrap();
        start.elapsed()
    };
    let (small, big) = tokio::join!(small, big);
    assert_eq!((small, big), (600 * MILLISECOND, Ok(())));
}

#[tokio::test(start_paused = true)]
async fn what_is_given_back_serves_the_first_in_line_sooner() {
    let limiter = limiter(Rate::every(SECOND).with_burst(3));
    limiter.try_acquire_n(3).unwrap();
    let places = vec![line_up(&limiter), line_up(&limiter), line_up(&limiter)];
    let refund = async {
        sleep(300 * MILLISECOND).await;
        limiter.refund(2);
    };
    let (served, ()) = tokio::join!(served(places), refund);
    assert_eq!(served, [300, 300, 1000].map(|millis| millis * MILLISECOND));
}

#[tokio::test(start_paused = true)]
async fn the_line_has_a_bound() {
    let config = Config::new(Rate::every(SECOND)).with_waiting(60 * SECOND).with_max_waiting(2);
    for limit in limits(config) {
        assert_eq!(limit.ask().await, Ok("up"));
        let places = vec![line_up(&limit.limiter), line_up(&limit.limiter)];
        assert_eq!(limit.refused_for().await, Some(3 * SECOND));
        drop(places);
        assert_eq!(limit.ask().await, Ok("up"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_fits_is_refused_at_once() {
    let limiter = limiter(Rate::per_second(10));
    let start = Instant::now();
    assert_eq!(limiter.acquire_n(11).await.unwrap_err().retry_after(), None);
    assert_eq!((start.elapsed(), limiter.snapshot().waiting), (Duration::ZERO, 0));
}

#[tokio::test(start_paused = true)]
async fn a_place_that_was_never_polled_is_given_back() {
    let limiter = limiter(Rate::every(SECOND));
    drop(limiter.acquire());
    assert!(limiter.try_acquire().is_ok(), "the token was there");
    drop(limiter.acquire());
    assert_eq!(short(limiter.try_acquire()), SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_wait_takes_few_polls() {
    for limit in limits(Config::new(Rate::every(SECOND)).with_waiting(60 * SECOND)) {
        assert_eq!(limit.ask().await, Ok("up"));
        let polls = Polls::new();
        polls.of(limit.start()).await.unwrap();
        polls.assert_at_most(3);
    }
}

#[tokio::test(start_paused = true)]
async fn with_two_quotas_the_slower_one_is_waited_for() {
    let config = Config::new(Rate::per_second(10)).also(Rate::per_minute(20));
    for limit in limits(config.with_waiting(60 * SECOND)) {
        let start = Instant::now();
        let calls = (0..20).map(|_| limit.ask());
        let answers = futures::future::join_all(calls).await;
        assert!(answers.iter().all(Result::is_ok));
        assert_eq!(start.elapsed(), SECOND, "{:?}", limit.door);
        assert_eq!(limit.ask().await, Ok("up"));
        assert_eq!(start.elapsed(), 3 * SECOND, "{:?}", limit.door);
    }
}

/// Evenly, by the clock, however late each is polled.
#[tokio::test(start_paused = true)]
async fn a_steady_stream_keeps_the_rate_rl_26() {
    let limiter = limiter(Rate::every(100 * MILLISECOND));
    let places = (0..3).map(|_| line_up(&limiter)).collect();
    assert_eq!(served(places).await, [0, 100, 200].map(|millis| millis * MILLISECOND));
    let quick = Config::new(Rate::per_second(100).with_burst(1)).with_max_wait(3600 * SECOND);
    let quick = RateLimiter::new("quick", quick).unwrap();
    let start = Instant::now();
    let mut admitted = Vec::new();
    while admitted.len() < 301 {
        quick.acquire().await.unwrap();
        admitted.push(start.elapsed());
    }
    for second in 1..=3_u32 {
        let by = admitted.iter().filter(|at| **at < second * SECOND).count();
        assert_eq!(by, 100 * second as usize, "in {second} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_a_full_line_wakes_nobody_and_takes_nothing() {
    let limit: Vec<Limit> =
        limits(Config::new(Rate::every(SECOND)).with_waiting(SECOND).with_max_waiting(1)).collect();
    for limit in &limit {
        assert_eq!(limit.ask().await, Ok("up"));
        let place = line_up(&limit.limiter);
        for _ in 0..100 {
            assert!(limit.ask().await.is_err());
        }
        let start = Instant::now();
        place.await.unwrap();
        assert_eq!(start.elapsed(), SECOND);
        assert_eq!(limit.limiter.snapshot().totals.refused, 100);
    }
}
