//! Answers that nobody wants.

use std::time::Duration;

use buttress::{
    Refusal,
    rate_limit::{
        Rate,
        redis::{Config, RedisAll, RedisRateLimiter},
    },
    redis::{self, Failure, OnStoreFailure, Redis},
    time::Deadline,
};
use tokio::runtime::Handle;

use crate::{
    fake::{Answer, Fake},
    server::{Server, until},
};

fn slow(tokens: u64) -> Rate {
    Rate::new(1, Duration::from_secs(86_400)).with_burst(tokens)
}

#[tokio::test]
async fn a_server_that_can_do_nothing_is_down_until_it_can() {
    for (error, code) in [
        (&b"-BUSY Redis is busy running a script.\r\n"[..], "BUSY"),
        (b"-LOADING Redis is loading the dataset in memory\r\n", "LOADING"),
        (b"-READONLY You can't write against a read only replica.\r\n", "READONLY"),
        (b"-OOM command not allowed when used memory > 'maxmemory'.\r\n", "OOM"),
        (b"-NOAUTH Authentication required.\r\n", "NOAUTH"),
        (b"-MISCONF Redis is configured to save RDB snapshots\r\n", "MISCONF"),
        (b"-MASTERDOWN Link with MASTER is down\r\n", "MASTERDOWN"),
        (b"-NOREPLICAS Not enough good replicas to write.\r\n", "NOREPLICAS"),
    ] {
        let fake = Fake::start(Answer::With(error));
        let redis = fake.redis();
        assert_eq!(redis.ping().await, Err(Failure::Rejected { code: code.to_owned() }));
        assert!(redis.snapshot().down_for.is_some(), "{code}");
        for _ in 0..5 {
            // A probe that is told the same does not mean that it is back.
            until(async || !matches!(redis.ping().await, Err(Failure::Down { .. }))).await;
        }
        let totals = redis.snapshot().totals;
        assert_eq!((totals.outages, totals.recoveries), (1, 0), "{code}");
        fake.now_answers(Answer::With(b"+PONG\r\n"));
        until(async || redis.ping().await.is_ok()).await;
        assert_eq!(redis.snapshot().totals.recoveries, 1, "{code}");
    }
}

#[tokio::test]
async fn a_server_that_minds_one_call_is_not_down() {
    for error in [
        &b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"[..],
        b"-NOPERM this user has no permissions to access one of the keys\r\n",
        b"-ERR unknown command\r\n",
        b"-NOSCRIPT and it never will\r\n",
    ] {
        let fake = Fake::start(Answer::With(error));
        let redis = fake.redis();
        let limiter = RedisRateLimiter::new("limiter", &redis, slow(5)).unwrap();
        for _ in 0..3 {
            let refused = limiter.try_acquire("key").await.unwrap_err();
            assert_eq!(refused.kind(), "store_unavailable");
        }
        let snapshot = redis.snapshot();
        assert_eq!((snapshot.totals.outages, snapshot.totals.connected), (0, 1));
        assert_eq!(snapshot.totals.rejected, 3);
    }
}

#[tokio::test]
async fn a_connection_that_is_refused_what_it_asks_for_at_first_means_down() {
    let server = Server::start();
    let url = format!("redis://127.0.0.1:{}/99", server.port());
    let config = redis::Config::new(url).with_timeout(Duration::from_secs(10));
    let redis = Redis::new("redis", config.with_probe_every(Duration::from_secs(10))).unwrap();
    assert!(redis.ping().await.is_err(), "there are sixteen");
    assert!(matches!(redis.ping().await, Err(Failure::Down { .. })));
    let totals = redis.snapshot().totals;
    assert_eq!((totals.outages, totals.recoveries), (1, 0));
}

