//! Hedges.

use std::{
    future::ready,
    io,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use buttress::{
    Error, Lift,
    hedge::{Config, Hedge},
    outcome::Outcome,
    testing::{Script, Step},
};
use tokio::time::{Instant, advance};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use crate::allocator::allocations;

const MILLISECOND: Duration = Duration::from_millis(1);

/// Every 100 ms, three times.
fn hedge() -> Hedge {
    Hedge::new("peer", Config::after(100 * MILLISECOND).with_max_hedges(3)).unwrap()
}

/// What an HTTP client may come back with. Not `Clone`, as most errors are not.
#[derive(Debug)]
enum Http {
    BadRequest,
    Unavailable,
    Io(io::Error),
}

fn eyes(result: &Result<&'static str, Error<Http>>) -> Outcome {
    match result {
        Ok(_) => Outcome::Success,
        Err(Error::Inner(Http::BadRequest)) => Outcome::Ignore,
        Err(_) => Outcome::Failure,
    }
}

/// tower-resilience: with a delay of 100 ms and three hedges an immediate 400 takes 201 ms and three
/// calls.
#[tokio::test(start_paused = true)]
async fn d22_the_callers_own_mistake_comes_back_at_once_after_one_call() {
    let view = hedge().classify(eyes);
    let (begun, calls) = (Instant::now(), AtomicU64::new(0));
    let answer = view
        .call(|| {
            calls.fetch_add(1, Ordering::Relaxed);
            ready(Err(Http::BadRequest))
        })
        .await;
    assert!(matches!(answer, Err(Error::Inner(Http::BadRequest))));
    assert_eq!((begun.elapsed(), calls.load(Ordering::Relaxed)), (Duration::ZERO, 1));

    let service =
        ServiceBuilder::new().layer(view.layer()).layer(Lift::layer()).service(service_fn(|()| {
            calls.fetch_add(1, Ordering::Relaxed);
            ready(Err(Http::BadRequest))
        }));
    let answer = service.oneshot(()).await;
    assert!(matches!(answer, Err(Error::Inner(Http::BadRequest))));
    assert_eq!((begun.elapsed(), calls.load(Ordering::Relaxed)), (Duration::ZERO, 2));
}

/// tower-resilience: what failed is made again when the delay is over, which nobody has anything
/// from. Here the next starts as the one before has failed.
#[tokio::test(start_paused = true)]
async fn d22_what_is_worth_another_attempt_has_it_at_once_and_not_after_the_delay() {
    let (begun, calls) = (Instant::now(), AtomicU64::new(0));
    let answer = hedge()
        .classify(eyes)
        .call(|| {
            let number = calls.fetch_add(1, Ordering::Relaxed);
            async move {
                match number {
                    0 => Err(Http::Unavailable),
                    1 => Err(Http::Io(io::Error::other("reset"))),
                    _ => Ok("up"),
                }
            }
        })
        .await;
    assert!(matches!(answer, Ok("up")));
    assert_eq!((begun.elapsed(), calls.load(Ordering::Relaxed)), (Duration::ZERO, 3));

    // Nobody is up: three more calls in no time, and the error is the first one's own.
    let answer = hedge()
        .classify(eyes)
        .call(|| {
            let number = calls.fetch_add(1, Ordering::Relaxed);
            ready(Err::<&str, _>(Http::Io(io::Error::other(number.to_string()))))
        })
        .await;
    let Err(Error::Inner(Http::Io(error))) = answer else { panic!("{answer:?}") };
    assert_eq!((error.to_string().as_str(), begun.elapsed()), ("3", Duration::ZERO));
    assert_eq!(calls.load(Ordering::Relaxed), 7);
}

/// tower: the first attempt to end is the answer, also if it ends with an error while the other is
/// about to succeed.
#[tokio::test(start_paused = true)]
async fn an_error_does_not_win_a_race_that_can_still_be_won() {
    let steps = [
        Step::ok("first").after(300 * MILLISECOND),
        Step::err("down").after(50 * MILLISECOND),
        Step::err("down").after(50 * MILLISECOND),
        Step::err("down").after(50 * MILLISECOND),
    ];
    let backend = Script::new(steps);
    assert_eq!(hedge().call(|| backend.call()).await, Ok("first"));
    let backend = Script::new([
        Step::err("down").after(150 * MILLISECOND),
        Step::ok("second").after(200 * MILLISECOND),
        Step::hang(),
    ]);
    let service = ServiceBuilder::new()
        .layer(hedge().layer())
        .layer(Lift::layer())
        .service(backend.service());
    assert_eq!(service.oneshot(()).await, Ok("second"));
}

/// tower: what was cut off is not recorded, so that only fast attempts are left, the percentile drifts
/// down and more and more is hedged.
#[tokio::test(start_paused = true)]
async fn a_percentile_does_not_drift_down_because_losers_are_cut_off() {
    let hedge = Hedge::new("peer", Config::new().with_extra_load(0.1)).unwrap().without_budget();
    let (mut seed, mut delays) = (7, Vec::new());
    // Most take 5 to 10 ms, and one in ten more than 50.
    let mut step = || {
        seed = splitmix(seed);
        let part = (seed >> 11) as f64 / (1_u64 << 53) as f64;
        Step::<_, ()>::ok(()).after(Duration::from_secs_f64(0.005 / part.max(0.001)))
    };
    for round in 0..8000_u64 {
        let backend = Script::new([step(), step()]);
        hedge.call(|| backend.call()).await.unwrap();
        advance(MILLISECOND).await;
        if round % 1000 == 999 {
            delays.push(hedge.snapshot().delay.unwrap().as_secs_f64() * 1e3);
        }
    }
    let totals = hedge.snapshot().totals;
    assert!(totals.wins > 300 && totals.slow <= 800, "{totals:?}");
    assert!(delays.iter().all(|delay| (42.0..=62.0).contains(delay)), "{delays:?}");
}

/// The next of an even spread of numbers.
fn splitmix(seed: u64) -> u64 {
    let mut bits = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// tower-resilience: `Clone` is demanded of errors, `Sync` of requests. tower: the error is erased.
#[tokio::test(start_paused = true)]
async fn neither_clone_nor_sync_is_asked_for_and_the_error_is_the_services_own() {
    struct Alone(std::cell::Cell<u8>);
    let service = ServiceBuilder::new()
        .layer(hedge().layer().replay(|request: &Alone| Some(Alone(request.0.clone()))))
        .layer(Lift::layer())
        .service(service_fn(|request: Alone| {
            ready(Err::<&str, _>(Http::Io(io::Error::other(request.0.get().to_string()))))
        }));
    let answer: Result<&str, Error<Http>> = service.oneshot(Alone(7.into())).await;
    assert!(matches!(answer, Err(Error::Inner(Http::Io(error))) if error.to_string() == "7"));
}

/// Nor for one whose error is the answer.
#[tokio::test(start_paused = true)]
async fn nothing_is_allocated_for_an_error_that_is_the_answer() {
    let mistaken = hedge().classify(|_: &Result<(), Error<u8>>| Outcome::Ignore);
    let never = hedge().patience(|_| None);
    let round = async || {
        mistaken.call(|| ready(Err::<(), u8>(7))).await.unwrap_err();
        never.call(|| ready(Err::<(), u8>(7))).await.unwrap_err();
    };
    round().await;
    let before = allocations();
    for _ in 0..1000 {
        round().await;
    }
    assert_eq!(allocations() - before, 0);
}

/// tower-resilience: a task, a channel and several boxes for each call.
#[tokio::test(start_paused = true)]
async fn nothing_is_allocated_for_a_call_that_is_not_hedged() {
    let measured = Hedge::new("peer", Config::new()).unwrap();
    for hedge in [hedge(), measured, hedge().without_budget()] {
        let mut service =
            hedge.layer().layer(Lift::layer().layer(service_fn(|()| ready(Ok::<_, io::Error>(7)))));
        let mut round = async || {
            hedge.call(|| ready(Ok::<_, io::Error>(7))).await.unwrap();
            hedge
                .call(async || {
                    tokio::task::yield_now().await;
                    Ok::<_, io::Error>(7)
                })
                .await
                .unwrap();
            service.ready().await.unwrap().call(()).await.unwrap();
        };
        for _ in 0..100 {
            round().await;
        }
        let before = allocations();
        for _ in 0..1000 {
            round().await;
        }
        assert_eq!(allocations() - before, 0, "{hedge:?}");
    }
}
