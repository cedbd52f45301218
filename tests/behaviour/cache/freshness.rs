//! Old values that are good enough, and errors that are remembered.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use buttress::{
    Error,
    cache::{Cache, Config, Loaded},
};
use futures::FutureExt;
use tokio::time::{advance, sleep};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const MILLISECOND: Duration = Duration::from_millis(1);

/// A cache, and how often was loaded into it.
struct Bench {
    cache: Cache<String, u32>,
    loads: AtomicU32,
}

impl Bench {
    fn new(config: Config) -> Self {
        Self { cache: Cache::new("cache", config).unwrap(), loads: AtomicU32::new(0) }
    }

    /// Asks for the key; if it has to be loaded, it is the number of the load, or fails.
    fn ask(
        &self,
        good: bool,
    ) -> impl Future<Output = Result<u32, Error<&'static str>>> + Send + use<> {
        self.cache.try_get_or_load("key", || {
            let load = self.loads.fetch_add(1, Ordering::Relaxed) + 1;
            async move {
                sleep(MILLISECOND).await;
                if good { Ok(load) } else { Err("down") }
            }
        })
    }

    fn loads(&self) -> u32 {
        self.loads.load(Ordering::Relaxed)
    }
}

/// CA-07: stale is older than so much, expired is as old as so much.
#[tokio::test(start_paused = true)]
async fn a_stale_value_is_given_at_once_and_loaded_anew_once() {
    let bench = Bench::new(Config::new().with_stale_after(seconds(60)).with_ttl(seconds(300)));
    assert_eq!(bench.ask(true).await, Ok(1));
    advance(seconds(60)).await;
    assert_eq!(bench.ask(true).now_or_never(), Some(Ok(1)));
    assert_eq!(bench.loads(), 1, "not stale yet");
    advance(MILLISECOND).await;
    for _ in 0..100 {
        assert_eq!(bench.ask(true).now_or_never(), Some(Ok(1)), "at once");
    }
    assert_eq!((bench.loads(), bench.cache.snapshot().loading), (2, 1));
    sleep(2 * MILLISECOND).await;
    assert_eq!(bench.ask(true).now_or_never(), Some(Ok(2)));
    assert_eq!((bench.loads(), bench.cache.snapshot().totals.refreshes), (2, 1));
    let hit = bench.cache.look_up("key").unwrap();
    assert!(!hit.is_stale && hit.age.unwrap() < seconds(1));
}

/// CA-09.
#[tokio::test(start_paused = true)]
async fn a_refresh_that_fails_leaves_the_old_value_and_its_age() {
    let bench = Bench::new(Config::new().with_stale_after(seconds(60)).with_ttl(seconds(300)));
    assert_eq!(bench.ask(true).await, Ok(1));
    advance(seconds(61)).await;
    for loads in 2..5 {
        assert_eq!(bench.ask(false).now_or_never(), Some(Ok(1)));
        sleep(2 * MILLISECOND).await;
        assert_eq!(bench.loads(), loads, "the next one tries again");
        assert!(bench.cache.look_up("key").unwrap().age.unwrap() > seconds(60));
    }
    advance(seconds(300)).await;
    assert_eq!(bench.ask(false).await, Err(Error::Inner("down")));
}

/// CA-10.
#[tokio::test(start_paused = true)]
async fn a_refresh_does_not_bring_back_what_was_taken_out() {
    let bench = Bench::new(Config::new().with_stale_after(seconds(60)));
    assert_eq!(bench.ask(true).await, Ok(1));
    advance(seconds(61)).await;
    assert_eq!(bench.ask(true).now_or_never(), Some(Ok(1)));
    assert!(bench.cache.invalidate("key"));
    sleep(2 * MILLISECOND).await;
    assert_eq!((bench.loads(), bench.cache.get("key")), (2, None));
}

/// Without a runtime whoever finds it stale first loads it.
#[test]
fn without_a_runtime_a_refresh_is_waited_for() {
    let bench = Bench::new(Config::new().with_stale_after(Duration::from_nanos(1)));
    bench.cache.insert("key".to_owned(), 1);
    while !bench.cache.look_up("key").unwrap().is_stale {
        std::thread::yield_now();
    }
    let first = bench.cache.try_get_or_load("key", || async { Ok::<_, ()>(2) });
    let second = bench.cache.try_get_or_load("key", || async { Ok::<_, ()>(3) });
    assert_eq!(second.now_or_never(), Some(Ok(1)));
    assert_eq!(first.now_or_never(), Some(Ok(2)));
    assert_eq!(bench.cache.get("key"), Some(2));
}

/// Whoever had to wait for it gets what he would have got where somebody else does that.
#[test]
fn without_a_runtime_a_refresh_that_fails_leaves_the_old_value() {
    for config in [Config::new(), Config::new().with_negative_ttl(seconds(60))] {
        let bench = Bench::new(config.with_stale_after(Duration::from_nanos(1)));
        bench.cache.insert("key".to_owned(), 1);
        while !bench.cache.look_up("key").unwrap().is_stale {
            std::thread::yield_now();
        }
        for _ in 0..2 {
            let fails = || async { Err::<u32, _>("down") };
            let answer = bench.cache.try_get_or_load("key", fails).now_or_never();
            assert_eq!(answer, Some(Ok(1)));
        }
        assert_eq!(bench.cache.snapshot().totals.stale, 0, "it has not expired");
    }
}

