//! How many, and when.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use buttress::rate_limit::{All, Config, Rate, RateLimiter};
use buttress::{Keyed, time::Clock};
use std::time::Duration;
use tokio::time::advance;

use super::{MILLISECOND, SECOND, TICK, limits, short};

fn limiter(config: impl Into<Config>) -> RateLimiter {
    RateLimiter::new("backend", config).unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_token_every_two_seconds_rl_01() {
    for limit in limits(Rate::every(2 * SECOND)) {
        assert_eq!(limit.ask().await, Ok("up"));
        assert_eq!(limit.refused_for().await, Some(2 * SECOND));
        advance(2 * SECOND - TICK).await;
        assert_eq!(limit.refused_for().await, Some(TICK));
        advance(TICK).await;
        assert_eq!(limit.ask().await, Ok("up"));
        assert_eq!(limit.refused_for().await, Some(2 * SECOND));
    }
}

#[test]
fn of_a_hundred_at_once_one_gets_the_token_rl_03() {
    let limiter = limiter(Rate::per_day(1));
    let admitted = Arc::new(AtomicU32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                admitted.fetch_add(limiter.try_acquire().is_ok().into(), Ordering::Relaxed)
            });
        }
    });
    assert_eq!(admitted.load(Ordering::Relaxed), 1);
    let totals = limiter.snapshot().totals;
    assert_eq!((totals.admitted, totals.refused), (1, 99));
}

