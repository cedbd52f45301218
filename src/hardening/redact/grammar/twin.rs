//! Names and values that stand in two places of their own: `"name": "password", "value": "…"`,
//! two cells of a page, two tags.

use super::{
    super::view::View,
    Found,
    key::Key,
    operator::{Join, space},
    placeholder::is_placeholder,
    promise::promising,
    quote::{self, Quote},
};

/// What the place of the value is called.
const VALUES: [&[u8]; 9] =
    [b"value", b"val", b"v", b"content", b"plaintext", b"default", b"data", b"text", b"old"];

/// What the place of the name is called, where it comes second.
const NAMES: [&[u8]; 7] = [b"name", b"key", b"id", b"field", b"variable", b"property", b"header"];

/// `"name": "password", "value": "…"` in its many forms: the place after the second `=` or `:`.
pub(super) fn sibling(view: &View<'_>, key: &Key, at: usize, closed: bool) -> Option<usize> {
    // `key=name value=…`
    let set = view.before(key.start) == Some(b'=');
    let set = set || key.tag;
    if !closed && !set && !matches!(view.get(at), Some(b'\n' | b'\r' | b',')) {
        return None;
    }
    if !matches!(view.get(at), Some(b'\n' | b'\r' | b',' | b' ' | b';')) {
        return None;
    }
    let quoted = key.quote.is_some() || key.tag;
    let mut at = at;
    if view.is(at, b',') || view.is(at, b';') {
        at += 1;
    }
    at = space(view, at, 64);
    if closed && view.is(at, b'{') {
        at = space(view, at + 1, 64);
    }
    for _ in 0..3 {
        let start = at;
        let name = quote::open(view, at).map_or(at, |(_, end)| end);
        let word = name;
        let mut end = name;
        while end - name < 24
            && view
                .get(end)
                .is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_'))
        {
            end += 1;
        }
        let after = quote::open(view, end).filter(|_| name > start).map_or(end, |(_, end)| end);
        let mark = view.blanks(after, 16);
        let marked = matches!(view.get(mark), Some(b'=' | b':'));
        if !marked || end == name {
            return None;
        }
        if is_value(view, word, end) {
            return Some(mark + 1);
        }
        at = past_attribute(view, view.blanks(mark + 1, 16), quoted)?;
        if view.is(at, b',') {
            at += 1;
        }
        at = space(view, at, 32);
    }
    None
}

/// Past the value of another attribute in between.
fn past_attribute(view: &View<'_>, at: usize, quoted: bool) -> Option<usize> {
    if let Some((mark, begin)) = quote::open(view, at).filter(|_| quoted) {
        let text = view.slice(begin, begin + 48);
        return match mark {
            Quote::Mark(mark, 0) => Some(begin + text.iter().position(|byte| *byte == mark)? + 1),
            _ => None,
        };
    }
    let mut end = at;
    while end - at < 24 && view.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric()) {
        end += 1;
    }
    (end > at && matches!(view.get(end), Some(b',' | b'\n' | b'\r'))).then_some(end)
}

fn is_one_of(view: &View<'_>, start: usize, end: usize, words: &[&[u8]]) -> bool {
    words.iter().any(|word| end - start == word.len() && view.starts_uncased(start, word))
}

/// Whether the word is what the place of a value is called.
fn is_value(view: &View<'_>, word: usize, end: usize) -> bool {
    end - word > 5 && view.starts_uncased(end - 5, b"value") || is_one_of(view, word, end, &VALUES)
}

/// `{"value": "…"}`: where the quote of the value opens, `at` being behind the brace.
pub(super) fn inner(view: &View<'_>, at: usize) -> Option<usize> {
    let (quote, word) = quote::open(view, space(view, at, 32))?;
    let mut end = word;
    while end - word < 16 && view.get(end).is_some_and(|byte| byte.is_ascii_alphabetic()) {
        end += 1;
    }
    let (other, close) = quote::open(view, end)?;
    let mark = view.blanks(close, 4);
    let known = quote == other
        && view.is(mark, b':')
        && (is_value(view, word, end) || is_one_of(view, word, end, &[b"s"]));
    let value = space(view, mark + 1, 32);
    (known && quote::open(view, value).is_some()).then_some(value)
}

/// `, "new": "…"`, behind the value that was: where the quote of the other opens.
pub(super) fn successor(view: &View<'_>, at: usize) -> Option<usize> {
    const NEW: [&[u8]; 5] = [b"new", b"to", b"after", b"current", b"newvalue"];
    let (quote, word) = quote::open(view, space(view, at + usize::from(view.is(at, b',')), 16))?;
    let mut end = word;
    while end - word < 10 && view.get(end).is_some_and(|byte| byte.is_ascii_alphabetic()) {
        end += 1;
    }
    let (other, close) = quote::open(view, end)?;
    let mark = view.blanks(close, 4);
    let joined = quote == other
        && is_one_of(view, word, end, &NEW)
        && (view.is(mark, b':') || view.starts(mark, b"=>"));
    joined.then(|| view.blanks(mark + 1 + usize::from(view.is(mark, b'=')), 4))
}

