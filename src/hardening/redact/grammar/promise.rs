//! Whether a value is what its name promises.

use super::{
    super::{
        keys::{LONGEST, Strength, judge},
        view::View,
    },
    key::Key,
    placeholder::is_file,
};

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
            let version = value.iter().filter(|byte| **byte == b'.').count() == 2
                && value.iter().all(|byte| {
                    byte.is_ascii_digit() || matches!(byte, b'.' | b'^' | b'~' | b'=' | b'>' | b'<')
                });
            !sentence && !version && !count && (length >= 4 || digits > 0)
        }
        Strength::Weak => {
            let numbers = digits == length && length < 8;
            !spaces
                && !numbers
                && ((digits > 0 && length >= 6) || length >= 16)
                && !is_path(value)
                && !is_name(value, digits)
        }
        Strength::Vague => {
            let mixed = || {
                value.iter().any(u8::is_ascii_lowercase) && value.iter().any(u8::is_ascii_uppercase)
            };
            !spaces
                && length >= 16
                && letters > 0
                && (digits > 1 || (digits == 0 && mixed() && is_jumbled(value)))
                && !is_number_of_thing(value)
                && !is_path(value)
                && !value.contains(&b':')
                && !is_name(value, digits)
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
    is_file(value)
        || value.starts_with(b"./")
        || value.windows(3).any(|three| three == b"://")
        || (slashes > 1
            && !value.contains(&b'+')
            && !value.contains(&b'=')
            && value.len() / (slashes + 1) < 12)
}

/// Whether it can be nothing but a secret, in the middle of a sentence.
pub(super) fn is_tokenish(value: &[u8], key: &Key) -> bool {
    if key.strength == Strength::Vague {
        return false;
    }
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    // Most that stands in a sentence has none.
    if digits == 0 && key.strength != Strength::Strong {
        return false;
    }
    let letters = value.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    // What ends a sentence is none of a password.
    let end = value.iter().rposition(|byte| !matches!(byte, b'!' | b'?')).map_or(0, |at| at + 1);
    let marks = value
        .iter()
        .take(end)
        .filter(|byte| matches!(byte, b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'&' | b'*' | b'?'))
        .count();
    if value.contains(&b'=') && !value.ends_with(b"=")
        || value.contains(&b'(')
        || value.starts_with(b"HTTP/")
        || is_path(value)
    {
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

/// Whether large and small letters stand as no words of a name would have them.
fn is_jumbled(value: &[u8]) -> bool {
    let humps = value
        .windows(2)
        .filter(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase())
        .count();
    humps * 6 >= value.len() && !value.contains(&b'_')
}

/// Whether a value is the name of a secret: `key="billingApiToken"`.
fn is_name(value: &[u8], digits: usize) -> bool {
    digits <= 2
        && value.len() <= LONGEST
        && value.iter().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') || *byte >= 0x80
        })
        && judge(value).is_some_and(|strength| strength >= Strength::Weak)
}

/// Numbers that things have: a UUID, one of a document, one of a Windows user.
fn is_number_of_thing(value: &[u8]) -> bool {
    let uuid = value.len() == 36 && value.iter().filter(|byte| **byte == b'-').count() == 4;
    let document =
        value.len() == 24 && value.iter().all(|byte| super::super::class::HEX.has(*byte));
    uuid || document || value.starts_with(b"S-1-")
}

/// Whether a name and a value are all of their line, or behind the user they belong to:
/// `auth_pass a-b-c`, `login bob password a-b-c`, `password for bob: a-b-c`.
pub(super) fn is_directive(view: &View<'_>, key: &Key, (start, end): (usize, usize)) -> bool {
    let value = view.slice(start, end);
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
    let colon = view.behind(start, 2).contains(&b':');
    long && (key.first || upper) || colon || is_of_user(view, key.start)
}

/// Whether the entry of a `.netrc` stands before `key`, of which each word has its place.
pub(super) fn is_of_machine(view: &View<'_>, key: &Key) -> bool {
    if view.slice(key.start, key.end) != b"password" {
        return false;
    }
    let text = view.behind(key.start, 96);
    let mut words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).rev();
    words.next().is_some()
        && words.next() == Some(b"login")
        && words.next().is_some_and(|host| host == b"default" || words.next() == Some(b"machine"))
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

/// Whether what a sentence has in quotes is more of it, or what a thing is called.
pub(super) fn is_label(value: &[u8]) -> bool {
    let name = value.contains(&b'-') || value.contains(&b'_') || value.contains(&b'/');
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    value.iter().filter(|byte| **byte == b' ').count() > 4
        || (name && digits < 2 && judge(value).is_some())
}
