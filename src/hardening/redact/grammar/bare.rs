//! Values without quotes.

use super::{
    super::{
        keys::judge,
        view::{View, WINDOW},
    },
    key::Key,
    operator::Join,
};

/// The end of the value that begins at `start`, and whether it goes on beyond the window.
pub(super) fn end(view: &View<'_>, key: &Key, start: usize) -> (usize, bool) {
    let run = view.run(start, &super::super::class::BARE, WINDOW);
    let context = usize::from(key.query) + 2 * usize::from(key.coded);
    let mut at = view.bare_from(start, context).min(run);
    while at < run {
        let Some(byte) = view.get(at) else {
            break;
        };
        let ends = match byte {
            b'\\' => {
                matches!(view.get(at + 1), Some(b'n' | b'r' | b't' | b'"' | b'\'' | b'u') | None)
            }
            b'&' => {
                names(view, at + 1, b'=')
                    || view.starts(at, b"&quot;")
                    || view.starts(at, b"&amp;")
                    || view.starts(at, b"&lt;")
                    || (key.query && at > start)
            }
            b'%' => key.coded && (view.starts(at, b"%26") || view.starts(at, b"%22")),
            b',' => separates(view, at),
            b';' => separates(view, at),
            b')' | b']' | b'}' => at > start && closes(view, at + 1),
            b'|' => matches!(view.get(at + 1), Some(b' ') | None) && at > start,
            0xef => view.starts(at, "，".as_bytes()) || view.starts(at, "；".as_bytes()),
            0xe3 => view.starts(at, "。".as_bytes()) || view.starts(at, "、".as_bytes()),
            _ => false,
        };
        if ends {
            break;
        }
        at += 1;
    }
    if !view.touched() {
        view.bare_until(start, at, context);
    }
    // A single quote in the middle of a word belongs to it.
    if at == run
        && view.is(at, b'\'')
        && at > start
        && view.get(at - 1).is_some_and(|last| last.is_ascii_alphanumeric())
        && view.get(at + 1).is_some_and(|next| next.is_ascii_alphanumeric())
        && key.quote.is_none()
    {
        let more = view.run(at + 1, &super::super::class::BARE, 64);
        if !view.is(more, b'\'') && !view.is(more, b'"') {
            return (more, false);
        }
    }
    let open = at == run && run - start == WINDOW;
    let mut end = at;
    if !open && matches!(view.get(at), Some(b' ' | b'\n' | b'\r') | None) {
        while end > start + 1 && matches!(view.get(end - 1), Some(b'.' | b',' | b';' | b':')) {
            end -= 1;
        }
    }
    (end, open)
}

/// Whether `name=` follows.
fn names(view: &View<'_>, start: usize, mark: u8) -> bool {
    let mut at = start;
    while at - start < 40
        && view.get(at).is_some_and(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']')
        })
    {
        at += 1;
    }
    at > start && view.is(at, mark)
}

/// Whether the comma or semicolon at `at` stands between values.
fn separates(view: &View<'_>, at: usize) -> bool {
    match view.get(at + 1) {
        None
        | Some(
            b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'\'' | b'}' | b']' | b')' | b'{' | b'\\' | b','
            | b';',
        ) => true,
        _ => names(view, at + 1, b'=') || names(view, at + 1, b':'),
    }
}

/// Whether what follows a bracket is no part of a value.
fn closes(view: &View<'_>, at: usize) -> bool {
    matches!(
        view.get(at),
        None | Some(
            b' ' | b'\t'
                | b'\n'
                | b'\r'
                | b','
                | b';'
                | b')'
                | b']'
                | b'}'
                | b'"'
                | b'\''
                | b'.'
                | b'`'
                | b'|'
                | b'<'
                | b':'
                | b'\\'
        )
    )
}

