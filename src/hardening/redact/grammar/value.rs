//! The value behind a name, and whether it is one that must not be seen.

use super::{
    super::{
        class::{LINE, OPAQUE},
        keys::{Strength, judge},
        view::View,
    },
    Found, Until, bare, cookie, header,
    key::Key,
    nested::{argument, block, block_start, list, part, table, tag},
    operator::{Join, Operator, colour, space},
    placeholder::is_placeholder,
    promise::{is_tokenish, promising},
    quote::{self, Quote},
    twin::{past_markup, successor},
};

/// How much of a value is looked at.
const SHOWN: usize = 96;

/// What is secret behind the operator.
pub(super) fn after(view: &View<'_>, key: &Key, operator: Operator) -> Option<Found> {
    let Operator { join, end, closed } = operator;
    match join {
        Join::Tag => return tag(view, key, end),
        Join::Part => return part(view, key, end),
        Join::Table => return table(view, key, end),
        Join::Call | Join::Comma => return argument(view, key, join, space(view, end, 32), closed),
        _ => {}
    }
    let mut at = past_blanks(view, end);
    // `**name:** value`, `name: <b>value</b>`
    if view.starts(at, b"**") && matches!(join, Join::Colon) && view.before(key.start) == Some(b'*') {
        at = past_blanks(view, at + 2);
    }
    if view.is(at, b'<') {
        at = past_markup(view, at);
        if view.starts(at, b"<<") && prefixed(view, at + 2).is_some() {
            at += 2;
        } else if view.is(at, b'<') && join != Join::Compare {
            return one(view, key, Join::Prose, at + 1);
        }
    }
    if join == Join::Colon {
        at = past_yaml(view, at);
    }
    if matches!(view.get(at), Some(b'\n' | b'\r')) {
        let next = counted(view, space(view, at, 64));
        // Only quotes may stand on the next line.
        if !closed || quote::open(view, next).is_none() {
            return None;
        }
        at = next;
    }
    // What a vague name promises is long and opaque, which shows at once.
    if key.strength == Strength::Vague
        && view.get(at).is_some_and(|byte| byte.is_ascii_lowercase())
        && view.run(at, &OPAQUE, 16) < at + 16
    {
        return None;
    }
    if matches!(view.get(at), Some(b'|' | b'>')) && join == Join::Colon {
        if let Some((start, indent)) = block_start(view, at) {
            return block(view, key, start, indent);
        }
    }
    if let Some(end) = annotated(view, at, join) {
        at = past_blanks(view, end);
    }
    if view.starts(at, super::super::rules::MASK.as_bytes()) {
        return None;
    }
    if view.starts(at, b"[]byte(") {
        at += 7;
    }
    if view.is(at, b'[') && join != Join::Prose {
        return list(view, key, at + 1);
    }
    at = wrapped(view, at);
    match key.strength {
        Strength::Header => return header::value(view, key, join, at),
        Strength::Cookie => return cookie::values(view, join, at),
        _ => {}
    }
    one(view, key, join, at)
}

/// Past `!!str ` and `&anchor `.
fn past_yaml(view: &View<'_>, at: usize) -> usize {
    let start = match view.get(at) {
        Some(b'!') if view.is(at + 1, b'!') => at + 2,
        Some(b'&') => at + 1,
        _ => return at,
    };
    let mut end = start;
    while end - start < 24 && view.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric()) {
        end += 1;
    }
    if end > start && view.is(end, b' ') { view.blanks(end, 8) } else { at }
}

/// Past `string(12) `.
fn counted(view: &View<'_>, at: usize) -> usize {
    if !view.starts(at, b"string(") {
        return at;
    }
    let mut end = at + 7;
    while end - at < 16 && view.get(end).is_some_and(|byte| byte.is_ascii_digit()) {
        end += 1;
    }
    if view.starts(end, b") ") { end + 2 } else { at }
}