/// The value in front of its name: `"value": "…", "name": "password"`, on one line.
pub(super) fn before(view: &View<'_>, key: &Key) -> Option<Found> {
    let (name, _) = attribute_before(view, key.start)?;
    if !is_one_of(view, name.0, name.1, &NAMES) {
        return None;
    }
    let mut at = name.0;
    for _ in 0..3 {
        at = back_over(view, at, |byte| matches!(byte, b' ' | b',' | b'"' | b'\'' | b'\\'));
        // The quote that closes the attribute before was passed over as well.
        let close = (at..name.0).find(|at| matches!(view.get(*at), Some(b'"' | b'\'' | b'\\')))?;
        let mark = (close..close + 4).find_map(|at| view.get(at).filter(|byte| *byte != b'\\'))?;
        let start = back_over(view, close, |byte| byte != mark && byte >= b' ');
        if view.before(start) != Some(mark) {
            return None;
        }
        let (word, begin) = attribute_before(view, start)?;
        if is_one_of(view, word.0, word.1, &VALUES) {
            let value = view.slice(start, close);
            let fits = begin <= start
                && close > start
                && !is_placeholder(value)
                && promising(key, value, close - start, true);
            return fits.then(|| Found::one(start, close));
        }
        at = word.0;
    }
    None
}

/// The name of the attribute whose quoted value begins at `start`, and where that name begins.
fn attribute_before(view: &View<'_>, start: usize) -> Option<((usize, usize), usize)> {
    let quote = start.checked_sub(1)?;
    if !matches!(view.get(quote), Some(b'"' | b'\'')) {
        return None;
    }
    let blanks = back_over(view, quote, |byte| matches!(byte, b' ' | b'\\'));
    let mark = blanks.checked_sub(1)?;
    if !matches!(view.get(mark), Some(b'=' | b':')) {
        return None;
    }
    let end = back_over(view, mark, |byte| matches!(byte, b' ' | b'"' | b'\'' | b'\\'));
    let begin = back_over(view, end, |byte| byte.is_ascii_alphabetic() || byte == b'_');
    (begin < end).then_some(((begin, end), begin))
}

/// The start of the run of such bytes that ends at `end`.
fn back_over(view: &View<'_>, end: usize, is: impl Fn(u8) -> bool) -> usize {
    let mut at = end;
    while at > 0 && view.get(at - 1).is_some_and(&is) {
        at -= 1;
    }
    at
}

/// `<key>password</key><string>…`, `<b>password</b>: …`: how the name whose tag closes at `at` is joined
/// to a value, and where that begins.
pub(super) fn next_tag(view: &View<'_>, at: usize) -> Option<(Join, usize)> {
    let end = view.find(at, b'>', 32)? + 1;
    let mark = view.blanks(end, 8);
    match view.get(mark) {
        Some(b':') => return Some((Join::Colon, mark + 1)),
        Some(b'=') => return Some((Join::Equals, mark + 1)),
        _ => {}
    }
    let next = space(view, end, 64);
    if !view.is(next, b'<') || view.is(next + 1, b'/') {
        return None;
    }
    let name = view.slice(next + 1, next + 7);
    let starts = |known: &[&[u8]]| known.iter().any(|known| name.starts_with(known));
    let join = if starts(&[b"string", b"value", b"val", b"data"]) {
        Join::Tag
    } else if starts(&[b"td", b"dd"]) {
        Join::Prose
    } else {
        return None;
    };
    let inside = view.find(next, b'>', 64)? + 1;
    // `<value><string>…`
    if view.is(inside, b'<') && view.get(inside + 1).is_some_and(|byte| byte.is_ascii_alphabetic())
    {
        return Some((join, view.find(inside, b'>', 32)? + 1));
    }
    Some((join, inside))
}

/// Past tags that only say how the text looks: `<b>`, `</code>`.
pub(super) fn past_markup(view: &View<'_>, start: usize) -> usize {
    let mut at = start;
    for _ in 0..3 {
        let name = at + 1 + usize::from(view.is(at + 1, b'/'));
        let mut end = name;
        while end - name < 7 && view.get(end).is_some_and(|byte| byte.is_ascii_lowercase()) {
            end += 1;
        }
        let known =
            [&b"b"[..], b"i", b"em", b"strong", b"code", b"span", b"kbd", b"tt", b"u", b"p", b"br"];
        if !view.is(at, b'<') || !view.is(end, b'>') || !known.contains(&view.slice(name, end)) {
            break;
        }
        at = view.blanks(end + 1, 8);
    }
    at
}
