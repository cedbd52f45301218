//! The same through the tower door.

use std::{task::Context, time::Duration};

use buttress::{
    Error, Refusal,
    cache::{Cache, Config},
    testing::{Script, Step},
};
use futures::{FutureExt, future::join_all};
use tokio::time::{advance, sleep};
use tower::{Layer, Service, ServiceExt};

type Down = Error<&'static str>;
type Pages = Cache<u32, &'static str>;

const SECOND: Duration = Duration::from_secs(1);

fn pages(config: Config) -> Pages {
    Cache::new("pages", config).unwrap()
}

/// Even requests are the same if they are the same number, odd ones have no key.
fn even(request: &u32) -> Option<u32> {
    (request % 2 == 0).then_some(*request)
}

/// CA-11. A hit needs nothing of the service inside.
#[tokio::test(start_paused = true)]
async fn equal_requests_are_sent_once_and_then_not_at_all() {
    let backend: Script<_, Down> = Script::new([Step::ok("up").after(SECOND)]);
    let inner = backend.service().ready_after(3);
    let seen = inner.watch();
    let cache = pages(Config::new());
    let mut service = cache.layer(even).layer(inner);
    assert!(service.poll_ready(&mut Context::from_waker(std::task::Waker::noop())).is_ready());
    let calls: Vec<_> = (0..100).map(|_| service.call(4)).collect();
    assert!(join_all(calls).await.into_iter().all(|page| page == Ok("up")));
    assert_eq!((seen().calls, seen().clones, seen().ready_polls, seen().reserved), (1, 1, 4, 0));
    assert_eq!(service.call(4).now_or_never(), Some(Ok("up")));
    assert_eq!((seen().calls, seen().clones, seen().ready_polls), (1, 1, 4));
    assert_eq!(cache.get(&4), Some("up"), "one state behind both doors");
    cache.insert(6, "known");
    assert_eq!(service.call(6).now_or_never(), Some(Ok("known")));
}

/// CA-02.
#[tokio::test(start_paused = true)]
async fn a_request_without_a_key_is_sent_every_time() {
    let backend: Script<_, Down> = Script::new([Step::ok("up")]);
    let cache = pages(Config::new());
    let service = cache.layer(even).layer(backend.service());
    for calls in 1..4 {
        assert_eq!(service.clone().oneshot(3).await, Ok("up"));
        assert_eq!((backend.counts().calls, cache.len()), (calls, 0));
    }
}

/// CA-03.
#[tokio::test(start_paused = true)]
async fn errors_and_what_is_not_worth_it_are_not_stored() {
    let backend: Script<_, Down> =
        Script::new([Step::err(Error::Inner("down")), Step::ok("poor"), Step::ok("rich")]);
    let cache = pages(Config::new());
    let service = cache.layer(even).cache_if(|page| *page == "rich").layer(backend.service());
    let ask = || service.clone().oneshot(2);
    assert_eq!(ask().await, Err(Error::Inner("down")), "unchanged");
    assert_eq!((ask().await, cache.len()), (Ok("poor"), 0));
    assert_eq!((ask().await, cache.len()), (Ok("rich"), 1));
    assert_eq!((ask().await, backend.counts().calls), (Ok("rich"), 3));
}

/// CA-12, CA-13.
#[tokio::test(start_paused = true)]
async fn who_leads_may_go_and_who_panics_is_alone_with_it() {
    let backend: Script<_, Down> =
        Script::new([Step::ok("up").after(SECOND), Step::panic(), Step::ok("again")]);
    let cache = pages(Config::new());
    let mut service = cache.layer(even).layer(backend.service());
    let leader = tokio::spawn(service.call(2));
    let follower = tokio::spawn(service.call(2));
    sleep(SECOND / 2).await;
    leader.abort();
    assert_eq!(follower.await.unwrap(), Ok("up"));
    assert_eq!(backend.counts().calls, 1);
    let (driver, other) = (service.call(4), service.call(4));
    assert!(tokio::spawn(driver).await.unwrap_err().is_panic());
    assert_eq!(other.await, Err(Error::Refused(Refusal::Panicked { name: "pages".into() })));
    assert_eq!(service.call(4).await, Ok("again"));
}

/// CA-07, CA-09, CA-10, CA-19.
#[tokio::test(start_paused = true)]
async fn stale_answers_are_answers() {
    let config =
        Config::new().with_stale_after(10 * SECOND).with_ttl(60 * SECOND).with_grace(300 * SECOND);
    let backend: Script<_, Down> = Script::new([
        Step::ok("old"),
        Step::ok("new").after(SECOND),
        Step::ok("late").after(SECOND),
        Step::err(Error::Inner("down")),
    ]);
    let cache = pages(config);
    let mut service = cache.layer(even).layer(backend.service());
    assert_eq!(service.call(2).await, Ok("old"));
    advance(11 * SECOND).await;
    for _ in 0..10 {
        assert_eq!(service.call(2).now_or_never(), Some(Ok("old")));
    }
    sleep(2 * SECOND).await;
    assert_eq!(service.call(2).now_or_never(), Some(Ok("new")));
    assert_eq!(backend.counts().calls, 2);
    // What comes late does not come in.
    advance(11 * SECOND).await;
    assert_eq!(service.call(2).now_or_never(), Some(Ok("new")));
    cache.insert(2, "put");
    sleep(2 * SECOND).await;
    assert_eq!((service.call(2).now_or_never(), backend.counts().calls), (Some(Ok("put")), 3));
    // It has expired, and there is no better one.
    advance(61 * SECOND).await;
    assert_eq!(service.call(2).await, Ok("put"));
    advance(300 * SECOND).await;
    assert_eq!(service.call(2).await, Err(Error::Inner("down")));
}

/// CA-22.
#[tokio::test(start_paused = true)]
async fn an_error_is_remembered_if_that_is_wanted() {
    let backend: Script<_, Down> = Script::new([Step::err(Error::Inner("down")), Step::ok("up")]);
    let cache = pages(Config::new().with_negative_ttl(SECOND));
    let mut service = cache.layer(even).layer(backend.service());
    for _ in 0..3 {
        assert_eq!(service.call(2).await, Err(Error::Inner("down")));
    }
    advance(SECOND).await;
    assert_eq!((service.call(2).await, backend.counts().calls), (Ok("up"), 2));
}

/// CA-20, as far as one cache goes.
#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_kept_is_given_all_the_same() {
    let backend: Script<_, Down> = Script::new([Step::ok("too long to be kept")]);
    let cache = pages(Config::weight(10)).with_weigher(|_, page| page.len() as u32);
    let mut service = cache.layer(even).layer(backend.service());
    for calls in 1..4 {
        assert_eq!(service.call(2).await, Ok("too long to be kept"));
        assert_eq!((backend.counts().calls, cache.snapshot().totals.too_heavy), (calls, calls));
    }
}
