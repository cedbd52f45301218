//! What `Cache-Control` says, and when.

use std::time::{Duration, SystemTime};

use ::http::{HeaderMap, HeaderName, header};

/// What all the fields of that name say together. What has been said twice counts as the stricter of both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Directives {
    pub(super) no_store: bool,
    pub(super) no_cache: bool,
    pub(super) private: bool,
    pub(super) public: bool,
    pub(super) must_revalidate: bool,
    pub(super) max_age: Option<Duration>,
    pub(super) s_maxage: Option<Duration>,
}

impl Directives {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut said = Self::default();
        for value in headers.get_all(header::CACHE_CONTROL) {
            // What nobody can read is not known to allow anything.
            let Ok(text) = value.to_str() else {
                said.no_store = true;
                continue;
            };
            said.hear_all(text);
        }
        said
    }

    fn hear_all(&mut self, text: &str) {
        let (mut is_quoted, mut is_escaped) = (false, false);
        let is_end = |letter: char| {
            is_quoted ^= letter == '"' && !is_escaped;
            is_escaped = is_quoted && letter == '\\' && !is_escaped;
            letter == ',' && !is_quoted
        };
        for said in text.split(is_end) {
            let (name, value) = match said.split_once('=') {
                Some((name, value)) => (name.trim(), value.trim().trim_matches('"')),
                None => (said.trim(), ""),
            };
            self.hear(name, value);
        }
        // A quotation without an end may have swallowed anything.
        self.no_store |= is_quoted;
    }

    fn hear(&mut self, name: &str, value: &str) {
        let is = |directive: &str| name.eq_ignore_ascii_case(directive);
        if is("max-age") {
            self.max_age = stricter(self.max_age, value);
        } else if is("s-maxage") {
            self.s_maxage = stricter(self.s_maxage, value);
        }
        // With fields behind it, it holds for those only; for all is stricter.
        self.no_cache |= is("no-cache");
        self.private |= is("private");
        self.no_store |= is("no-store");
        self.public |= is("public");
        self.must_revalidate |= is("must-revalidate") || is("proxy-revalidate");
    }
}

fn stricter(former: Option<Duration>, value: &str) -> Option<Duration> {
    let said = seconds(value).unwrap_or_default();
    Some(former.map_or(said, |former| former.min(said)))
}

/// A number of seconds; one that is too large is as good as for ever.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    let is_number = !text.is_empty() && text.bytes().all(|letter| letter.is_ascii_digit());
    is_number.then(|| Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX))))
}

/// For how long an answer is good by its dates: those tell how far they are apart, whatever the time is. One
/// without a `Date` is of the moment it came.
pub(super) fn by_dates(headers: &HeaderMap, came: SystemTime) -> Option<Duration> {
    let expires = headers.get(header::EXPIRES)?;
    let date = |value: &::http::HeaderValue| httpdate::parse_http_date(value.to_str().ok()?).ok();
    // A moment that cannot be read has passed.
    let Some(until) = date(expires) else { return Some(Duration::ZERO) };
    let from = headers.get(header::DATE).and_then(date).unwrap_or(came);
    Some(until.duration_since(from).unwrap_or_default())
}

/// How old an answer is that other caches have kept before.
pub(super) fn age(headers: &HeaderMap) -> Duration {
    let age = headers.get(header::AGE).and_then(|age| age.to_str().ok());
    age.and_then(|age| seconds(age.split(',').next()?.trim())).unwrap_or_default()
}

/// The fields by which an answer differs; `None` where nobody can tell.
pub(super) fn varies_by(headers: &HeaderMap) -> Option<Vec<HeaderName>> {
    let mut names = Vec::new();
    for value in headers.get_all(header::VARY) {
        for name in value.to_str().ok()?.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            // A star is a letter that names may have.
            if name == "*" {
                return None;
            }
            names.push(HeaderName::from_bytes(name.as_bytes()).ok()?);
        }
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &'static str) -> Directives {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, ::http::HeaderValue::from_static(text));
        Directives::of(&headers)
    }

    #[test]
    fn names_are_read_in_any_case_and_among_others() {
        let seconds = |secs| Some(Duration::from_secs(secs));
        assert_eq!(
            said("Public , MAX-AGE=60, s-maxage=\"5\", x=\"no-store, private\""),
            Directives {
                public: true,
                max_age: seconds(60),
                s_maxage: seconds(5),
                ..Directives::default()
            }
        );
        assert!(said("no-cache=\"set-cookie, x\"").no_cache);
        assert!(said("private=\"x\"").private && said("no-store").no_store);
        assert!(said("proxy-revalidate").must_revalidate);
    }

    #[test]
    fn what_cannot_be_read_is_no_time_at_all_and_what_is_said_twice_is_the_less() {
        assert_eq!(said("max-age=soon").max_age, Some(Duration::ZERO));
        assert_eq!(said("max-age=-1").max_age, Some(Duration::ZERO));
        assert_eq!(said("max-age").max_age, Some(Duration::ZERO));
        assert_eq!(said("max-age=9, max-age=3").max_age, Some(Duration::from_secs(3)));
        let ever = said("max-age=99999999999999999999999").max_age;
        assert!(ever > Some(Duration::from_secs(365 * 86_400)));
    }

    #[test]
    fn dates_are_compared_with_each_other() {
        let mut headers = HeaderMap::new();
        let date = |text| ::http::HeaderValue::from_static(text);
        let came = SystemTime::UNIX_EPOCH + Duration::from_secs(80);
        let by_dates = |headers: &HeaderMap| by_dates(headers, came);
        assert_eq!(by_dates(&headers), None);
        headers.insert(header::EXPIRES, date("Thu, 01 Jan 1970 00:01:30 GMT"));
        assert_eq!(by_dates(&headers), Some(Duration::from_secs(10)), "since it came");
        headers.insert(header::DATE, date("Thu, 01 Jan 1970 00:01:00 GMT"));
        assert_eq!(by_dates(&headers), Some(Duration::from_secs(30)));
        headers.insert(header::EXPIRES, date("0"));
        assert_eq!(by_dates(&headers), Some(Duration::ZERO));
    }
}
