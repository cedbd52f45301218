//! Around the routes of an axum service.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    error_handling::HandleErrorLayer,
    http::{Request, StatusCode},
    response::Response,
    routing::get,
};
use buttress::{
    Error, Lift, Refusal,
    cache::http::{self as pages, HttpCache, RequestKey},
    circuit_breaker::{CircuitBreaker, Config, State},
    outcome::Outcome,
    time::Deadline,
    timeout::{HttpDeadlineLayer, Timeout},
};
use tower::{ServiceBuilder, ServiceExt};

const SECOND: Duration = Duration::from_secs(1);

/// What a refusal looks like to the client.
async fn answer(error: Error<Infallible>) -> (StatusCode, String) {
    match error {
        Error::Refused(refusal @ Refusal::TimedOut { .. }) => {
            (StatusCode::GATEWAY_TIMEOUT, refusal.to_string())
        }
        Error::Refused(refusal) => (StatusCode::SERVICE_UNAVAILABLE, refusal.to_string()),
        Error::Inner(never) => match never {},
    }
}

async fn ask(router: &Router, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 1 << 16).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn routes() -> Router {
    Router::new()
        .route("/up", get(async || "up"))
        .route("/broken", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .route("/hangs", get(async || std::future::pending::<&str>().await))
}

fn guarded(breaker: &CircuitBreaker, timeout: &Timeout) -> Router {
    let by_status = breaker.classify(|result: &Result<Response, Error<Infallible>>| match result {
        Ok(response) if response.status().is_server_error() => Outcome::Failure,
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::Failure,
    });
    routes().layer(
        ServiceBuilder::new()
            .layer(HandleErrorLayer::new(answer))
            .layer(by_status.layer())
            .layer(timeout.layer())
            .layer(Lift::layer()),
    )
}

fn breaker() -> CircuitBreaker {
    CircuitBreaker::new("routes", Config::off().with_consecutive_failures(3)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn refusals_become_answers_and_the_router_stays_infallible() {
    let breaker = breaker();
    let router = guarded(&breaker, &Timeout::new("routes", SECOND).unwrap());
    assert_eq!(ask(&router, "/up").await, (StatusCode::OK, "up".into()));
    assert_eq!(
        ask(&router, "/hangs").await,
        (StatusCode::GATEWAY_TIMEOUT, "`routes` timed out after 1s".into())
    );
    breaker.open_for(SECOND);
    assert_eq!(
        ask(&router, "/up").await,
        (StatusCode::SERVICE_UNAVAILABLE, "circuit `routes` is open; retry after 1s".into())
    );
}

#[tokio::test(start_paused = true)]
async fn every_route_and_every_request_shares_one_circuit() {
    let breaker = breaker();
    let router = guarded(&breaker, &Timeout::new("routes", SECOND).unwrap());
    assert_eq!(ask(&router, "/broken").await.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(ask(&router, "/hangs").await.0, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(ask(&router, "/broken").await.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(breaker.state(), State::Open, "three failures on two routes");
    assert_eq!(ask(&router, "/up").await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(start_paused = true)]
async fn a_handler_sees_its_deadline_both_ways() {
    async fn left(Extension(carried): Extension<Deadline>) -> String {
        assert_eq!(Some(carried), Deadline::current());
        format!("{:?}", carried.left())
    }

    let router = Router::new()
        .route("/left", get(left))
        .layer(HttpDeadlineLayer::new(3 * SECOND).unwrap())
        .layer(HttpDeadlineLayer::new(9 * SECOND).unwrap());
    assert_eq!(ask(&router, "/left").await, (StatusCode::OK, "3s".into()));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_a_request_ends_its_calls() {
    let timeout = Timeout::new("call", 60 * SECOND).unwrap();
    let inside = timeout.clone();
    let call = async move || match inside.call(std::future::pending::<Result<(), ()>>).await {
        Err(Error::Refused(refusal)) => refusal.kind(),
        _ => "nothing",
    };
    let router =
        Router::new().route("/call", get(call)).layer(HttpDeadlineLayer::new(2 * SECOND).unwrap());
    let start = tokio::time::Instant::now();
    assert_eq!(ask(&router, "/call").await, (StatusCode::OK, "deadline_exceeded".into()));
    assert_eq!(start.elapsed(), 2 * SECOND);
    assert_eq!(timeout.snapshot().totals.deadline_struck, 1);
}

/// The body of the router, its errors and its readiness are what axum expects; what is kept is given before
/// any route is asked.
#[tokio::test(start_paused = true)]
async fn pages_of_a_router_are_kept() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let page = move || {
        let calls = Arc::clone(&counted);
        async move { format!("page {}", calls.fetch_add(1, Ordering::Relaxed)) }
    };
    let pages = HttpCache::new("pages", pages::Config::new()).unwrap();
    let key = |request: &Request<Body>| Some(RequestKey::of(request, []));
    let stack = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(answer))
        .layer(pages.layer(key))
        .layer(Lift::layer());
    let router = Router::new().route("/{*path}", get(page)).layer(stack);
    for (path, text) in [("/a", "page 0"), ("/b", "page 1"), ("/a", "page 0"), ("/a?x", "page 2")] {
        assert_eq!(ask(&router, path).await, (StatusCode::OK, text.to_owned()));
    }
    tokio::time::advance(60 * SECOND).await;
    assert_eq!(ask(&router, "/a").await.1, "page 3");
    let totals = pages.snapshot().cache.totals;
    assert_eq!((totals.hits, totals.misses, calls.load(Ordering::Relaxed)), (1, 4, 4));
}
