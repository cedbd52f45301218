use http::{Response, StatusCode};

use super::{Classify, Outcome};
use crate::ground::{
    pushback::{self, Pushback},
    time::wall,
};

/// Tells by the status of an HTTP response what a call says about the backend.
///
/// | status | says |
/// |---|---|
/// | 429 Too Many Requests | soft failure |
/// | 408 Request Timeout, and every 5xx but 501 and 505 | failure |
/// | any other 4xx or 5xx with `x-should-retry: true` | soft failure: it asks to be called again |
/// | any other | success: whoever answers 404 is well |
///
/// An error is a failure. How long the backend asks to be left alone, and whether at all, is read off
/// the headers: `Retry-After` in seconds or as a date, quotas that are used up, and the other ways
/// there are of saying so ([`Pushback::from_headers`]).
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
        let status = response.status();
        let failed = status.is_client_error() || status.is_server_error();
        match status {
            StatusCode::TOO_MANY_REQUESTS => Outcome::SoftFailure,
            StatusCode::REQUEST_TIMEOUT => Outcome::Failure,
            // A failure stays one, whatever it asks for: or a backend that is down and says "again"
            // would never open a circuit.
            _ if status.is_server_error() && !is_callers_own(status) => Outcome::Failure,
            _ if failed && pushback::again(response.headers()) == Some(true) => {
                Outcome::SoftFailure
            }
            _ => Outcome::Success,
        }
    }

    fn pushback(&self, result: &Result<Response<Body>, E>) -> Pushback {
        match result {
            Ok(response) => Pushback::from_headers(response.headers(), wall()),
            Err(_) => Pushback::NONE,
        }
    }
}

/// Whether the caller asks for what is not to be had; nothing is broken.
fn is_callers_own(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    type Answer = Result<Response<()>, &'static str>;

    fn response(status: u16, headers: &[(&str, &str)]) -> Answer {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        response.body(()).map_err(|_| "not a response")
    }

    #[test]
    fn what_statuses_say() {
        use Outcome::{Failure, SoftFailure, Success};

        for (status, outcome, asked_again) in [
            (200, Success, Success),
            (301, Success, Success),
            (304, Success, Success),
            (400, Success, SoftFailure),
            (404, Success, SoftFailure),
            (408, Failure, Failure),
            (409, Success, SoftFailure),
            (429, SoftFailure, SoftFailure),
            (500, Failure, Failure),
            (501, Success, SoftFailure),
            (503, Failure, Failure),
            (505, Success, SoftFailure),
            (599, Failure, Failure),
        ] {
            assert_eq!(ByStatus.classify(&response(status, &[])), outcome, "{status}");
            for (again, expected) in
                [("true", asked_again), ("True", asked_again), ("false", outcome), ("1", outcome)]
            {
                let answer = response(status, &[("x-should-retry", again)]);
                assert_eq!(ByStatus.classify(&answer), expected, "{status}, {again}");
            }
        }
        assert_eq!(ByStatus.classify(&Err::<Response<()>, _>("refused")), Failure);
    }

    #[test]
    fn how_long_to_leave_it_alone_and_whether_at_all() {
        for (header, seconds) in
            [("3", Some(3)), (" 120 ", Some(120)), ("0", Some(0)), ("-1", None), ("soon", None)]
        {
            let expected = seconds.map(Duration::from_secs);
            let answer = response(503, &[("retry-after", header)]);
            assert_eq!(ByStatus.pushback(&answer).wait, expected, "{header:?}");
        }
        let never = response(503, &[("x-should-retry", "false")]);
        assert_eq!(ByStatus.pushback(&never), Pushback::never());
        assert_eq!(ByStatus.pushback(&response(503, &[])), Pushback::NONE);
        assert_eq!(ByStatus.pushback(&Err::<Response<()>, _>("refused")), Pushback::NONE);
    }

    #[test]
    fn a_date_is_told_by_the_calendar_rt_46() {
        let ahead = SystemTime::now() + Duration::from_secs(100);
        let answer = response(503, &[("retry-after", &httpdate::fmt_http_date(ahead))]);
        let wait = ByStatus.pushback(&answer).wait.unwrap_or_default();
        // A date has no fractions of a second, and the test takes its time.
        assert!((90..=100).contains(&wait.as_secs()), "{wait:?}");
        let past = response(503, &[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]);
        assert_eq!(ByStatus.pushback(&past).wait, Some(Duration::ZERO));
    }
}
