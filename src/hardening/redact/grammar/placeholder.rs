//! What stands where a secret would, and is none.

use super::{
    super::{keys::judge, list::List},
    complaint::is_complaint,
    expression::is_expression,
};

/// Words that say that there is no secret, or what kind of thing it would be.
#[rustfmt::skip]
static WORDS: List = List::of(&[
    "a", "absent", "accepted", "an", "and", "anonymous", "any", "are", "array", "async",
    "authenticated", "auto", "await", "base64", "basic", "bearer", "blank", "bool", "boolean", "buffer",
    "byte", "bytes", "can", "cannot", "changed", "char", "checked", "created", "default",
    "deleted", "denied", "disabled", "does", "dynamic", "empty", "enabled", "enter", "expired",
    "failed", "failure", "false", "field", "filtered", "for", "forbidden", "function", "has",
    "have", "hex", "hidden", "if", "ignored", "in", "incorrect", "int", "integer", "invalid", "is",
    "lambda", "loaded", "masked", "may", "missing", "must", "n/a", "na", "nan", "needed", "new",
    "nil", "no", "none", "none,", "not", "null", "number", "object", "of", "off", "ok",
    "omitted", "on", "only", "option", "optional", "optional[str]", "or", "placeholder",
    "please", "present", "protected", "provided", "received", "redacted", "refreshed",
    "rejected", "removed", "required", "reset", "return", "revoked", "rotated", "secret_here",
    "self", "sensitive", "sent", "set", "should", "skipped", "stored", "str", "string",
    "success", "tbd", "text", "that", "the", "this", "to", "todo", "true", "typing",
    "uint8array", "unauthorized", "unavailable", "unchanged", "undef", "undefined", "unknown",
    "unset", "unspecified", "updated", "used", "valid", "varchar", "verified", "void", "was",
    "when", "will", "with", "wrong", "yes", "your",
]);

/// Whether `value` stands for a secret and is none: an empty text, a variable, a mask, a word that
/// says so.
pub(in super::super) fn is_placeholder(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    let Some(first) = value.first() else {
        return true;
    };
    if value.len() > 256 {
        return false;
    }
    masks(value)
        || is_variable(value, *first)
        || is_word(value)
        || is_expression(value)
        || is_complaint(value)
        || is_file(value)
}

/// The path of a file that holds a secret: words between slashes.
pub(super) fn is_file(value: &[u8]) -> bool {
    let rest = value.strip_prefix(b"~").or_else(|| value.strip_prefix(b".")).unwrap_or(value);
    let words = || rest.split(|byte| *byte == b'/').skip(1);
    rest.first() == Some(&b'/')
        && rest.len() > 3
        && (words().count() > 1 || rest.len() < value.len())
        && words().all(|word| {
            let lower = !word.iter().any(u8::is_ascii_uppercase);
            (lower || !word.iter().any(u8::is_ascii_digit))
                && word
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        })
}

/// The same of all that there is of a value, when its name is certain: what only begins as an expression
/// does may be a secret that begins so.
pub(super) fn is_stand_in(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    let Some(first) = value.first() else {
        return true;
    };
    // With a default in it, it is a secret.
    let named = |start: &[u8], end: &[u8]| {
        let inside = value.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
        inside.is_some_and(|inside| {
            let part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.- |$".contains(byte);
            inside.iter().all(part)
        })
    };
    value.len() <= 64
        && (is_mask(value)
            || is_variable(value, *first)
            || is_word(value)
            || named(b"${", b"}")
            || named(b"{{", b"}}"))
}

/// Nothing but stars, crosses and dots.
fn is_mask(value: &[u8]) -> bool {
    let mark =
        |char| matches!(char, '*' | 'x' | 'X' | '•' | '…' | '.' | '-' | '_' | '#' | '?' | '=');
    value.len() > 2 && std::str::from_utf8(value).is_ok_and(|text| text.chars().all(mark))
}

/// Stars, crosses and dots.
fn masks(value: &[u8]) -> bool {
    let stars = value.iter().filter(|byte| **byte == b'*').count();
    if stars >= 3 && stars * 2 >= value.len() || stars >= 5 {
        return true;
    }
    if value.starts_with("•".as_bytes())
        || value.starts_with("…".as_bytes())
        || value.ends_with(b"...") && value.len() <= 4
    {
        return true;
    }
    let cross = |byte: &u8| {
        matches!(byte, b'x' | b'X' | b'*' | b'.' | b'-' | b'_' | b'#' | b'?' | b'=' | b'0')
    };
    let some = value.iter().any(|byte| !matches!(byte, b'0'));
    let like = value.len() > 2 && value.iter().all(cross) && some;
    let run = value.iter().filter(|byte| matches!(byte, b'x' | b'X')).count() > 5
        && value.windows(6).any(|six| six.iter().all(|byte| matches!(byte, b'x' | b'X')));
    like || run
}

