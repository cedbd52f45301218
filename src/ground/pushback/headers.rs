use std::time::{Duration, SystemTime};

use http::HeaderMap;

use super::{
    Pushback, limit,
    moment::{millis, retry_after},
};

impl Pushback {
    /// What the headers of an answer say, in whatever dialect.
    ///
    /// | heard | from |
    /// |---|---|
    /// | `wait` | the first of these that can be read: `grpc-retry-pushback-ms`, `retry-after-ms`, `x-ms-retry-after-ms`, `Retry-After` (seconds, with a fraction too, or a date), an exhausted quota |
    /// | `again` | `x-should-retry`; false if `grpc-retry-pushback-ms` is negative or cannot be read |
    /// | `remaining` | the quota with the least left |
    ///
    /// Quotas are `RateLimit` (`"default";r=0;t=30`, and `limit=9, remaining=0, reset=30`),
    /// `RateLimit-Remaining` with `-Reset`, `x-ratelimit-…-requests` and `-tokens`, `anthropic-ratelimit-…`,
    /// `x-ratelimit-…` and `x-rate-limit-…`. The reset of one is a wait only where nothing of it is
    /// left, and the longest where that holds for several of a kind; of the kinds, the first that has
    /// one is heard. It may be in seconds, a Go duration (`1m30s`), seconds or milliseconds since 1970,
    /// RFC 3339 or an HTTP date.
    ///
    /// Not heeded is what cannot be read, and whatever asks for more than ten years. A `Retry-After`
    /// that has passed is a wait of nothing; a reset that has passed, and one of 0 or below, which
    /// means that the server does not know, say nothing, and nor does the rest of their quota. Where
    /// a header comes twice, the first that can be read is heard.
    ///
    /// `now` is the time by the calendar, which dates are compared with.
    ///
    /// ```
    /// use buttress::pushback::Pushback;
    /// use http::HeaderMap;
    /// use std::time::{Duration, SystemTime};
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert("x-ratelimit-remaining-tokens", "0".parse()?);
    /// headers.insert("x-ratelimit-reset-tokens", "6m0s".parse()?);
    /// headers.insert("x-ratelimit-remaining-requests", "59".parse()?);
    /// headers.insert("x-ratelimit-reset-requests", "24h0m0s".parse()?);
    ///
    /// let pushback = Pushback::from_headers(&headers, SystemTime::now());
    /// assert_eq!(pushback.wait, Some(Duration::from_secs(360)));
    /// # Ok::<_, http::header::InvalidHeaderValue>(())
    /// ```
    #[must_use]
    pub fn from_headers(headers: &HeaderMap, now: SystemTime) -> Self {
        let grpc = grpc(headers);
        let asked = match grpc {
            Some(Grpc::After(wait)) => Some(wait),
            Some(Grpc::Never) | None => first(headers, "retry-after-ms", millis)
                .or_else(|| first(headers, "x-ms-retry-after-ms", millis))
                .or_else(|| first(headers, "retry-after", |text| retry_after(text, now))),
        };
        let (exhausted, remaining) = limit::heard(headers, now);
        let again = match grpc {
            Some(Grpc::Never) => Some(false),
            _ => again(headers),
        };
        Self { wait: asked.or(exhausted), again, remaining }
    }
}

/// Whether the answer asks for another call, or asks for none.
pub(crate) fn again(headers: &HeaderMap) -> Option<bool> {
    first(headers, "x-should-retry", |text| match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    })
}

/// What a gRPC server says of retries.
#[derive(Clone, Copy)]
enum Grpc {
    After(Duration),
    Never,
}

/// Its values are whole, signed and of 32 bits; anything else means never, garbage too (gRFC A6).
fn grpc(headers: &HeaderMap) -> Option<Grpc> {
    let value = headers.get("grpc-retry-pushback-ms")?;
    let wait = value.to_str().ok().and_then(|text| text.trim().parse::<i32>().ok());
    match wait.and_then(|wait| u64::try_from(wait).ok()) {
        Some(wait) => Some(Grpc::After(Duration::from_millis(wait))),
        None => Some(Grpc::Never),
    }
}

/// The first value of this header that can be read.
pub(super) fn first<T>(
    headers: &HeaderMap,
    name: &'static str,
    read: impl FnMut(&str) -> Option<T>,
) -> Option<T> {
    texts(headers, name).find_map(read)
}