#[tokio::test(start_paused = true)]
async fn all_the_tokens_or_none_rl_04() {
    let limiter = limiter(Rate::per_second(1).with_burst(10));
    assert!(limiter.try_acquire_n(20).is_err());
    assert_eq!(limiter.peek(1).remaining, 10, "none was taken");
    assert!(limiter.try_acquire_n(9).is_ok());
    assert!(limiter.try_acquire_n(1).is_ok());
    advance(999 * MILLISECOND).await;
    assert!(limiter.try_acquire_n(1).is_err());
    advance(5 * SECOND).await;
    assert!(limiter.try_acquire_n(6).is_err());
    advance(MILLISECOND).await;
    assert!(limiter.try_acquire_n(6).is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_next_token_of_five_a_second_comes_after_200_ms_rl_07() {
    let limiter = limiter(Rate::per_second(5).with_burst(10));
    assert!(limiter.try_acquire_n(10).is_ok());
    assert_eq!(short(limiter.try_acquire()), 200 * MILLISECOND);
}

#[tokio::test(start_paused = true)]
async fn around_no_moment_twice_the_limit_comes_through_rl_23() {
    for limit in limits(Rate::new(3, 10 * MILLISECOND)) {
        advance(9_990 * Duration::from_micros(1)).await;
        assert_eq!(limit.admitted_of(4).await, 3);
        advance(Duration::from_micros(20)).await;
        assert_eq!(limit.admitted_of(4).await, 0);
        advance(4 * MILLISECOND).await;
        assert_eq!(limit.admitted_of(4).await, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_backend_says_is_used_up_is_used_up_rl_24() {
    for limit in limits(Rate::per_second(10)) {
        assert_eq!(limit.ask().await, Ok("up"));
        limit.limiter.drain();
        assert_eq!(limit.refused_for().await, Some(100 * MILLISECOND));
        limit.limiter.drain();
        assert_eq!(limit.refused_for().await, Some(100 * MILLISECOND), "it cannot be emptier");
        advance(100 * MILLISECOND).await;
        assert_eq!(limit.admitted_of(3).await, 1);
    }
}

/// Nor does draining take a debt away.
#[tokio::test(start_paused = true)]
async fn draining_takes_no_debt_away() {
    let limiter = limiter(Rate::per_second(1).with_burst(5));
    limiter.reserve(5).unwrap().settle(10);
    limiter.drain();
    assert_eq!(short(limiter.try_acquire()), 6 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn sixty_at_once_and_then_one_a_second() {
    for limit in limits(Rate::per_minute(60)) {
        assert_eq!(limit.admitted_of(61).await, 60);
        assert_eq!(limit.refused_for().await, Some(SECOND));
        advance(SECOND).await;
        assert_eq!(limit.admitted_of(2).await, 1);
        advance(3600 * SECOND).await;
        assert_eq!(limit.admitted_of(100).await, 60, "an hour's quiet is worth one burst");
    }
}

/// There is no default: whoever makes a limiter says how much. What the shortest forms give limits.
#[tokio::test(start_paused = true)]
async fn every_quota_refuses_within_ten_thousand_calls_rl_25() {
    for quota in
        [Rate::per_second(50), Rate::per_minute(60), Rate::per_hour(1), Rate::per_day(9000)]
    {
        let limiter = limiter(quota);
        assert!((0..10_000).any(|_| limiter.try_acquire().is_err()), "{quota:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn fractions_of_a_token_a_second() {
    for limit in limits(Rate::new(1, 4 * SECOND)) {
        assert_eq!(limit.admitted_of(2).await, 1);
        assert_eq!(limit.refused_for().await, Some(4 * SECOND));
        advance(3 * SECOND).await;
        assert_eq!(limit.refused_for().await, Some(SECOND));
        advance(SECOND).await;
        assert_eq!(limit.admitted_of(2).await, 1);
    }
    let slow = limiter(Rate::new(2, 3 * 86_400 * SECOND).with_burst(1));
    assert!(slow.try_acquire().is_ok());
    assert_eq!(short(slow.try_acquire()), 36 * 3600 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_limit_a_second_and_a_limit_a_day_are_taken_all_or_nothing() {
    for limit in limits(Config::new(Rate::per_second(2)).also(Rate::per_day(5))) {
        assert_eq!(limit.admitted_of(3).await, 2);
        assert_eq!(limit.refused_for().await, Some(SECOND / 2));
        let levels = || {
            limit.limiter.snapshot().levels.iter().map(|level| level.remaining).collect::<Vec<_>>()
        };
        assert_eq!(levels(), [0, 3], "refused by the one, nothing was taken of the other");
        advance(2 * SECOND).await;
        assert_eq!(limit.admitted_of(3).await, 2);
        advance(2 * SECOND).await;
        assert_eq!(limit.admitted_of(2).await, 1);
        // One of the day has come back for 17 280 s; four seconds have passed.
        assert_eq!(limit.refused_for().await, Some(17_276 * SECOND));
        assert_eq!(levels(), [1, 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_user_and_an_address_both_must_have_a_token() {
    let user = limiter(Rate::per_second(2));
    let (one, other) = (limiter(Rate::per_second(5)), limiter(Rate::per_second(1)));
    assert!(All::of([&user, &one]).try_acquire().is_ok());
    assert!(All::of([&user, &other]).try_acquire().is_ok());
    // From a third address the user has none left, and the address keeps its own.
    assert_eq!(short(All::of([&one, &user]).try_acquire()), SECOND / 2);
    assert_eq!((one.peek(1).remaining, other.peek(1).remaining, user.peek(1).remaining), (4, 0, 0));
    advance(SECOND / 2).await;
    // The one that refuses for longest is the answer.
    assert_eq!(short(All::of([&user, &other]).try_acquire()), SECOND / 2);
    assert_eq!(user.peek(1).remaining, 1, "given back or never taken");
    assert!(All::of([&user, &other]).try_acquire_n(3).unwrap_err().retry_after().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_given_back_is_there_again_and_never_more_than_the_bucket_holds() {
    let limiter = limiter(Rate::per_second(1).with_burst(5));
    assert!(limiter.try_acquire_n(4).is_ok());
    limiter.refund(2);
    assert_eq!(limiter.peek(1).remaining, 3);
    limiter.refund(1000);
    assert_eq!(limiter.peek(1).remaining, 5);
    assert!(limiter.try_acquire_n(5).is_ok());
    assert!(limiter.try_acquire().is_err());
}

#[tokio::test(start_paused = true)]
async fn calls_of_a_view_cost_what_it_says() {
    for mut limit in limits(Rate::per_second(10)) {
        let shared = limit.limiter.clone();
        limit.limiter = shared.costing(4);
        assert_eq!(limit.admitted_of(3).await, 2);
        assert_eq!(limit.refused_for().await, Some(200 * MILLISECOND));
        assert_eq!(shared.peek(1).remaining, 2, "one bucket");
        assert!(shared.same_limiter(&limit.limiter));
        limit.limiter = shared.costing(11);
        assert_eq!(limit.refused_for().await, None, "it never fits");
        limit.limiter = shared.costing(0);
        assert_eq!(limit.admitted_of(100).await, 100);
    }
}

/// Per key, each its own bucket, and other terms for some.
#[tokio::test(start_paused = true)]
async fn keys_have_buckets_of_their_own_rl_30() {
    let plan = |amount| Config::new(Rate::per_second(amount)).parse().unwrap();
    let (usual, vip) = (plan(2), plan(10));
    let keys = Keyed::new(
        "keys",
        4000,
        move |key: &String| {
            if key == "vip" { vip.clone() } else { usual.clone() }
        },
    )
    .unwrap();
    let admitted = |key: &str| {
        let limiter: RateLimiter = keys.get(key);
        (0..20).filter(|_| limiter.try_acquire().is_ok()).count()
    };
    assert_eq!((admitted("a"), admitted("a"), admitted("b"), admitted("vip")), (2, 0, 2, 10));
    for key in 0..4000 {
        let _ = keys.get(&format!("key {key}"));
    }
    assert_eq!(keys.len(), 4000);
    assert_eq!(admitted("a"), 0, "a bucket that is not full is kept as long as there is another");
    advance(SECOND).await;
    assert_eq!(admitted("a"), 2);
}

#[tokio::test(start_paused = true)]
async fn the_coarse_clock_tells_the_same_where_it_is_an_exact_one() {
    for limit in limits(Config::new(Rate::per_second(3)).with_clock(Clock::Coarse)) {
        assert_eq!(limit.admitted_of(4).await, 3);
        advance(SECOND / 3 + TICK).await;
        assert_eq!(limit.admitted_of(2).await, 1);
    }
}

#[test]
fn four_tasks_draining_1200_tokens_get_exactly_1200() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build();
    runtime.unwrap().block_on(async {
        let big = limiter_of(1200);
        let tasks = (0..4).map(|_| {
            let big = big.clone();
            tokio::spawn(async move {
                let mut got = 0;
                while big.try_acquire().is_ok() {
                    got += 1;
                    if got % 50 == 0 {
                        tokio::task::yield_now().await;
                    }
                }
                got
            })
        });
        let tasks: Vec<_> = tasks.collect();
        let mut got = 0;
        for task in tasks {
            got += task.await.unwrap();
        }
        assert_eq!(got, 1200);
        assert_eq!(big.snapshot().totals.admitted, 1200);
    });
}

/// So many at once, and none comes back while a test runs.
fn limiter_of(tokens: u64) -> RateLimiter {
    limiter(Rate::new(tokens, 900 * 86_400 * SECOND))
}

/// Tokens come while it is being told that there are none.
#[test]
fn a_verdict_that_admits_has_taken_its_token() {
    for config in [
        Config::new(Rate::per_second(100_000).with_burst(1)),
        Config::new(Rate::per_second(100_000).with_burst(1)).also(Rate::per_second(200_000)),
    ] {
        let limiter = limiter(config);
        let admitted = (0..100_000).filter(|_| limiter.check(1).is_admitted()).count();
        let totals = limiter.snapshot().totals;
        assert_eq!(admitted as u64, totals.admitted, "{totals:?}");
    }
}
