//! Who may be answered from memory, and what may be remembered.

use std::time::{Duration, SystemTime};

use ::http::{HeaderMap, Method, StatusCode, header};

use super::{
    config::Config,
    directives::{Directives, age, by_dates, varies_by},
    key::RequestKey,
};

/// What is to be done about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// Whatever is there will do; what is not is loaded.
    Any,
    /// What is there will do if it is not older than this; if not, the request is sent on its own, and its
    /// answer is kept.
    Young(Duration),
    /// It is none that an answer is kept for.
    Pass,
    /// Neither, and it changes what it is about.
    Change,
}

/// What a request asks for.
pub(super) fn ask(method: &Method, headers: &HeaderMap, config: &Config) -> Ask {
    const PARTS: [header::HeaderName; 4] =
        [header::RANGE, header::IF_RANGE, header::IF_MATCH, header::IF_UNMODIFIED_SINCE];
    const CONDITIONS: [header::HeaderName; 2] = [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE];

    if !method.is_safe() {
        return Ask::Change;
    }
    if *method != Method::GET && *method != Method::HEAD
        || PARTS.iter().any(|name| headers.contains_key(name))
    {
        return Ask::Pass;
    }
    if config.obedient {
        let said = Directives::of(headers);
        let is_pragmatic =
            |value: &::http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"no-cache");
        if said.no_store {
            return Ask::Pass;
        }
        let is_old_fashioned = !headers.contains_key(header::CACHE_CONTROL)
            && headers.get_all(header::PRAGMA).iter().any(is_pragmatic);
        if said.no_cache || is_old_fashioned {
            return Ask::Young(Duration::ZERO);
        }
        if let Some(most) = said.max_age {
            return Ask::Young(most);
        }
    }
    // The answer may be that there is nothing new: that is nobody else's.
    if CONDITIONS.iter().any(|name| headers.contains_key(name)) {
        return Ask::Young(Duration::MAX);
    }
    Ask::Any
}

/// Whether a request says who asks, so that its answer may be for them alone.
pub(super) fn says_who(key: &RequestKey, headers: &HeaderMap, config: &Config) -> bool {
    let says = |name| headers.contains_key(&name) && !key.covers(&name);
    !key.is_somebodys()
        && (says(header::AUTHORIZATION) || (!config.anonymous_cookies && says(header::COOKIE)))
}

/// What may be done with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    /// It is kept, for so long if it says for how long.
    Kept(Option<Duration>),
    /// It is given to those who wait for it, and to nobody after them.
    Shared,
    /// It is for whoever has asked, and nobody else.
    Alone,
}

/// What may be done with this answer to a request of that key, which came at that time and took so long to.
pub(super) fn worth(
    status: StatusCode,
    headers: &HeaderMap,
    key: &RequestKey,
    (came, took): (SystemTime, Duration),
    config: &Config,
) -> Worth {
    let said = Directives::of(headers);
    let is_covered =
        varies_by(headers).is_some_and(|names| names.iter().all(|name| key.covers(name)));
    let is_for_all = said.public || said.s_maxage.is_some() || said.must_revalidate;
    if said.no_store
        || said.no_cache
        || said.private
        || headers.contains_key(header::SET_COOKIE)
        || !is_covered
        || (key.is_unnamed() && !is_for_all)
        || is_endless(headers)
    {
        return Worth::Alone;
    }
    if !config.statuses.contains(&status.as_u16()) {
        return if is_everybodys(status) { Worth::Shared } else { Worth::Alone };
    }
    match said.s_maxage.or(said.max_age).or_else(|| by_dates(headers, came)) {
        None if config.explicit || config.cache.ttl.is_none() => Worth::Shared,
        None => Worth::Kept(None),
        Some(explicit) => match explicit.saturating_sub(initial_age(headers, took)) {
            Duration::ZERO => Worth::Alone,
            left => Worth::Kept(Some(left)),
        },
    }
}

/// How long an answer is kept that said so much when it came, which is so long ago.
pub(super) fn left(said: Option<Duration>, ago: Duration, config: &Config) -> Duration {
    let (said, most) = (said.map(|said| said.saturating_sub(ago)), config.cache.ttl);
    said.into_iter().chain(most).min().unwrap_or_default()
}

/// Whether an answer must not be given once it has expired, even for want of another.
pub(super) fn must_be_fresh(headers: &HeaderMap) -> bool {
    let said = Directives::of(headers);
    said.must_revalidate || said.s_maxage.is_some()
}

/// How old an answer is when it has come.
pub(super) fn initial_age(headers: &HeaderMap, took: Duration) -> Duration {
    age(headers).saturating_add(took)
}

/// Whether an answer says that the service is not well: an older one may be better.
pub(super) fn is_unwell(status: StatusCode) -> bool {
    matches!(status.as_u16(), 500 | 502 | 503 | 504)
}

/// Answers of these statuses are about what was asked for, and not about who asked.
fn is_everybodys(status: StatusCode) -> bool {
    is_unwell(status) || matches!(status.as_u16(), 404 | 410)
}

/// A body that is sent as long as anybody listens.
fn is_endless(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map_or(&b""[..], |kind| kind.as_bytes());
    kind.get(..17).is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/event-stream"))
}

/// Whether a body of so many bytes is all that its head has announced.
pub(super) fn is_all(method: &Method, headers: &HeaderMap, bytes: usize) -> bool {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    // A head without a body may announce one.
    *method == Method::HEAD || announced.is_none_or(|length| length.trim() == bytes.to_string())
}

/// Takes out what is said from one server to the next, and to nobody behind it.
pub(super) fn strip(headers: &mut HeaderMap) {
    const HOPS: [&str; 9] = [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authentication-info",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
    ];
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    for name in named.iter().map(String::as_str).chain(HOPS) {
        headers.remove(name);
    }
}

/// How old an answer of this age is that says itself how old it was, in whole seconds.
pub(super) fn whole_seconds(initial: Duration, since: Duration) -> u64 {
    initial.saturating_add(since).as_secs()
}
