use http::{HeaderName, Method, Request};

use super::Replay;

/// Clones an HTTP request, and tells by its method whether it may be served twice: GET, HEAD, OPTIONS,
/// TRACE, PUT and DELETE may, and whatever carries an `Idempotency-Key`. Any other is sent again
/// only where the server says that it was not served (429, `Retry-After`, `x-should-retry`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ByMethod;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

impl<Body: Clone> Replay<Request<Body>> for ByMethod {
    fn copy(&self, request: &Request<Body>) -> Option<Request<Body>> {
        Some(request.clone())
    }

    fn is_safe(&self, request: &Request<Body>) -> bool {
        is_idempotent(request.method()) || request.headers().contains_key(IDEMPOTENCY_KEY)
    }
}

fn is_idempotent(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_served_twice() -> Result<(), http::Error> {
        for (method, key, safe) in [
            ("GET", false, true),
            ("HEAD", false, true),
            ("OPTIONS", false, true),
            ("TRACE", false, true),
            ("PUT", false, true),
            ("DELETE", false, true),
            ("POST", false, false),
            ("PATCH", false, false),
            ("CONNECT", false, false),
            ("REPORT", false, false),
            ("POST", true, true),
        ] {
            let mut request = Request::builder().method(method);
            if key {
                request = request.header(IDEMPOTENCY_KEY, "1f0c");
            }
            let request = request.body(())?;
            assert_eq!(ByMethod.is_safe(&request), safe, "{method}, key: {key}");
            assert!(ByMethod.copy(&request).is_some());
        }
        Ok(())
    }
}
