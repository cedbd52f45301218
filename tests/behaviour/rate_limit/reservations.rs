//! Costs that are known only afterwards.

use buttress::{
    Mode,
    rate_limit::{All, Config, Rate, RateLimiter},
};
use tokio::time::{Instant, advance};

use super::{SECOND, short};

/// A hundred tokens, ten a second.
fn limiter() -> RateLimiter {
    let quota = Rate::per_second(10).with_burst(100);
    RateLimiter::new("tokens", Config::new(quota).with_max_wait(3600 * SECOND)).unwrap()
}

fn left(limiter: &RateLimiter) -> u64 {
    limiter.peek(1).remaining
}

#[tokio::test(start_paused = true)]
async fn what_was_too_much_comes_back_and_what_was_too_little_is_a_debt() {
    let limiter = limiter();
    let reservation = limiter.reserve(60).unwrap();
    assert_eq!((reservation.tokens(), left(&limiter)), (60, 40));
    reservation.settle(10);
    assert_eq!(left(&limiter), 90);
    limiter.reserve(90).unwrap().settle(90);
    assert_eq!(left(&limiter), 0);
    advance(SECOND).await;
    limiter.reserve(10).unwrap().settle(210);
    // Two hundred are owed: twenty seconds, and the next one's own.
    assert_eq!(short(limiter.try_acquire()), 20 * SECOND + SECOND / 10);
    advance(20 * SECOND).await;
    assert_eq!(left(&limiter), 0);
    advance(SECOND).await;
    assert!(limiter.try_acquire_n(10).is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_estimate_above_the_capacity_takes_all_and_an_exact_cost_never_fits() {
    let limiter = limiter();
    let refusal = limiter.reserve_exactly(101).unwrap_err();
    assert_eq!((refusal.kind(), refusal.retry_after()), ("rate_limited", None));
    assert_eq!(left(&limiter), 100);
    let reservation = limiter.reserve(1024).unwrap();
    assert_eq!((reservation.tokens(), left(&limiter)), (100, 0));
    reservation.settle(30);
    assert_eq!(left(&limiter), 70);
    assert_eq!(limiter.reserve_exactly(100).unwrap_err().retry_after(), Some(3 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_reservation_dropped_without_a_word_keeps_what_it_took_unless_told_otherwise() {
    let limiter = limiter();
    drop(limiter.reserve(30).unwrap());
    assert_eq!(left(&limiter), 70);
    drop(limiter.reserve(30).unwrap().refunding());
    assert_eq!(left(&limiter), 70);
    limiter.reserve(30).unwrap().cancel();
    assert_eq!(left(&limiter), 70);
    limiter.reserve(30).unwrap().refunding().settle(20);
    assert_eq!(left(&limiter), 50);
}

#[tokio::test(start_paused = true)]
async fn a_stream_pays_as_it_goes() {
    let limiter = limiter();
    let mut reservation = limiter.reserve_owned(10).unwrap();
    for _ in 0..6 {
        reservation.extend(10);
    }
    assert_eq!((reservation.tokens(), left(&limiter)), (70, 30));
    reservation.settle(65);
    assert_eq!(left(&limiter), 35);
}

/// An implementation that looks first and takes afterwards lets all of them through.
#[test]
fn five_at_once_cannot_pass_a_limit_of_a_hundred_tokens() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build();
    runtime.unwrap().block_on(async {
        let limiter = RateLimiter::new("tokens", Rate::new(100, 900 * 86_400 * SECOND)).unwrap();
        let calls = (0..5).map(|_| {
            let limiter = limiter.clone();
            tokio::spawn(async move {
                let Ok(reservation) = limiter.reserve(40) else { return 0 };
                tokio::task::yield_now().await;
                reservation.settle(40);
                40
            })
        });
        let calls: Vec<_> = calls.collect();
        let mut used = 0;
        for call in calls {
            used += call.await.unwrap();
        }
        assert_eq!(used, 80);
    });
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_an_estimate_is_served_by_what_others_give_back() {
    let limiter = limiter();
    let first = limiter.reserve(100).unwrap();
    let start = Instant::now();
    let settled = async {
        tokio::time::sleep(SECOND).await;
        first.settle(20);
    };
    let (second, ()) = tokio::join!(limiter.reserve_in_turn(50), settled);
    assert_eq!(second.unwrap().tokens(), 50);
    assert_eq!(start.elapsed(), SECOND);
    assert_eq!(left(&limiter), 40, "80 came back, 10 by the clock, 50 are taken");
}

#[tokio::test(start_paused = true)]
async fn requests_and_tokens_are_two_quotas_of_two_limiters() {
    let requests = RateLimiter::new("requests", Rate::per_minute(2)).unwrap();
    let tokens = limiter();
    requests.try_acquire().unwrap();
    tokens.reserve(80).unwrap().settle(80);
    requests.try_acquire().unwrap();
    let Err(refusal) = tokens.reserve(80) else { panic!("there are only 20") };
    requests.refund(1);
    assert_eq!(refusal.retry_after(), Some(6 * SECOND));
    assert_eq!((requests.peek(1).remaining, left(&tokens)), (1, 20));
}

/// In shadow mode a call goes without tokens where there are none, and has none to give back.
#[tokio::test(start_paused = true)]
async fn what_was_not_taken_in_shadow_mode_does_not_come_back() {
    let config = Config::new(Rate::per_second(1).with_burst(100)).with_mode(Mode::Shadow);
    let limiter = &RateLimiter::new("watched", config).unwrap();
    let empty = || async {
        advance(1000 * SECOND).await;
        limiter.drain();
    };
    let sizes = [0, 10, 100];
    for size in sizes {
        empty().await;
        limiter.reserve(size).unwrap().settle(0);
        assert_eq!(left(limiter), 0, "settled");
        limiter.reserve(size).unwrap().cancel();
        drop(limiter.reserve(size).unwrap().refunding());
        drop(limiter.reserve_owned(size).unwrap().refunding());
        limiter.reserve_in_turn(size).await.unwrap().cancel();
        assert_eq!(left(limiter), 0, "given up");
        drop(limiter.acquire_n(size));
        assert_eq!(left(limiter), 0, "not waited for");
        let other = RateLimiter::new("other", Rate::per_day(1)).unwrap();
        other.drain();
        assert!(All::of([limiter, &other]).try_acquire_n(size.max(1)).is_err());
        assert_eq!(left(limiter), 0, "refused by another");
    }
}
