//! Exact counts, however many ask from however many places.

use std::{sync::Arc, time::Duration};

use buttress::{
    Refusal,
    rate_limit::{
        Rate, Verdict,
        redis::{Config, RedisRateLimiter},
    },
    redis::Redis,
};

use crate::server::Server;

/// So many tokens at once, and none to speak of after that.
fn once(tokens: u64) -> Rate {
    Rate::new(1, Duration::from_secs(86_400)).with_burst(tokens)
}

/// Eight clients on four connections ask all at once. How many were let through.
async fn admitted_of(server: &Server, config: Config, calls: usize) -> usize {
    let connections: Vec<Redis> = (0..4).map(|_| server.redis()).collect();
    let limiters = (0..8).map(|client| {
        RedisRateLimiter::new("shared", &connections[client % 4], config.clone()).unwrap()
    });
    let mut tasks = tokio::task::JoinSet::new();
    for limiter in limiters {
        let limiter = Arc::new(limiter);
        for _ in 0..calls {
            let limiter = Arc::clone(&limiter);
            tasks.spawn(async move { limiter.try_acquire("key").await });
        }
    }
    let mut admitted = 0;
    while let Some(answer) = tasks.join_next().await {
        match answer.unwrap() {
            Ok(()) => admitted += 1,
            Err(Refusal::RateLimited { retry_after, .. }) => {
                assert!(retry_after.is_some_and(|wait| wait > Duration::from_secs(80_000)));
            }
            Err(other) => panic!("{other}"),
        }
    }
    admitted
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_clients_on_four_connections_get_what_there_is_and_not_one_more_rl_03() {
    let server = Server::start();
    for limit in [1, 100, 333] {
        server.command("FLUSHALL").unwrap();
        assert_eq!(admitted_of(&server, Config::new(once(limit)), 100).await, limit as usize);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn with_leases_they_get_no_more_and_lose_at_most_a_lease_each() {
    let server = Server::start();
    for limit in [1, 100, 333] {
        server.command("FLUSHALL").unwrap();
        let config = Config::new(once(limit)).with_lease(8);
        let admitted = admitted_of(&server, config, 100).await;
        let limit = limit as usize;
        assert!(admitted <= limit && admitted + 8 * 8 >= limit, "{admitted} of {limit}");
    }
}

#[tokio::test]
async fn keys_and_limiters_have_buckets_of_their_own() {
    let server = Server::start();
    let redis = server.redis();
    let one = RedisRateLimiter::new("one", &redis, once(1)).unwrap();
    let two = RedisRateLimiter::new("two", &redis, once(1)).unwrap();
    for limiter in [&one, &two] {
        for key in ["ann", "bob", ""] {
            assert!(limiter.try_acquire(key).await.is_ok());
            assert!(limiter.try_acquire(key).await.is_err());
        }
        assert!(limiter.try_acquire(&()).await.is_err(), "the empty text");
        assert!(limiter.try_acquire(&7_u64).await.is_ok());
        assert!(limiter.try_acquire("7").await.is_err(), "the same text");
    }
    let names = ["", "7", "ann", "bob"];
    let expected = ["one", "two"].map(|of| names.map(|key| format!("buttress:{of}:{key}")));
    assert_eq!(server.keys(), expected.concat());
}

#[tokio::test]
async fn what_can_never_fit_is_refused_without_asking() {
    let server = Server::start();
    let redis = server.redis();
    let quota = Config::new(Rate::per_second(10)).also(Rate::per_day(5));
    let limiter = RedisRateLimiter::new("limiter", &redis, quota).unwrap();
    let refused = limiter.try_acquire_n("key", 6).await.unwrap_err();
    assert_eq!((refused.kind(), refused.retry_after()), ("rate_limited", None));
    let told = limiter.check("key", 6).await;
    assert_eq!((told.verdict, told.limit, told.remaining), (Verdict::NeverFits, 5, 5));
    assert_eq!(limiter.peek("key", 11).await.verdict, Verdict::NeverFits);
    assert_eq!(redis.snapshot().totals.sent, 0);
    assert!(limiter.try_acquire_n("key", 5).await.is_ok());
    assert_eq!(
        (redis.snapshot().totals.sent, limiter.snapshot().totals.asked),
        (2, 1),
        "a script it did not know"
    );
}

#[tokio::test]
async fn decisions_tell_what_is_left_and_refunds_come_back() {
    let server = Server::start();
    let limiter = RedisRateLimiter::new("limiter", &server.redis(), once(5)).unwrap();
    let told = limiter.check("key", 2).await;
    assert_eq!((told.verdict, told.limit, told.remaining), (Verdict::Admitted, 5, 3));
    assert_eq!(told.reset_after.as_secs().div_ceil(86_400), 2);
    let told = limiter.check("key", 4).await;
    assert_eq!((told.verdict, told.remaining), (Verdict::Limited, 3));
    let wait = told.retry_after.unwrap();
    assert!(wait > Duration::from_secs(86_300) && wait <= Duration::from_secs(86_400), "{wait:?}");
    assert_eq!(limiter.peek("key", 3).await.verdict, Verdict::Admitted);
    assert_eq!(limiter.peek("key", 3).await.remaining, 3, "nothing was taken");
    limiter.refund("key", 1).await.unwrap();
    assert!(limiter.try_acquire_n("key", 4).await.is_ok());
    limiter.refund("key", 5).await.unwrap();
    assert_eq!(server.keys(), [""; 0], "a full bucket is none");
    limiter.refund("key", 5).await.unwrap();
    assert_eq!(limiter.peek("key", 0).await.remaining, 5, "and no more than full");
}

#[tokio::test]
async fn several_quotas_give_all_or_nothing() {
    let server = Server::start();
    let quota = Config::new(once(3)).also(once(2)).also(once(4));
    let limiter = RedisRateLimiter::new("limiter", &server.redis(), quota).unwrap();
    assert!(limiter.try_acquire("key").await.is_ok());
    let told = limiter.check("key", 2).await;
    assert_eq!((told.verdict, told.limit, told.remaining), (Verdict::Limited, 2, 1));
    assert!(limiter.try_acquire("key").await.is_ok(), "nothing was taken of the others");
    assert_eq!(limiter.peek("key", 0).await.remaining, 0);
    limiter.refund("key", 2).await.unwrap();
    assert!(limiter.try_acquire_n("key", 2).await.is_ok());
}

#[tokio::test]
async fn a_key_that_was_refused_is_refused_here_until_its_time_has_come() {
    let server = Server::start();
    let redis = server.redis();
    let quota = Rate::every(Duration::from_millis(200));
    let config = Config::new(quota).with_remember_refused(true).with_max_keys(1);
    let limiter = RedisRateLimiter::new("limiter", &redis, config).unwrap();
    assert!(limiter.try_acquire("key").await.is_ok());
    let first = limiter.try_acquire("key").await.unwrap_err();
    let asked = limiter.snapshot().totals.asked;
    for _ in 0..100 {
        let again = limiter.try_acquire("key").await.unwrap_err();
        assert!(again.retry_after() <= first.retry_after());
    }
    let totals = limiter.snapshot().totals;
    assert_eq!((totals.asked, totals.remembered, totals.refused), (asked, 100, 101));
    // Others are asked about, every time: there is no room for a second key.
    assert!(limiter.try_acquire("other").await.is_ok());
    assert!(limiter.try_acquire("other").await.is_err());
    assert!(limiter.try_acquire("other").await.is_err());
    let totals = limiter.snapshot().totals;
    assert_eq!((totals.asked, totals.crowded), (asked + 3, 2));
    // What this process gives back is known here.
    limiter.refund("key", 1).await.unwrap();
    assert!(limiter.try_acquire("key").await.is_ok());
    crate::server::until(async || limiter.try_acquire("key").await.is_ok()).await;
}

#[tokio::test]
async fn in_shadow_mode_everything_passes_and_is_counted() {
    let server = Server::start();
    let config = Config::new(once(1)).with_mode(buttress::Mode::Shadow);
    let limiter = RedisRateLimiter::new("limiter", &server.redis(), config).unwrap();
    for _ in 0..3 {
        assert!(limiter.try_acquire("key").await.is_ok());
    }
    assert!(limiter.try_acquire_n("key", 2).await.is_ok(), "too many for any bucket");
    let totals = limiter.snapshot().totals;
    assert_eq!((totals.admitted, totals.refused), (4, 3));
}
