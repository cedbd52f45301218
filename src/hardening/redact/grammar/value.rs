//! The value behind a name, and whether it is one that must not be seen.

use super::{
    super::{
        class::{LINE, OPAQUE},
        keys::Strength,
        view::View,
    },
    Found, Until, bare, cookie, header,
    key::Key,
    nested::{argument, block, block_start, list, part, table, tag},
    operator::{Join, Operator, colour, space},
    placeholder::is_placeholder,
    quote::{self, Quote},
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
    if view.is(at, b'[') {
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
    if join == Join::Prose && !is_tokenish(value, key) {
        return None;
    }
    let end = if open { end } else { more_words(view, key, join, at, end) };
    let mut found = Found::one(at, end);
    found.open = open.then_some(Until::Bare);
    Some(found)
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
        && !(join == Join::Prose && value.iter().filter(|byte| **byte == b' ').count() > 4);
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
    if let Some(arrow) = arrow {
        let at = view.blanks(next + arrow.len(), 8);
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

/// Whether the value is what the name promises.
pub(super) fn promising(key: &Key, value: &[u8], length: usize, quoted: bool) -> bool {
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = value.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let spaces = value.contains(&b' ');
    if is_address(value) {
        return false;
    }
    match key.strength {
        Strength::Strong | Strength::Header | Strength::Cookie => true,
        Strength::Medium => {
            if spaces && !quoted {
                return false;
            }
            let sentence = spaces && digits == 0;
            let count = length < 6
                && value.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'%' | b'.'));
            !sentence && !count && (length >= 4 || digits > 0)
        }
        Strength::Weak => {
            let numbers = digits == length && length < 8;
            !spaces && !numbers && ((digits > 0 && length >= 6) || length >= 16) && !is_path(value)
        }
        Strength::Vague => {
            let mixed = value.iter().any(u8::is_ascii_lowercase)
                && value.iter().any(u8::is_ascii_uppercase);
            let uuid = length == 36 && value.iter().filter(|byte| **byte == b'-').count() == 4;
            !spaces
                && !uuid
                && length >= 16
                && letters > 0
                && (digits > 1 || (mixed && digits == 0 && !value.contains(&b'_')))
                && !is_path(value)
                && !value.contains(&b':')
        }
        Strength::Digits => {
            let grouped =
                value.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b' '));
            (grouped && (3..=10).contains(&digits) && length <= 12)
                || (key.strength == Strength::Digits
                    && !spaces
                    && digits > 1
                    && letters > 0
                    && (4..=16).contains(&length))
        }
    }
}

/// A URL without a user.
fn is_address(value: &[u8]) -> bool {
    (value.starts_with(b"http://") || value.starts_with(b"https://")) && !value.contains(&b'@')
}

/// Words with slashes or dots between.
fn is_path(value: &[u8]) -> bool {
    let slashes = value.iter().filter(|byte| **byte == b'/').count();
    value.starts_with(b"/")
        || value.starts_with(b"./")
        || value.windows(3).any(|three| three == b"://")
        || (slashes > 1
            && !value.contains(&b'+')
            && !value.contains(&b'=')
            && value.len() / (slashes + 1) < 12)
}

/// Whether it can be nothing but a secret, in the middle of a sentence.
pub(super) fn is_tokenish(value: &[u8], key: &Key) -> bool {
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = value.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let marks = value
        .iter()
        .filter(|byte| matches!(byte, b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'&' | b'*' | b'?'))
        .count();
    if value.contains(&b'=') && !value.ends_with(b"=") || value.contains(&b'(') || is_path(value) {
        return false;
    }
    match key.strength {
        Strength::Digits => digits >= 4,
        Strength::Strong => {
            (digits > 0 && letters > 1 && value.len() >= 6)
                || (marks > 0 && value.len() >= 8 && letters > 0)
        }
        Strength::Medium => digits > 0 && letters > 0 && value.len() >= 10,
        Strength::Weak => digits > 0 && letters > 0 && value.len() >= 16,
        _ => false,
    }
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
        // What prints itself prettily begins a new line.
        let inside = if opens { space(view, end + 1, 96) } else { end };
        let call = opens && end > at && (known || (capital && prefixed(view, inside).is_some()));
        if call {
            at = inside;
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
