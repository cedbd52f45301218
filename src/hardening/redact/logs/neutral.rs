//! Texts that can do nothing to a log: every character is visible, and there are not too many.

use std::{borrow::Cow, fmt::Write};

/// What stands before and after the number of bytes that were left out.
const LEFT_OUT: (&str, &str) = ("...(+", " bytes)");

/// The longest mask that is kept whole.
const MASK: usize = 160;

/// Whether a character is drawn as itself, and changes nothing about those around it.
const fn is_visible(character: char) -> bool {
    !matches!(
        character,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}' // with U+0085, which is a line feed to some
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Whether `text` is drawn as it is; quick for what is ASCII.
#[inline]
pub(super) fn is_neutral(text: &str) -> bool {
    let plain = |byte: &u8| (0x20..0x7f).contains(byte);
    text.as_bytes().iter().all(plain) || text.chars().all(is_visible)
}

/// The text with everything that is not visible written out: `\n`, `\u{1b}`.
pub(super) fn neutralize(text: &str) -> Cow<'_, str> {
    if is_neutral(text) { Cow::Borrowed(text) } else { Cow::Owned(written_out(text)) }
}

#[cold]
fn written_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            visible if is_visible(visible) => out.push(visible),
            other => {
                let _always_fits = write!(out, "\\u{{{:x}}}", u32::from(other));
            }
        }
    }
    out
}

/// The bytes as text; those that are none are written out as `\xff`.
pub(super) fn readable(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _always_fits = write!(out, "\\x{byte:02x}");
        }
    }
    Cow::Owned(out)
}

/// At most `at_most` bytes of the text, and a mark that says how many are missing. It is never cut inside
/// of a character, a mask, or a character that is written out.
pub(super) fn shorten<'t>(text: Cow<'t, str>, at_most: usize, fixed: Option<&str>) -> Cow<'t, str> {
    if text.len() <= at_most { text } else { Cow::Owned(shortened(&text, at_most, fixed)) }
}

#[cold]
fn shortened(text: &str, at_most: usize, fixed: Option<&str>) -> String {
    // Room for the mark, with a number of up to twenty digits.
    let room = at_most.saturating_sub(LEFT_OUT.0.len() + LEFT_OUT.1.len() + 20);
    let cut = place_to_cut(text.as_bytes(), room, fixed.map(str::as_bytes));
    let (kept, left_out) = text.split_at_checked(cut).unwrap_or(("", text));
    let (before, after) = LEFT_OUT;
    format!("{kept}{before}{}{after}", left_out.len())
}

/// The same for a line of bytes, whose line feed is kept.
pub(super) fn shorten_line<'l>(
    line: Cow<'l, [u8]>,
    at_most: usize,
    fixed: Option<&str>,
) -> Cow<'l, [u8]> {
    if line.len() <= at_most {
        return line;
    }
    let text = line.strip_suffix(b"\n").unwrap_or(&line);
    let room = at_most.saturating_sub(LEFT_OUT.0.len() + LEFT_OUT.1.len() + 21);
    let cut = place_to_cut(text, room, fixed.map(str::as_bytes));
    let (before, after) = LEFT_OUT;
    let mut out = text.get(..cut).unwrap_or_default().to_vec();
    out.extend_from_slice(format!("{before}{}{after}", text.len() - cut).as_bytes());
    if text.len() < line.len() {
        out.push(b'\n');
    }
    Cow::Owned(out)
}

