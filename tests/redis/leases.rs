//! Tokens taken several at a time.

use std::time::Duration;

use buttress::rate_limit::{
    Rate,
    redis::{Config, RedisRateLimiter},
};
use futures::future::join_all;

use crate::server::{Server, until};

fn slow(tokens: u64) -> Rate {
    Rate::new(1, Duration::from_secs(3600)).with_burst(tokens)
}

#[tokio::test]
async fn a_lease_grows_and_most_calls_ask_nobody() {
    let server = Server::start();
    let redis = server.redis();
    let config = Config::new(slow(10_000)).with_lease(32);
    let limiter = RedisRateLimiter::new("limiter", &redis, config).unwrap();
    for _ in 0..63 + 32 * 10 {
        assert!(limiter.try_acquire("key").await.is_ok());
    }
    let totals = limiter.snapshot().totals;
    // 1, 2, 4, 8, 16, and then 32 each time.
    assert_eq!((totals.asked, totals.granted), (16, 31 + 11 * 32), "{totals:?}");
    assert_eq!(totals.leased + totals.asked, totals.admitted);
    assert!(totals.granted >= totals.admitted);
    assert_eq!(limiter.snapshot().keys, 1);
}

#[tokio::test]
async fn one_asks_and_the_others_wait_for_it_and_any_of_them_may_be_dropped() {
    let server = Server::start();
    let redis = server.redis();
    let config = Config::new(slow(10_000)).with_lease(100);
    let limiter = RedisRateLimiter::new("limiter", &redis, config).unwrap();
    let answers = join_all((0..100).map(|_| limiter.try_acquire("key"))).await;
    assert!(answers.iter().all(Result::is_ok));
    let asked = limiter.snapshot().totals.asked;
    assert!(asked <= 10, "{asked}");
    // The first is dropped while it asks, as are those that have waited for it.
    let paused = server.pause();
    let all = (0..300).map(|_| limiter.try_acquire("other"));
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let cx = &mut std::task::Context::from_waker(std::task::Waker::noop());
    for call in &mut all {
        assert!(call.as_mut().poll(cx).is_pending());
    }
    all.drain(..250);
    drop(paused);
    assert!(join_all(all).await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn what_does_not_fit_a_lease_is_taken_by_itself() {
    let server = Server::start();
    let config = Config::new(slow(100)).with_lease(10);
    let limiter = RedisRateLimiter::new("limiter", &server.redis(), config).unwrap();
    assert!(limiter.try_acquire_n("key", 60).await.is_ok());
    assert!(limiter.try_acquire_n("key", 41).await.is_err());
    assert!(limiter.try_acquire_n("key", 10).await.is_ok());
    let mut more = 0;
    while limiter.try_acquire("key").await.is_ok() {
        more += 1;
    }
    assert_eq!(more, 30);
    let refused = limiter.check("key", 1).await;
    assert!(refused.retry_after.is_some());
    let asked = limiter.snapshot().totals.asked;
    assert!(limiter.try_acquire("key").await.is_err());
    assert_eq!(limiter.snapshot().totals.asked, asked, "known until then");
}

#[tokio::test]
async fn more_keys_than_there_is_room_for_are_asked_about() {
    let server = Server::start();
    let config = Config::new(slow(100)).with_lease(10).with_max_keys(2);
    let limiter = RedisRateLimiter::new("limiter", &server.redis(), config).unwrap();
    for key in 0..20_u64 {
        for _ in 0..9 {
            assert!(limiter.try_acquire(&key).await.is_ok());
        }
    }
    let snapshot = limiter.snapshot();
    assert!(snapshot.keys <= 2 && snapshot.totals.crowded > 0, "{snapshot:?}");
    assert_eq!(snapshot.totals.admitted, 180);
}

#[tokio::test]
async fn tokens_held_here_are_spent_while_the_server_is_gone() {
    let mut server = Server::start();
    let redis = server.hasty(Duration::from_millis(500));
    let config = Config::new(slow(1000)).with_lease(64);
    let limiter = RedisRateLimiter::new("limiter", &redis, config).unwrap();
    for _ in 0..127 {
        assert!(limiter.try_acquire("key").await.is_ok());
    }
    until(async || {
        let before = limiter.snapshot().totals.asked;
        assert!(limiter.try_acquire("key").await.is_ok());
        limiter.snapshot().totals.asked > before
    })
    .await;
    server.kill();
    for _ in 0..63 {
        assert!(limiter.try_acquire("key").await.is_ok());
    }
    assert!(limiter.try_acquire("key").await.is_err());
    assert_eq!(limiter.snapshot().totals.closed, 1);
}
