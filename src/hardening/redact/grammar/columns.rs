//! Values that stand below their name: the rows of a table, the lists of an `INSERT`.

use super::{
    super::{
        class::{COLUMNS, HEADS, LINE},
        keys::Strength,
        view::{View, WINDOW},
    },
    Found,
    key::Key,
    operator::space,
    placeholder::is_placeholder,
    promise::{is_tokenish, promising},
    quote,
    value::prefixed,
};

/// How many rows are looked at.
const ROWS: usize = 12;

/// How many columns there may be.
const WIDEST: usize = 64;

/// The value of the column that `key` is the head of.
pub(super) fn below(view: &View<'_>, key: &Key) -> Option<Found> {
    if key.strength < Strength::Weak || key.strength > Strength::Strong {
        return None;
    }
    let (start, end) = with_quotes(view, key);
    let next = view.get(view.blanks(end, 32))?;
    let found = match next {
        b',' if view.is(end, b',') => rows(view, key, start, end)
            .filter(|found| !found.is_empty())
            .or_else(|| pair(view, key, end)),
        b';' | b'|' | b'\n' | b'\r' => rows(view, key, start, end),
        _ if view.is(end, b'\t') => rows(view, key, start, end),
        _ => None,
    };
    found.filter(|found| !found.is_empty())
}

/// `name,value`, alone on a line.
fn pair(view: &View<'_>, key: &Key, end: usize) -> Option<Found> {
    if !key.first {
        return None;
    }
    let line = view.run(end + 1, &LINE, 256);
    let value = view.slice(end + 1, line);
    let fits = !value.contains(&b',')
        && !value.contains(&b' ')
        && !value.starts_with(b"\"")
        && !is_placeholder(value)
        && promising(key, value, value.len(), false)
        && is_tokenish(value, key);
    fits.then(|| Found::one(end + 1, line))
}

/// Where the name begins and ends with its quotes.
fn with_quotes(view: &View<'_>, key: &Key) -> (usize, usize) {
    let closed = usize::from(key.quote.is_some() && view.get(key.end) == key.quote);
    (key.start - closed, key.end + closed)
}

/// `(name, password) VALUES ('bob', '…')`.
pub(super) fn inserted(view: &View<'_>, key: &Key) -> Option<Found> {
    const VALUES: &[u8] = b"values";
    let (start, end) = with_quotes(view, key);
    if !matches!(view.get(end), Some(b',' | b')')) || key.strength < Strength::Weak {
        return None;
    }
    let close = view.run(end, &COLUMNS, 512);
    if !view.is(close, b')') {
        return None;
    }
    let mut at = space(view, close + 1, 16);
    if !view.starts_uncased(at, VALUES) {
        return None;
    }
    at = space(view, at + VALUES.len(), 16);
    let (mut column, mut first) = (0, start);
    while view.before(first) != Some(b'(') {
        let before =
            first.checked_sub(1).and_then(|at| view.get(at)).filter(|byte| COLUMNS.has(*byte))?;
        column += usize::from(before == b',');
        first -= 1;
    }
    let mut found = Found::default();
    for _ in 0..ROWS {
        if !view.is(at, b'(') || column >= WIDEST {
            break;
        }
        at += 1;
        for index in 0..WIDEST {
            if at > end + WINDOW {
                return Some(found);
            }
            at = space(view, at, 16);
            let Some((quote, begin)) = prefixed(view, at) else {
                // A number, a word, a mark for a value that comes later.
                let word = at;
                while at - word < 128
                    && !matches!(
                        view.get(at),
                        Some(b',' | b')' | b'(' | b'\'' | b'"' | b'\n') | None
                    )
                {
                    at += 1;
                }
                if !next_value(view, &mut at) {
                    break;
                }
                continue;
            };
            let closing = quote::close(view, quote, begin);
            let value = view.slice(begin, closing.end.min(begin + 256));
            if index == column
                && !is_placeholder(value)
                && promising(key, value, closing.end - begin, true)
            {
                found.push(begin, closing.end);
            }
            let Some(after) = closing.after else {
                return Some(found);
            };
            at = after;
            if !next_value(view, &mut at) {
                break;
            }
        }
        if !view.is(at, b')') {
            break;
        }
        at = space(view, at + 1, 8);
        if !view.is(at, b',') {
            break;
        }
        at = space(view, at + 1, 16);
    }
    Some(found)
}

