//! The ends of secrets that are longer than the window, found as the text comes.

use super::{
    class::{BARE, BASE64, Class},
    grammar::Until,
    pem,
};

/// How a span ends whose end is not known yet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Open {
    Until(Until),
    Class(&'static Class),
    Key,
}

impl Open {
    /// How much of `rest`, which follows `before`, belongs to it, and whether it ends there.
    pub(super) fn measure(self, rest: &[u8], before: Option<u8>, whole: bool) -> (usize, bool) {
        let found = match self {
            Self::Class(class) => rest.iter().position(|byte| !class.has(*byte)),
            Self::Until(Until::Bare) => rest.iter().position(|byte| !BARE.has(*byte)),
            Self::Until(Until::Line) => rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')),
            Self::Until(Until::Tag) => rest.iter().position(|byte| *byte == b'<'),
            Self::Until(Until::Quote(mark)) => {
                let mut before = before;
                rest.iter().position(|byte| {
                    let ends = *byte == b'\n' || (*byte == mark && before != Some(b'\\'));
                    before = Some(*byte);
                    ends
                })
            }
            Self::Until(Until::Indent(indent)) => return indented(rest, indent, whole),
            Self::Key => return key_lines(rest, whole),
        };
        found.map_or((rest.len(), whole), |length| (length, true))
    }
}

/// The end of lines that are indented so deep; or how much of `rest` surely is.
fn indented(rest: &[u8], indent: usize, whole: bool) -> (usize, bool) {
    let mut at = 0;
    loop {
        let Some(line) = rest.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)) else {
            return (rest.len(), false);
        };
        let line = at + line;
        let next = rest.get(line + 1..).unwrap_or_default();
        let blanks = next.iter().take_while(|byte| **byte == b' ' || **byte == b'\t').count();
        if blanks < indent {
            if blanks == next.len() && !whole {
                return (line, false);
            }
            return (line, true);
        }
        at = line + 1;
    }
}

/// The end of the lines of a key; or how much of `rest` surely belongs to it.
fn key_lines(rest: &[u8], whole: bool) -> (usize, bool) {
    const LONGEST: usize = 2048;
    let mut at = 0;
    loop {
        let here = rest.get(at..).unwrap_or_default();
        let bound = here.get(..LONGEST).unwrap_or(here);
        let Some(end) = memchr::memchr(b'\n', bound) else {
            if here.len() >= LONGEST {
                // One long line: as long as it is made of what keys are made of.
                let odd = bound.iter().position(|byte| {
                    !(BASE64.has(*byte) || matches!(byte, b'\\' | b' ' | b'"' | b'-' | b','))
                });
                match odd {
                    Some(odd) => return (at + odd, true),
                    None => {
                        at += LONGEST;
                        continue;
                    }
                }
            }
            if !whole {
                return (at, false);
            }
            return match pem::line_end(here) {
                Some(end) => (at + end, true),
                None if pem::is_line(here) => (rest.len(), true),
                None => (at, true),
            };
        };
        let line = bound.get(..end).unwrap_or_default();
        if let Some(end) = pem::line_end(line) {
            return (at + end, true);
        }
        if at > 0 && !pem::is_line(line) {
            return (at.saturating_sub(1), true);
        }
        at += end + 1;
    }
}
