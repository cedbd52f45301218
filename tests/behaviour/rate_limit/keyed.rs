//! A rate for each key.

use std::{sync::Arc, time::Duration};

use buttress::{
    Error, Fault, Lift, Mode, Refusal,
    rate_limit::{
        Rate, Verdict,
        keyed::{Config, KeyedRateLimiter, Tier, WhenCrowded},
    },
    testing::{Script, Step},
};
use futures::FutureExt;
use tokio::{sync::Semaphore, time::advance};
use tower::{Layer, Service, ServiceExt, limit::ConcurrencyLimit};

use super::{MILLISECOND, SECOND, short};

fn limiter(config: impl Into<Config>) -> KeyedRateLimiter<str> {
    KeyedRateLimiter::new("keys", config).unwrap()
}

fn admitted(limiter: &KeyedRateLimiter<str>, key: &str, calls: u32) -> usize {
    (0..calls).filter(|_| limiter.try_acquire(key).is_ok()).count()
}

#[tokio::test(start_paused = true)]
async fn keys_are_independent_and_tiers_have_rates_of_their_own_rl_30() {
    let vip = Tier::new(Rate::per_second(10)).unwrap();
    let usual = Tier::new(Rate::per_second(2)).unwrap();
    let keys =
        limiter(Rate::per_second(1)).with_tiers(move |key| if key == "vip" { vip } else { usual });
    assert_eq!(admitted(&keys, "a", 3), 2);
    assert_eq!(short(keys.try_acquire("a")), SECOND / 2);
    assert_eq!(admitted(&keys, "b", 3), 2);
    assert_eq!(admitted(&keys, "vip", 20), 10);
    advance(SECOND / 2).await;
    assert_eq!((admitted(&keys, "a", 3), admitted(&keys, "vip", 20)), (1, 5));
    let told = keys.peek("vip", 11);
    assert_eq!((told.verdict, told.limit, told.retry_after), (Verdict::NeverFits, 10, None));
    assert_eq!(keys.try_acquire_n("a", 3).unwrap_err().retry_after(), None);
}

#[tokio::test(start_paused = true)]
async fn decisions_refunds_and_snapshots() {
    let keys = limiter(Config::new(Rate::per_second(1).with_burst(5)).with_max_keys(1000));
    assert_eq!(keys.peek("a", 1).remaining, 5);
    assert_eq!(keys.snapshot().keys, 0, "a look makes no bucket");
    assert_eq!(keys.check("a", 3).remaining, 2);
    let told = keys.check("a", 4);
    assert_eq!((told.verdict, told.retry_after), (Verdict::Limited, Some(2 * SECOND)));
    keys.refund("a", 2);
    keys.refund("nobody", 2);
    assert_eq!(keys.peek("a", 1).remaining, 4);
    assert!(keys.try_acquire("b").is_ok());
    let shown = serde_json::to_value(keys.snapshot()).unwrap();
    let expected = serde_json::json!({
        "name": "keys", "mode": "enforce", "keys": 2, "max_keys": 1000, "bytes": 32_000,
        "totals": { "admitted": 2, "refused": 1, "crowded": 0 },
    });
    assert_eq!(shown, expected);
    advance(5 * SECOND).await;
    assert_eq!(keys.snapshot().keys, 0, "a bucket that is full again is none");
}

