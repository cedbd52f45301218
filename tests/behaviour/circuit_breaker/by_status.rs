//! Failures that are answers: HTTP responses, told by their status.

use std::{convert::Infallible, time::Duration};

use buttress::{
    Error, Lift,
    circuit_breaker::{CircuitBreaker, Config, State},
    outcome::ByStatus,
};
use http::Response;
use tokio::time::advance;
use tower::{Layer, ServiceExt, service_fn};

const SECOND: Duration = Duration::from_secs(1);

fn response(status: u16, retry_after: &str) -> Response<()> {
    Response::builder().status(status).header("retry-after", retry_after).body(()).unwrap()
}

/// One answer through either door.
async fn answer(
    breaker: &CircuitBreaker<ByStatus>,
    tower: bool,
    status: u16,
    retry_after: &'static str,
) {
    let operation = move || async move { Ok::<_, Infallible>(response(status, retry_after)) };
    let result = if tower {
        let service = Lift::layer().layer(service_fn(move |()| operation()));
        breaker.layer().layer(service).oneshot(()).await
    } else {
        breaker.call(operation).await
    };
    assert!(matches!(result, Ok(_) | Err(Error::Refused(_))));
}

#[tokio::test(start_paused = true)]
async fn a_503_opens_the_circuit_for_as_long_as_it_asks() {
    for tower in [false, true] {
        let config = Config::off().with_consecutive_failures(2).with_fixed_interval(5 * SECOND);
        let breaker = CircuitBreaker::new("upstream", config).unwrap().classify(ByStatus);
        answer(&breaker, tower, 404, "").await;
        answer(&breaker, tower, 503, "120").await;
        assert_eq!(breaker.state(), State::Closed, "a 404 is no failure");
        answer(&breaker, tower, 503, "120").await;
        assert_eq!(breaker.state(), State::Open);
        assert_eq!(breaker.snapshot().retry_after, Some(120 * SECOND));
        advance(119 * SECOND).await;
        assert!(breaker.try_acquire().is_err());
        advance(SECOND).await;
        assert!(breaker.try_acquire().is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_429_is_a_soft_failure_and_what_cannot_be_read_is_not_heeded() {
    for tower in [false, true] {
        let config = Config::off()
            .with_soft_failure_ratio(0.5)
            .with_min_calls(2)
            .with_fixed_interval(5 * SECOND);
        let breaker = CircuitBreaker::new("upstream", config).unwrap().classify(ByStatus);
        answer(&breaker, tower, 429, "tomorrow").await;
        answer(&breaker, tower, 429, "tomorrow").await;
        assert_eq!(breaker.state(), State::Open);
        assert_eq!(breaker.snapshot().retry_after, Some(5 * SECOND));
    }
}
