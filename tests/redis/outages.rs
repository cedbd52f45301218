//! A server that stands still, dies and comes back: each policy, and nobody waits longer than said.

use std::time::{Duration, Instant};

use buttress::{
    Refusal,
    rate_limit::{
        Rate, Verdict,
        redis::{Config, RedisAll, RedisRateLimiter},
    },
    redis::{OnStoreFailure, Redis},
};
use tokio::runtime::Handle;

use crate::server::{Server, until};

/// So long a call may take.
const TIMEOUT: Duration = Duration::from_millis(50);

/// Fifty at once, and none to speak of after that.
fn fifty() -> Rate {
    Rate::new(1, Duration::from_secs(86_400)).with_burst(50)
}

fn limiter(redis: &Redis, policy: OnStoreFailure) -> RedisRateLimiter {
    let config = Config::new(fifty()).with_on_store_failure(policy);
    RedisRateLimiter::new("limiter", redis, config).unwrap()
}

async fn admitted(limiter: &RedisRateLimiter, calls: usize) -> usize {
    let mut admitted = 0;
    for _ in 0..calls {
        admitted += usize::from(limiter.try_acquire("key").await.is_ok());
    }
    admitted
}

/// It has come back when the server is the one that decides.
async fn back(limiter: &RedisRateLimiter) {
    until(async || {
        let before = limiter.snapshot().totals.asked;
        let _ = limiter.try_acquire("other").await;
        limiter.snapshot().totals.asked > before
    })
    .await;
    assert!(limiter.snapshot().store_is_up);
}

#[tokio::test]
async fn open_lets_everything_pass_until_the_server_is_back() {
    let mut server = Server::start();
    let redis = server.hasty(Duration::from_millis(500));
    let limiter = limiter(&redis, OnStoreFailure::Open);
    assert_eq!(admitted(&limiter, 60).await, 50);
    server.kill();
    assert_eq!(admitted(&limiter, 60).await, 60);
    let snapshot = limiter.snapshot();
    assert_eq!((snapshot.totals.open, snapshot.store_is_up), (60, false));
    assert_eq!(limiter.check("key", 2).await.verdict, Verdict::Admitted);
    server.restart();
    back(&limiter).await;
    assert_eq!(admitted(&limiter, 60).await, 50, "it has forgotten, and counts again");
    let totals = redis.snapshot().totals;
    assert_eq!((totals.outages, totals.recoveries), (1, 1));
}

#[tokio::test]
async fn closed_refuses_and_says_when_to_come_back() {
    let mut server = Server::start();
    let redis = server.hasty(Duration::from_millis(500));
    let limiter = limiter(&redis, OnStoreFailure::Closed);
    assert!(limiter.try_acquire("key").await.is_ok());
    server.kill();
    for _ in 0..20 {
        let refused = limiter.try_acquire("key").await.unwrap_err();
        let Refusal::StoreUnavailable { retry_after: Some(wait), .. } = &refused else {
            panic!("{refused:?}");
        };
        assert!(*wait <= Duration::from_millis(20));
        assert!(
            refused.to_string().starts_with("`limiter`: its store cannot be asked; retry after")
        );
        assert!(!refused.began());
    }
    assert_eq!((limiter.snapshot().totals.closed, limiter.snapshot().totals.refused), (20, 20));
    server.restart();
    back(&limiter).await;
    assert!(limiter.try_acquire("key").await.is_ok());
}

#[tokio::test]
async fn local_lets_this_processs_share_through() {
    let mut server = Server::start();
    let redis = server.hasty(Duration::from_millis(500));
    let limiter = limiter(&redis, OnStoreFailure::local_of(4));
    assert_eq!(admitted(&limiter, 60).await, 50);
    server.kill();
    assert_eq!(admitted(&limiter, 60).await, 12, "a quarter");
    let told = limiter.check("key", 1).await;
    assert_eq!((told.verdict, told.limit), (Verdict::Limited, 12));
    assert!(told.retry_after.is_some_and(|wait| wait > Duration::from_secs(4 * 86_000)));
    assert_eq!(limiter.snapshot().totals.local, 61);
    server.restart();
    back(&limiter).await;
    server.kill();
    assert_eq!(admitted(&limiter, 60).await, 0, "an outage that comes and goes refills nothing");
}