/// The one value at `at`, with quotes or without.
pub(super) fn one(view: &View<'_>, key: &Key, join: Join, at: usize) -> Option<Found> {
    if let Some((quote, start)) = prefixed(view, at) {
        return quoted(view, key, join, quote, start);
    }
    if key.quote.is_some() && join == Join::Equals && matches!(view.get(at), Some(b'<' | b'>')) {
        return None;
    }
    // `-----BEGIN …` has a rule of its own.
    if view.starts(at, b"-----BEGIN") {
        return None;
    }
    if join == Join::Compare {
        return None;
    }
    if join == Join::Flag && matches!(view.get(at), Some(b'-') | None) {
        return None;
    }
    let at = scheme(view, at);
    let (end, open) = bare::end(view, key, at);
    if end == at {
        return None;
    }
    let whole = end - at;
    // What is long is neither a word nor an expression, and its beginning says what it is.
    let value = view.slice(at, end.min(at + SHOWN));
    if !promising(key, value, whole, false) {
        return None;
    }
    let phrase = key.said || is_phrase(view, key);
    if whole <= SHOWN
        && (is_placeholder(value) || (!phrase && bare::is_code(view, key, join, at, end)))
    {
        return None;
    }
    if join == Join::Prose && !is_tokenish(value, key) && !is_directive(view, key, value, end) {
        return None;
    }
    let end = if open { end } else { more_words(view, key, join, at, end) };
    let mut found = Found::one(at, end);
    found.open = open.then_some(Until::Bare);
    // `secret: PSK "…"`
    if whole < 8 && value.iter().all(u8::is_ascii_alphabetic) && view.is(end, b' ') {
        if let Some((quote, start)) = quote::open(view, view.blanks(end, 4)) {
            let closing = quote::close(view, quote, start);
            let fits = closing.after.is_some() && !is_label(view.slice(start, closing.end));
            if fits {
                found.push(start, closing.end);
            }
        }
    }
    Some(found)
}

/// Whether a name and a value are all of their line, or behind the user they belong to:
/// `auth_pass a-b-c`, `login bob password a-b-c`.
fn is_directive(view: &View<'_>, key: &Key, value: &[u8], end: usize) -> bool {
    let last = end + usize::from(view.is(end, b';'));
    if key.strength != Strength::Strong
        || value.len() < 8
        || value.iter().all(u8::is_ascii_alphabetic)
        || !matches!(view.get(last), None | Some(b'\n' | b'\r'))
        || is_label(value)
    {
        return false;
    }
    let name = view.slice(key.start, key.end);
    let long = name.iter().any(|byte| matches!(byte, b'_' | b'-' | b'.'));
    let upper = name.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_');
    long && (key.first || upper) || is_of_user(view, key.start)
}