/// The last place at or before `at` where nothing is cut in two.
fn place_to_cut(text: &[u8], at: usize, fixed: Option<&[u8]>) -> usize {
    let mut cut = at.min(text.len());
    // Each move may lead into the middle of something else.
    loop {
        let before = cut;
        // No character has more than three bytes behind its first; more of them are no text.
        let inside = |cut: &usize| text.get(*cut).is_none_or(|byte| !(0x80..0xc0).contains(byte));
        cut = (cut.saturating_sub(3)..=cut).rev().find(inside).unwrap_or(cut);
        cut = before_what_it_splits(text, cut, MASK, |rest| {
            let begins = rest.starts_with(super::super::rules::MASK.as_bytes());
            let end = rest.iter().take(MASK).position(|byte| *byte == b']');
            if begins { end.map(|end| end + 1) } else { None }
        });
        cut = before_what_it_splits(text, cut, 12, |rest| match rest {
            [b'\\', b'u', b'{', ..] => {
                rest.iter().take(12).position(|byte| *byte == b'}').map(|end| end + 1)
            }
            [b'\\', b'x', ..] => Some(4),
            [b'\\', b'n' | b'r' | b't', ..] => Some(2),
            _ => None,
        });
        if let Some(fixed) = fixed.filter(|fixed| !fixed.is_empty()) {
            cut = before_what_it_splits(text, cut, fixed.len(), |rest| {
                rest.starts_with(fixed).then_some(fixed.len())
            });
        }
        if cut == before {
            return cut;
        }
    }
}

/// `cut`, or where something begins that reaches beyond it. `length` says how long what begins with a
/// text is; it is no longer than `longest`.
fn before_what_it_splits(
    text: &[u8],
    cut: usize,
    longest: usize,
    length: impl Fn(&[u8]) -> Option<usize>,
) -> usize {
    let from = cut.saturating_sub(longest);
    let splits = |start: &usize| {
        let rest = text.get(*start..).unwrap_or_default();
        length(rest).is_some_and(|length| start + length > cut)
    };
    (from..cut).find(splits).unwrap_or(cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_visible_stays() {
        for text in ["", "a b", "grün", "日本語", "привет", "👍", "a\\b"] {
            assert!(matches!(neutralize(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn what_is_not_is_written_out() {
        for (text, neutral) in [
            ("a\nb\r\n", "a\\nb\\r\\n"),
            ("\u{1b}[31mred\u{1b}[0m", "\\u{1b}[31mred\\u{1b}[0m"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("x\u{202e}txt.exe", "x\\u{202e}txt.exe"),
            ("a\u{2028}b\u{2029}c\u{85}d", "a\\u{2028}b\\u{2029}c\\u{85}d"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("\u{e0041}", "\\u{e0041}"),
            ("\t\0\u{7f}", "\\t\\u{0}\\u{7f}"),
        ] {
            assert_eq!(neutralize(text), neutral);
        }
        assert_eq!(readable(b"a\xff\xc3b"), "a\\xff\\xc3b");
    }

    #[test]
    fn long_texts_are_cut_where_nothing_is_cut_in_two() {
        let cut = |text: &str, at| place_to_cut(text.as_bytes(), at, Some(b"(gone)"));
        assert_eq!(cut("abcdef", 3), 3);
        assert_eq!(cut("abé", 3), 2);
        assert_eq!(cut("ab[REDACTED:password]cd", 10), 2);
        assert_eq!(cut("ab[REDACTED:password]cd", 21), 21);
        assert_eq!(cut("ab\\u{202e}cd", 6), 2);
        assert_eq!(cut("ab\\ncd", 3), 2);
        assert_eq!(cut("ab(gone)cd", 5), 2);
        assert_eq!(cut("é[REDACTED:x]", 3), 2);
    }

    #[test]
    fn what_was_left_out_is_counted() {
        let text = "a".repeat(1000);
        let short = shorten(Cow::Borrowed(&text), 100, None);
        assert!(short.len() <= 100);
        let kept = short.bytes().take_while(|byte| *byte == b'a').count();
        assert_eq!(short, format!("{}...(+{} bytes)", "a".repeat(kept), 1000 - kept));
        let line = shorten_line(Cow::Owned([text.as_bytes(), b"\n"].concat()), 300, None);
        assert!(line.len() <= 300 && line.ends_with(b" bytes)\n"));
    }
}
