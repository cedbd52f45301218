//! What is told of a request and its response.

use std::{
    borrow::Cow,
    fmt::{self, Write},
    sync::Arc,
};

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header::HeaderName};

use crate::ground::time::{self, Instant};

use super::{neutral, scratch::printed, shared::Shared};

/// What events of requests are filtered by.
const TARGET: &str = "buttress::http";

/// A request that is under way, and owes an event.
pub(super) struct Exchange {
    shared: Arc<Shared>,
    began: Instant,
    /// None if nobody listens.
    request: Option<Request>,
    headers: bool,
    told: bool,
}

/// What is told of a request, as it may be told.
struct Request {
    method: Method,
    path: String,
    query: Option<String>,
    headers: Option<String>,
}

/// How it ended.
enum Ending<'a> {
    Answered(StatusCode, Option<String>),
    Failed(Cow<'a, str>),
    Cancelled,
    CutOff,
    Panicked,
}

impl Exchange {
    pub(super) fn begin<B>(
        shared: &Arc<Shared>,
        request: &mut http::Request<B>,
        headers: bool,
    ) -> Self {
        mark(shared, request.headers_mut());
        let listens = tracing::enabled!(target: TARGET, tracing::Level::ERROR);
        let request = listens.then(|| {
            let (path, query) = shown(shared, request.uri());
            Request {
                method: request.method().clone(),
                path,
                query,
                headers: headers.then(|| listed(shared, request.headers())),
            }
        });
        Self { shared: shared.clone(), began: time::now(), request, headers, told: false }
    }

    pub(super) const fn is_told(&self) -> bool {
        self.told
    }

    pub(super) fn answered<B>(&mut self, response: &mut http::Response<B>) {
        mark(&self.shared, response.headers_mut());
        let headers = (self.headers && self.request.is_some())
            .then(|| listed(&self.shared, response.headers()));
        self.tell(&Ending::Answered(response.status(), headers));
    }

    pub(super) fn failed(&mut self, error: &impl fmt::Display) {
        if self.request.is_some() {
            // With what it came from, if it is one that says so: `Error` and `anyhow::Error` do.
            let text = printed(format_args!("{error:#}"));
            let clean = self.shared.text(&text).into_owned();
            self.tell(&Ending::Failed(clean.into()));
        }
        self.told = true;
    }

    #[cold]
    pub(super) fn panicked(&mut self) {
        self.tell(&Ending::Panicked);
    }

    /// Once, whatever ends it.
    fn tell(&mut self, ending: &Ending<'_>) {
        self.told = true;
        let Some(request) = self.request.take() else {
            return;
        };
        let latency_ms = time::now().since(self.began).as_secs_f64() * 1e3;
        let Request { method, path, query, headers } = request;
        // A method may be any word.
        let method = self.shared.text(method.as_str());
        macro_rules! event {
            ($level:ident, $($fields:tt)+) => {
                tracing::event!(
                    target: TARGET,
                    tracing::Level::$level,
                    method = &*method,
                    path = path,
                    query = query,
                    request_headers = headers,
                    latency_ms,
                    $($fields)+
                )
            };
        }
        match ending {
            Ending::Answered(status, headers) => {
                let (status, response_headers) = (status.as_u16(), headers.as_deref());
                if status >= 500 {
                    event!(ERROR, status, response_headers, "answered");
                } else {
                    event!(INFO, status, response_headers, "answered");
                }
            }
            Ending::Failed(error) => event!(ERROR, error = &**error, "failed"),
            Ending::CutOff => event!(ERROR, "timed out"),
            Ending::Panicked => event!(ERROR, "panicked"),
            Ending::Cancelled => event!(INFO, "cancelled"),
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.told {
            // By one of our own timeouts or deadlines: whoever waits is told that it failed.
            let cut_off = time::is_cutting_off();
            self.tell(if cut_off { &Ending::CutOff } else { &Ending::Cancelled });
        }
    }
}

/// Marks what must not be shown, so that nobody else shows it either.
fn mark(shared: &Shared, headers: &mut HeaderMap) {
    for (name, value) in headers.iter_mut() {
        if shared.named_so(name.as_str()).is_certain() {
            value.set_sensitive(true);
        }
    }
}

/// All headers: `{accept: */*, cookie: theme=dark; sid=[REDACTED:cookie]}`.
fn listed(shared: &Shared, headers: &HeaderMap) -> String {
    let mut list = String::from("{");
    for (name, value) in headers {
        let comma = if list.len() > 1 { ", " } else { "" };
        let _always_fits = write!(list, "{comma}{name}: {}", header(shared, name, value));
    }
    list.push('}');
    shared.whole(list)
}

fn header(shared: &Shared, name: &HeaderName, value: &HeaderValue) -> String {
    let named = shared.named_so(name.as_str());
    // Somebody else knows that it must not be shown.
    if value.is_sensitive() && !named.is_certain() {
        return "Sensitive".to_owned();
    }
    shared.value(named, &neutral::readable(value.as_bytes())).into_owned()
}

/// Path and query: the values of the query by their names, and then both by what they say.
fn shown(shared: &Shared, uri: &Uri) -> (String, Option<String>) {
    let Some(query) = uri.query() else {
        return (shared.text(uri.path()).into_owned(), None);
    };
    let mut whole = format!("{}?", uri.path());
    for (at, pair) in query.split('&').enumerate() {
        if at > 0 {
            whole.push('&');
        }
        match pair.split_once('=') {
            Some((name, value)) => {
                let named = shared.named_so(&decoded(name));
                whole.push_str(name);
                whole.push('=');
                if named.is_nothing() {
                    whole.push_str(value);
                } else {
                    whole.push_str(&shared.value(named, value));
                }
            }
            None => whole.push_str(pair),
        }
    }
    let whole = shared.text(&whole);
    match whole.split_once('?') {
        Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
        None => (whole.into_owned(), None),
    }
}

/// A name in a query as its reader sees it: `api%5Fkey`.
fn decoded(name: &str) -> Cow<'_, str> {
    if !name.contains('%') {
        return Cow::Borrowed(name);
    }
    let (mut bytes, mut rest) = (Vec::with_capacity(name.len()), name.as_bytes());
    while let [first, others @ ..] = rest {
        let digit = |at: usize| others.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = others.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = others;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}