#[tokio::test]
async fn a_server_that_stands_still_costs_a_timeout_and_then_nothing_but_the_probe() {
    let server = Server::start();
    let redis = server.hasty(TIMEOUT);
    let limiter = limiter(&redis, OnStoreFailure::Open);
    until(async || {
        limiter.snapshot().totals.asked > 0 || limiter.try_acquire("key").await.is_err()
    })
    .await;
    let paused = server.pause();
    let (started, before) = (Instant::now(), redis.snapshot().totals);
    for _ in 0..1000 {
        assert!(limiter.try_acquire("key").await.is_ok());
    }
    let took = started.elapsed();
    let totals = redis.snapshot().totals;
    let (sent, waited) = (totals.sent - before.sent, totals.timed_out - before.timed_out);
    assert!(totals.skipped - before.skipped >= 1000 - waited, "{totals:?}");
    assert!(sent <= waited && waited >= 1, "{totals:?}");
    // Each that has waited was the only one then.
    assert!(took >= TIMEOUT && waited <= 1 + (took.as_millis() / TIMEOUT.as_millis()) as u64);
    drop(paused);
    back(&limiter).await;
    until(async || Handle::current().metrics().num_alive_tasks() == 1).await;
}

#[tokio::test]
async fn many_who_wait_for_a_server_that_stands_still_wait_together() {
    let server = Server::start();
    let redis = server.hasty(TIMEOUT);
    let config = Config::new(fifty()).with_lease(10);
    for limiter in [
        limiter(&redis, OnStoreFailure::Closed),
        RedisRateLimiter::new("leased", &redis, config).unwrap(),
    ] {
        until(async || limiter.try_acquire("key").await.is_ok()).await;
        until(async || redis.ping().await.is_ok()).await;
        let paused = server.pause();
        let started = Instant::now();
        let calls = (0..50).map(|_| limiter.try_acquire("key"));
        let answers = futures::future::join_all(calls).await;
        let (refused, took) =
            (answers.iter().filter(|answer| answer.is_err()).count(), started.elapsed());
        assert!(refused >= 48, "{refused}");
        assert!(took < TIMEOUT * 20, "{took:?}");
        drop(paused);
        back(&limiter).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_and_started_again_in_the_midst_it_never_admits_one_too_many() {
    let mut server = Server::start();
    let redis = server.hasty(Duration::from_millis(500));
    let limiter = limiter(&redis, OnStoreFailure::Closed);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let limiter = limiter.clone();
        tasks.spawn(async move {
            let mut admitted = 0;
            for _ in 0..400 {
                admitted += usize::from(limiter.try_acquire("key").await.is_ok());
                tokio::task::yield_now().await;
            }
            admitted
        });
    }
    until(async || limiter.snapshot().totals.asked > 20).await;
    server.kill();
    server.restart();
    let mut total = 0;
    while let Some(admitted) = tasks.join_next().await {
        total += admitted.unwrap();
    }
    // Once before, and once after it had forgotten.
    assert!((1..=100).contains(&total), "{total}");
    back(&limiter).await;
    drop((limiter, redis));
    until(async || Handle::current().metrics().num_alive_tasks() == 0).await;
}

#[tokio::test]
async fn several_limiters_each_do_what_they_do_without_the_store() {
    let mut server = Server::start();
    let redis = server.hasty(Duration::from_millis(500));
    let named = |name: &'static str, policy| {
        let config = Config::new(fifty()).with_on_store_failure(policy);
        RedisRateLimiter::new(name, &redis, config).unwrap()
    };
    let (local, open) =
        (named("local", OnStoreFailure::local_of(10)), named("open", OnStoreFailure::Open));
    let closed = named("closed", OnStoreFailure::Closed);
    let two = RedisAll::of([local.clone(), open.clone()]).unwrap();
    assert!(two.try_acquire([&"key", &"key"]).await.is_ok());
    server.kill();
    let three = RedisAll::of([local.clone(), open, closed]).unwrap();
    let refused = three.try_acquire_n([&"key", &"key", &"key"], 5).await.unwrap_err();
    assert_eq!((refused.kind(), refused.name().as_str()), ("store_unavailable", "closed"));
    assert!(two.try_acquire_n([&"key", &"key"], 5).await.is_ok(), "the share was given back");
    let refused = two.try_acquire([&"key", &"key"]).await.unwrap_err();
    assert_eq!((refused.kind(), refused.name().as_str()), ("rate_limited", "local"));
}
