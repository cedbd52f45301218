//! Code, references and samples: what names a secret, and is none.

use super::super::keys::judge;

/// What begins an expression that names a secret and is none.
#[rustfmt::skip]
const STARTS: &[&str] = &[
    "${", "$(", "{{", "<%", "%(", "#{", "@{", "%{", "$env", "env(", "getenv", "env[", "<your",
    "[redacted", "[filtered", "[hidden", "[secret", "[masked", "[removed", "[omitted",
    "(redacted", "<redacted", "<secret", "<hidden", "<masked", "<removed", "<password", "<token",
    "<key", "<api", "{%", "!vault", "!ref", "!sub", "!getatt", "arn:aws:secretsmanager",
    "vault:", "op://", "ssm:", "sm://", "secretref", "%!", "enc[", "enc(", "optional[", "list[",
    "union[", "secretstr", "file:", "random_",
];

/// Things that have secrets, and a dot: the name of one must follow.
#[rustfmt::skip]
const OWNERS: &[&str] = &[
    "args.", "cfg.", "conf.", "config.", "ctx.", "data.", "env.", "import.meta.", "local.",
    "module.", "options.", "opts.", "os.", "params.", "process.env", "props.", "req.", "request.",
    "secrets.", "self.", "settings.", "std::", "system.getenv", "this.", "var.", "vars.",
    "z.string",
];

/// What tells the reader to put one in, and what it may be followed by as one word.
#[rustfmt::skip]
const REQUESTS: &[(&str, &[&str])] = &[
    ("insert", &["here", "your"]),
    ("replace", &["me", "this", "with"]),
    ("your", &[]),
];

/// Whether a value is code, a reference or a sample, by how it begins or ends.
pub(super) fn is_expression(value: &[u8]) -> bool {
    is_sample(value) || is_start_of(value)
}

fn is_start_of(value: &[u8]) -> bool {
    const START_FIRSTS: u128 = firsts(STARTS);
    const OWNER_FIRSTS: u128 = firsts(OWNERS);
    begins_as(START_FIRSTS, value) && STARTS.iter().any(|start| past(value, start).is_some())
        || begins_as(OWNER_FIRSTS, value)
            && OWNERS.iter().any(|owner| past(value, owner).is_some_and(is_member))
        || REQUESTS.iter().any(|request| is_request(value, request))
        || value.starts_with(b"__") && (value.ends_with(b"__") || is_words(value))
}

/// The first letters of words, a bit each.
const fn firsts(words: &[&str]) -> u128 {
    let (mut all, mut at) = (0, 0);
    while at < words.len() {
        all |= 1 << (words[at].as_bytes()[0] & 127);
        at += 1;
    }
    all
}

fn begins_as(firsts: u128, value: &[u8]) -> bool {
    value.first().is_some_and(|first| firsts >> (first.to_ascii_lowercase() & 127) & 1 == 1)
}

/// What follows `start`, in any case.
#[inline]
pub(super) fn past<'v>(value: &'v [u8], start: &str) -> Option<&'v [u8]> {
    // Most differ in the first letter.
    let letter = |text: &[u8]| text.first().map(|first| first | 0x20);
    if letter(value) != letter(start.as_bytes()) {
        return None;
    }
    let (here, rest) = value.split_at_checked(start.len())?;
    here.eq_ignore_ascii_case(start.as_bytes()).then_some(rest)
}

/// Whether names with dots between follow an owner, up to the end or to what calls, indexes or compares
/// them: `config.db.password`, `os.getenv("X")`, and not `data.2024` or `config.lua9!`.
fn is_member(rest: &[u8]) -> bool {
    let named =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'$');
    let end = rest.iter().position(|byte| !named(byte)).unwrap_or(rest.len());
    let (names, after) = rest.split_at(end);
    let names_begin = names.split(|byte| *byte == b'.').all(|name| {
        name.first().is_none_or(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$'))
    });
    let asserted = after == b"!" && !names.iter().any(u8::is_ascii_digit);
    let goes_on = after.first().is_none_or(|byte| {
        matches!(
            byte,
            b'(' | b'[' | b' ' | b'?' | b'|' | b':' | b';' | b',' | b')' | b'}' | b'"' | b'\''
        )
    });
    names_begin && (asserted || goes_on) && !(names.is_empty() && after.is_empty())
}

/// Whether `your`, or what else asks for a secret, is followed by words: of a secret, if there are digits.
fn is_request(value: &[u8], (word, together): &(&str, &[&str])) -> bool {
    let Some(rest) = past(value, word) else {
        return false;
    };
    let camel = value.first().is_some_and(u8::is_ascii_lowercase)
        && rest.first().is_some_and(u8::is_ascii_uppercase);
    let apart = rest.first().is_none_or(|byte| !byte.is_ascii_alphanumeric()) || camel;
    let together = together.iter().any(|next| past(rest, next).is_some());
    let of_secret = judge(rest).is_some();
    (apart || together || of_secret)
        && (is_words(rest) || of_secret && !rest.iter().any(|byte| is_mark(*byte)))
}

/// Whether it ends as samples do: `api_key_here`, `some-example`, `AKIAIOSFODNN7EXAMPLE`.
fn is_sample(value: &[u8]) -> bool {
    if !matches!(value.last(), Some(b'e' | b'E')) {
        return false;
    }
    if value.ends_with(b"EXAMPLE") {
        return true;
    }
    [&b"here"[..], b"example"].iter().any(|end| {
        let start = value.len().saturating_sub(end.len());
        let (before, last) = value.split_at(start);
        last.eq_ignore_ascii_case(end)
            && before.last().is_none_or(|byte| !byte.is_ascii_alphanumeric())
            && (!before.is_empty() || *end == b"example")
            && (is_words(before)
                || judge(before).is_some() && !before.iter().any(|byte| is_mark(*byte)))
    })
}

/// Whether it is made of words: letters, and what stands between words.
fn is_words(text: &[u8]) -> bool {
    text.iter().all(|byte| {
        byte.is_ascii_alphabetic() || *byte >= 0x80 || (!byte.is_ascii_digit() && !is_mark(*byte))
    })
}

/// Marks of passwords, which stand in no name.
const fn is_mark(byte: u8) -> bool {
    matches!(byte, b'!' | b'@' | b'#' | b'%' | b'^' | b'&' | b'*' | b'?' | b'+' | b'=' | b'~')
}