#[tokio::test]
async fn answers_that_are_none_are_failures_and_nothing_else() {
    for answer in [
        Answer::With(b"+OK\r\n"),
        Answer::With(b"$-1\r\n"),
        Answer::With(b"*-1\r\n"),
        Answer::With(b"*0\r\n"),
        Answer::With(b":1\r\n"),
        Answer::With(b"*1\r\n+OK\r\n"),
        Answer::With(b"*3\r\n:-1\r\n:0\r\n:0\r\n"),
        Answer::With(b"*2\r\n$2\r\nab\r\n:0\r\n"),
        Answer::With(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        Answer::With(b"\xff\xfe\x00\r\n\r\n"),
        Answer::LastWith(b""),
        Answer::LastWith(b"*3\r\n:1\r\n"),
        Answer::LastWith(b"$1000000000\r\nabc"),
        Answer::LastWith(b"-"),
    ] {
        let fake = Fake::start(answer);
        let redis = fake.redis();
        let of = |policy, lease| {
            let config = Config::new(slow(5)).with_on_store_failure(policy).with_lease(lease);
            RedisRateLimiter::new("limiter", &redis, config).unwrap()
        };
        for lease in [1, 10] {
            for _ in 0..3 {
                let refused = of(OnStoreFailure::Closed, lease).try_acquire("key").await;
                assert_eq!(refused.unwrap_err().kind(), "store_unavailable", "{answer:?}");
                assert!(of(OnStoreFailure::Open, lease).try_acquire("key").await.is_ok());
            }
        }
        let all = RedisAll::of([of(OnStoreFailure::Closed, 1)]).unwrap();
        assert!(all.try_acquire([&"key"]).await.is_err(), "{answer:?}");
        // As soon as it has come to its senses.
        fake.now_answers(Answer::With(b"*3\r\n:1\r\n:0\r\n:0\r\n"));
        let sound = of(OnStoreFailure::Closed, 1);
        until(async || sound.try_acquire("key").await.is_ok()).await;
    }
    until(async || Handle::current().metrics().num_alive_tasks() == 0).await;
}

/// An answer without why, or with numbers by which there was room, is a refusal and no admission.
#[tokio::test]
async fn a_refusal_that_says_too_little_is_one() {
    for answer in [&b"*1\r\n:0\r\n"[..], b"*3\r\n:0\r\n:0\r\n:0\r\n"] {
        let fake = Fake::start(Answer::With(answer));
        let redis = fake.redis();
        let limiter = RedisRateLimiter::new("limiter", &redis, slow(5)).unwrap();
        let refused = limiter.try_acquire("key").await.unwrap_err();
        assert_eq!((refused.kind(), refused.retry_after()), ("rate_limited", Some(Duration::ZERO)));
        let all = RedisAll::of([limiter]).unwrap();
        assert_eq!(all.try_acquire([&"key"]).await.unwrap_err().kind(), "rate_limited");
    }
}

#[tokio::test]
async fn a_server_that_grants_what_it_was_not_asked_for_is_not_believed() {
    for granted in [&b"*3\r\n:1000000\r\n:0\r\n:0\r\n"[..], b"*3\r\n:1\r\n:0\r\n:0\r\n"] {
        let fake = Fake::start(Answer::With(granted));
        let config = Config::new(slow(5)).with_lease(10);
        let limiter = RedisRateLimiter::new("limiter", &fake.redis(), config).unwrap();
        for _ in 0..3 {
            let refused = limiter.try_acquire_n("key", 3).await.unwrap_err();
            assert_eq!(refused.kind(), "store_unavailable");
        }
        assert_eq!(limiter.snapshot().totals.granted, 0);
    }
}

/// The server may have done it: twice would be tokens for nothing.
#[tokio::test]
async fn tokens_are_not_given_back_a_second_time_where_the_answer_is_lost() {
    let fake = Fake::start(Answer::With(b":1\r\n"));
    let redis = fake.redis();
    let limiter = RedisRateLimiter::new("limiter", &redis, slow(5)).unwrap();
    assert_eq!(limiter.refund("key", 1).await, Ok(()));
    fake.now_answers(Answer::LastWith(b""));
    let asked = fake.asked();
    assert_eq!(limiter.refund("key", 1).await, Err(Failure::Disconnected));
    assert_eq!(fake.asked(), asked + 1);
    // One connection that was closed says nothing about the server.
    fake.now_answers(Answer::With(b":1\r\n"));
    assert_eq!(limiter.refund("key", 1).await, Ok(()));
    let totals = redis.snapshot().totals;
    assert_eq!((totals.outages, totals.disconnected, totals.connected), (0, 1, 2));
}

#[tokio::test]
async fn an_answer_that_nobody_waited_for_is_not_anothers() {
    let server = Server::start();
    let redis = server.redis();
    let limiter = RedisRateLimiter::new("limiter", &redis, slow(100)).unwrap();
    assert_eq!(limiter.peek("key", 0).await.remaining, 100);
    let paused = server.pause();
    for tokens in [50, 20] {
        let soon = Deadline::within(Duration::from_millis(20));
        let refused = soon.scope(limiter.try_acquire_n("late", tokens)).await.unwrap_err();
        assert_eq!(refused.kind(), "store_unavailable");
    }
    drop(paused);
    assert_eq!(limiter.check("key", 1).await.remaining, 99);
    assert_eq!(limiter.peek("late", 0).await.remaining, 30, "done all the same, as is said");
    assert_eq!(redis.snapshot().totals.connected, 1, "all of that over one connection");
}

#[tokio::test]
async fn a_key_that_holds_something_else_fails_and_others_do_not() {
    let server = Server::start();
    let redis = server.redis();
    let limiter = RedisRateLimiter::new("limiter", &redis, slow(5)).unwrap();
    server.command("LPUSH buttress:limiter:list x").unwrap();
    let refused = limiter.try_acquire("list").await.unwrap_err();
    assert!(matches!(refused, Refusal::StoreUnavailable { .. }));
    let failure = limiter.refund("list", 1).await.unwrap_err();
    assert_eq!(failure, Failure::Rejected { code: "WRONGTYPE".to_owned() });
    // Texts that are no bucket are full ones, or such as take long to be.
    for (text, admitted) in [("nonsense", true), ("::", true), ("1:999", true), ("9e9", true)] {
        server.command(&format!("SET buttress:limiter:text {text}")).unwrap();
        assert_eq!(limiter.try_acquire("text").await.is_ok(), admitted, "{text}");
    }
    let digits = "9".repeat(400);
    server.command(&format!("SET buttress:limiter:text {digits}")).unwrap();
    assert!(limiter.try_acquire("text").await.is_err());
    assert!(limiter.try_acquire("key").await.is_ok());
    assert_eq!(redis.snapshot().totals.outages, 0);
}

#[tokio::test]
async fn a_deadline_that_has_passed_asks_nobody() {
    let server = Server::start();
    let redis = server.redis();
    let limiter = RedisRateLimiter::new("limiter", &redis, slow(5)).unwrap();
    assert!(limiter.try_acquire("key").await.is_ok());
    let sent = redis.snapshot().totals.sent;
    let passed = Deadline::within(Duration::ZERO);
    let refused = passed.scope(limiter.try_acquire("key")).await.unwrap_err();
    assert_eq!(refused.kind(), "store_unavailable");
    assert_eq!(redis.snapshot().totals.sent, sent);
    assert_eq!(limiter.peek("key", 0).await.remaining, 4);
    assert_eq!(redis.snapshot().down_for, None);
}

/// Whoever waits for another's request has less time left than an answer may take; so has the one behind it.
#[tokio::test]
async fn a_server_that_stands_still_is_found_out_by_those_who_wait_in_line() {
    let server = Server::start();
    let redis = server.hasty(Duration::from_millis(200));
    let config = Config::new(Rate::per_second(1).with_burst(1_000_000)).with_lease(2);
    let limiter = RedisRateLimiter::new("limiter", &redis, config).unwrap();
    until(async || limiter.try_acquire("key").await.is_ok()).await;
    while limiter.try_acquire("key").await.is_ok_and(|()| limiter.snapshot().totals.leased == 0) {}
    let outages = redis.snapshot().totals.outages;
    let _paused = server.pause();
    let mut tasks = tokio::task::JoinSet::new();
    for call in 0..40 {
        let limiter = limiter.clone();
        tasks.spawn(async move {
            let own = if call == 0 { Duration::from_millis(80) } else { Duration::from_secs(60) };
            let _ = Deadline::within(own).scope(limiter.try_acquire("key")).await;
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(redis.snapshot().totals.outages > outages, "{:?}", redis.snapshot());
    tasks.join_all().await;
}
