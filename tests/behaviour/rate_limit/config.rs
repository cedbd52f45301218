//! Configs as data, and replaced while running.

use buttress::{
    Mode,
    rate_limit::{Config, Rate, RateLimiter, WhenLimited},
    time::Clock,
};
use std::time::Duration;
use tokio::time::advance;

use super::{SECOND, limits};

#[test]
fn a_config_file_says_it_all_or_nearly_nothing() {
    let short: Config = toml::from_str("rate = { amount = 60, per = '1m' }").unwrap();
    assert_eq!(short, Config::new(Rate::per_minute(60)));
    let text = "
        when_limited = 'wait'
        max_wait = '2s'
        max_waiting = 7
        clock = 'coarse'
        mode = 'shadow'
        [rate]
        amount = 10
        per = '1s'
        burst = 20
        [[also]]
        amount = 1000
        per = '1day'
    ";
    let long: Config = toml::from_str(text).unwrap();
    let expected = Config::new(Rate::per_second(10).with_burst(20))
        .also(Rate::per_day(1000))
        .with_waiting(2 * SECOND)
        .with_max_waiting(7)
        .with_clock(Clock::Coarse)
        .with_mode(Mode::Shadow);
    assert_eq!(long, expected);
    let json = serde_json::to_string(&long).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), long);
    assert!(toml::from_str::<Config>("").is_err(), "there is no default quota");
    assert!(toml::from_str::<Config>("rate = { amount = 1, per = '1s' }\nburst = 2").is_err());
    assert!(toml::from_str::<Config>("rate = { amount = 1, per = '1s', size = 2 }").is_err());
}

#[test]
fn everything_that_is_wrong_is_named_at_once() {
    let wrong = Config::new(Rate::new(0, Duration::ZERO).with_burst(0))
        .also(Rate::per_day(1).with_burst(1001))
        .with_max_wait(Duration::ZERO)
        .with_max_waiting(0);
    assert_eq!(
        wrong.parse().unwrap_err().to_string(),
        "rate_limit config: rate.amount must be at least 1; rate.per must be above zero; \
         rate.burst must be at least 1; also.burst must come back within 1000 days; \
         max_wait must be above zero; max_waiting must be at least 1"
    );
    let fast = Config::new(Rate::per_second(1_000_000_001)).parse();
    assert_eq!(
        fast.unwrap_err().to_string(),
        "rate_limit config: rate.amount must be at most one a nanosecond"
    );
    let many =
        (0..4).fold(Config::new(Rate::per_second(1)), |config, _| config.also(Rate::per_day(1)));
    assert_eq!(
        many.parse().unwrap_err().to_string(),
        "rate_limit config: also must be at most 3 further quotas"
    );
    assert!(RateLimiter::new("x", Rate::per_second(0)).is_err());
    for extreme in [
        Rate::new(u64::MAX, Duration::MAX),
        Rate::new(1, Duration::MAX),
        Rate::new(1, SECOND).with_burst(u64::MAX),
    ] {
        assert!(Config::new(extreme).parse().is_err(), "{extreme:?}");
    }
    for fine in [Rate::per_second(1_000_000_000), Rate::per_day(1).with_burst(1000)] {
        assert!(Config::new(fine).parse().is_ok(), "{fine:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_config_keeps_the_tokens_that_are_missing() {
    for limit in limits(Rate::per_second(10)) {
        assert_eq!(limit.admitted_of(8).await, 8);
        limit.limiter.reconfigure(Rate::per_minute(10)).unwrap();
        assert_eq!(limit.admitted_of(3).await, 2, "eight are missing still");
        assert_eq!(limit.refused_for().await, Some(6 * SECOND));
        limit.limiter.reconfigure(Rate::per_second(1).with_burst(15)).unwrap();
        assert_eq!(limit.admitted_of(10).await, 5, "ten are missing of fifteen");
        limit.limiter.reconfigure(Rate::per_second(1).with_burst(5)).unwrap();
        assert_eq!(limit.refused_for().await, Some(11 * SECOND));
        advance(11 * SECOND).await;
        assert_eq!(limit.admitted_of(2).await, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn quotas_come_and_go() {
    for limit in limits(Rate::per_second(10)) {
        assert_eq!(limit.admitted_of(2).await, 2);
        let two = Config::new(Rate::per_second(10)).also(Rate::per_day(3));
        limit.limiter.reconfigure(two.clone()).unwrap();
        assert_eq!(limit.admitted_of(10).await, 3, "a new quota starts full");
        limit.limiter.reconfigure(Rate::per_second(10)).unwrap();
        assert_eq!(limit.admitted_of(10).await, 5);
        limit.limiter.reconfigure(two).unwrap();
        advance(SECOND).await;
        assert_eq!(limit.admitted_of(10).await, 3, "as if it had never been there");
        assert!(limit.limiter.reconfigure(Rate::per_second(0)).is_err());
        assert_eq!(limit.limiter.snapshot().levels.len(), 2, "a bad config changes nothing");
        let waiting = Config::new(Rate::per_second(1)).with_when_limited(WhenLimited::Wait);
        limit.limiter.reconfigure(waiting).unwrap();
        assert_eq!(limit.admitted_of(2).await, 2);
        assert_eq!(limit.limiter.snapshot().totals.waited, 2);
    }
}
