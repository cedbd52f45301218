//! Requests and responses.

use std::{convert::Infallible, panic::AssertUnwindSafe, time::Duration};

use buttress::{Error, Refusal, redact::logs::Logs, timeout::Timeout};
use http::{Request, Response, header::HeaderValue};
use serde_json::Value;
use tower::{Layer, Service, ServiceExt, service_fn};
use tracing::Dispatch;
use tracing_subscriber::{filter::LevelFilter, fmt, prelude::*};

use super::Page;

/// What is told while `run` runs, an object for each event. No other layer takes secrets out.
fn told(run: impl Future<Output = ()>) -> Vec<Value> {
    let page = Page::default();
    let json = fmt::layer().json().without_time().with_writer(page.clone());
    let subscriber = tracing_subscriber::registry().with(json);
    let dispatch = Dispatch::new(subscriber);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    tracing::dispatcher::with_default(&dispatch, || runtime.block_on(run));
    let text = page.text();
    let events = text.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
    // Guards tell of what they do as well.
    events.filter(|event| event["target"] == "buttress::http").collect()
}

fn request(uri: &str) -> Request<()> {
    Request::get(uri).body(()).unwrap()
}

#[test]
fn a_request_and_its_response() {
    let events = told(async {
        let service =
            Logs::default().http_layer().layer(service_fn(|request: Request<()>| async move {
                assert!(request.headers()["authorization"].is_sensitive());
                assert!(!request.headers()["accept"].is_sensitive());
                tokio::time::sleep(Duration::from_millis(25)).await;
                let mut response = Response::new("body");
                let cookie = HeaderValue::from_static("sid=9f8e7d6c5b4a; Path=/; HttpOnly");
                response.headers_mut().insert("set-cookie", cookie);
                response
                    .headers_mut()
                    .insert("x-seen", HeaderValue::from_static("password=hunter2"));
                Ok::<_, Infallible>(response)
            }));
        let mut request = request(
            "/users/ghp_16C7e42F292c6912E7710c838347Ae178B4a?page=2&api%5Fkey=four-words&flag&next=password%3Dhunter2",
        );
        for (name, value) in [
            ("accept", "*/*"),
            ("authorization", "Bearer 4f9K2mQx7R"),
            ("x-api-key", "four words of it"),
            ("cookie", "theme=dark; sid=9f8e7d6c5b4a"),
        ] {
            request.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        let mut card = HeaderValue::from_static("not to be shown");
        card.set_sensitive(true);
        request.headers_mut().insert("x-card", card);
        let response = service.oneshot(request).await.unwrap();
        assert!(response.headers()["set-cookie"].is_sensitive());
        assert_eq!(*response.body(), "body");
    });
    assert_eq!(events.len(), 1);
    let (event, fields) = (&events[0], &events[0]["fields"]);
    assert_eq!((&event["level"], &event["target"]), (&"INFO".into(), &"buttress::http".into()));
    assert_eq!((&fields["method"], &fields["status"]), (&"GET".into(), &200.into()));
    assert_eq!(fields["path"], "/users/[REDACTED:github-pat]");
    assert_eq!(
        fields["query"],
        "page=2&api%5Fkey=[REDACTED:api-key]&flag&next=password%3D[REDACTED:password]"
    );
    assert_eq!(
        fields["request_headers"],
        "{accept: */*, authorization: Bearer [REDACTED:authorization], x-api-key: [REDACTED:api-key], \
         cookie: theme=dark; sid=[REDACTED:cookie], x-card: Sensitive}"
    );
    assert_eq!(
        fields["response_headers"],
        "{set-cookie: sid=[REDACTED:cookie]; Path=/; HttpOnly, x-seen: password=[REDACTED:password]}"
    );
    assert_eq!(fields["latency_ms"], 25.0);
    assert_eq!(fields["message"], "answered");
}

#[test]
fn how_a_request_may_end() {
    let events = told(async {
        let layer = Logs::default().http_layer().without_headers();
        let mut service = layer.layer(service_fn(|request: Request<()>| async move {
            match request.uri().path() {
                "/busy" => Ok(Response::builder().status(503).body(()).unwrap()),
                "/down" => Err("cannot reach postgres://app:hunter2@db\n"),
                "/panics" => panic!("boom"),
                _ => std::future::pending().await,
            }
        }));
        service.ready().await.unwrap().call(request("/busy")).await.unwrap();
        let error = service.ready().await.unwrap().call(request("/down")).await.unwrap_err();
        assert_eq!(error, "cannot reach postgres://app:hunter2@db\n", "passed on as it is");
        let panicking = service.ready().await.unwrap().call(request("/panics"));
        let panicked = tokio::task::unconstrained(futures::FutureExt::catch_unwind(
            AssertUnwindSafe(panicking),
        ));
        assert!(panicked.await.is_err());
        let hanging = service.ready().await.unwrap().call(request("/hangs"));
        tokio::time::timeout(Duration::from_secs(2), hanging).await.unwrap_err();
        drop(service.ready().await.unwrap().call(request("/unpolled")));
        let timeout = Timeout::new("t", Duration::from_secs(1)).unwrap();
        let call = service.ready().await.unwrap().call(request("/slow"));
        timeout.call(|| call).await.unwrap_err();
    });
    let seen: Vec<_> = events
        .iter()
        .map(|event| {
            let fields = &event["fields"];
            assert!(fields.get("request_headers").is_none() && fields.get("query").is_none());
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (
                text(&event["level"]),
                text(&fields["path"]),
                text(&fields["message"]),
                text(&fields["error"]),
            )
        })
        .collect();
    let row = |level: &str, path: &str, message: &str, error: &str| {
        (level.to_owned(), path.to_owned(), message.to_owned(), error.to_owned())
    };
    assert_eq!(
        seen,
        [
            row("ERROR", "/busy", "answered", ""),
            row(
                "ERROR",
                "/down",
                "failed",
                "cannot reach postgres://app:[REDACTED:url-password]@db\\n"
            ),
            row("ERROR", "/panics", "panicked", ""),
            row("INFO", "/hangs", "cancelled", ""),
            row("INFO", "/unpolled", "cancelled", ""),
            row("ERROR", "/slow", "timed out", ""),
        ]
    );
    assert_eq!(events[3]["fields"]["latency_ms"], 2000.0);
}

#[test]
fn a_refusal_says_why() {
    let events = told(async {
        let refusal = Refusal::ShuttingDown { name: "here".into() };
        let service = Logs::default().http_layer().layer(service_fn(move |_: Request<()>| {
            let refusal = refusal.clone();
            async move { Err::<Response<()>, _>(Error::<Infallible>::Refused(refusal)) }
        }));
        service.oneshot(request("/")).await.unwrap_err();
    });
    assert_eq!(events[0]["fields"]["error"], "the call was refused: `here` is shutting down");
}

#[test]
fn nobody_listens() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let deaf = tracing_subscriber::registry().with(LevelFilter::OFF);
    tracing::dispatcher::with_default(&Dispatch::new(deaf), || {
        runtime.block_on(async {
            let echo = service_fn(|request: Request<()>| async move {
                assert!(request.headers()["authorization"].is_sensitive());
                Ok::<_, Infallible>(Response::new(()))
            });
            let mut request = request("/");
            request.headers_mut().insert("authorization", HeaderValue::from_static("Bearer x"));
            let response = Logs::default().http_layer().layer(echo).oneshot(request).await.unwrap();
            assert_eq!(response.status(), 200);
        });
    });
}
