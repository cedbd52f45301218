//! Several limiters in one round trip.

use std::{net::Ipv4Addr, time::Duration};

use buttress::{
    Mode,
    rate_limit::{
        Rate,
        redis::{Config, RedisAll, RedisRateLimiter},
    },
};

use crate::server::Server;

fn slow(tokens: u64) -> Rate {
    Rate::new(1, Duration::from_secs(86_400)).with_burst(tokens)
}

#[tokio::test]
async fn a_token_of_each_or_none_of_any() {
    let server = Server::start();
    let redis = server.redis();
    let user = RedisRateLimiter::new("user", &redis, Config::new(slow(5)).also(slow(4))).unwrap();
    let address = RedisRateLimiter::new("address", &redis, slow(2)).unwrap();
    let both = RedisAll::of([user.clone(), address.clone()]).unwrap();
    let home = Ipv4Addr::new(192, 0, 2, 1);
    assert!(both.try_acquire_n([&"ann", &home], 2).await.is_ok());
    let sent = redis.snapshot().totals.sent;
    let refused = both.try_acquire([&"ann", &home]).await.unwrap_err();
    assert_eq!(refused.name().as_str(), "address");
    assert!(refused.retry_after().is_some_and(|wait| wait > Duration::from_secs(86_000)));
    assert_eq!(redis.snapshot().totals.sent, sent + 1);
    assert_eq!(user.peek("ann", 0).await.remaining, 2, "nothing was taken of the other");
    let elsewhere = Ipv4Addr::new(192, 0, 2, 2);
    assert!(both.try_acquire_n([&"ann", &elsewhere], 2).await.is_ok());
    assert_eq!((user.snapshot().totals.admitted, address.snapshot().totals.refused), (2, 1));
    let sent = redis.snapshot().totals.sent;
    let never = both.try_acquire_n([&"bob", &elsewhere], 3).await.unwrap_err();
    assert_eq!((never.name().as_str(), never.retry_after()), ("address", None));
    assert_eq!(redis.snapshot().totals.sent, sent, "nobody was asked");
}

#[tokio::test]
async fn what_cannot_be_asked_together_is_told_at_once() {
    let server = Server::start();
    let (one, two) = (server.redis(), server.redis());
    let of =
        |name: &'static str, redis, config| RedisRateLimiter::new(name, redis, config).unwrap();
    let first = of("first", &one, Config::new(slow(1)));
    let error =
        RedisAll::of([first.clone(), of("second", &two, Config::new(slow(1)))]).unwrap_err();
    assert_eq!(error.to_string(), "rate_limit::redis config: all must be of one Redis");
    assert!(RedisAll::of([first.clone(), first.clone()]).is_err());
    let shadow = of("shadow", &one, Config::new(slow(1)).with_mode(Mode::Shadow));
    assert!(RedisAll::of([first, shadow]).is_err());
    assert_eq!(RedisAll::of([]).unwrap().try_acquire([]).await, Ok(()));
}
