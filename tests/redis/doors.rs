//! Calls, services and pipelines.

use std::time::Duration;

use buttress::{
    Error, Lift, Pipeline, Refusal,
    rate_limit::{
        Rate,
        keyed::{Header, PeerAddress},
        redis::{Config, RedisRateLimiter},
    },
};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

use crate::server::Server;

fn slow(tokens: u64) -> Rate {
    Rate::new(1, Duration::from_secs(86_400)).with_burst(tokens)
}

#[tokio::test]
async fn calls_are_made_or_refused_by_key() {
    let server = Server::start();
    let limiter = RedisRateLimiter::new("limiter", &server.redis(), slow(2)).unwrap();
    for config in [Config::new(slow(2)), Config::new(slow(2)).with_lease(2)] {
        server.command("FLUSHALL").unwrap();
        limiter.reconfigure(config).unwrap();
        assert_eq!(limiter.call("ann", async || Ok::<_, String>(1)).await, Ok(1));
        let failed = limiter.call("ann", async || Err::<(), _>("no")).await;
        assert_eq!(failed, Err(Error::Inner("no")), "its token is spent");
        let mut made = false;
        let refused = limiter.run("ann", || {
            made = true;
            std::future::ready(Ok::<_, Refusal>(()))
        });
        assert_eq!(refused.await.unwrap_err().kind(), "rate_limited");
        assert!(!made);
        assert!(limiter.run("bob", async || Ok::<_, Refusal>(())).await.is_ok());
        let costly = limiter.costing(3).call(&(), async || Ok::<_, String>(()));
        assert!(
            matches!(costly.await, Err(Error::Refused(refusal)) if refusal.retry_after().is_none())
        );
    }
    assert!(limiter.reconfigure(Config::new(slow(0))).is_err());
}

#[tokio::test]
async fn a_call_that_is_dropped_while_the_store_is_asked_is_not_made() {
    let server = Server::start();
    let limiter = RedisRateLimiter::new("limiter", &server.redis(), slow(2)).unwrap();
    let mut made = false;
    let mut call = Box::pin(limiter.run("key", || {
        made = true;
        std::future::ready(Ok::<_, Refusal>(()))
    }));
    let cx = &mut std::task::Context::from_waker(std::task::Waker::noop());
    assert!(call.as_mut().poll(cx).is_pending());
    assert_eq!(format!("{call:?}"), "RedisLimited(asking)");
    drop(call);
    assert!(!made);
}

#[tokio::test]
async fn a_service_is_limited_by_what_the_request_says() {
    let server = Server::start();
    let limiter = RedisRateLimiter::new("limiter", &server.redis(), slow(1)).unwrap();
    let mut service = ServiceBuilder::new()
        .layer(limiter.layer(|key: &u64| (*key != 0).then_some(*key)))
        .layer(Lift::layer())
        .service(service_fn(async |key: u64| Ok::<_, std::io::Error>(key)));
    assert_eq!(service.ready().await.unwrap().call(7).await.unwrap(), 7);
    let refused = service.ready().await.unwrap().call(7).await.unwrap_err();
    assert!(matches!(refused, Error::Refused(Refusal::RateLimited { .. })));
    for _ in 0..3 {
        assert_eq!(service.ready().await.unwrap().call(0).await.unwrap(), 0, "no key, no limit");
    }
}

#[tokio::test]
async fn requests_over_http_have_keys_as_elsewhere() {
    let server = Server::start();
    let limiter = RedisRateLimiter::new("limiter", &server.redis(), slow(1)).unwrap();
    let inner = || service_fn(async |_: http::Request<()>| Ok::<_, Refusal>(()));
    let by_address = ServiceBuilder::new().layer(limiter.layer(PeerAddress)).service(inner());
    let by_header = ServiceBuilder::new()
        .layer(limiter.layer(Header::named(http::header::AUTHORIZATION)))
        .service(inner());
    let request = || {
        let mut request = http::Request::new(());
        request.extensions_mut().insert(std::net::SocketAddr::from(([192, 0, 2, 1], 80)));
        request.headers_mut().insert(http::header::AUTHORIZATION, "token".parse().unwrap());
        request
    };
    for service in [0, 1] {
        for expected in [true, false] {
            let answer = match service {
                0 => by_address.clone().oneshot(request()).await,
                _ => by_header.clone().oneshot(request()).await,
            };
            assert_eq!(answer.is_ok(), expected);
        }
    }
    assert_eq!(server.keys(), ["buttress:limiter:192.0.2.1", "buttress:limiter:token"]);
}

#[tokio::test]
async fn in_a_pipeline_it_is_one_bucket_for_everybody() {
    let server = Server::start();
    let limiter = RedisRateLimiter::new("limiter", &server.redis(), slow(1)).unwrap();
    let pipeline = Pipeline::new().with(limiter.clone());
    let task = tokio::spawn(async move {
        let first = pipeline.call(async || Ok::<_, String>(1)).await;
        (first, pipeline.call(async || Ok::<_, String>(1)).await)
    });
    let (first, second) = task.await.unwrap();
    assert_eq!(first, Ok(1));
    assert!(matches!(second, Err(Error::Refused(_))));
    assert!(limiter.try_acquire(&()).await.is_err());
}
