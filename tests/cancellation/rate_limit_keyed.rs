//! Calls by key dropped at every await: the token is spent, and nothing else is left behind.

use buttress::{
    Lift,
    rate_limit::{Rate, keyed::KeyedRateLimiter},
    testing::drop_at_every_await,
};
use tower::{Service, ServiceBuilder};

use crate::circuit::{SECOND, STEP, slow};

fn limiter() -> KeyedRateLimiter<str> {
    KeyedRateLimiter::new("lost", Rate::every(SECOND).with_burst(1000)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_call_that_becomes_ready_and_runs() {
    let (limiter, backend) = (limiter(), slow());
    let inner = backend.service().ready_after(2);
    let seen = inner.watch();
    let mut service = ServiceBuilder::new()
        .layer(limiter.layer(|(): &()| Some("key")))
        .layer(Lift::layer())
        .service(inner);
    let drops = drop_at_every_await(
        STEP,
        || service.call(()),
        |polls| {
            let admitted = limiter.snapshot().totals.admitted;
            assert_eq!(admitted, u64::from(polls) + 1, "let through once each");
            assert_eq!((seen().reserved, backend.counts().in_flight), (0, 0));
        },
    )
    .await;
    assert!(drops >= 3, "while it became ready, and while it ran: {drops}");
    let taken = 1000 - limiter.peek("key", 1).remaining;
    assert!(taken > 0 && taken <= limiter.snapshot().totals.admitted);
}

#[tokio::test(start_paused = true)]
async fn a_plain_call() {
    let (limiter, backend) = (limiter(), slow());
    let drops = drop_at_every_await(
        STEP,
        || limiter.call("key", || backend.call()),
        |_| assert_eq!(backend.counts().in_flight, 0),
    )
    .await;
    assert!(drops >= 1);
    assert_eq!(limiter.snapshot().totals.refused, 0);
}

/// The operation panics when it is called, or its future does: the token stays spent and the limiter
/// goes on.
#[tokio::test(start_paused = true)]
async fn a_panic() {
    let limiter = limiter();
    let called = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        drop(limiter.call("key", || -> std::future::Ready<Result<(), ()>> { panic!("called") }));
    }));
    assert!(called.is_err());
    let tiers = KeyedRateLimiter::<str>::exact("tiers", Rate::per_second(1)).unwrap();
    let tiers = tiers.with_tiers(|_| panic!("asked for a tier"));
    for _ in 0..2 {
        let asked = std::panic::AssertUnwindSafe(|| tiers.try_acquire("key"));
        assert!(std::panic::catch_unwind(asked).is_err());
    }
    assert_eq!(tiers.snapshot().keys, 0);
    assert!(limiter.try_acquire("key").is_ok());
    assert_eq!(limiter.peek("key", 1).remaining, 998);
}
