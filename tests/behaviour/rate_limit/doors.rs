//! What holds for the tower door alone.

use std::sync::Arc;

use buttress::{
    Error, Lift,
    rate_limit::{Config, Rate, RateLimiter},
    testing::{Script, Step},
};
use futures::FutureExt;
use std::time::Duration;
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};
use tower::{Layer, Service, ServiceExt, limit::ConcurrencyLimit};

use super::{SECOND, ready, short};

fn up() -> Script<&'static str, Error<&'static str>> {
    Script::new([Step::ok("up")])
}

#[tokio::test(start_paused = true)]
async fn a_limiter_refuses_without_asking_the_inner_service() {
    let limiter = RateLimiter::new("gate", Rate::every(SECOND)).unwrap();
    limiter.try_acquire().unwrap();
    let inner = up().service().never_ready();
    let seen = inner.watch();
    let mut service = limiter.layer().layer(inner);
    for refused in 1..=3 {
        // Asked twice, counted once.
        ready(&mut service).await.unwrap();
        assert!(ready(&mut service).await.unwrap().call(()).await.is_err());
        assert_eq!(limiter.snapshot().totals.refused, refused);
    }
    assert_eq!((seen().ready_polls, seen().calls), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_made_ready_while_limited_is_refused_even_if_there_is_a_token_by_then() {
    let limiter = RateLimiter::new("gate", Rate::every(SECOND)).unwrap();
    limiter.try_acquire().unwrap();
    let inner = up().service();
    let seen = inner.watch();
    let mut service = limiter.layer().layer(inner);
    ready(&mut service).await.unwrap();
    sleep(2 * SECOND).await;
    assert!(service.call(()).await.is_err());
    assert_eq!((seen().ready_polls, seen().calls), (0, 0));
    assert_eq!(ready(&mut service).await.unwrap().call(()).await, Ok("up"));
}

#[tokio::test(start_paused = true)]
async fn what_became_ready_and_was_then_refused_is_kept() {
    let limiter = RateLimiter::new("gate", Rate::every(SECOND)).unwrap();
    let places = Arc::new(Semaphore::new(1));
    let limited = ConcurrencyLimit::with_semaphore(up().service(), Arc::clone(&places));
    let mut service = limiter.layer().layer(limited);
    ready(&mut service).await.unwrap();
    limiter.try_acquire().unwrap();
    assert!(service.call(()).await.is_err());
    assert_eq!(places.available_permits(), 0);
    sleep(SECOND).await;
    assert_eq!(ready(&mut service).await.unwrap().call(()).await, Ok("up"));
    assert_eq!(places.available_permits(), 1);
}

/// The place of an inner limit is nobody's while its caller waits for a token.
#[tokio::test(start_paused = true)]
async fn who_waits_holds_no_place_further_in() {
    let config = Config::new(Rate::every(SECOND)).with_waiting(60 * SECOND);
    let limiter = RateLimiter::new("gate", config).unwrap();
    limiter.try_acquire().unwrap();
    let places = Arc::new(Semaphore::new(1));
    let limited = ConcurrencyLimit::with_semaphore(up().service(), Arc::clone(&places));
    let mut service = limiter.layer().layer(limited);
    let start = Instant::now();
    assert!(ready(&mut service).now_or_never().is_none());
    assert_eq!(places.available_permits(), 1);
    ready(&mut service).await.unwrap();
    assert_eq!((places.available_permits(), start.elapsed()), (0, SECOND));
    let call = service.call(());
    assert_eq!(call.await, Ok("up"));
    assert_eq!(places.available_permits(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_waited_for_and_not_used_is_given_back() {
    let config = Config::new(Rate::every(SECOND)).with_waiting(60 * SECOND);
    let limiter = RateLimiter::new("gate", config).unwrap();
    for _ in 0..10 {
        let mut service = limiter.layer().layer(up().service());
        ready(&mut service).await.unwrap();
        ready(&mut service).await.unwrap();
        let clone = service.clone();
        assert_eq!(limiter.peek(1).remaining, 0);
        drop((service, clone));
        assert_eq!(limiter.peek(1).remaining, 1);
    }
    // Taken, and the inner service never becomes ready.
    let mut service = limiter.layer().layer(up().service().never_ready());
    assert!(ready(&mut service).now_or_never().is_none());
    assert_eq!(short(limiter.try_acquire()), SECOND);
    drop(service);
    assert_eq!(limiter.try_acquire(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn waiting_services_and_waiting_callers_stand_in_one_line() {
    let config = Config::new(Rate::every(SECOND)).with_waiting(60 * SECOND);
    let limiter = RateLimiter::new("gate", config).unwrap();
    let start = Instant::now();
    let by = |kind: u32| {
        let limiter = limiter.clone();
        async move {
            match kind % 3 {
                0 => limiter.acquire().await.unwrap(),
                1 => limiter.call(async || Ok::<_, &str>(())).await.unwrap(),
                _ => {
                    let service =
                        Lift::layer().layer(Script::<&str, &str>::new([Step::ok("up")]).service());
                    limiter.layer().layer(service).oneshot(()).await.map(|_| ()).unwrap();
                }
            }
            start.elapsed()
        }
    };
    let served = futures::future::join_all((0..9).map(by)).await;
    let seconds: Vec<_> = (0..9).map(|second| second * SECOND).collect();
    assert_eq!(served, seconds);
    assert_eq!(limiter.snapshot().totals.waited, 8);
    assert_eq!(limiter.peek(1).reset_after, SECOND.max(Duration::ZERO));
}
