//! Private keys in lines of base64.

use super::view::View;

/// How far the end of a key is looked for.
const FAR: usize = 16 * 1024;

/// A block, or what begins one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Block {
    Whole(usize, usize),
    /// It goes on behind this place, line by line.
    From(usize),
}

/// The private key that begins with the dashes at `start`; `end` is behind `BEGIN`.
pub(super) fn block(view: &View<'_>, start: usize, end: usize) -> Option<Block> {
    let name = view.run(end, &super::class::PEM_NAME, 64);
    let title = view.slice(end, name);
    let private = title.windows(11).any(|here| here == b"PRIVATE KEY");
    if !private || !view.starts(name, b"----") {
        return None;
    }
    let body = view.run(name, &super::class::DASH, 8);
    match view.find_end(body, b"-----END", FAR) {
        Some(found) if found - body >= 24 => {
            let name = view.run(found + 8, &super::class::PEM_NAME, 64);
            let close = view.run(name, &super::class::DASH, 8);
            Some(Block::Whole(start, close))
        }
        Some(_) => None,
        None => {
            // Something that looks like a key must follow.
            let rest = view.slice(body, body + 24);
            let text = rest.iter().filter(|byte| super::class::BASE64.has(**byte)).count();
            (text >= 12).then_some(Block::From(body))
        }
    }
}

/// A key of PuTTY; `end` is behind its first words.
pub(super) fn putty(view: &View<'_>, end: usize) -> Option<Block> {
    view.slice(end, end + 24).contains(&b':').then_some(Block::From(end))
}

/// Whether a line may belong to a key, whatever stands before it.
pub(super) fn is_line(line: &[u8]) -> bool {
    const HEADERS: [&[u8]; 14] = [
        b"Proc-Type",
        b"DEK-Info",
        b"Version:",
        b"Comment:",
        b"Charset:",
        b"Hash:",
        b"Encryption:",
        b"Public-Lines",
        b"Private-Lines",
        b"Private-MAC",
        b"Key-Derivation",
        b"Argon2",
        b"PuTTY",
        b"ssh-",
    ];
    let dressing = |byte: &u8| {
        byte.is_ascii_whitespace()
            || matches!(byte, b'"' | b'\'' | b',' | b'|' | b'#' | b'>' | b'+')
    };
    let start = line.iter().position(|byte| !dressing(byte)).unwrap_or(line.len());
    let end = line
        .iter()
        .rposition(|byte| {
            !(byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b',' | b'\\'))
        })
        .map_or(start, |at| at + 1);
    let line = line.get(start..end).unwrap_or_default();
    if line.is_empty()
        || HEADERS
            .iter()
            .any(|header| line.windows(header.len()).take(80).any(|here| here == *header))
    {
        return true;
    }
    let last = line.iter().rposition(|byte| matches!(byte, b' ' | b'\t')).map_or(0, |at| at + 1);
    let token = line.get(last..).unwrap_or_default();
    let token = token.strip_suffix(b"\\n").unwrap_or(token);
    let body = token.iter().all(|byte| super::class::BASE64.has(*byte) || *byte == b'\\');
    let marked =
        token.iter().any(|byte| byte.is_ascii_digit() || matches!(byte, b'=' | b'+' | b'/'));
    body && (token.len() >= 24 && marked || (last == 0 && marked && token.len() > 1))
}

/// The end of the block in the line that ends a key, if it does.
pub(super) fn line_end(line: &[u8]) -> Option<usize> {
    if let Some(mac) = line.windows(12).position(|here| here == b"Private-MAC:") {
        let rest = line.get(mac..)?;
        let blank = rest.iter().rposition(|byte| byte.is_ascii_hexdigit())?;
        return Some(mac + blank + 1);
    }
    let end = line.windows(8).position(|here| here == b"-----END")?;
    let rest = line.get(end + 8..)?;
    let dashes = rest.windows(4).position(|here| here == b"----").unwrap_or(rest.len());
    let more = rest.get(dashes..)?.iter().take_while(|byte| **byte == b'-').count();
    Some(end + 8 + dashes + more)
}
