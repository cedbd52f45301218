//! Values that stand in something: a list, a call, a table, a tag, a form, a block of lines.

use super::{
    super::{
        class::{BARE, LINE},
        keys::{Strength, judge},
        view::{View, WINDOW},
    },
    Found, Until, header,
    key::Key,
    operator::{Join, space},
    placeholder::is_placeholder,
    promise::{is_tokenish, promising},
    quote,
    value::{one, prefixed, scheme, wrapped},
};

/// The items of a list.
pub(super) fn list(view: &View<'_>, key: &Key, start: usize) -> Option<Found> {
    let mut at = space(view, start, 32);
    if key.strength == Strength::Header {
        return header::value(view, key, Join::Equals, wrapped(view, at));
    }
    let mut found = Found::default();
    for _ in 0..16 {
        let Some((quote, begin)) = prefixed(view, at) else {
            let nothing = found.is_empty() && !matches!(view.get(at), Some(b'[' | b'{'));
            return if nothing { one(view, key, Join::Equals, at) } else { Some(found) };
        };
        let closing = quote::close(view, quote, begin);
        let value = view.slice(begin, closing.end.min(begin + 256));
        if !is_placeholder(value) && promising(key, value, closing.end - begin, true) {
            found.push(begin, closing.end);
        }
        let next = space(view, closing.after?, 8);
        if !view.is(next, b',') || next > start + WINDOW {
            break;
        }
        at = space(view, next + 1, 32);
    }
    Some(found)
}

/// `- value`, line by line.
pub(super) fn items(view: &View<'_>, key: &Key, start: usize) -> Option<Found> {
    let (mut found, mut at) = (Found::default(), start);
    for _ in 0..16 {
        if !view.starts(at, b"- ") {
            break;
        }
        let begin = view.blanks(at + 2, 8);
        let line = view.run(begin, &LINE, 256);
        let (begin, end) = match quote::open(view, begin) {
            Some((quote, inside)) => (inside, quote::close(view, quote, inside).end),
            None => (begin, line),
        };
        let value = view.slice(begin, end.max(begin));
        if !value.contains(&b' ')
            && !is_placeholder(value)
            && promising(key, value, value.len(), false)
            && is_tokenish(value, key)
            && judge(value).is_none()
        {
            found.push(begin, end);
        }
        at = space(view, line, 32);
    }
    Some(found)
}

/// `<<EOT` and the lines up to one that is nothing but this word.
pub(super) fn heredoc(view: &View<'_>, at: usize) -> Option<Found> {
    if !view.starts(at, b"<<") {
        return None;
    }
    let mut word = at + 2;
    while word - at < 4 && matches!(view.get(word), Some(b'-' | b'~' | b'"' | b'\'')) {
        word += 1;
    }
    let end = view.run(word, &super::super::class::WORD, 24);
    let name = view.slice(word, end);
    let line = end + usize::from(matches!(view.get(end), Some(b'"' | b'\'')));
    if name.is_empty() || !view.is(line, b'\n') {
        return None;
    }
    let start = space(view, line, 32);
    let mut next = start;
    while next < start + WINDOW {
        let end = view.run(next, &LINE, 512);
        let first = view.blanks(next, 32);
        if view.starts(first, name)
            && !view.in_class(first + name.len(), &super::super::class::WORD)
        {
            let value = view.slice(start, next).trim_ascii_end();
            return (!is_placeholder(value)).then(|| Found::one(start, start + value.len()));
        }
        if !view.is(end, b'\n') {
            return None;
        }
        next = end + 1;
    }
    None
}

/// `name("value")`, `("name", "value")`.
pub(super) fn argument(
    view: &View<'_>,
    key: &Key,
    join: Join,
    at: usize,
    closed: bool,
) -> Option<Found> {
    let (quote, start) = prefixed(view, at)?;
    let strong = key.strength >= Strength::Strong;
    if join == Join::Call && !matches!(key.strength, Strength::Medium | Strength::Strong) {
        return None;
    }
    let closing = quote::close(view, quote, start);
    let after = view.blanks(closing.after?, 8);
    let before = key.start.checked_sub(2).and_then(|at| view.get(at));
    let value = view.slice(start, closing.end.min(start + 256));
    let comma = join == Join::Comma;
    if join == Join::Call && !strong && !is_tokenish(value, key) {
        return None;
    }
    let ends = match view.get(after) {
        Some(b')') => true,
        Some(b']') => key.flag || (comma && before == Some(b'[')),
        // Further arguments, or a line of two fields: only what cannot be a word.
        Some(b',') if comma && before == Some(b'(') => is_tokenish(value, key),
        Some(b'\n' | b'\r') | None if comma && key.first => is_tokenish(value, key),
        _ => key.flag,
    };
    if !ends || (comma && !closed) {
        return None;
    }
    let spoken = join == Join::Call && value.contains(&b' ')
        || value.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_')
            && judge(value).is_some();
    if spoken || is_placeholder(value) || !promising(key, value, closing.end - start, true) {
        return None;
    }
    let begin =
        if key.strength >= Strength::Cookie { scheme(view, start).min(closing.end) } else { start };
    Some(Found::one(begin, closing.end))
}

/// Bars that tables are drawn with.
pub(super) const BARS: [&str; 3] = ["│", "║", "┃"];

