//! Quotes, however deep they are escaped.

use super::super::{
    class::LINE,
    view::{View, WINDOW},
};

/// How a value is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quote {
    /// A mark behind so many backslashes.
    Mark(u8, usize),
    /// Three marks.
    Triple(u8),
    /// A text that stands for a mark.
    Text(&'static [u8]),
}

/// Texts that stand for quotes, and what closes them.
const TEXTS: [(&[u8], &[u8]); 11] = [
    (b"&quot;", b"&quot;"),
    (b"&#34;", b"&#34;"),
    (b"&#39;", b"&#39;"),
    (b"&apos;", b"&apos;"),
    (b"%22", b"%22"),
    (b"%27", b"%27"),
    (b"\\u0022", b"\\u0022"),
    (b"\\u0027", b"\\u0027"),
    (b"\\x22", b"\\x22"),
    ("“".as_bytes(), "”".as_bytes()),
    ("«".as_bytes(), "»".as_bytes()),
];

/// The quote that stands at `at`, and the place after it.
pub(super) fn open(view: &View<'_>, at: usize) -> Option<(Quote, usize)> {
    match view.get(at)? {
        mark @ (b'"' | b'\'' | b'`') => {
            if view.is(at + 1, mark) && view.is(at + 2, mark) && mark != b'`' {
                return Some((Quote::Triple(mark), at + 3));
            }
            Some((Quote::Mark(mark, 0), at + 1))
        }
        b'\\' => {
            let mut end = at;
            while end - at < 16 && view.is(end, b'\\') {
                end += 1;
            }
            match view.get(end) {
                Some(mark @ (b'"' | b'\'')) => Some((Quote::Mark(mark, end - at), end + 1)),
                _ => texts(view, at),
            }
        }
        b'&' | b'%' | 0xe2 | 0xc2 => texts(view, at),
        _ => None,
    }
}

fn texts(view: &View<'_>, at: usize) -> Option<(Quote, usize)> {
    let (text, close) = TEXTS.iter().find(|(text, _)| view.starts(at, text))?;
    Some((Quote::Text(close), at + text.len()))
}

/// Where the value that began at `start` ends: at its quote, at the end of the line, or nowhere
/// within the window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closing {
    pub(super) end: usize,
    /// The place after the quote, if there is one.
    pub(super) after: Option<usize>,
    pub(super) open: bool,
}

pub(super) fn close(view: &View<'_>, quote: Quote, start: usize) -> Closing {
    let mut at = start;
    let mark = match quote {
        Quote::Mark(mark, _) | Quote::Triple(mark) => mark,
        // The last byte is the one in which it differs from what opens.
        Quote::Text(text) => text.last().copied().unwrap_or(b'"'),
    };
    let triple = matches!(quote, Quote::Triple(_));
    let limit = if triple { start + WINDOW } else { view.peek_run(start, &LINE, WINDOW) };
    while at < limit {
        let Some(found) = view.find(at, mark, limit - at) else {
            break;
        };
        let closes = match quote {
            Quote::Mark(_, depth) => {
                let mut first = found;
                while first > start && found - first < 17 && view.is(first - 1, b'\\') {
                    first -= 1;
                }
                let slashes = found - first;
                let closes = if depth == 0 { slashes % 2 == 0 } else { slashes <= depth };
                let doubled = mark == b'\''
                    && depth == 0
                    && found > start
                    && view.is(found + 1, mark)
                    && view
                        .get(found + 2)
                        .is_some_and(|next| next.is_ascii_alphanumeric() || next == b' ');
                if doubled {
                    at = found + 2;
                    continue;
                }
                if closes {
                    return Closing {
                        end: if depth == 0 { found } else { first },
                        after: Some(found + 1),
                        open: false,
                    };
                }
                false
            }
            Quote::Triple(mark) => view.is(found + 1, mark) && view.is(found + 2, mark),
            Quote::Text(text) => {
                let first = (found + 1).saturating_sub(text.len());
                if first >= start && view.starts(first, text) {
                    return Closing { end: first, after: Some(found + 1), open: false };
                }
                false
            }
        };
        if closes {
            return Closing { end: found, after: Some(found + 3), open: false };
        }
        at = found + 1;
    }
    // No quote: the line was cut, or the value is longer than the window.
    let end = if triple {
        view.slice(start, limit).len() + start
    } else {
        view.run(start, &LINE, WINDOW)
    };
    Closing { end, after: None, open: end == start + WINDOW }
}
