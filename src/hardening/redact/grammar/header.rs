//! The value of an `Authorization` header.

use super::{
    super::{
        class::LINE,
        view::{View, WINDOW},
    },
    Found, Until, bare,
    key::Key,
    operator::Join,
    placeholder::is_placeholder,
    quote::{self, Quote},
    value::prefixed,
};

/// Schemes with one credential behind.
const SINGLE: [&[u8]; 10] = [
    b"bearer",
    b"basic",
    b"token",
    b"apikey",
    b"api-key",
    b"ssws",
    b"negotiate",
    b"ntlm",
    b"bot",
    b"splunk",
];

/// Schemes with a list behind.
const LISTS: [&[u8]; 7] =
    [b"digest", b"aws4-hmac-sha256", b"hawk", b"oauth", b"hmac", b"signature", b"sharedkey"];

pub(super) fn value(view: &View<'_>, key: &Key, join: Join, at: usize) -> Option<Found> {
    if let Some((quote, start)) = prefixed(view, at) {
        let closing = quote::close(view, quote, start);
        let mut found = whole(view, start, closing.end)?;
        if closing.open {
            found.open = Some(match quote {
                Quote::Mark(mark, _) => Until::Quote(mark),
                _ => Until::Line,
            });
        }
        return Some(found);
    }
    if matches!(join, Join::Prose) {
        return None;
    }
    let (begin, whole) = credential(view, at);
    let list = whole && LISTS.iter().any(|scheme| view.starts_uncased(at, scheme));
    if list {
        // Everything up to the end of the line, or to the quote around the header.
        let mut end = view.run(begin, &LINE, WINDOW);
        let open = end - begin == WINDOW;
        if let Some(mark) = key.quote {
            let text = view.slice(begin, end);
            let close = text.iter().rposition(|byte| *byte == mark);
            end = close.map_or(end, |close| begin + close);
        }
        let mut found = Found::one(begin, end);
        found.open = open.then_some(Until::Line);
        return Some(found);
    }
    let (end, open) = bare::end(view, key, begin);
    let value = view.slice(begin, end.min(begin + 256));
    let digits = value.iter().any(u8::is_ascii_digit);
    let long = end - begin >= if whole { 1 } else { 16 } || (digits && end - begin >= 6);
    if is_placeholder(value) || !long {
        return other_scheme(view, key, at, end);
    }
    if whole
        && !digits
        && value.iter().all(u8::is_ascii_lowercase)
        && (value.len() < 12 || view.is(end, b' '))
        && view.is(end, b' ')
    {
        return None;
    }
    let mut found = Found::one(begin, end);
    found.open = open.then_some(Until::Bare);
    Some(found)
}

/// What is secret of a value that is known to end at `end`.
pub(super) fn whole(view: &View<'_>, start: usize, end: usize) -> Option<Found> {
    let (begin, whole) = credential(view, start);
    let begin = if whole { begin } else { start };
    let value = view.slice(begin.min(end), end);
    let shown = value.get(..256).unwrap_or(value);
    let words = shown.iter().filter(|byte| **byte == b' ').count();
    if is_placeholder(shown) || (!whole && (value.len() < 6 || words > 3)) {
        return None;
    }
    Some(Found::one(begin, end))
}

/// `Scheme credential`, of a scheme that nobody knows.
fn other_scheme(view: &View<'_>, key: &Key, at: usize, end: usize) -> Option<Found> {
    if end == at || !view.is(end, b' ') {
        return None;
    }
    let start = view.blanks(end, 4);
    let (end, open) = bare::end(view, key, start);
    let value = view.slice(start, end.min(start + 256));
    let mixed = value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic);
    if value.len() < 8 || !mixed || is_placeholder(value) {
        return None;
    }
    let mut found = Found::one(start, end);
    found.open = open.then_some(Until::Bare);
    Some(found)
}

/// Past the scheme, if one that is known stands at `at`.
pub(super) fn credential(view: &View<'_>, at: usize) -> (usize, bool) {
    for scheme in SINGLE.iter().chain(&LISTS) {
        if view.starts_uncased(at, scheme) {
            let end = at + scheme.len();
            let next = match view.get(end) {
                Some(b' ' | b':' | b'=') => view.blanks(end + 1, 8),
                Some(b'%') if view.starts(end, b"%20") => end + 3,
                _ => continue,
            };
            return (next, true);
        }
    }
    (at, false)
}
