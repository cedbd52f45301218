//! The same through the tower door.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll},
};

use buttress::{
    Error, Lift, Refusal,
    single_flight::{Config, SingleFlight},
    testing::{Script, Step},
};
use futures::{FutureExt, future::join_all};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use super::{MILLISECOND, Store};

type Pages = SingleFlight<u32, &'static str, Error<&'static str>>;

fn pages(config: Config) -> Pages {
    SingleFlight::new("pages", config).unwrap()
}

/// Even requests are the same if they are the same number, odd ones are like no other.
fn even(request: &u32) -> Option<u32> {
    (request % 2 == 0).then_some(*request)
}

#[tokio::test(start_paused = true)]
async fn equal_requests_are_sent_once_ca11() {
    let sent = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&sent);
    let inner = service_fn(move |request: u32| {
        count.fetch_add(1, Ordering::Relaxed);
        async move {
            tokio::time::sleep(MILLISECOND).await;
            Ok::<_, Error<&'static str>>(if request < 10 { "small" } else { "large" })
        }
    });
    let service = pages(Config::new()).layer(even).layer(inner);
    let ask = |request| service.clone().oneshot(request);
    assert!(join_all((0..100).map(|_| ask(4))).await.into_iter().all(|page| page == Ok("small")));
    assert_eq!(sent.load(Ordering::Relaxed), 1);
    let pages = join_all([4, 14, 4, 5, 5, 14].map(ask)).await;
    assert_eq!(
        pages,
        [Ok("small"), Ok("large"), Ok("small"), Ok("small"), Ok("small"), Ok("large")]
    );
    assert_eq!(sent.load(Ordering::Relaxed), 1 + 4, "two even ones, and both odd ones");
}

/// Deferred: it is always ready, and the inner service is made ready for whoever leads.
#[tokio::test(start_paused = true)]
async fn it_is_ready_at_once_and_the_inner_service_only_for_who_leads() {
    let backend: Script<_, Error<&'static str>> = Script::new([Step::ok("up").after(MILLISECOND)]);
    let inner = backend.service().ready_after(3);
    let seen = inner.watch();
    let mut service = pages(Config::new()).layer(|_: &u32| Some(0)).layer(inner);
    for _ in 0..3 {
        assert!(service.poll_ready(&mut Context::from_waker(std::task::Waker::noop())).is_ready());
    }
    assert_eq!(seen().ready_polls, 0);
    let calls: Vec<_> = (0..8).map(|_| service.call(1)).collect();
    assert!(join_all(calls).await.into_iter().all(|page| page == Ok("up")));
    assert_eq!((seen().calls, seen().clones, seen().ready_polls, seen().reserved), (1, 1, 4, 0));
}

/// An inner service that is not ready waits in the call, and whoever is left goes on with it.
#[tokio::test(start_paused = true)]
async fn a_leader_that_is_dropped_leaves_its_request_to_the_others_ca12() {
    let backend: Script<_, Error<&'static str>> =
        Script::new([Step::ok("up").after(5 * MILLISECOND)]);
    let inner = backend.service().ready_after(1);
    let seen = inner.watch();
    let mut service = pages(Config::new()).layer(even).layer(inner);
    let mut leader = service.call(2);
    let mut follower = service.call(2);
    assert_eq!((&mut leader).now_or_never(), None);
    assert_eq!((&mut follower).now_or_never(), None);
    drop(leader);
    assert_eq!(follower.await, Ok("up"));
    assert_eq!((backend.counts().calls, seen().reserved, seen().in_flight), (1, 0, 0));
    // All of them go: nothing is left reserved or running.
    let mut last = service.call(2);
    assert_eq!((&mut last).now_or_never(), None);
    drop(last);
    assert_eq!((seen().reserved, seen().in_flight, backend.counts().in_flight), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn errors_come_through_unchanged_and_panics_are_told_ca13() {
    let backend: Script<&'static str, Error<&'static str>> =
        Script::new([Step::err(Error::Inner("down")).after(MILLISECOND), Step::panic()]);
    let service = pages(Config::new()).layer(even).layer(backend.service());
    let ask = || tokio::spawn(service.clone().oneshot(2));
    for answer in join_all([ask(), ask(), ask()]).await {
        assert_eq!(answer.unwrap(), Err(Error::Inner("down")));
    }
    let mut service = service;
    let (driver, other) = (service.call(2), service.call(2));
    assert!(tokio::spawn(driver).await.unwrap_err().is_panic());
    assert_eq!(other.await, Err(Error::Refused(Refusal::Panicked { name: "pages".into() })));
}

/// Readiness that fails is the answer of all who wait, and not of `poll_ready`.
#[tokio::test(start_paused = true)]
async fn an_error_of_readiness_is_an_answer() {
    #[derive(Clone)]
    struct Unwilling;
    impl Service<u32> for Unwilling {
        type Response = &'static str;
        type Error = Error<&'static str>;
        type Future = std::future::Pending<Result<&'static str, Error<&'static str>>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Err(Error::Inner("unwilling")))
        }
        fn call(&mut self, _: u32) -> Self::Future {
            std::future::pending()
        }
    }
    let service = pages(Config::new()).layer(even).layer(Unwilling);
    let calls = (0..3).map(|_| service.clone().oneshot(2));
    assert!(join_all(calls).await.into_iter().all(|page| page == Err(Error::Inner("unwilling"))));
}

/// One state behind both doors.
#[tokio::test(start_paused = true)]
async fn a_service_and_a_call_share_what_is_under_way() {
    let store = Store::default();
    let single =
        SingleFlight::<&'static str, u32, Error<Arc<std::io::Error>>>::new("pages", Config::new())
            .unwrap();
    let count = store.clone();
    let service = ServiceBuilder::new()
        .layer(single.layer(|page: &&'static str| Some(*page)))
        .layer(Lift::layer())
        .map_err(Arc::new)
        .service(service_fn(move |_: &'static str| {
            let load = count.load();
            async move { load.await.map_err(std::io::Error::other) }
        }));
    let served = tokio::spawn(service.oneshot("k"));
    tokio::task::yield_now().await;
    let called = single.run("k", || async { Ok(0) });
    assert_eq!(called.await.unwrap(), 1);
    assert_eq!(served.await.unwrap().unwrap(), 1);
    // `run` leaves an error that has room for a refusal as it is, `call` would put it into another.
    let refused = || async { Err(Refusal::Overloaded { name: "db".into() }.into()) };
    let answer = single.run("k", refused).await.unwrap_err();
    assert!(matches!(answer, Error::Refused(Refusal::Overloaded { .. })), "{answer:?}");
    assert_eq!(single.in_flight(), 0);
}
