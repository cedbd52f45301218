//! Limiters that burn quota, wait in herds, and say nothing about when.

use std::{error::Error as StdError, time::Duration};

use buttress::{
    Error, Fault, Lift, Refusal,
    rate_limit::{Config, Rate, RateLimiter, keyed::KeyedRateLimiter, redis::RedisRateLimiter},
    redis::{Config as Store, OnStoreFailure, Redis},
    testing::{Polls, Script, Step},
};
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt};

const SECOND: Duration = Duration::from_secs(1);

fn up() -> Script<&'static str, Error<&'static str>> {
    Script::new([Step::ok("up")])
}

/// tower-resilience: its unified error has no name and never a time to come back for a limiter. Ours has
/// both, however often it is passed on.
#[tokio::test(start_paused = true)]
async fn d12_a_refusal_keeps_its_name_and_its_time_through_every_error_type() {
    let limiter = RateLimiter::new("search", Rate::every(SECOND)).unwrap();
    limiter.try_acquire().unwrap();
    let service = limiter.layer().layer(
        Lift::layer().layer(Script::<&str, std::fmt::Error>::new([Step::ok("up")]).service()),
    );
    let refused = service.oneshot(()).await.unwrap_err();
    let shown = |refusal: Option<&Refusal>| {
        refusal.map(|refusal| (refusal.name().as_str().to_owned(), refusal.retry_after()))
    };
    let expected = Some(("search".to_owned(), Some(SECOND)));
    assert_eq!(shown(refused.refusal()), expected);
    assert!(refused.source().is_some_and(|source| source.is::<Refusal>()));
    let boxed: Box<dyn StdError + Send + Sync> = refused.into();
    assert_eq!(shown(Fault::refusal(&boxed)), expected);
}

/// tower-resilience: readiness takes a permit and nothing gives it back: five services made ready and
/// dropped leave none. Ours takes it with the call, or where calls wait gives it back.
#[tokio::test(start_paused = true)]
async fn d17_services_made_ready_and_dropped_burn_no_quota() {
    let quota = Config::new(Rate::new(5, 3600 * SECOND));
    for config in [quota.clone(), quota.with_waiting(SECOND)] {
        let limiter = RateLimiter::new("quota", config).unwrap();
        for _ in 0..100 {
            let mut service = limiter.layer().layer(up().service());
            ServiceExt::<()>::ready(&mut service).await.unwrap();
        }
        for _ in 0..5 {
            assert!(limiter.layer().layer(up().service()).oneshot(()).await.is_ok());
        }
        assert!(limiter.layer().layer(up().service()).oneshot(()).await.is_err());
    }
}

/// tower-resilience: who waits reserves nothing, so everybody wakes for every token (20 waiters, 230
/// polls) and the first to come is nearly the last to be served. Ours has slots.
#[tokio::test(start_paused = true)]
async fn d18_those_who_wait_are_served_in_order_and_woken_for_their_own_turn() {
    let config = Config::new(Rate::every(SECOND)).with_waiting(3600 * SECOND);
    let limiter = &RateLimiter::new("line", config).unwrap();
    limiter.try_acquire().unwrap();
    let start = Instant::now();
    let polls = &Polls::new();
    let waits = (1..=20_u32).map(|place| async move {
        let mut service = limiter.layer().layer(up().service());
        let asked = async { ServiceExt::<()>::ready(&mut service).await.unwrap().call(()).await };
        polls.of(asked).await.unwrap();
        assert_eq!(start.elapsed(), place * SECOND);
        place
    });
    let mut waits: futures::stream::FuturesUnordered<_> = waits.collect();
    let mut served = Vec::new();
    while let Some(place) = futures::StreamExt::next(&mut waits).await {
        served.push(place);
    }
    assert!(served.is_sorted(), "{served:?}");
    polls.assert_at_most(20 * 3);
}

/// The same handle tells the truth when idle: it is not "throttling" because it once was.
#[tokio::test(start_paused = true)]
async fn d18_an_idle_limiter_says_that_it_is_idle() {
    let limiter = RateLimiter::new("idle", Rate::new(3, 20 * SECOND)).unwrap();
    while limiter.try_acquire().is_ok() {}
    assert_eq!(limiter.peek(1).remaining, 0);
    tokio::time::advance(60 * SECOND).await;
    let told = limiter.peek(1);
    assert_eq!((told.remaining, told.reset_after, told.is_admitted()), (3, Duration::ZERO, true));
}

/// A limiter whose store is nowhere, which is found out at once.
fn stored(policy: OnStoreFailure, quota: Rate) -> RedisRateLimiter {
    let redis = Redis::new("redis", Store::new("unix:///nowhere/at/all")).unwrap();
    let config = buttress::rate_limit::redis::Config::new(quota).with_on_store_failure(policy);
    RedisRateLimiter::new("search", &redis, config).unwrap()
}

#[tokio::test(start_paused = true)]
async fn d12_so_does_the_refusal_of_a_limiter_by_key_and_of_one_whose_store_is_gone() {
    let keys = KeyedRateLimiter::<u8>::new("search", Rate::every(SECOND)).unwrap();
    keys.try_acquire(&7).unwrap();
    let by_key = keys.layer(|(): &()| Some(7)).layer(up().service()).oneshot(()).await;
    let alone = stored(OnStoreFailure::local_of(1), Rate::every(SECOND));
    alone.try_acquire(&7_u32).await.unwrap();
    let alone = alone.layer(|(): &()| Some(7_u32)).layer(up().service()).oneshot(()).await;
    let closed = stored(OnStoreFailure::Closed, Rate::every(SECOND));
    let closed = closed.layer(|(): &()| Some(())).layer(up().service()).oneshot(()).await;
    let expected = [
        (by_key, "rate_limited", SECOND),
        (alone, "rate_limited", SECOND),
        (closed, "store_unavailable", Duration::from_millis(100)),
    ];
    for (answer, kind, wait) in expected {
        let error = answer.unwrap_err();
        let refusal = error.refusal().unwrap();
        assert_eq!((refusal.kind(), refusal.name().as_str()), (kind, "search"));
        assert_eq!(refusal.retry_after(), Some(wait), "{kind}");
        let boxed: Box<dyn StdError + Send + Sync> = refusal.clone().into();
        assert_eq!(Fault::refusal(&boxed).and_then(Refusal::retry_after), Some(wait));
    }
}

#[tokio::test(start_paused = true)]
async fn d17_nor_do_services_by_key_made_ready_and_dropped() {
    let quota = Rate::new(5, 3600 * SECOND);
    let keys = KeyedRateLimiter::<u8>::new("quota", quota).unwrap();
    let stored = stored(OnStoreFailure::local_of(1), quota);
    let mut by_key = keys.layer(|(): &()| Some(7)).layer(up().service());
    let mut in_store = stored.layer(|(): &()| Some(7_u32)).layer(up().service());
    for _ in 0..100 {
        ServiceExt::<()>::ready(&mut by_key.clone()).await.unwrap();
        ServiceExt::<()>::ready(&mut in_store.clone()).await.unwrap();
        ServiceExt::<()>::ready(&mut by_key).await.unwrap();
        ServiceExt::<()>::ready(&mut in_store).await.unwrap();
    }
    for expected in [true, true, true, true, true, false] {
        assert_eq!(by_key.call(()).await.is_ok(), expected);
        assert_eq!(in_store.call(()).await.is_ok(), expected);
    }
}
