//! Callers who wait for what a cache loads, given up at every await.

use ::http::{Request, Response};
use buttress::{
    Error,
    cache::{
        Cache, Config,
        http::{self, HttpCache, RequestKey},
    },
    testing::{Script, Step, drop_at_every_await},
};
use tower::{Layer, Service, ServiceBuilder};

use crate::circuit::STEP;

type Down = Error<&'static str>;
type Pages = Cache<u8, &'static str>;

fn pages(config: Config) -> Pages {
    Cache::new("pages", config).unwrap()
}

/// A backend that takes three steps.
fn slow() -> Script<&'static str, Down> {
    Script::new([Step::ok("up").after(3 * STEP)])
}

/// Alone: with him goes the load, and the key is free.
#[tokio::test(start_paused = true)]
async fn one_who_is_alone() {
    let (cache, backend) = (pages(Config::new()), slow());
    let start = || {
        cache.clear();
        let backend = backend.clone();
        cache.run_or_load(&7, move || async move { backend.call().await })
    };
    let drops = drop_at_every_await(STEP, start, |polls| {
        let counts = backend.counts();
        assert_eq!((counts.in_flight, cache.snapshot().loading), (0, 0), "after {polls} polls");
    });
    assert!(drops.await >= 3);
    assert_eq!((start().await, cache.get(&7)), (Ok("up"), Some("up")));
}

/// However far the leader came, who stays has the answer of the same load.
#[tokio::test(start_paused = true)]
async fn a_leader_with_a_follower() {
    let (cache, backend) = (pages(Config::new()), slow());
    let mut followers = Vec::new();
    let start = || {
        cache.clear();
        let run = |backend: Script<_, _>| {
            cache.run_or_load(&7, move || async move { backend.call().await })
        };
        let leader = run(backend.clone());
        followers.push(tokio::spawn(run(backend.clone())));
        leader
    };
    let drops = drop_at_every_await(STEP, start, |_| {}).await;
    assert!(drops >= 3);
    for follower in followers {
        assert_eq!(follower.await.unwrap(), Ok("up"));
    }
    let counts = backend.counts();
    assert_eq!((counts.cancelled, counts.in_flight, cache.snapshot().loading), (0, 0, 0));
}

/// Detached, it ends whoever is dropped.
#[tokio::test(start_paused = true)]
async fn one_whose_load_is_detached() {
    let (cache, backend) = (pages(Config::new().with_detached(true)), slow());
    let start = || {
        cache.clear();
        let backend = backend.clone();
        cache.run_or_load(&7, move || async move { backend.call().await })
    };
    assert!(drop_at_every_await(STEP, start, |_| {}).await >= 1);
    tokio::time::sleep(10 * STEP).await;
    let counts = backend.counts();
    assert_eq!((counts.cancelled, counts.in_flight, cache.snapshot().loading), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn one_who_waits_for_many() {
    let (cache, backend) = (pages(Config::new()), slow());
    let start = || {
        cache.clear();
        let backend = backend.clone();
        cache.load_many([7, 8, 9], move |keys| async move {
            let answer = backend.call().await?;
            Ok::<_, Down>(keys.into_iter().map(move |key| (key, answer)))
        })
    };
    let drops = drop_at_every_await(STEP, start, |polls| {
        let counts = backend.counts();
        assert_eq!((counts.in_flight, cache.snapshot().loading), (0, 0), "after {polls} polls");
    });
    assert!(drops.await >= 3);
    assert_eq!(start().await, Ok(vec![Some("up"); 3]));
}

/// A service that is not ready at once: the reservation inside goes back as well.
#[tokio::test(start_paused = true)]
async fn a_request_of_a_service() {
    let cache = pages(Config::new());
    let backend = slow();
    let inner = backend.service().ready_after(2);
    let seen = inner.watch();
    let service = cache.layer(|request: &u8| Some(*request)).layer(inner);
    let start = || {
        cache.clear();
        service.clone().call(7)
    };
    let drops = drop_at_every_await(STEP, start, |polls| {
        let inside = (seen().reserved, seen().in_flight, cache.snapshot().loading);
        assert_eq!(inside, (0, 0, 0), "after {polls} polls");
    });
    assert!(drops.await >= 4);
    assert_eq!(start().await, Ok("up"));
}

/// An answer by HTTP, which waits for its service, its head and its body.
#[tokio::test(start_paused = true)]
async fn an_answer_to_a_request_by_http() {
    let pages = HttpCache::new("pages", http::Config::new()).unwrap();
    let backend = slow();
    let inner = backend.service().ready_after(2);
    let seen = inner.watch();
    let http = ServiceBuilder::new()
        .map_request(|_: Request<()>| 7)
        .map_response(|text: &'static str| Response::new(text.to_owned()))
        .service(inner);
    let service =
        pages.layer(|request: &Request<()>| Some(RequestKey::of(request, []))).layer(http);
    let start = || {
        pages.cache().clear();
        service.clone().call(Request::default())
    };
    let drops = drop_at_every_await(STEP, start, |polls| {
        let inside = (seen().reserved, seen().in_flight, pages.snapshot().cache.loading);
        assert_eq!(inside, (0, 0, 0), "after {polls} polls");
    });
    assert!(drops.await >= 4);
    assert!(start().await.unwrap().into_body().is_whole());
}
