use std::time::Duration;

use http::{Response, StatusCode, header::RETRY_AFTER};

use super::{Classify, Outcome};
use crate::ground::pushback::Pushback;

/// Tells by the status of an HTTP response what a call says about the backend.
///
/// | status | says |
/// |---|---|
/// | 429 Too Many Requests | soft failure |
/// | 408 Request Timeout, and every 5xx but 501 and 505 | failure |
/// | any other | success: whoever answers 404 is well |
///
/// An error is a failure. `Retry-After` in seconds is heeded; as a date it is not read.
///
/// ```
/// use buttress::{circuit_breaker::CircuitBreaker, outcome::ByStatus};
///
/// let upstream = CircuitBreaker::new("upstream", Default::default())?.classify(ByStatus);
/// # Ok::<_, buttress::config::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ByStatus;

impl<Body, E> Classify<Response<Body>, E> for ByStatus {
    fn classify(&self, result: &Result<Response<Body>, E>) -> Outcome {
        let Ok(response) = result else { return Outcome::Failure };
        match response.status() {
            StatusCode::TOO_MANY_REQUESTS => Outcome::SoftFailure,
            // The caller asks for what is not to be had; nothing is broken.
            StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED => {
                Outcome::Success
            }
            StatusCode::REQUEST_TIMEOUT => Outcome::Failure,
            status if status.is_server_error() => Outcome::Failure,
            _ => Outcome::Success,
        }
    }

    fn pushback(&self, result: &Result<Response<Body>, E>) -> Pushback {
        let wait = || {
            let seconds = result.as_ref().ok()?.headers().get(RETRY_AFTER)?.to_str().ok()?;
            seconds.trim().parse().ok().map(Duration::from_secs)
        };
        wait().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, retry_after: Option<&str>) -> Result<Response<()>, &'static str> {
        let mut response = Response::builder().status(status);
        if let Some(retry_after) = retry_after {
            response = response.header(RETRY_AFTER, retry_after);
        }
        response.body(()).map_err(|_| "not a response")
    }

    #[test]
    fn what_statuses_say() {
        for (status, outcome) in [
            (200, Outcome::Success),
            (301, Outcome::Success),
            (400, Outcome::Success),
            (404, Outcome::Success),
            (408, Outcome::Failure),
            (429, Outcome::SoftFailure),
            (500, Outcome::Failure),
            (501, Outcome::Success),
            (503, Outcome::Failure),
            (505, Outcome::Success),
            (599, Outcome::Failure),
        ] {
            assert_eq!(ByStatus.classify(&response(status, None)), outcome, "{status}");
        }
        assert_eq!(ByStatus.classify(&Err::<Response<()>, _>("refused")), Outcome::Failure);
    }

    #[test]
    fn how_long_to_leave_it_alone() {
        for (header, seconds) in [
            (Some("3"), Some(3)),
            (Some(" 120 "), Some(120)),
            (Some("0"), Some(0)),
            (Some("-1"), None),
            (Some("1.5"), None),
            (Some("soon"), None),
            (Some("Fri, 20 Nov 2026 15:00:00 GMT"), None),
            (None, None),
        ] {
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(ByStatus.pushback(&response(503, header)).wait, expected, "{header:?}");
        }
        assert_eq!(ByStatus.pushback(&Err::<Response<()>, _>("refused")), Pushback::NONE);
    }
}
