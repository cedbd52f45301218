//! HTTP: what may be sent twice, and what a status says about it.

use std::{convert::Infallible, io, time::Duration};

use buttress::{
    Error, Lift,
    outcome::ByStatus,
    retry::{Attempted, Config, Ending, Retry},
    source::ByMethod,
    timeout::Timeout,
};
use http::{Request, Response};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

use super::doors::{SECOND, immediate, steady};

fn retry(config: Config) -> Retry<ByStatus> {
    Retry::new("upstream", config).unwrap().without_budget().classify(ByStatus)
}

fn request(method: &str, key: bool) -> Request<String> {
    let request = Request::builder().method(method).uri("/ask");
    let request = if key { request.header("idempotency-key", "1f0c") } else { request };
    request.body("why?".to_owned()).unwrap()
}

/// A server that always says this.
async fn send(
    retry: &Retry<ByStatus>,
    request: Request<String>,
    status: u16,
    retry_after: Option<&'static str>,
) -> Attempted<Response<()>, Error<Infallible>> {
    let sent = request.method().clone();
    let server = service_fn(move |request: Request<String>| {
        assert_eq!((request.method(), request.body().as_str()), (&sent, "why?"));
        assert_eq!(request.uri(), "/ask");
        let response = Response::builder().status(status);
        let response = match retry_after {
            Some(wait) => response.header("retry-after", wait),
            None => response,
        };
        std::future::ready(Ok::<_, Infallible>(response.body(()).unwrap()))
    });
    let mut service = ServiceBuilder::new()
        .layer(retry.layer().replay(ByMethod))
        .layer(Lift::layer())
        .service(server);
    service.ready().await.unwrap().call(request).detailed().await
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_served_twice_is_sent_again_only_if_it_was_not_served() {
    use Ending::{Answered, Attempts, Unrepeatable};

    for (method, key, status, retry_after, attempts, ending) in [
        ("GET", false, 500, None, 3, Attempts),
        ("GET", false, 503, Some("1"), 3, Attempts),
        ("GET", false, 429, None, 3, Attempts),
        ("GET", false, 200, None, 1, Answered),
        ("GET", false, 404, None, 1, Answered),
        ("GET", false, 501, None, 1, Answered),
        ("PUT", false, 502, None, 3, Attempts),
        ("DELETE", false, 500, None, 3, Attempts),
        ("HEAD", false, 500, None, 3, Attempts),
        ("OPTIONS", false, 500, None, 3, Attempts),
        ("POST", false, 500, None, 1, Unrepeatable),
        ("POST", false, 503, None, 1, Unrepeatable),
        ("POST", false, 503, Some("soon"), 1, Unrepeatable),
        ("POST", false, 503, Some("1"), 3, Attempts),
        ("POST", false, 429, None, 3, Attempts),
        ("POST", false, 429, Some("1"), 3, Attempts),
        ("POST", false, 408, None, 1, Unrepeatable),
        ("POST", false, 200, None, 1, Answered),
        ("POST", true, 500, None, 3, Attempts),
        ("PATCH", false, 500, None, 1, Unrepeatable),
        ("PATCH", true, 500, None, 3, Attempts),
        ("REPORT", false, 500, None, 1, Unrepeatable),
    ] {
        let (retry, wanted) = (retry(immediate()), request(method, key));
        let told = send(&retry, wanted, status, retry_after).await;
        let case = format!("{method} {status} {retry_after:?}, key: {key}");
        assert_eq!((told.attempts, told.ending), (attempts, ending), "{case}");
        assert_eq!(told.result.unwrap().status(), status, "the last answer itself: {case}");
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_in_seconds_is_waited_for_and_what_cannot_be_read_is_not_rt_46() {
    for (header, seconds) in
        [(Some("3"), 3), (Some(" 7 "), 7), (Some("0"), 0), (Some("soon"), 1), (None, 1)]
    {
        let retry = retry(steady().with_max_attempts(2));
        let told = send(&retry, request("GET", false), 503, header).await;
        assert_eq!((told.attempts, told.waited), (2, seconds * SECOND), "{header:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_for_a_day_is_not_asked_again_rt_47() {
    let retry = retry(steady().with_max_retry_after(60 * SECOND));
    let told = send(&retry, request("GET", false), 429, Some("86400")).await;
    assert_eq!((told.attempts, told.ending), (1, Ending::Pushback));
    let response = told.result.unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "86400");
    assert_eq!(told.waited, Duration::ZERO);
}

/// Nobody knows whether it was served.
#[tokio::test(start_paused = true)]
async fn a_connection_that_broke_and_a_timeout_are_as_a_500() {
    for (method, attempts) in [("GET", 3), ("POST", 1)] {
        let retry = retry(immediate());
        let mut broken = ServiceBuilder::new()
            .layer(retry.layer().replay(ByMethod))
            .layer(Lift::layer())
            .service(service_fn(|_: Request<String>| {
                std::future::ready(Err::<Response<()>, _>(io::Error::other("reset")))
            }));
        let told = broken.ready().await.unwrap().call(request(method, false)).detailed().await;
        assert_eq!(told.attempts, attempts, "{method}");
        assert_eq!(told.result.unwrap_err().to_string(), "reset");

        let timeout = Timeout::new("attempt", SECOND).unwrap();
        let mut slow = ServiceBuilder::new()
            .layer(retry.layer().replay(ByMethod))
            .layer(timeout.layer())
            .layer(Lift::layer())
            .service(service_fn(|_: Request<String>| {
                std::future::pending::<Result<Response<()>, io::Error>>()
            }));
        let told = slow.ready().await.unwrap().call(request(method, false)).detailed().await;
        assert_eq!(told.attempts, attempts, "{method}");
        assert_eq!(timeout.snapshot().totals.timed_out, u64::from(attempts));
    }
}

/// Without it every request is taken to be one that may be served twice.
#[tokio::test(start_paused = true)]
async fn by_clone_everything_is_sent_again() {
    let retry = retry(immediate());
    let mut service = ServiceBuilder::new().layer(retry.layer()).layer(Lift::layer()).service(
        service_fn(|_: Request<String>| {
            let response = Response::builder().status(500).body(()).unwrap();
            std::future::ready(Ok::<_, Infallible>(response))
        }),
    );
    let told = service.ready().await.unwrap().call(request("POST", false)).detailed().await;
    assert_eq!(told.attempts, 3);
}