/// Whether a value that stands without quotes is an expression, or a word of a sentence.
pub(super) fn is_code(view: &View<'_>, key: &Key, join: Join, start: usize, end: usize) -> bool {
    let value = view.slice(start, end.min(start + 256));
    let last = value.last().copied().unwrap_or_default();
    let next = view.get(end);
    if next == Some(b'(')
        || (value.contains(&b'(') && (last == b')' || matches!(next, Some(b')' | b'"' | b'\''))))
    {
        return value.first().is_some_and(u8::is_ascii_alphabetic);
    }
    if matches!(last, b'(' | b'{')
        && value.len() > 1
        && value.first().is_some_and(u8::is_ascii_alphabetic)
    {
        return true;
    }
    if value.windows(2).any(|two| two == b"()") {
        return value.first().is_some_and(u8::is_ascii_alphabetic);
    }
    if value.starts_with(b"&")
        && value.iter().skip(1).all(|byte| byte.is_ascii_lowercase() || *byte == b'\'')
    {
        return true;
    }
    if next == Some(b'<') && value.iter().all(u8::is_ascii_alphabetic) {
        return true;
    }
    if is_type(view, key, join, value, end) || is_element(value, next) || is_mapping(value, next) {
        return true;
    }
    let letters = value.iter().all(u8::is_ascii_alphabetic);
    let path =
        value.iter().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'.' | b':'));
    if path && (value.contains(&b'.') || value.windows(2).any(|two| two == b"::")) {
        return value.first().is_some_and(u8::is_ascii_alphabetic);
    }
    if value.windows(2).any(|two| two == b"->") {
        return true;
    }
    let name = value.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    if name && !key.query && is_name_of_secret(view, key, value) {
        return true;
    }
    let number = value.len() < 3 && value.iter().all(u8::is_ascii_digit);
    if (letters || number) && join == Join::Colon && next == Some(b' ') {
        return prose(view, end + 1);
    }
    false
}

/// Whether a value is a type or a path in code: `: c_long = 447`, `Token![,]`, `a_1::B_2`, `pub key: Key,`.
fn is_type(view: &View<'_>, key: &Key, join: Join, value: &[u8], end: usize) -> bool {
    let name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if !value.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_') {
        return false;
    }
    let past = value.iter().position(|byte| !name(byte)).and_then(|at| value.get(at..));
    let Some(past) = past else {
        let typed = view.starts(end, b" = ") || view.behind(key.start, 4) == b"pub ";
        let known = matches!(value, b"impl" | b"dyn" | b"u8" | b"u16" | b"u32" | b"u64" | b"usize");
        return known || join == Join::Colon && typed;
    };
    let path = value.iter().all(|byte| name(byte) || *byte == b':');
    let call = [&b"!["[..], b"!(", b"(&", b"(*", b"(..."].iter().any(|open| past.starts_with(open));
    call || path && value.windows(2).any(|two| two == b"::")
}

/// Whether a value is looked up by a name: `$_POST['password']`.
fn is_element(value: &[u8], next: Option<u8>) -> bool {
    let Some((b'[', name)) = value.split_last() else {
        return false;
    };
    matches!(next, Some(b'\'' | b'"'))
        && !name.is_empty()
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'.'))
}

/// Whether more names follow in braces: `{path: token}`, each of which is looked at by itself.
fn is_mapping(value: &[u8], next: Option<u8>) -> bool {
    next == Some(b':')
        && value.strip_prefix(b"{").is_some_and(|name| {
            !name.is_empty()
                && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        })
}

/// Whether a value is a variable: it has the name of its own name, or a longer one of a secret.
fn is_name_of_secret(view: &View<'_>, key: &Key, value: &[u8]) -> bool {
    let own = view.slice(key.start, key.end);
    let own = own.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let longer = value.contains(&b'_')
        || value.windows(2).any(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase());
    value.eq_ignore_ascii_case(own)
        || (longer && !value.iter().any(u8::is_ascii_digit) && judge(value).is_some())
}

/// Whether a word of a sentence, and no name, stands at `start`.
fn prose(view: &View<'_>, start: usize) -> bool {
    let mut at = start;
    while at - start < 24
        && view.get(at).is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'\'')
    {
        at += 1;
    }
    at > start
        && matches!(
            view.get(at),
            None | Some(b' ' | b'.' | b',' | b'\n' | b'\r' | b'!' | b'?' | b';' | b'"')
        )
}
