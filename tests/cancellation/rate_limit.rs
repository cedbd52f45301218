//! Limited calls dropped at every await: a place in the line comes back, a token that was spent does
//! not, and whoever is behind is served as if the dropped one had never come.

use std::time::Duration;

use buttress::{
    Error, Lift,
    rate_limit::{Config, Rate, RateLimiter},
    testing::{Script, Step, drop_at_every_await},
};
use tokio::time::{Instant, sleep};
use tower::{ServiceBuilder, ServiceExt};

use crate::circuit::{SECOND, STEP, slow};

/// One a second, and the first is taken.
async fn taken() -> RateLimiter {
    let config = Config::new(Rate::every(SECOND)).with_waiting(3600 * SECOND);
    let limiter = RateLimiter::new("lost", config).unwrap();
    limiter.acquire().await.unwrap();
    limiter
}

/// Nobody waits, and the next is served an interval after the last who was.
async fn assert_unharmed(limiter: &RateLimiter) {
    assert_eq!(limiter.snapshot().waiting, 0);
    sleep(SECOND).await;
    assert_eq!(limiter.peek(1).remaining, 1);
}

#[tokio::test(start_paused = true)]
async fn a_place_in_the_line() {
    let limiter = taken().await;
    let mut left = None;
    let drops = drop_at_every_await(
        STEP,
        || limiter.acquire(),
        |_| {
            let ahead = limiter.peek(1).reset_after;
            assert!(ahead <= SECOND, "{ahead:?}: a slot was lost");
            assert_eq!(limiter.snapshot().waiting, 0);
            left = Some(ahead);
        },
    )
    .await;
    assert!(drops >= 1 && left.is_some());
    assert_unharmed(&limiter).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits() {
    let (limiter, backend) = (taken().await, slow());
    let mut before = 0;
    let drops = drop_at_every_await(
        STEP,
        || {
            before = limiter.snapshot().totals.admitted;
            limiter.call(|| backend.call())
        },
        |_| {
            assert_eq!((limiter.snapshot().waiting, backend.counts().in_flight), (0, 0));
            assert!(limiter.peek(1).reset_after <= SECOND);
        },
    )
    .await;
    assert!(drops >= 2);
    assert_eq!(backend.counts().finished, 1);
    assert!(backend.counts().calls <= limiter.snapshot().totals.admitted);
    assert_unharmed(&limiter).await;
}

#[tokio::test(start_paused = true)]
async fn a_service_that_waits() {
    let (limiter, backend) = (taken().await, slow());
    let inner = backend.service().ready_after(2);
    let seen = inner.watch();
    let service = ServiceBuilder::new().layer(limiter.layer()).layer(Lift::layer()).service(inner);
    let drops = drop_at_every_await(
        STEP,
        || service.clone().oneshot(()),
        |_| {
            assert_eq!((limiter.snapshot().waiting, seen().reserved, seen().in_flight), (0, 0, 0));
            assert!(limiter.peek(1).reset_after <= SECOND);
        },
    )
    .await;
    assert!(drops >= 3);
    assert_eq!(backend.counts().finished, 1);
    assert_unharmed(&limiter).await;
}

#[tokio::test(start_paused = true)]
async fn a_reservation_in_turn() {
    let limiter = taken().await;
    let drops = drop_at_every_await(
        STEP,
        || async {
            let reservation = limiter.reserve_in_turn(1).await?;
            sleep(STEP).await;
            reservation.cancel();
            Ok::<_, buttress::Refusal>(())
        },
        |_| assert_eq!(limiter.snapshot().waiting, 0),
    )
    .await;
    assert!(drops >= 2);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_waiters_and_not_one_slot_lost() {
    let limiter = taken().await;
    let start = Instant::now();
    for round in 0_u32..10_000 {
        let mut waiting = Box::pin(limiter.acquire());
        if round % 2 == 0 {
            let polled =
                std::future::poll_fn(|cx| std::task::Poll::Ready(waiting.as_mut().poll(cx)));
            assert!(polled.await.is_pending());
        }
    }
    limiter.acquire().await.unwrap();
    assert_eq!(start.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_call_spends_its_token_and_no_more() {
    let limiter = RateLimiter::new("panics", Rate::per_second(2)).unwrap();
    let backend = Script::<(), Error<&str>>::new([Step::panic(), Step::ok(())]);
    let (shared, theirs) = (limiter.clone(), backend.clone());
    let call = tokio::spawn(async move { shared.run(|| theirs.call()).await });
    assert!(call.await.unwrap_err().is_panic());
    assert_eq!(limiter.peek(1).remaining, 1);
    assert!(limiter.run(|| backend.call()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_future_that_ended_can_be_dropped_and_polled_again_in_peace() {
    let limiter = taken().await;
    let mut call = Box::pin(limiter.call(async || Ok::<_, &str>("up")));
    assert_eq!(call.as_mut().await, Ok("up"));
    assert!(tokio::time::timeout(SECOND, call.as_mut()).await.is_err(), "it has no other answer");
    drop(call);
    let mut place = Box::pin(limiter.acquire());
    assert_eq!(place.as_mut().await, Ok(()));
    let again = tokio::time::timeout(Duration::from_millis(1), place.as_mut()).await;
    assert!(again.is_err());
    drop(place);
    assert!(limiter.peek(1).reset_after > SECOND / 2, "the token is spent");
}