/// Whether `login bob ` stands before `start`.
fn is_of_user(view: &View<'_>, start: usize) -> bool {
    let blank = |byte: &u8| byte.is_ascii_whitespace();
    let text = view.behind(start, 48);
    let text = text.trim_ascii_end();
    let user = text.iter().rposition(blank).unwrap_or(0);
    let text = text.get(..user).unwrap_or_default().trim_ascii_end();
    let word = text.rsplit(|byte| blank(byte)).next().unwrap_or_default();
    [&b"login"[..], b"user", b"username"].iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// The value at `at`, whose name is not known.
pub(super) fn plain(view: &View<'_>, at: usize, doubtful: bool) -> Option<Found> {
    let key = Key::nameless(at);
    one(view, &key, if doubtful { Join::Prose } else { Join::Equals }, at)
}

/// A value in quotes, and the one that an arrow leads to.
fn quoted(view: &View<'_>, key: &Key, join: Join, quote: Quote, start: usize) -> Option<Found> {
    let closing = quote::close(view, quote, start);
    let begin = scheme(view, start).min(closing.end);
    let value = view.slice(begin, closing.end.min(begin + 256));
    let mut found = Found::default();
    let fits = !is_placeholder(value)
        && promising(key, value, closing.end - begin, true)
        && !(join == Join::Prose && is_label(value));
    if fits {
        found.push(begin, closing.end);
        if closing.open {
            found.open = Some(match quote {
                Quote::Mark(mark, _) => Until::Quote(mark),
                _ => Until::Line,
            });
            return Some(found);
        }
    }
    // `"old" -> "new"`, `'a', 'b'` of a choice.
    let Some(after) = closing.after else {
        return Some(found);
    };
    let next = view.blanks(after, 8);
    let arrow = [&b"->"[..], b"=>", b"to ", "→".as_bytes(), b"||", b"??"]
        .into_iter()
        .find(|arrow| view.starts(next, arrow));
    let other = match arrow {
        Some(arrow) => Some(view.blanks(next + arrow.len(), 8)),
        None if view.is(next, b',') => successor(view, next),
        None => None,
    };
    if let Some(at) = other {
        if let Some((quote, start)) = prefixed(view, at) {
            let closing = quote::close(view, quote, start);
            let value = view.slice(start, closing.end.min(start + 256));
            if !closing.open
                && !is_placeholder(value)
                && promising(key, value, closing.end - start, true)
            {
                found.push(start, closing.end);
            }
        }
    }
    Some(found)
}

/// Whether what a sentence has in quotes is more of it, or what a thing is called.
fn is_label(value: &[u8]) -> bool {
    let name = value.contains(&b'-') || value.contains(&b'_') || value.contains(&b'/');
    value.iter().filter(|byte| **byte == b' ').count() > 4
        || (name && !value.iter().any(u8::is_ascii_digit) && judge(value).is_some())
}

/// A password of several words, alone on its line.
fn more_words(view: &View<'_>, key: &Key, join: Join, start: usize, end: usize) -> usize {
    let phrase = is_phrase(view, key);
    if key.strength != Strength::Strong
        || !matches!(join, Join::Colon | Join::Equals)
        || !view.is(end, b' ')
        || !(phrase || key.first)
    {
        return end;
    }
    let line = view.run(start, &LINE, 256);
    let rest = view.slice(end, line);
    let plain = rest.iter().all(|byte| {
        !matches!(byte, b'=' | b':' | b'"' | b'#' | b'{' | b'[' | b'(' | b';' | b'|' | b'\\' | 0x1b)
    });
    if plain && line - start < 256 { end + rest.trim_ascii_end().len() } else { end }
}

/// Whether the name is of a secret of several words.
fn is_phrase(view: &View<'_>, key: &Key) -> bool {
    let name = view.slice(key.start, key.end);
    name.ends_with(b"phrase") || name.ends_with(b"PHRASE") || name.eq_ignore_ascii_case(b"mnemonic")
}

fn past_blanks(view: &View<'_>, at: usize) -> usize {
    let mut at = view.blanks(at, 64);
    while let Some(end) = colour(view, at) {
        at = view.blanks(end, 8);
    }
    at
}

/// Past `Bearer `, `Basic ` and their kin.
pub(super) fn scheme(view: &View<'_>, at: usize) -> usize {
    const SCHEMES: [&[u8]; 8] = [
        b"bearer ",
        b"basic ",
        b"token ",
        b"apikey ",
        b"ssws ",
        b"api-key ",
        b"negotiate ",
        b"bot ",
    ];
    match SCHEMES.iter().find(|scheme| view.starts_uncased(at, scheme)) {
        Some(scheme) => view.blanks(at + scheme.len(), 8),
        None => at,
    }
}

/// Past what wraps a value: `Some(`, `Secret(`, `${NAME:-`.
pub(super) fn wrapped(view: &View<'_>, at: usize) -> usize {
    let mut at = at;
    for _ in 0..2 {
        let mut end = at;
        while end - at < 24 && view.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric()) {
            end += 1;
        }
        let capital = view.get(at).is_some_and(|byte| byte.is_ascii_uppercase());
        let opens = view.is(end, b'(');
        let known = [&b"Some("[..], b"Ok(", b"Optional(", b"Just("]
            .iter()
            .any(|known| view.starts(at, known));
        let call = opens && end > at && (known || (capital && prefixed(view, end + 1).is_some()));
        if call {
            at = if known { space(view, end + 1, 64) } else { end + 1 };
        } else if view.is(at, b'(') && prefixed(view, at + 1).is_some() {
            at += 1;
        } else {
            break;
        }
    }
    at
}

/// A quote, behind letters that say what it holds.
pub(super) fn prefixed(view: &View<'_>, at: usize) -> Option<(Quote, usize)> {
    let mut end = at;
    while end - at < 3
        && matches!(
            view.get(end),
            Some(b'b' | b'r' | b'f' | b'u' | b'L' | b'N' | b'B' | b'@' | b'#')
        )
    {
        end += 1;
    }
    quote::open(view, end).or_else(|| quote::open(view, at))
}

/// `: str = "…"`: the place after the second mark.
fn annotated(view: &View<'_>, at: usize, join: Join) -> Option<usize> {
    if join != Join::Colon {
        return None;
    }
    let mut end = at;
    while end - at < 40
        && view.get(end).is_some_and(|byte| {
            byte.is_ascii_alphabetic()
                || matches!(byte, b'&' | b'\'' | b'<' | b'>' | b'_' | b'[' | b']' | b'?')
        })
    {
        end += 1;
    }
    let mark = view.blanks(end, 4);
    let quoted = view.is(mark, b'=') && !view.is(mark + 1, b'=') && end > at && mark > end;
    (quoted && prefixed(view, view.blanks(mark + 1, 4)).is_some()).then_some(mark + 1)
}
