//! Guards around an axum router by hand: `Lift` innermost, the guards, and `HandleErrorLayer` to
//! answer what they refuse.
//!
//! ```text
//! cargo run --example axum_guards
//! curl -i localhost:3000/answer      # twice fine, then 503 with Retry-After
//! ```

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    error_handling::HandleErrorLayer,
    http::{StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
    routing::get,
};
use buttress::{
    Error, Lift, Refusal,
    circuit_breaker::{CircuitBreaker, Config},
    outcome::ByStatus,
    timeout::{HttpDeadlineLayer, Timeout},
};
use tower::ServiceBuilder;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let timeout = Timeout::new("answer", Duration::from_secs(2))?;
    // The router's error is `Infallible`: what counts as a failure is the status.
    let breaker = CircuitBreaker::new("answer", Config::off().with_consecutive_failures(2))?
        .classify(ByStatus);

    let guards = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(answer_refusal))
        .layer(HttpDeadlineLayer::new(Duration::from_secs(10))?)
        .layer(breaker.layer())
        .layer(timeout.layer())
        .layer(Lift::layer());
    let app = Router::new()
        .route("/answer", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .layer(guards)
        .route(
            "/health",
            get(async move || serde_json::to_string(&breaker.snapshot()).unwrap_or_default()),
        );

    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 3000)).await?;
    axum::serve(listener, app).await?;
    Ok(())
}

/// Who refused, why and when to come back, in HTTP's words.
async fn answer_refusal(error: Error<Infallible>) -> Response {
    let refusal = match error {
        Error::Refused(refusal) => refusal,
        Error::Inner(never) => match never {},
    };
    let status = match refusal {
        Refusal::TimedOut { .. } | Refusal::DeadlineExceeded { .. } => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut response = (status, refusal.to_string()).into_response();
    if let Some(after) = refusal.retry_after() {
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}
