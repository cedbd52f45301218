//! What callers are told, and what is only watched.

use buttress::{
    Error, Fault, Mode, Pipeline, Refusal,
    circuit_breaker::{self, CircuitBreaker},
    rate_limit::{Config, Rate, RateLimiter, Verdict},
    retry::{self, Retry},
};
use std::time::Duration;
use tokio::time::{Instant, advance};

use super::{MILLISECOND, SECOND, limits};

#[tokio::test(start_paused = true)]
async fn a_decision_is_what_headers_need_rl_10_rl_11() {
    let limiter = RateLimiter::new("api", Rate::per_second(1).with_burst(5)).unwrap();
    let told = |decision: buttress::rate_limit::Decision| {
        (
            decision.verdict,
            decision.limit,
            decision.remaining,
            decision.reset_after,
            decision.retry_after,
        )
    };
    assert_eq!(told(limiter.check(1)), (Verdict::Admitted, 5, 4, SECOND, None));
    assert_eq!(told(limiter.peek(0)), (Verdict::Admitted, 5, 4, SECOND, None));
    assert_eq!(told(limiter.check(2)), (Verdict::Admitted, 5, 2, 3 * SECOND, None));
    let limited = (Verdict::Limited, 5, 2, 3 * SECOND, Some(3 * SECOND));
    assert_eq!(told(limiter.check(5)), limited);
    assert_eq!(told(limiter.peek(5)), limited);
    assert!(!limiter.peek(5).is_admitted() && limiter.peek(2).is_admitted());
    advance(5 * SECOND).await;
    assert_eq!(told(limiter.check(6)), (Verdict::NeverFits, 5, 5, Duration::ZERO, None));
    let totals = limiter.snapshot().totals;
    assert_eq!((totals.admitted, totals.refused), (2, 2), "a peek counts nothing");
}

#[tokio::test(start_paused = true)]
async fn of_two_quotas_the_one_that_binds_is_told() {
    let config = Config::new(Rate::per_second(5)).also(Rate::per_hour(3));
    let limiter = RateLimiter::new("api", config).unwrap();
    assert_eq!((limiter.check(1).limit, limiter.check(1).remaining), (3, 1));
    assert_eq!(limiter.check(2).retry_after, Some(1200 * SECOND));
    assert_eq!(limiter.check(4).verdict, Verdict::NeverFits);
    assert_eq!(limiter.check(4).limit, 3);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_when_and_is_nobodys_failure() {
    for limit in limits(Rate::every(1500 * MILLISECOND)) {
        limit.ask().await.unwrap();
        let Err(Error::Refused(refusal)) = limit.ask().await else { panic!("not refused") };
        assert_eq!((refusal.kind(), refusal.began()), ("rate_limited", false));
        assert_eq!(refusal.to_string(), "`backend`: rate limit reached; retry after 1.5s");
    }
    let limiter = RateLimiter::new("small", Rate::per_second(1)).unwrap();
    let refusal = limiter.try_acquire_n(2).unwrap_err();
    assert_eq!(refusal.to_string(), "`small`: costs more than the rate limit ever holds");
}

#[tokio::test(start_paused = true)]
async fn a_breaker_around_it_counts_no_refusal_and_a_retry_waits_for_the_token() {
    let breaker = circuit_breaker::Config::off().with_consecutive_failures(1);
    let breaker = CircuitBreaker::new("breaker", breaker).unwrap();
    let limiter = RateLimiter::new("limiter", Rate::every(SECOND)).unwrap();
    let guarded = Pipeline::new().with(breaker.clone()).with(limiter.clone());
    let ask = || guarded.call(async || Ok::<_, &str>("up"));
    assert!(ask().await.is_ok());
    for _ in 0..10 {
        let error = ask().await.unwrap_err();
        assert_eq!(error.refusal().map(Refusal::kind), Some("rate_limited"));
    }
    assert_eq!(breaker.state(), circuit_breaker::State::Closed);
    let patient = retry::Config::new().with_retry_refusals(true);
    let patient = Pipeline::new().with(Retry::new("retry", patient).unwrap()).with(limiter.clone());
    let start = Instant::now();
    assert_eq!(patient.call(async || Ok::<_, &str>("up")).await, Ok("up"));
    // Timers end at whole milliseconds, the last of them included.
    assert!((SECOND..=3 * SECOND / 2).contains(&start.elapsed()), "{:?}", start.elapsed());
}

/// Nothing is refused or made to wait, and what would have been is counted.
#[tokio::test(start_paused = true)]
async fn in_shadow_mode_everything_passes_and_is_counted_rl_33() {
    let shadow = Config::new(Rate::per_second(2)).with_mode(Mode::Shadow);
    for config in [shadow.clone(), shadow.with_waiting(SECOND)] {
        for limit in limits(config) {
            let start = Instant::now();
            assert_eq!(limit.admitted_of(10).await, 10);
            assert_eq!(start.elapsed(), Duration::ZERO);
            assert_eq!(limit.limiter.acquire().await, Ok(()));
            assert!(!limit.limiter.check(1).is_admitted(), "the verdict is that of the numbers");
            let totals = limit.limiter.snapshot().totals;
            assert_eq!((totals.admitted, totals.refused, limit.counts().calls), (12, 10, 10));
            limit.limiter.reconfigure(Rate::per_second(2)).unwrap();
            assert_eq!(
                limit.refused_for().await,
                Some(500 * MILLISECOND),
                "it was counted all along"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_shows_it_all() {
    let config = Config::new(Rate::per_second(4)).also(Rate::per_minute(100));
    let limiter = RateLimiter::new("api", config.with_max_wait(SECOND)).unwrap();
    limiter.try_acquire_n(4).unwrap();
    let place = limiter.acquire();
    let shown = serde_json::to_value(limiter.snapshot()).unwrap();
    let expected = serde_json::json!({
        "name": "api",
        "mode": "enforce",
        "levels": [
            { "rate": { "amount": 4, "per": "1s", "burst": null }, "remaining": 0, "reset_after_ms": 1250 },
            { "rate": { "amount": 100, "per": "1m", "burst": null }, "remaining": 95, "reset_after_ms": 3000 },
        ],
        "waiting": 1,
        "totals": { "admitted": 1, "refused": 0, "waited": 0 },
    });
    assert_eq!(shown, expected);
    drop(place);
    let decision = serde_json::to_value(limiter.peek(1)).unwrap();
    let expected = serde_json::json!({
        "verdict": "limited", "limit": 4, "remaining": 0, "reset_after_ms": 1000, "retry_after_ms": 250,
    });
    assert_eq!(decision, expected);
}
