//! Secrets of several words.

use super::{
    super::{class::LINE, keys::Strength, view::View},
    key::Key,
    operator::Join,
    placeholder::is_placeholder,
};

/// A password of several words, alone on its line.
pub(super) fn more_words(
    view: &View<'_>,
    key: &Key,
    join: Join,
    start: usize,
    end: usize,
) -> usize {
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
    if !phrase && ends_before(view.slice(start, end), rest) {
        return end;
    }
    let plain = rest.iter().all(|byte| {
        !matches!(byte, b'=' | b':' | b'"' | b'#' | b'{' | b'[' | b'(' | b';' | b'|' | b'\\' | 0x1b)
    });
    if plain && line - start < 256 { end + rest.trim_ascii_end().len() } else { end }
}

/// Whether what follows a password on its line is another argument, or goes on with a sentence behind one that is
/// no word itself: `--password=a --host b`, `password=hunter2 and`.
fn ends_before(value: &[u8], rest: &[u8]) -> bool {
    let mut words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let next = words.next().unwrap_or_default();
    let flag = next.strip_prefix(b"--").unwrap_or_default();
    flag.first().is_some_and(u8::is_ascii_lowercase)
        || !value.iter().all(u8::is_ascii_alphabetic) && is_placeholder(next)
}

/// Whether the name is of a secret of several words.
pub(super) fn is_phrase(view: &View<'_>, key: &Key) -> bool {
    let name = view.slice(key.start, key.end);
    name.ends_with(b"phrase") || name.ends_with(b"PHRASE") || name.eq_ignore_ascii_case(b"mnemonic")
}
