//! One connection, made when it is needed, replaced when it breaks, gone with the last handle.

use std::{
    future::Future,
    task::{Context, Poll, Waker},
    time::Duration,
};

use buttress::{
    rate_limit::{
        Rate,
        redis::{Config as LimiterConfig, RedisRateLimiter},
    },
    redis::{Config, Failure, Redis},
    time::Deadline,
};
use tokio::runtime::Handle;

use crate::server::{Server, until};

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

#[tokio::test]
async fn a_handle_does_nothing_until_it_is_asked_and_leaves_no_task_behind() {
    let server = Server::start();
    let redis = server.redis();
    let limiter = RedisRateLimiter::new("limiter", &redis, Rate::per_minute(10)).unwrap();
    assert_eq!((tasks(), redis.snapshot().connected), (0, false));
    assert!(limiter.try_acquire("key").await.is_ok());
    assert_eq!((tasks(), redis.snapshot().connected), (1, true));
    drop(redis);
    assert!(limiter.try_acquire("key").await.is_ok());
    drop(limiter);
    until(async || tasks() == 0).await;
}

#[tokio::test]
async fn all_who_come_at_once_share_one_connection() {
    let server = Server::start();
    let redis = server.redis();
    let pings = (0..50).map(|_| redis.ping());
    assert!(futures::future::join_all(pings).await.iter().all(Result::is_ok));
    let totals = redis.snapshot().totals;
    assert_eq!((totals.connected, totals.sent, tasks()), (1, 50, 1));
}

#[tokio::test]
async fn whoever_connects_may_be_dropped_and_the_next_one_does() {
    let server = Server::start();
    let redis = server.redis();
    let paused = server.pause();
    let mut first = Box::pin(redis.ping());
    let mut second = Box::pin(redis.ping());
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(cx).is_pending() && second.as_mut().poll(cx).is_pending());
    drop(first);
    drop(paused);
    assert_eq!(second.await, Ok(()));
    assert_eq!(redis.snapshot().totals.connected, 1);
}

#[tokio::test]
async fn a_connection_that_was_closed_is_replaced_within_the_call() {
    let server = Server::start();
    let redis = server.redis();
    for round in 1..=3 {
        assert_eq!(redis.ping().await, Ok(()));
        assert_eq!(redis.snapshot().totals.connected, round);
        server.command("CLIENT KILL TYPE normal").unwrap();
    }
    assert_eq!(redis.snapshot().totals.outages, 0);
    until(async || tasks() <= 1).await;
}

#[tokio::test]
async fn a_script_that_the_server_has_forgotten_is_sent_again_once() {
    let server = Server::start();
    let redis = server.redis();
    let limiter = RedisRateLimiter::new("limiter", &redis, Rate::per_minute(10)).unwrap();
    for (round, sent) in [(1, 2), (2, 5)] {
        assert!(limiter.try_acquire("key").await.is_ok());
        let totals = redis.snapshot().totals;
        assert_eq!((totals.scripts_loaded, totals.sent), (round, sent));
        assert!(limiter.try_acquire("key").await.is_ok());
        assert_eq!(redis.snapshot().totals.sent, sent + 1, "one round trip from then on");
        server.command("SCRIPT FLUSH").unwrap();
    }
}

#[tokio::test]
async fn a_callers_deadline_ends_the_call_and_says_nothing_about_the_server() {
    let server = Server::start();
    let redis = server.redis();
    assert_eq!(redis.ping().await, Ok(()));
    let paused = server.pause();
    let soon = Deadline::within(Duration::from_millis(30));
    let Err(Failure::TimedOut { limit }) = soon.scope(async { redis.ping().await }).await else {
        panic!("it stands still");
    };
    assert!(limit <= Duration::from_millis(30));
    drop(paused);
    let snapshot = redis.snapshot();
    assert_eq!((snapshot.down_for, snapshot.totals.timed_out), (None, 1));
    assert_eq!(redis.ping().await, Ok(()));
    assert_eq!(redis.snapshot().totals.connected, 1, "the connection is as good as before");
}

#[tokio::test]
async fn a_server_that_wants_a_password_is_told_it_and_nobody_else_is() {
    let server = Server::start();
    server.command("CONFIG SET requirepass pa55word").unwrap();
    let without = server.redis();
    let failure = without.ping().await.unwrap_err();
    assert_eq!(failure.to_string(), "rejected: NOAUTH");
    assert!(without.snapshot().down_for.is_some(), "nothing can be asked of it");
    let url = |password| format!("redis://:{password}@127.0.0.1:{}", server.port());
    let wrong = Redis::new("redis", Config::new(url("pa55wrong"))).unwrap();
    let told = format!("{:?} {wrong:?} {:?}", wrong.ping().await, wrong.snapshot());
    assert!(!told.contains("pa55"), "{told}");
    let right = Redis::new("redis", Config::new(url("pa55word"))).unwrap();
    until(async || right.ping().await.is_ok()).await;
    assert!(!format!("{right:?}").contains("pa55"));
}

/// Before the first connection, over one, and with leases; a call may be dropped wherever it waits.
#[tokio::test]
async fn a_call_dropped_at_any_moment_leaves_the_handle_as_good_as_before() {
    let server = Server::start();
    for (fresh, lease) in [(true, 1), (false, 1), (true, 8), (false, 8)] {
        for polls in 1..12 {
            server.command("FLUSHALL").unwrap();
            server.command("SCRIPT FLUSH").unwrap();
            let redis = server.redis();
            let config = LimiterConfig::new(Rate::per_day(1000)).with_lease(lease);
            let limiter = RedisRateLimiter::new("limiter", &redis, config).unwrap();
            if !fresh {
                assert_eq!(redis.ping().await, Ok(()));
            }
            let calls = (0..3).map(|_| Box::pin(limiter.try_acquire("key")));
            let mut calls: Vec<_> = calls.collect();
            let mut polled = 0;
            let ended = std::future::poll_fn(|cx| {
                polled += 1;
                let ready = calls.iter_mut().filter_map(|call| match call.as_mut().poll(cx) {
                    Poll::Ready(answer) => Some(answer),
                    Poll::Pending => None,
                });
                let ended = ready.count() > 0;
                if ended || polled == polls { Poll::Ready(ended) } else { Poll::Pending }
            });
            ended.await;
            drop(calls);
            assert!(limiter.try_acquire("key").await.is_ok(), "{fresh} {lease} {polls}");
            let left = limiter.peek("key", 0).await.remaining;
            assert!((1000 - 4 * u64::from(lease)..1000).contains(&left), "{left}");
            let snapshot = redis.snapshot();
            assert_eq!((snapshot.totals.outages, snapshot.down_for), (0, None));
            drop((limiter, redis));
            until(async || tasks() == 0).await;
        }
    }
}

#[test]
fn a_handle_outlives_the_runtime_that_connected() {
    let server = Server::start();
    let redis = server.redis();
    let limiter = RedisRateLimiter::new("limiter", &redis, Rate::per_day(10)).unwrap();
    for round in 1..=3 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        assert_eq!(runtime.block_on(limiter.try_acquire("key")), Ok(()));
        assert_eq!(redis.snapshot().totals.connected, round);
    }
    assert_eq!(redis.snapshot().totals.outages, 0);
}
