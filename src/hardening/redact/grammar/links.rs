//! What stands between a name and its value and is no mark: words, a remark, a type.

use super::{super::view::View, quote};

/// ` (string) =`: past a remark in brackets and the mark behind it. A mask in brackets is none.
pub(super) fn remark(view: &View<'_>, at: usize) -> Option<usize> {
    if view.is_fixed_mask(at) {
        return None;
    }
    let close = match view.get(at) {
        Some(b'(') => b')',
        Some(b'[') => b']',
        Some(b'<') => b'>',
        _ => return None,
    };
    let mut end = at + 1;
    while end - at < 24 && view.get(end).is_some_and(|byte| byte.is_ascii_alphabetic()) {
        end += 1;
    }
    let mark = view.blanks(end + 1, 4);
    (view.is(end, close) && matches!(view.get(mark), Some(b'=' | b':'))).then_some(mark + 1)
}

/// `name string = "value"`: past the type and the mark behind it.
pub(super) fn typed(view: &View<'_>, at: usize, start: usize) -> Option<usize> {
    let mut end = start;
    while end - start < 24
        && view.get(end).is_some_and(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'[' | b']' | b'*' | b'.')
        })
    {
        end += 1;
    }
    let mark = view.blanks(end, 8);
    let sets = start > at && end > start && mark > end && view.is(mark, b'=');
    let value = view.blanks(mark + 1, 8);
    (sets && quote::open(view, value).is_some()).then_some(value)
}

/// Past words such as `is`, `was set to` and `for bob:`.
pub(super) fn connected(view: &View<'_>, at: usize) -> usize {
    const WORDS: [&[u8]; 23] = [
        b"with value ",
        b"has been ",
        b"changed ",
        b"rotated ",
        b"rotated: ",
        b"updated ",
        b"now ",
        b"is: ",
        b"- ",
        "– ".as_bytes(),
        "— ".as_bytes(),
        b"is ",
        b"was ",
        b"set to ",
        b"to ",
        b"as ",
        b"value ",
        b"= ",
        b"ist ",
        b"es ",
        b"est ",
        b"from ",
        b"changed from ",
    ];
    let mut at = at;
    for _ in 0..3 {
        let first = view.get(at).map(|byte| byte.to_ascii_lowercase());
        // None of them, nor `for` and `of`, begins with one of these.
        if first.is_some_and(|byte| matches!(byte, b'0'..=b'9' | b'd' | b'g' | b'j'..=b'm' | b'p' | b'q' | b'x'..=b'z')) {
            return at;
        }
        let begins =
            |word: &&&[u8]| word.first().copied() == first && view.starts_uncased(at, word);
        let Some(word) = WORDS.iter().find(begins) else {
            break;
        };
        at = view.blanks(at + word.len(), 8);
    }
    // `is: `, and a value in brackets.
    if view.get(at) == Some(b'(') && view.get(at + 1) != Some(b' ') {
        return at + 1;
    }
    if view.starts_uncased(at, b"for ") || view.starts_uncased(at, b"of ") {
        let line = view.slice(at, at + 64);
        let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let colon = line.windows(2).position(|two| matches!(two, [b':' | b'=', b' ']));
        let is = line.windows(4).position(|four| four == b" is ");
        if let Some(end) = colon.map(|end| end + 2).or(is.map(|end| end + 4)) {
            return view.blanks(at + end, 8);
        }
    }
    at
}