/// Past the comma at `at`, if there is one.
fn next_value(view: &View<'_>, at: &mut usize) -> bool {
    let comma = space(view, *at, 8);
    let there = view.is(comma, b',');
    *at = comma + usize::from(there);
    there
}

/// The lines below the head of a table, whose cells are apart by commas, semicolons, tabs or bars.
fn rows(view: &View<'_>, key: &Key, start: usize, end: usize) -> Option<Found> {
    let line = view.run(end, &HEADS, 512);
    if !matches!(view.get(line), Some(b'\n' | b'\r')) {
        return None;
    }
    let mut first = start;
    while first > 0 && view.get(first - 1).is_some_and(|byte| HEADS.has(byte)) {
        first -= 1;
    }
    let begins = first == 0 && view.base() == 0 || view.before(first) == Some(b'\n');
    let head = view.slice(first, line);
    let mark = [b'|', b'\t', b';', b','].into_iter().find(|mark| head.contains(mark))?;
    let loose = mark == b'|';
    // A sentence has blanks between its words.
    if !begins || (!loose && head.contains(&b' ')) {
        return None;
    }
    let column = view.slice(first, start).iter().filter(|byte| **byte == mark).count();
    let columns = head.iter().filter(|byte| **byte == mark).count() + 1;
    if column >= WIDEST {
        return None;
    }
    let mut found = Found::default();
    let mut at = line;
    for _ in 0..ROWS {
        at += usize::from(view.is(at, b'\r'));
        if !view.is(at, b'\n') {
            break;
        }
        let next = at + 1;
        if next > line + WINDOW {
            break;
        }
        let end = view.run(next, &LINE, 512);
        let text = view.slice(next, end);
        at = end;
        let rule = loose
            && text.iter().all(|byte| matches!(byte, b'-' | b'+' | b'|' | b':' | b' ' | b'='));
        if rule && !text.is_empty() {
            continue;
        }
        let Some((begin, value)) =
            cell(text, mark, column, columns).filter(|_| !assigns(text, mark))
        else {
            break;
        };
        if !is_placeholder(value)
            && promising(key, value, value.len(), true)
            && (!loose || is_tokenish(value, key))
        {
            found.push(next + begin, next + begin + value.len());
        }
    }
    Some(found)
}

/// Whether it begins with a name that is given a value: `DB_PASSWORD=a,b` is no row, and all of that is a value.
fn assigns(text: &[u8], mark: u8) -> bool {
    let named = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let name = text.iter().take_while(|byte| named(byte)).count();
    let value = text.get(name + 1).is_some_and(|byte| *byte != b'=' && *byte != mark);
    name > 0 && text.get(name) == Some(&b'=') && value
}

/// What stands in a cell of a row of so many, without its quotes, and where in the row.
fn cell(row: &[u8], mark: u8, column: usize, columns: usize) -> Option<(usize, &[u8])> {
    let (mut index, mut start, mut quoted) = (0, 0, false);
    let mut wanted = None;
    for at in 0..=row.len() {
        let byte = row.get(at).copied();
        quoted ^= byte == Some(b'"');
        if byte.is_some_and(|byte| byte != mark || quoted) {
            continue;
        }
        if index == column {
            wanted = Some((start, row.get(start..at)?));
        }
        (index, start) = (index + 1, at + 1);
    }
    let (start, text) = wanted.filter(|_| index == columns)?;
    let blanks = text.iter().take_while(|byte| **byte == b' ').count();
    let text = text.trim_ascii();
    let inside = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
    Some((start + blanks + usize::from(inside.is_some()), inside.unwrap_or(text)))
}
