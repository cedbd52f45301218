//! Limits and keys that nobody has in mind.

use std::time::Duration;

use buttress::rate_limit::{
    Rate, Verdict,
    redis::{Config, RedisKey, RedisRateLimiter},
};

use crate::server::Server;

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn strange_quotas_give_what_there_is_and_say_when_there_is_more() {
    let server = Server::start();
    let redis = server.redis();
    let seven = || Config::new(Rate::new(7, Duration::from_secs(60)));
    let configs = [
        (seven().also(Rate::new(1, 1000 * DAY).with_burst(1)), 1),
        (seven().also(Rate::per_second(999_983)).also(Rate::per_day(7)).also(Rate::per_hour(9)), 7),
        (Config::new(Rate::new(1, 1000 * DAY)), 1),
        (Config::new(Rate::new(13, 1000 * DAY)), 13),
        (Config::new(Rate::new(97, Duration::from_nanos(999_999_999_999_999))), 97),
        (seven().with_lease(100_000), 7),
    ];
    for (at, (config, most)) in configs.into_iter().enumerate() {
        server.command("FLUSHALL").unwrap();
        let limiter = RedisRateLimiter::new("limiter", &redis, config).unwrap();
        for _ in 0..most {
            assert!(limiter.try_acquire("key").await.is_ok(), "config {at}");
        }
        let told = limiter.check("key", 1).await;
        assert_eq!((told.verdict, told.remaining), (Verdict::Limited, 0), "config {at}");
        assert!(told.retry_after.is_some_and(|wait| wait > Duration::from_secs(5)), "{told:?}");
        for many in [most + 1, u64::MAX - 1, u64::MAX] {
            let told = limiter.check("key", many).await;
            assert_eq!((told.verdict, told.retry_after), (Verdict::NeverFits, None));
            assert!(limiter.try_acquire_n("key", many).await.is_err());
            assert_eq!(limiter.peek("key", many).await.verdict, Verdict::NeverFits);
        }
        assert!(limiter.try_acquire_n("key", 0).await.is_ok(), "nothing is there");
        // More than it holds fills it, and no more.
        limiter.refund("key", u64::MAX).await.unwrap();
        let told = limiter.peek("key", most).await;
        assert_eq!((told.verdict, told.remaining), (Verdict::Admitted, most), "config {at}");
    }
    assert_eq!(redis.snapshot().totals.rejected, 0);
}

#[tokio::test]
async fn strange_keys_have_buckets_of_their_own() {
    let server = Server::start();
    let redis = server.redis();
    for config in [Config::from(Rate::per_day(2)), Config::new(Rate::per_day(2)).with_lease(2)] {
        server.command("FLUSHALL").unwrap();
        let limiter = RedisRateLimiter::new("a name: {with} %3A \n", &redis, config).unwrap();
        let keys: [&[u8]; 14] = [
            b"",
            b" ",
            b"\0",
            b"\0\0",
            b"\r\n",
            b"a\r\n$1\r\nb",
            b"{}",
            b"{a}",
            b"#",
            b"#{a}",
            b"\xff\xfe",
            b"*",
            &[b'x'; 4096],
            &[b'x'; 4097],
        ];
        for key in keys {
            let key = key.to_vec();
            assert_eq!(limiter.peek(&key, 0).await.remaining, 2, "{:?}", key.text());
            for expected in [true, true, false] {
                assert_eq!(limiter.try_acquire(&key).await.is_ok(), expected, "{:?}", key.text());
            }
        }
    }
    assert_eq!(redis.snapshot().totals.rejected, 0);
}