fn is_variable(value: &[u8], first: u8) -> bool {
    let inside = |from: usize, to: usize| value.get(from..to).unwrap_or_default();
    let name = |text: &[u8]| {
        !text.is_empty()
            && text.first().is_some_and(|byte| !byte.is_ascii_digit())
            && text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    let last = value.last().copied().unwrap_or_default();
    let end = value.len() - 1;
    match first {
        b'$' => {
            let text = inside(1, value.len());
            if text.len() < 3 && !text.is_empty() && text.iter().all(u8::is_ascii_digit) {
                return true;
            }
            name(text)
                && (text.iter().all(|byte| {
                    byte.is_ascii_uppercase() || *byte == b'_' || byte.is_ascii_digit()
                }) || text.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_'))
        }
        b'%' if value.len() == 2 => last.is_ascii_alphabetic(),
        b'%' => last == b'%' && name(inside(1, end)),
        b'{' => {
            (last == b'}'
                && (end < 2
                    || name(inside(1, end))
                    || inside(1, end)
                        .iter()
                        .all(|byte| matches!(byte, b':' | b'?' | b'#' | b'r' | b'}' | b'{'))))
                || value.len() == 1
        }
        b'<' => last == b'>' && value.len() < 48,
        b'[' => {
            last == b']'
                && inside(1, end).iter().all(|byte| {
                    byte.is_ascii_alphabetic() || matches!(byte, b' ' | b'_' | b'-' | b'*')
                })
        }
        b'(' => {
            last == b')'
                && inside(1, end).iter().all(|byte| {
                    byte.is_ascii_alphabetic() || matches!(byte, b' ' | b'_' | b'-' | b'*')
                })
        }
        b'@' | b':' if name(inside(1, value.len())) && judge(inside(1, value.len())).is_some() => {
            true
        }
        b'#' | b'@' | b':' => value.len() == 1,
        b'&' | b'*' => {
            name(inside(1, value.len()))
                && value.len() < 24
                && inside(1, value.len()).iter().all(|byte| byte.is_ascii_lowercase())
        }
        b'?' | b'-' | b'=' | b'|' | b'>' | b'+' | b'/' | b'\\' | b',' | b';' | b'.' | b'!'
        | b'}' | b']' | b')' => value.len() == 1,
        _ => false,
    }
}

fn is_word(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"(").or_else(|| value.strip_prefix(b"[")).unwrap_or(value);
    let end = value
        .iter()
        .rposition(|byte| !matches!(byte, b'.' | b',' | b';' | b'!' | b'?' | b':' | b')'))
        .map_or(0, |at| at + 1);
    let value = value.get(..end).unwrap_or_default();
    let mut lower = [0; 24];
    let Some(word) = lower.get_mut(..value.len()) else {
        return false;
    };
    word.copy_from_slice(value);
    word.make_ascii_lowercase();
    WORDS.has(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted() {
        assert!(WORDS.is_sorted());
    }

    #[test]
    fn what_stands_for_a_secret() {
        for text in [
            "",
            "********",
            "xxxx",
            "XXXXXXXX",
            "${DB_PASSWORD}",
            "$TOKEN",
            "{{ password }}",
            "%s",
            "<your-key>",
            "null",
            "None",
            "[REDACTED]",
            "[FILTERED]",
            "os.environ",
            "YOUR_KEY",
            "required",
            "(hidden)",
            "{}",
            "...",
            "process.env.X",
        ] {
            assert!(is_placeholder(text.as_bytes()), "{text}");
        }
        for text in ["${DB_PASSWORD}", "{{ password }}", "null", "****", "<your-key>", ""] {
            assert!(is_stand_in(text.as_bytes()), "{text}");
        }
        for text in ["your cat", "[REDACTED] hunter2", "data.2024", "of this example", "${a}b"] {
            assert!(!is_stand_in(text.as_bytes()), "{text}");
        }
        for text in [
            "config.db.password",
            "config.get('x')",
            "process.env.X!",
            "self.password",
            "your key",
            "yourPassword",
            "yourpassword",
            "your-api-key-123",
            "insert_here",
            "INSERT_YOUR_TOKEN",
            "replaceme",
            "REPLACE_ME",
            "put-token-here",
            "my_example",
            "AKIAIOSFODNN7EXAMPLE",
            "__SECRET__",
            "__db_password",
        ] {
            assert!(is_placeholder(text.as_bytes()), "{text}");
        }
        for text in [
            "hunter2",
            "$ecret9",
            "x",
            "changeme",
            "pa$$word",
            "a*b*c",
            "1234",
            "{x9!",
            "your cat 99!",
            "youreit7",
            "insertcoin9",
            "replaceable1",
            "data.9x",
            "config.77",
            "config.lua9!",
            "env.9",
            "nohere",
            "4here",
            "k9!-here",
            "badexample",
            "__x9!",
        ] {
            assert!(!is_placeholder(text.as_bytes()), "{text}");
        }
    }
}
