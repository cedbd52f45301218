//! Requests that may be sent twice, and those that may not.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use buttress::{
    Error,
    outcome::ByStatus,
    source::ByMethod,
    testing::{Script, Step},
};
use http::{Method, Request, Response, StatusCode};
use tokio::time::Instant;
use tower::{Layer, ServiceExt};

use super::{Down, hedge, millis};

/// A request that cannot be copied.
#[derive(Debug, PartialEq)]
struct Once;

/// A request that counts its copies.
#[derive(Debug)]
struct Copies(Arc<AtomicU32>);

impl Clone for Copies {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&self.0))
    }
}

fn slow_then_fast() -> Script<u32, Error<Down>> {
    Script::new([Step::ok(1).after(millis(100)), Step::ok(2)])
}

fn failing_then_up() -> Script<u32, Error<Down>> {
    Script::new([Step::err(Error::Inner(Down::Broken(1))), Step::ok(2)])
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_copied_is_sent_once() {
    let (backend, hedge) = (slow_then_fast(), hedge(10, 3));
    let layer = hedge.layer().replay(|_: &Once| None);
    let begun = Instant::now();
    assert_eq!(layer.clone().layer(backend.service()).oneshot(Once).await, Ok(1));
    assert_eq!((begun.elapsed(), backend.counts().calls), (millis(100), 1));

    let backend = failing_then_up();
    let answer = layer.layer(backend.service()).oneshot(Once).await;
    assert_eq!(answer, Err(Error::Inner(Down::Broken(1))));
    assert_eq!((backend.counts().calls, hedge.snapshot().totals), (1, Default::default()));
}

/// It has no timer either: polled at first and at the end.
#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_copied_has_no_timer() {
    let (backend, polls) = (slow_then_fast(), buttress::testing::Polls::new());
    let layer = hedge(10, 3).layer().replay(|_: &Once| None);
    assert_eq!(polls.of(layer.layer(backend.service()).oneshot(Once)).await, Ok(1));
    polls.assert_at_most(2);
}

#[tokio::test(start_paused = true)]
async fn a_closure_says_which_requests_can_be_sent_again() {
    let hedge = hedge(10, 3);
    let layer = hedge.layer().replay(|request: &&'static str| -> Option<&'static str> {
        request.starts_with("get").then_some(*request)
    });
    for (request, answer) in [("get it", 2), ("do it", 1)] {
        let backend = slow_then_fast();
        assert_eq!(layer.layer(backend.service()).oneshot(request).await, Ok(answer), "{request}");
        assert_eq!(backend.counts().calls, u64::from(answer));
    }
}

/// One that runs out of copies is not sent more often than it was copied.
#[tokio::test(start_paused = true)]
async fn a_request_that_can_be_copied_once_is_sent_twice() {
    let copies = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&copies);
    let layer = hedge(10, 5)
        .layer()
        .replay(move |(): &()| (count.fetch_add(1, Ordering::Relaxed) == 0).then_some(()));
    let backend = Script::<u32, Error<Down>>::new([Step::ok(1).after(millis(100))]);
    assert_eq!(layer.layer(backend.service()).oneshot(()).await, Ok(1));
    assert_eq!(backend.counts().calls, 2);
}

#[tokio::test(start_paused = true)]
async fn the_last_hedge_takes_the_request_itself() {
    let copies = Arc::new(AtomicU32::new(0));
    let backend = Script::<u32, Error<Down>>::new([Step::hang(), Step::hang(), Step::ok(3)]);
    let service = hedge(10, 2).layer().layer(backend.service());
    assert_eq!(service.oneshot(Copies(Arc::clone(&copies))).await, Ok(3));
    assert_eq!((backend.counts().calls, copies.load(Ordering::Relaxed)), (3, 2));
}

fn request(method: &Method, key: Option<&str>) -> Request<String> {
    let mut request = Request::builder().method(method).uri("/").body("body".to_owned()).unwrap();
    if let Some(key) = key {
        request.headers_mut().insert("Idempotency-Key", key.parse().unwrap());
    }
    request
}

#[tokio::test(start_paused = true)]
async fn by_method_a_post_is_never_hedged_and_a_get_is() {
    for (method, key, hedged) in [
        (Method::GET, None, true),
        (Method::PUT, None, true),
        (Method::DELETE, None, true),
        (Method::POST, None, false),
        (Method::PATCH, None, false),
        (Method::POST, Some("1f0c"), true),
    ] {
        let hedge = hedge(10, 1);
        let backend = slow_then_fast();
        let service = hedge.layer().replay(ByMethod).layer(backend.service());
        let answer = service.oneshot(request(&method, key)).await;
        assert_eq!(answer, Ok(if hedged { 2 } else { 1 }), "{method} {key:?}");
        assert_eq!(hedge.snapshot().totals.slow, u64::from(hedged));

        let backend = failing_then_up();
        let service = hedge.layer().replay(ByMethod).layer(backend.service());
        let answer = service.oneshot(request(&method, key)).await;
        assert_eq!(answer.is_ok(), hedged, "{method} {key:?}");
    }
}

/// "I did not serve it, come back later": a retry may; a hedge would be what it asks us not to do.
#[tokio::test(start_paused = true)]
async fn by_status_a_busy_backend_is_left_alone_and_a_broken_one_is_not() {
    for (status, retry_after, calls) in [
        (StatusCode::TOO_MANY_REQUESTS, None, 1),
        (StatusCode::TOO_MANY_REQUESTS, Some("7"), 1),
        (StatusCode::SERVICE_UNAVAILABLE, Some("7"), 1),
        (StatusCode::INTERNAL_SERVER_ERROR, None, 2),
        (StatusCode::NOT_FOUND, None, 1),
        (StatusCode::OK, None, 1),
    ] {
        let calls_made = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&calls_made);
        let backend = tower::service_fn(move |_: Request<String>| {
            let first = count.fetch_add(1, Ordering::Relaxed) == 0;
            let status = if first { status } else { StatusCode::OK };
            let mut response = Response::new(());
            *response.status_mut() = status;
            if let Some(seconds) = retry_after.filter(|_| first) {
                response.headers_mut().insert("Retry-After", seconds.parse().unwrap());
            }
            std::future::ready(Ok::<_, Error<Down>>(response))
        });
        let hedge = hedge(10, 1).classify(ByStatus);
        let service = hedge.layer().replay(ByMethod).layer(backend);
        let answer = service.oneshot(request(&Method::GET, None)).await.unwrap();
        assert_eq!(calls_made.load(Ordering::Relaxed), calls, "{status}");
        assert_eq!(answer.status() == status, calls == 1 || status == StatusCode::OK);
    }
}