/// CA-19.
#[tokio::test(start_paused = true)]
async fn an_error_is_answered_by_the_old_value_while_its_grace_lasts() {
    let bench = Bench::new(Config::new().with_ttl(seconds(60)).with_grace(seconds(300)));
    assert_eq!(bench.ask(true).await, Ok(1));
    advance(seconds(61)).await;
    let fails = || async { Err::<Loaded<u32>, _>("down") };
    let hit = bench.cache.look_up_or_load("key", fails).await.unwrap();
    assert!(hit.value == 1 && hit.is_stale && hit.age.unwrap() >= seconds(61));
    assert_eq!(bench.ask(false).await, Ok(1));
    assert_eq!(bench.cache.snapshot().totals.stale, 2);
    advance(seconds(300)).await;
    assert_eq!(bench.ask(false).await, Err(Error::Inner("down")));
    assert_eq!(bench.ask(true).await, Ok(4));
}

/// CA-22.
#[tokio::test(start_paused = true)]
async fn an_error_is_remembered_if_that_is_wanted() {
    let bench = Bench::new(Config::new().with_negative_ttl(seconds(1)));
    let down = Err(Error::Inner("down"));
    assert_eq!(bench.ask(false).await, down);
    advance(seconds(1) - 2 * MILLISECOND).await;
    assert_eq!(bench.ask(true).now_or_never(), Some(down.clone()));
    assert_eq!(bench.loads(), 1);
    advance(2 * MILLISECOND).await;
    assert_eq!(bench.ask(true).await, Ok(2));
    // What is said of the key since ends it.
    bench.cache.invalidate("key");
    assert_eq!(bench.ask(false).await, down);
    bench.cache.invalidate("key");
    assert_eq!(bench.ask(true).await, Ok(4));
    // An error of another type is nobody's here.
    bench.cache.clear();
    assert_eq!(bench.ask(false).await, down);
    let other = bench.cache.try_get_or_load("key", || async { Ok::<_, u8>(7) });
    assert_eq!(other.await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn a_loader_may_say_how_long_its_value_is_good_for() {
    let bench = Bench::new(Config::new().with_ttl(seconds(60)));
    let load =
        |loaded: Loaded<u32>| bench.cache.look_up_or_load("key", || async { Ok::<_, ()>(loaded) });
    let hit = load(Loaded::new(1).with_ttl(seconds(5))).await.unwrap();
    assert_eq!((hit.value, hit.age, hit.is_stale), (1, Some(Duration::ZERO), false));
    advance(seconds(4)).await;
    let hit = load(Loaded::new(2)).await.unwrap();
    assert_eq!((hit.value, hit.age), (1, Some(seconds(4))));
    advance(seconds(1)).await;
    assert_eq!(load(Loaded::new(2).not_stored()).await.unwrap().value, 2);
    assert_eq!(bench.cache.get("key"), None);
    assert_eq!(load(Loaded::from(3)).await.unwrap().value, 3);
    advance(seconds(59)).await;
    assert_eq!(bench.cache.get("key"), Some(3));
}

/// CA-09, CA-22: where failures are remembered, a stale value's is as well, and nobody asks at every call.
#[tokio::test(start_paused = true)]
async fn a_refresh_that_failed_is_not_tried_again_at_once_if_that_is_wanted() {
    let config = Config::new().with_stale_after(seconds(60)).with_ttl(seconds(300));
    let bench = Bench::new(config.with_negative_ttl(seconds(5)));
    assert_eq!(bench.ask(true).await, Ok(1));
    advance(seconds(61)).await;
    for loads in 2..6 {
        assert_eq!(bench.ask(false).now_or_never(), Some(Ok(1)));
        sleep(MILLISECOND * 2).await;
        for _ in 0..100 {
            assert_eq!(bench.ask(true).now_or_never(), Some(Ok(1)), "good enough meanwhile");
        }
        assert_eq!((bench.loads(), bench.cache.snapshot().loading), (loads, 0));
        advance(seconds(5)).await;
    }
    assert_eq!(bench.ask(true).now_or_never(), Some(Ok(1)));
    sleep(MILLISECOND * 2).await;
    assert_eq!(bench.ask(true).now_or_never(), Some(Ok(6)), "and then it came");
    assert_eq!(bench.cache.snapshot().totals.load_failures, 4);
}

/// CA-19, to the millisecond: the old value is the answer up to the end of its grace, and not at it.
#[tokio::test(start_paused = true)]
async fn grace_ends_when_it_ends() {
    for (age, answers) in [(seconds(60), true), (seconds(360) - 3 * MILLISECOND, true)]
        .into_iter()
        .chain([(seconds(360) - MILLISECOND, false), (seconds(360), false)])
    {
        let bench = Bench::new(Config::new().with_ttl(seconds(60)).with_grace(seconds(300)));
        assert_eq!(bench.ask(true).await, Ok(1));
        advance(age).await;
        // The load itself takes a millisecond: what counts is when it fails.
        let expected = if answers { Ok(1) } else { Err(Error::Inner("down")) };
        assert_eq!(bench.ask(false).await, expected, "at {age:?}");
        assert_eq!(bench.loads(), 2, "it was tried first");
    }
}

/// CA-19, CA-22: while a failure is remembered the old value is the answer, and nothing is loaded; at the
/// end of its grace the error is.
#[tokio::test(start_paused = true)]
async fn a_failure_that_is_remembered_leaves_the_old_value_its_grace() {
    let config = Config::new().with_ttl(seconds(60)).with_grace(seconds(10));
    let bench = Bench::new(config.with_negative_ttl(seconds(30)));
    assert_eq!(bench.ask(true).await, Ok(1));
    advance(seconds(65)).await;
    assert_eq!(bench.ask(false).await, Ok(1));
    assert_eq!(bench.ask(true).now_or_never(), Some(Ok(1)));
    advance(seconds(5)).await;
    assert_eq!(bench.ask(true).now_or_never(), Some(Err(Error::Inner("down"))));
    assert_eq!(bench.loads(), 2);
}
