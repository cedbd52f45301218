//! The values of cookies.

use super::{
    super::{
        class::LINE,
        view::{View, WINDOW},
    },
    Found, Until,
    operator::Join,
    placeholder::is_placeholder,
    quote,
    value::prefixed,
};

/// What a cookie says about itself.
const ATTRIBUTES: [&[u8]; 8] =
    [b"path", b"domain", b"expires", b"max-age", b"samesite", b"secure", b"httponly", b"version"];

/// The value of each `name=value` between semicolons.
pub(super) fn values(view: &View<'_>, join: Join, at: usize) -> Option<Found> {
    if join == Join::Prose {
        return None;
    }
    let (start, end, open) = match prefixed(view, at) {
        Some((quote, start)) => {
            let closing = quote::close(view, quote, start);
            (start, closing.end, closing.open)
        }
        None => {
            let end = view.run(at, &LINE, WINDOW);
            let text = view.slice(at, end);
            let quoted = text.iter().position(|byte| matches!(byte, b'"' | b'\''));
            (at, quoted.map_or(end, |quoted| at + quoted), end - at == WINDOW)
        }
    };
    let mut found = Found::default();
    pairs(view.slice(start, end), |begin, value| {
        let value = value.split(|byte| matches!(byte, b' ' | b'\\')).next().unwrap_or_default();
        if !is_harmless(value) {
            found.push(start + begin, start + begin + value.len());
        }
    });
    if open {
        found.push(end.saturating_sub(1).max(start), end);
        found.open = Some(Until::Line);
    }
    Some(found)
}

/// The same of a text that is nothing but cookies.
pub(super) fn whole(text: &[u8]) -> Found {
    let mut found = Found::default();
    pairs(text, |begin, value| {
        let mut begin = begin;
        let mut value = value.trim_ascii_end();
        if let [b'"', inside @ .., b'"'] = value {
            (begin, value) = (begin + 1, inside);
        }
        if !is_harmless(value) {
            found.push(begin, begin + value.len());
        }
    });
    found
}

/// Tells `each` where the value of a cookie begins, and what it is.
fn pairs(text: &[u8], mut each: impl FnMut(usize, &[u8])) {
    let mut from = 0;
    for pair in text.split(|byte| *byte == b';') {
        if let Some(mark) = pair.iter().position(|byte| *byte == b'=') {
            let name = pair.get(..mark).unwrap_or_default().trim_ascii();
            if !ATTRIBUTES.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                each(from + mark + 1, pair.get(mark + 1..).unwrap_or_default());
            }
        }
        from += pair.len() + 1;
    }
}

fn is_harmless(value: &[u8]) -> bool {
    is_placeholder(value) || (value.len() < 6 && value.iter().all(u8::is_ascii_alphabetic))
}
