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
    let text = view.slice(start, end);
    let mut found = Found::default();
    let mut from = 0;
    while from < text.len() {
        let rest = text.get(from..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == b';').unwrap_or(rest.len());
        let pair = rest.get(..length).unwrap_or_default();
        if let Some(mark) = pair.iter().position(|byte| *byte == b'=') {
            let name = pair.get(..mark).unwrap_or_default().trim_ascii();
            let value = pair.get(mark + 1..).unwrap_or_default();
            let value = value.split(|byte| matches!(byte, b' ' | b'\\')).next().unwrap_or_default();
            let harmless = ATTRIBUTES.iter().any(|known| known.eq_ignore_ascii_case(name))
                || is_placeholder(value)
                || (value.len() < 6 && value.iter().all(u8::is_ascii_alphabetic));
            if !harmless {
                let begin = start + from + mark + 1;
                found.push(begin, begin + value.len());
            }
        }
        from += length + 1;
    }
    if open {
        found.push(end.saturating_sub(1).max(start), end);
        found.open = Some(Until::Line);
    }
    Some(found)
}