/// A million keys, then quiet: the memory is what it was, and nobody was refused for somebody else.
#[tokio::test(start_paused = true)]
async fn a_million_keys_take_what_they_were_given() {
    let keys = KeyedRateLimiter::<u64>::new(
        "keys",
        Config::new(Rate::per_minute(1)).with_max_keys(100_000),
    )
    .unwrap();
    let bytes = keys.snapshot().bytes;
    assert!(bytes <= 40 * 100_000);
    for round in 0..10 {
        for key in 0..100_000 {
            assert_eq!(keys.try_acquire(&(round * 100_000 + key)), Ok(()));
        }
        let seen = keys.snapshot();
        assert!(seen.keys >= 99_800, "{seen:?}");
        let refused = (0..1000).filter(|key| keys.try_acquire(&(round * 100_000 + key)).is_err());
        assert!(refused.count() >= 980);
        advance(60 * SECOND).await;
    }
    let seen = keys.snapshot();
    assert_eq!((seen.keys, seen.bytes), (0, bytes));
    assert!(seen.totals.crowded < 2000, "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_crowded_table_passes_or_refuses_what_finds_no_place() {
    for (when, passes) in [(WhenCrowded::Admit, true), (WhenCrowded::Refuse, false)] {
        let config = Config::new(Rate::per_minute(1)).with_max_keys(1).with_when_crowded(when);
        let keys = KeyedRateLimiter::<u32>::new("small", config).unwrap();
        let passed = (0..1000).filter(|key| keys.try_acquire(key).is_ok()).count();
        let seen = keys.snapshot();
        assert!(seen.keys <= 8, "{seen:?}"); // two lines
        assert_eq!(seen.totals.crowded as usize, 1000 - seen.keys);
        assert_eq!(passed, if passes { 1000 } else { seen.keys });
        assert_eq!(seen.totals.admitted as usize, passed);
        // Those that have a place are limited as ever.
        let kept = (0..1000).filter(|key| keys.peek(key, 1).remaining == 0).count();
        assert_eq!(kept, seen.keys);
        advance(60 * SECOND).await;
        assert!(keys.try_acquire(&5000).is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn in_shadow_mode_every_key_passes_and_is_counted() {
    let keys = limiter(Config::new(Rate::per_second(1)).with_mode(Mode::Shadow));
    assert_eq!(admitted(&keys, "a", 10), 10);
    let totals = keys.snapshot().totals;
    assert_eq!((totals.admitted, totals.refused), (10, 9));
}

#[test]
fn threads_share_a_key() {
    let keys = limiter(Rate::new(1000, 900 * 86_400 * SECOND));
    let got: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| admitted(&keys, "a", 1000))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    // A race for the place of a new key may be worth a call to each who takes part in it.
    assert!((1000..=1003).contains(&got), "{got}");
}

#[test]
fn configs_are_data() {
    let config: Config = toml::from_str(
        "max_keys = 5\nwhen_crowded = 'refuse'\nmode = 'shadow'\nrate = { amount = 2, per = '1s' }",
    )
    .unwrap();
    let expected = Config::new(Rate::per_second(2))
        .with_max_keys(5)
        .with_when_crowded(WhenCrowded::Refuse)
        .with_mode(Mode::Shadow);
    assert_eq!(config, expected);
    let defaults = Config::new(Rate::per_second(2));
    assert_eq!((defaults.max_keys, defaults.when_crowded), (100_000, WhenCrowded::Admit));
    assert_eq!(defaults.clone().parse().map(|plan| plan.config().clone()), Ok(defaults));
    let wrong = Config::new(Rate::per_second(0)).with_max_keys(0).parse().unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "rate_limit::keyed config: rate.amount must be at least 1; \
         max_keys must be 1 to 100000000"
    );
    assert!(Tier::new(Rate::new(1, Duration::ZERO)).is_err());
}

struct Question(&'static str);

fn backend() -> Script<&'static str, Error<&'static str>> {
    Script::new([Step::ok("up")])
}

#[tokio::test(start_paused = true)]
async fn a_layer_limits_by_what_it_finds_in_the_request() {
    let keys = limiter(Rate::per_second(1));
    let backend = backend();
    let mut service = keys
        .layer(|question: &Question| (!question.0.is_empty()).then(|| question.0.to_owned()))
        .layer(backend.service().ready_after(2));
    let mut ask = async |question| {
        ServiceExt::<Question>::ready(&mut service).await.unwrap().call(Question(question)).await
    };
    assert_eq!(ask("a").await, Ok("up"));
    let refused = ask("a").await.unwrap_err();
    let Some(Refusal::RateLimited { name, retry_after }) = refused.refusal() else {
        panic!("{refused:?}")
    };
    assert_eq!((name.as_str(), *retry_after), ("keys", Some(SECOND)));
    assert_eq!(ask("b").await, Ok("up"));
    for _ in 0..5 {
        assert_eq!(ask("").await, Ok("up"), "without a key there is no limit");
    }
    assert_eq!(backend.counts().calls, 7);
}

/// Readiness is deferred: what is refused has reserved nothing further in, and a place is given back
/// whatever ends the call.
#[tokio::test(start_paused = true)]
async fn who_is_refused_by_key_has_held_no_place_further_in() {
    let keys = limiter(Rate::per_second(1));
    let places = Arc::new(Semaphore::new(1));
    let inner = ConcurrencyLimit::with_semaphore(backend().service(), Arc::clone(&places));
    let mut service = keys.layer(|question: &Question| Some(question.0)).layer(inner);
    let held = Arc::clone(&places).try_acquire_owned().unwrap();
    // The only place is taken: whoever is let through waits for it, who is refused does not.
    let waiting = service.call(Question("a"));
    assert!(service.call(Question("a")).now_or_never().unwrap().is_err());
    drop(held);
    assert_eq!(waiting.await, Ok("up"));
    assert_eq!(places.available_permits(), 1);
    drop(service.call(Question("b")));
    let mut hanging = Box::pin(service.call(Question("c")));
    assert_eq!(hanging.as_mut().await, Ok("up"));
    assert!(tokio::time::timeout(MILLISECOND, hanging.as_mut()).await.is_err());
    assert_eq!(places.available_permits(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_inner_service_that_cannot_become_ready_says_so_and_lift_fits_inside() {
    let keys = limiter(Rate::per_second(5));
    let service = Lift::layer().layer(Script::<&str, &str>::new([Step::err("down")]).service());
    let service = keys.layer(|question: &Question| Some(question.0)).layer(service);
    assert_eq!(service.oneshot(Question("a")).await, Err(Error::Inner("down")));
}
