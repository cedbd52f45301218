//! Several rates a key, several keys a call, another config while running; and the plain doors.

use std::{net::IpAddr, time::Duration};

use buttress::{
    Error, Fault, Mode, Refusal,
    rate_limit::{
        All, Rate, RateLimiter, Verdict,
        keyed::{Config, KeyedRateLimiter, Store, Tier, WhenCrowded},
    },
};
use tokio::time::advance;

use super::{MILLISECOND, SECOND, short};

const HOUR: Duration = Duration::from_secs(3600);

fn limiter(config: impl Into<Config>) -> KeyedRateLimiter<str> {
    KeyedRateLimiter::new("keys", config).unwrap()
}

async fn per_second_and_per_day<S: Store<str>>(keys: KeyedRateLimiter<str, S>) {
    assert!(keys.try_acquire("a").is_ok());
    assert!(keys.try_acquire("a").is_ok());
    assert_eq!(short(keys.try_acquire("a")), SECOND / 2);
    advance(SECOND).await;
    assert!(keys.try_acquire("a").is_ok());
    // The day is used up, and what it refuses is taken from no second.
    let told = keys.check("a", 1);
    assert_eq!((told.verdict, told.limit, told.remaining), (Verdict::Limited, 3, 0));
    assert_eq!(told.retry_after, Some(8 * HOUR - SECOND));
    assert_eq!(short(keys.try_acquire("a")), 8 * HOUR - SECOND);
    assert_eq!(keys.try_acquire_n("a", 3).unwrap_err().retry_after(), None);
    keys.refund("a", 1);
    assert_eq!(keys.peek("a", 1).remaining, 1);
    assert!(keys.try_acquire("a").is_ok());
    assert_eq!(keys.peek("b", 1).remaining, 2);
    // Full by the second's rate, not by the day's: the key keeps its place.
    advance(HOUR).await;
    assert_eq!(keys.snapshot().keys, 1);
    advance(7 * HOUR).await;
    assert!(keys.try_acquire("a").is_ok());
    advance(24 * HOUR).await;
    assert_eq!(keys.snapshot().keys, 0);
}