/// `| name | value |`.
pub(super) fn table(view: &View<'_>, key: &Key, at: usize) -> Option<Found> {
    let start = view.blanks(at, 64);
    let (start, end, after) = match prefixed(view, start) {
        Some((quote, start)) => {
            let closing = quote::close(view, quote, start);
            (start, closing.end, closing.after?)
        }
        None => {
            let run = view.run(start, &BARE, WINDOW);
            let text = view.slice(start, run);
            let end = start + text.iter().position(|byte| *byte == b'|').unwrap_or(text.len());
            (start, end, end)
        }
    };
    let close = view.blanks(after, 64);
    let alone = key.first || view.before(key.start) == Some(b'|');
    let closed = view.is(close, b'|')
        || alone && matches!(view.get(close), Some(b'\n' | b'\r') | None)
        || BARS.iter().any(|bar| view.starts(close, bar.as_bytes()));
    let value = view.slice(start, end.min(start + 256));
    let fits = closed
        && is_tokenish(value, key)
        && !is_placeholder(value)
        && promising(key, value, end - start, false);
    fits.then(|| Found::one(start, end))
}

/// Text up to the next tag.
pub(super) fn tag(view: &View<'_>, key: &Key, at: usize) -> Option<Found> {
    const CDATA: &[u8] = b"<![CDATA[";
    let start = space(view, at, 64);
    let start = if view.starts(start, CDATA) { start + CDATA.len() } else { start };
    let end = view.find(start, b'<', WINDOW);
    let open = end.is_none();
    let end = end.unwrap_or_else(|| start + view.slice(start, start + WINDOW).len());
    // The text of a tag with such an attribute ends on its line, with the tag.
    if !key.tag
        && (open || !view.is(end + 1, b'/') || view.find(start, b'\n', end - start).is_some())
    {
        let value = view.starts(end, b"<value>") && end == start;
        return if value { tag(view, key, end + 7) } else { None };
    }
    let value = view.slice(start, end).trim_ascii_end();
    let value = value.strip_suffix(b"]]>").unwrap_or(value);
    let shown = value.get(..256).unwrap_or(value);
    let label = shown.iter().all(u8::is_ascii_alphabetic) && judge(shown).is_some();
    // In a line of usage it is a word that stands for a secret: `--password <password>  What to use`.
    let closed = !open && matches!(view.get(end + 1), Some(b'/' | b'!'));
    let usage = key.tag
        && !closed
        && (view.is(at, b' ')
            || !shown.iter().any(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80));
    if is_placeholder(shown)
        || label
        || usage
        || !promising(key, shown, value.len(), true)
        || (key.strength <= Strength::Medium && shown.contains(&b' '))
    {
        return None;
    }
    let mut found = Found::one(start, start + value.len());
    found.open = (open && value.len() >= WINDOW).then_some(Until::Tag);
    Some(found)
}

/// The text of a part of a form.
pub(super) fn part(view: &View<'_>, key: &Key, start: usize) -> Option<Found> {
    let line = view.run(start, &LINE, WINDOW);
    let value = view.slice(start, line);
    let end = value
        .windows(2)
        .position(|two| matches!(two, b"\\r" | b"\\n"))
        .map_or(line, |at| start + at);
    let value = view.slice(start, end.min(start + 256));
    (!is_placeholder(value) && promising(key, value, end - start, true)).then(|| {
        let mut found = Found::one(start, end);
        found.open = (end - start == WINDOW).then_some(Until::Line);
        found
    })
}

/// Where the lines of a block begin, and how deep they are.
pub(super) fn block_start(view: &View<'_>, at: usize) -> Option<(usize, usize)> {
    let mut end = at + 1;
    while end - at < 4 && matches!(view.get(end), Some(b'-' | b'+' | b'0'..=b'9')) {
        end += 1;
    }
    end = view.blanks(end, 16);
    if view.is(end, b'\r') {
        end += 1;
    }
    if !view.is(end, b'\n') {
        return None;
    }
    let start = end + 1;
    let text = view.blanks(start, 48);
    (text > start).then_some((text, text - start))
}

/// The lines of a block, from the first byte of the first.
pub(super) fn block(view: &View<'_>, key: &Key, start: usize, indent: usize) -> Option<Found> {
    let first = view.run(start, &LINE, WINDOW);
    if key.strength < Strength::Weak
        || is_placeholder(view.slice(start, first.min(start + 256)))
        || view.starts(start, b"-----BEGIN")
    {
        return None;
    }
    let mut end = first;
    while end - start < WINDOW {
        let next = end + 1;
        if view.get(end).is_none()
            || view.get(next).is_none()
            || view.blanks(next, indent) - next < indent
        {
            let value = view.slice(start, end);
            return Some(Found::one(start, start + value.trim_ascii_end().len()));
        }
        end = view.run(next, &LINE, WINDOW);
    }
    let mut found = Found::one(start, end);
    found.open = Some(Until::Indent(indent));
    Some(found)
}

/// The second argument of a call whose first begins at `at`.
pub(super) fn second(view: &View<'_>, at: usize) -> Option<Found> {
    let (quote, start) = prefixed(view, space(view, at, 16))?;
    let after = view.blanks(quote::close(view, quote, start).after?, 4);
    if !view.is(after, b',') {
        return None;
    }
    let (quote, start) = prefixed(view, wrapped(view, space(view, after + 1, 16)))?;
    let closing = quote::close(view, quote, start);
    let value = view.slice(start, closing.end.min(start + 256));
    (closing.after.is_some() && !is_placeholder(value)).then(|| Found::one(start, closing.end))
}