/// The values of this header that are text.
pub(super) fn texts<'a>(
    headers: &'a HeaderMap,
    name: &'static str,
) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok()).map(str::trim)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use http::{HeaderName, HeaderValue};

    use super::*;

    /// Heard at Fri, 20 Nov 2026 15:00:00 GMT.
    fn heard(headers: &[(&str, &[u8])]) -> Pushback {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().expect("a name of this file");
            map.append(name, HeaderValue::from_bytes(value).expect("a value of this file"));
        }
        Pushback::from_headers(&map, UNIX_EPOCH + Duration::from_secs(1_795_186_800))
    }

    /// Lines of `name: value`; the wait in milliseconds, and what remains.
    fn check(table: &[(&str, Option<u64>, Option<u64>)]) {
        for (text, wait, remaining) in table {
            let lines: Vec<(&str, &[u8])> = text
                .lines()
                .filter_map(|line| line.trim().split_once(": "))
                .map(|(name, value)| (name, value.as_bytes()))
                .collect();
            let wait = wait.map(Duration::from_millis);
            let expected = Pushback { wait, again: None, remaining: *remaining };
            assert_eq!(heard(&lines), expected, "{text}");
        }
    }

    #[test]
    fn the_first_that_can_be_read_is_heard() {
        check(&[
            ("", None, None),
            ("retry-after: 3", Some(3000), None),
            ("Retry-After: 1.5", Some(1500), None),
            ("retry-after: Fri, 20 Nov 2026 15:00:10 GMT", Some(10_000), None),
            ("retry-after: Fri, 20 Nov 2026 14:00:00 GMT", Some(0), None),
            ("retry-after: 0", Some(0), None),
            ("retry-after: -5", None, None),
            ("retry-after: NaN", None, None),
            ("retry-after: 1795186830", None, None),
            ("retry-after: tomorrow", None, None),
            ("retry-after-ms: 250\nx-ms-retry-after-ms: 300\nretry-after: 1", Some(250), None),
            ("x-ms-retry-after-ms: 300\nretry-after: 1", Some(300), None),
            ("retry-after-ms: -1\nretry-after: 1", Some(1000), None),
            ("retry-after-ms: abc\nx-ms-retry-after-ms: inf\nretry-after: 1", Some(1000), None),
            ("retry-after: soon\nretry-after: 7\nretry-after: 9", Some(7000), None),
            ("retry-after: 2\nratelimit: \"a\";r=0;t=60", Some(2000), Some(0)),
            ("retry-after: soon\nratelimit: \"a\";r=0;t=60", Some(60_000), Some(0)),
        ]);
    }

    #[test]
    fn the_reset_of_a_quota_is_a_wait_only_once_it_is_used_up() {
        check(&[
            ("ratelimit: \"default\";r=0;t=30", Some(30_000), Some(0)),
            ("ratelimit: \"default\";r=5;t=30", None, Some(5)),
            ("ratelimit: \"default\";r=0", None, Some(0)),
            ("ratelimit: \"default\";t=30", None, None),
            ("ratelimit: default; r=0; t=30", Some(30_000), Some(0)),
            ("ratelimit: \"a\";r=0;t=1, \"b\";r=9;t=60", Some(1000), Some(0)),
            ("ratelimit: \"a\";r=0;t=1, \"b\";r=0;t=60", Some(60_000), Some(0)),
            ("ratelimit: \"a\";r=3;t=1\nratelimit: \"b\";r=0;t=60", Some(60_000), Some(0)),
            ("ratelimit: \"a;r=7;t=8, \\\"b\";r=0;t=5", Some(5000), Some(0)),
            ("ratelimit: limit=100, remaining=0, reset=30", Some(30_000), Some(0)),
            ("ratelimit: limit=100, remaining=50, reset=30", None, Some(50)),
            ("ratelimit-remaining: 0\nratelimit-reset: 30", Some(30_000), Some(0)),
            ("ratelimit-remaining: 1\nratelimit-reset: 30", None, Some(1)),
            ("ratelimit-reset: 30", None, None),
            ("x-ratelimit-remaining: 0\nx-ratelimit-reset: 1795186830", Some(30_000), Some(0)),
            ("x-ratelimit-remaining: 0\nx-ratelimit-reset: 1795186830000", Some(30_000), Some(0)),
            ("x-ratelimit-remaining: 0\nx-ratelimit-reset: 1795186799", None, None),
            ("x-rate-limit-remaining: 0\nx-rate-limit-reset: 1795186860", Some(60_000), Some(0)),
            (
                "ratelimit: \"a\";r=0;t=10\nx-ratelimit-remaining: 0\nx-ratelimit-reset: 60",
                Some(10_000),
                Some(0),
            ),
        ]);
    }

    #[test]
    fn quotas_of_requests_and_tokens_are_each_their_own() {
        check(&[
            (
                "x-ratelimit-limit-requests: 60\nx-ratelimit-remaining-requests: 59
                x-ratelimit-reset-requests: 1s\nx-ratelimit-limit-tokens: 150000
                x-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 6m0s",
                Some(360_000),
                Some(0),
            ),
            (
                "x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 12ms
                x-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 1s",
                Some(1000),
                Some(0),
            ),
            (
                "x-ratelimit-remaining-requests: 10\nx-ratelimit-reset-requests: 1h2m3.5s
                x-ratelimit-remaining-tokens: 2000\nx-ratelimit-reset-tokens: 1s",
                None,
                Some(10),
            ),
            // Azure: plain seconds, and -1 or 0 where it does not know.
            (
                "x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 10",
                Some(10_000),
                Some(0),
            ),
            ("x-ratelimit-remaining-requests: -1\nx-ratelimit-reset-requests: 10", None, None),
            ("x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 0", None, None),
            ("x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: -1", None, None),
            ("x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: soon", None, Some(0)),
            (
                "anthropic-ratelimit-requests-remaining: 40
                anthropic-ratelimit-requests-reset: 2026-11-20T15:01:00Z
                anthropic-ratelimit-input-tokens-remaining: 0
                anthropic-ratelimit-input-tokens-reset: 2026-11-20T15:00:20Z
                anthropic-ratelimit-output-tokens-remaining: 0
                anthropic-ratelimit-output-tokens-reset: 2026-11-20T15:00:05Z",
                Some(20_000),
                Some(0),
            ),
            (
                "anthropic-ratelimit-tokens-remaining: 0
                anthropic-ratelimit-tokens-reset: 2026-11-20T14:59:00Z",
                None,
                None,
            ),
        ]);
    }

    #[test]
    fn whether_to_call_again_is_heard_apart() {
        for (name, value, again, wait) in [
            ("x-should-retry", "true", Some(true), None),
            ("x-should-retry", "FALSE", Some(false), None),
            ("x-should-retry", "perhaps", None, None),
            ("grpc-retry-pushback-ms", "1000", None, Some(1000)),
            ("grpc-retry-pushback-ms", "0", None, Some(0)),
            ("grpc-retry-pushback-ms", "-1", Some(false), None),
            ("grpc-retry-pushback-ms", "1.5", Some(false), None),
            ("grpc-retry-pushback-ms", "soon", Some(false), None),
            ("grpc-retry-pushback-ms", "99999999999", Some(false), None),
        ] {
            let expected =
                Pushback { wait: wait.map(Duration::from_millis), again, remaining: None };
            assert_eq!(heard(&[(name, value.as_bytes())]), expected, "{name}: {value} (RT-49)");
        }
        let both: [(&str, &[u8]); 2] =
            [("grpc-retry-pushback-ms", b"-1"), ("x-should-retry", b"true")];
        assert_eq!(heard(&both), Pushback::never());
        let exact: [(&str, &[u8]); 2] = [("retry-after", b"9"), ("grpc-retry-pushback-ms", b"250")];
        assert_eq!(heard(&exact), Pushback::after(Duration::from_millis(250)));
    }

    #[test]
    fn what_is_not_text_is_not_heeded() {
        let beside: [(&str, &[u8]); 2] = [("retry-after", b"\xff\xfe"), ("retry-after", b"4")];
        assert_eq!(heard(&beside), Pushback::after(Duration::from_secs(4)));
        let never: [(&str, &[u8]); 1] = [("grpc-retry-pushback-ms", b"\xff")];
        assert_eq!(heard(&never), Pushback::never());
    }
}
