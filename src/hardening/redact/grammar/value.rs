//! The value behind a name, and whether it is one that must not be seen.

use super::{
    super::{class::OPAQUE, keys::Strength, view::View},
    Found, Until, bare, cookie, header,
    key::Key,
    nested::{argument, block, block_start, heredoc, items, list, part, table, tag},
    operator::{Join, Operator, colour, space},
    phrase::{is_phrase, more_words},
    placeholder::is_placeholder,
    promise::{is_directive, is_label, is_of_machine, is_tokenish, promising},
    quote::{self, Quote},
    twin::{inner, past_markup, successor},
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
    if view.starts(at, b"**") && matches!(join, Join::Colon) && view.before(key.start) == Some(b'*')
    {
        at = past_blanks(view, at + 2);
    }
    if join == Join::Prose && is_of_machine(view, key) {
        return one(view, key, Join::Flag, at);
    }
    if join == Join::Prose && is_plain_word(view, at) {
        return None;
    }
    if view.is(at, b'<') {
        if let Some(found) = heredoc(view, at) {
            return Some(found);
        }
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
        if key.first && !closed && view.starts(next, b"- ") {
            return items(view, key, next);
        }
        // Only quotes may stand on the next line.
        if !(closed || key.first && join == Join::Colon) || quote::open(view, next).is_none() {
            return None;
        }
        at = next;
    }
    // The quote that closes a prompt.
    if !closed && key.quote.is_some() && view.get(at) == key.quote && join == Join::Colon {
        return None;
    }
    // `{"value": "…"}`
    if view.is(at, b'{') {
        at = inner(view, at + 1).unwrap_or(at);
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
    at = past_type(view, at);
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

/// Whether a word of nothing but letters stands at `at`, which no sentence has as a secret. One that may
/// be a scheme is none.
fn is_plain_word(view: &View<'_>, at: usize) -> bool {
    if view.get(at).is_some_and(|byte| matches!(byte | 0x20, b'b' | b't' | b'a' | b's' | b'n')) {
        return false;
    }
    let mut end = at;
    while end - at < 24 && view.get(end).is_some_and(|byte| byte.is_ascii_alphabetic()) {
        end += 1;
    }
    end > at && matches!(view.get(end), Some(b' ' | b'\n'))
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
    let next = view.blanks(end, 8);
    // A reference to a type, which is set to a value.
    if end > start && next > end && !view.is(next, b'=') { next } else { at }
}

/// Past `[]byte(` and `[]string{`.
fn past_type(view: &View<'_>, at: usize) -> usize {
    const TYPES: [&[u8]; 3] = [b"[]byte(", b"[]string{", b"[]any{"];
    TYPES.iter().find(|text| view.starts(at, text)).map_or(at, |text| at + text.len())
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
    if matches!(join, Join::Colon | Join::Equals) {
        if let Some(found) = annotation(view, key, join, at, end) {
            return Some(found);
        }
    }
    let whole = end - at;
    // What is long is neither a word nor an expression, and its beginning says what it is.
    let value = view.slice(at, end.min(at + SHOWN));
    if join == Join::Prose && !is_tokenish(value, key) && !is_directive(view, key, (at, end)) {
        return None;
    }
    if !promising(key, value, whole, false) {
        return None;
    }
    let phrase = key.said || is_phrase(view, key);
    if whole <= SHOWN
        && (is_placeholder(value) || (!phrase && bare::is_code(view, key, join, at, end)))
    {
        return None;
    }
    let end = if open { end } else { more_words(view, key, join, at, end) };
    let mut found = Found::one(at, end);
    found.open = open.then_some(Until::Bare);
    Some(found)
}

/// `PSK "…"`, `got "…"`: a word that says what stands in the quotes behind it. It may be the secret.
fn annotation(view: &View<'_>, key: &Key, join: Join, at: usize, end: usize) -> Option<Found> {
    let word = view.slice(at, end);
    if word.len() > 7 || !word.iter().all(u8::is_ascii_alphabetic) || !view.is(end, b' ') {
        return None;
    }
    let (quote, start) = quote::open(view, view.blanks(end, 4))?;
    let inside = quoted(view, key, join, quote, start)?;
    let (first, last) = inside.parts().first().copied()?;
    if is_label(view.slice(first, last)) {
        return None;
    }
    let mut found = Found::default();
    if !is_placeholder(word) && promising(key, word, word.len(), false) {
        found.push(at, end);
    }
    found.push(first, last);
    found.open = inside.open;
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
        && !(join == Join::Prose
            && (is_label(value) || is_resource(view, key, value) || is_struct_tag(quote, value)));
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

/// Whether it says how a field is written: ``Password string `json:"password"` ``.
fn is_struct_tag(quote: Quote, value: &[u8]) -> bool {
    matches!(quote, Quote::Mark(b'`', _)) && value.windows(2).any(|two| two == b":\"")
}

/// Whether it is what a secret of a cluster is called: `secret "web-tls" created`.
fn is_resource(view: &View<'_>, key: &Key, value: &[u8]) -> bool {
    let name = view.slice(key.start, key.end);
    (name.eq_ignore_ascii_case(b"secret") || name.eq_ignore_ascii_case(b"secrets"))
        && value.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'-')
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