#[tokio::test(start_paused = true)]
async fn per_second_and_per_day_all_or_nothing() {
    let config = Config::new(Rate::per_second(2)).also(Rate::per_day(3)).with_max_keys(100);
    let keys = limiter(config.clone());
    assert_eq!(keys.snapshot().bytes, 100 * (32 + 16));
    per_second_and_per_day(keys).await;
    per_second_and_per_day(KeyedRateLimiter::<str>::exact("keys", config).unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn tiers_have_further_rates_where_there_is_room_for_them() {
    let (second, day) = (Rate::per_second(2), Rate::per_day(3));
    let both = Tier::new(second).unwrap().also(day).unwrap();
    let one = Tier::new(second).unwrap();
    let tier = move |key: &str| if key == "both" { both } else { one };
    let keys = limiter(Config::new(second).also(day)).with_tiers(tier);
    let admitted = |keys: &KeyedRateLimiter<str>, key| {
        (0..5).filter(|_| keys.try_acquire(key).is_ok()).count()
    };
    assert_eq!((admitted(&keys, "both"), admitted(&keys, "one")), (2, 2));
    advance(SECOND).await;
    assert_eq!((admitted(&keys, "both"), admitted(&keys, "one")), (1, 2));
    // Without a word to count by, the mistake is seen at the first call.
    let keys = limiter(second).with_tiers(tier);
    assert_eq!((admitted(&keys, "both"), admitted(&keys, "one")), (0, 2));
    assert_eq!(keys.try_acquire("both").unwrap_err().retry_after(), None);
    let full = both.also(day).unwrap().also(day).unwrap();
    assert!(full.also(day).is_err() && one.also(Rate::per_day(0)).is_err());
}

#[tokio::test(start_paused = true)]
async fn per_user_and_per_address_and_for_everybody() {
    let users = limiter(Rate::per_second(2));
    let addresses =
        KeyedRateLimiter::<IpAddr>::exact("address", Rate::new(4, 3 * SECOND).with_burst(3))
            .unwrap();
    let everybody = RateLimiter::new("everybody", Rate::per_minute(60)).unwrap();
    let [home, office] = [1, 2].map(|last| IpAddr::from([192, 0, 2, last]));
    let ask = |user: &str, address: &IpAddr, tokens| {
        All::of([&users.of(user), &addresses.of(address), &everybody]).try_acquire_n(tokens)
    };
    assert_eq!(ask("ann", &home, 2), Ok(()));
    let refused = ask("ann", &office, 1).unwrap_err();
    assert_eq!((refused.name().as_str(), refused.retry_after()), ("keys", Some(SECOND / 2)));
    assert_eq!(addresses.peek(&office, 1).remaining, 3, "nothing is taken of the others");
    // Both the user and the address refuse: that of the longer wait is told.
    assert_eq!(ask("bob", &home, 1), Ok(()));
    let refused = ask("ann", &home, 1).unwrap_err();
    assert_eq!((refused.name().as_str(), refused.retry_after()), ("address", Some(SECOND * 3 / 4)));
    assert_eq!(users.peek("bob", 1).remaining, 1);
    assert_eq!(ask("bob", &office, 9).unwrap_err().retry_after(), None);
    assert_eq!(everybody.peek(1).remaining, 57);
    assert_eq!((users.snapshot().totals.refused, addresses.snapshot().totals.refused), (1, 2));
    let shown = format!("{:?}", All::of([&users.of("secret"), &everybody]));
    assert!(shown.contains("everybody") && !shown.contains("secret"), "{shown}");
}

/// A crowded table is not seen before it is asked: whoever was asked before gets its token back.
#[tokio::test(start_paused = true)]
async fn a_member_that_refuses_late_costs_the_others_nothing() {
    let config =
        Config::new(Rate::per_minute(1)).with_max_keys(1).with_when_crowded(WhenCrowded::Refuse);
    let crowded = KeyedRateLimiter::<u32>::new("crowded", config).unwrap();
    (0..100).for_each(|key| drop(crowded.try_acquire(&key)));
    let users = limiter(Rate::per_second(1));
    let one = All::of([&users.of("ann"), &crowded.of(&1000)]).try_acquire().unwrap_err();
    assert_eq!(one.name().as_str(), "crowded");
    assert_eq!(users.peek("ann", 1).remaining, 1);
}

#[tokio::test(start_paused = true)]
async fn another_config_while_running() {
    let keys = limiter(Config::new(Rate::per_minute(1).with_burst(10)).with_max_keys(1000));
    for _ in 0..10 {
        assert!(keys.try_acquire("a").is_ok());
    }
    assert_eq!(short(keys.try_acquire("a")), 60 * SECOND);
    // Ten minutes are missing; an empty bucket of the new rate misses ten seconds.
    let faster = Config::new(Rate::per_second(1).with_burst(10)).with_max_keys(1000);
    keys.clone().reconfigure(faster.clone()).unwrap();
    assert_eq!(short(keys.try_acquire("a")), SECOND);
    advance(SECOND).await;
    assert!(keys.try_acquire("a").is_ok());
    assert_eq!(short(keys.try_acquire("a")), SECOND);
    advance(10 * SECOND).await;
    assert_eq!(keys.peek("a", 1).remaining, 10);
    keys.reconfigure(faster.clone().with_mode(Mode::Shadow)).unwrap();
    assert!((0..20).all(|_| keys.try_acquire("a").is_ok()));
    assert_eq!(keys.snapshot().mode, Mode::Shadow);
    let wrong = faster.also(Rate::per_day(0)).with_max_keys(5);
    assert_eq!(
        keys.reconfigure(wrong).unwrap_err().to_string(),
        "rate_limit::keyed config: also.amount must be at least 1; \
         max_keys must stay what it is: the table has the size it was made with; \
         also must have as many rates as before: a bucket has as many words as it was made with"
    );
    assert_eq!(keys.snapshot().mode, Mode::Shadow, "nothing has changed");
}

/// What is missing by a slow tier is no more than the key's new one can miss.
#[tokio::test(start_paused = true)]
async fn a_key_that_changes_its_tier_is_not_locked_out() {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    };

    let pays = Arc::new(AtomicBool::new(false));
    let (free, paying) =
        (Tier::new(Rate::per_hour(10)).unwrap(), Tier::new(Rate::per_second(10)).unwrap());
    let asked = Arc::clone(&pays);
    let keys = limiter(Rate::per_hour(10))
        .with_tiers(move |_| if asked.load(Relaxed) { paying } else { free });
    assert!(keys.try_acquire_n("a", 10).is_ok());
    assert_eq!(short(keys.try_acquire("a")), 360 * SECOND);
    pays.store(true, Relaxed);
    assert_eq!(short(keys.try_acquire("a")), SECOND / 10);
    advance(SECOND / 2).await;
    assert_eq!(keys.peek("a", 1).remaining, 5);
}

#[tokio::test(start_paused = true)]
async fn plain_calls_by_key() {
    let keys = limiter(Rate::per_second(1));
    let fine = || async { Ok::<_, &str>("up") };
    assert_eq!(keys.call("a", fine).await, Ok("up"));
    let refused = keys.call("a", || async { Err::<(), _>("not reached") }).await.unwrap_err();
    let Error::Refused(Refusal::RateLimited { name, retry_after }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((name.as_str(), retry_after), ("keys", Some(SECOND)));
    assert_eq!(keys.call("b", || async { Err::<(), _>("down") }).await, Err(Error::Inner("down")));
    let run = || async { Ok::<_, Error<&str>>("up") };
    assert_eq!(keys.run("c", run).await, Ok("up"));
    assert!(keys.run("c", run).await.unwrap_err().refusal().is_some());
    assert_eq!(format!("{:?}", keys.call("c", fine)), "KeyLimited(refused)");
    // The token is taken when the call is made, and stays spent when it is dropped.
    drop(keys.call("d", fine));
    assert_eq!(keys.peek("d", 1).remaining, 0);
    let totals = keys.snapshot().totals;
    assert_eq!((totals.admitted, totals.refused), (4, 3));
}

#[tokio::test(start_paused = true)]
async fn a_future_that_is_done_stays_done() {
    let keys = limiter(Rate::per_second(1));
    let mut done = Box::pin(keys.call("a", || async { Ok::<_, &str>(()) }));
    assert_eq!(done.as_mut().await, Ok(()));
    assert!(tokio::time::timeout(MILLISECOND, done.as_mut()).await.is_err());
    let mut refused = Box::pin(keys.call("a", || async { Ok::<_, &str>(()) }));
    assert!(refused.as_mut().await.is_err());
    assert!(tokio::time::timeout(MILLISECOND, refused.as_mut()).await.is_err());
}

/// What only watches lets calls through without a token, and so does a table that is full.
#[test]
fn of_several_only_who_has_given_a_token_gets_it_back() {
    let slow = |tokens| Rate::new(1, HOUR).with_burst(tokens);
    let watching = |tokens| Config::new(slow(tokens)).with_mode(Mode::Shadow);
    let (keys, one) = (limiter(watching(2)), RateLimiter::new("one", slow(1)).unwrap());
    let plain = buttress::rate_limit::Config::new(slow(2)).with_mode(Mode::Shadow);
    let everybody = RateLimiter::new("everybody", plain).unwrap();
    assert!(keys.try_acquire_n("a", 2).is_ok() && everybody.try_acquire_n(2).is_ok());
    // The second of two tokens of the same limiter is refused after the others have been asked.
    let all = || All::of([&keys.of("a"), &everybody, &one, &one]).try_acquire();
    assert!(all().is_err() && all().is_err());
    assert_eq!((keys.peek("a", 0).remaining, everybody.peek(0).remaining), (0, 0));
    assert_eq!(one.peek(0).remaining, 1);
}

/// By the clock on the wall: the time goes on between the look at the bucket and the telling.
#[test]
fn whoever_asks_without_pause_is_told_of_no_more_than_there_was() {
    let quick = Rate::every(Duration::from_micros(5));
    let (keys, everybody) = (limiter(quick), RateLimiter::new("everybody", quick).unwrap());
    let asked: [&dyn Fn() -> bool; 2] =
        [&|| keys.check("a", 1).is_admitted(), &|| everybody.check(1).is_admitted()];
    for ask in asked {
        let (started, mut told) = (std::time::Instant::now(), 0);
        for _ in 0..200_000 {
            told += u128::from(ask());
        }
        let most = started.elapsed().as_micros() / 5 + 2;
        assert!(told <= most, "{told} of {most}");
    }
    let told = [keys.snapshot().totals.refused, everybody.snapshot().totals.refused];
    assert!(told.iter().all(|refused| *refused > 0), "{told:?}");
}
