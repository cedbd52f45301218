//! Rules of the user's own: secrets that are known, names, patterns, and what stays.

use std::{collections::HashSet, fmt};

use regex::bytes::Regex;
use regex_syntax::hir::literal::{ExtractKind, Extractor};

use crate::ground::name::Name;

use super::{
    rules::Target,
    view::{View, WINDOW},
};

/// How much of a text is looked for in one pass; the rest is compared where that was found.
const ANCHOR: usize = 4;

/// The shortest secret that may be known.
const SHORTEST: usize = 6;

/// What is wrong with a rule.
#[derive(Debug)]
pub(super) enum Fault {
    Empty,
    Short,
    Common,
    Word,
    Regex(String),
    Nothing,
    Endless,
    Window,
    Anchor,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("must not be empty"),
            Self::Short => f.write_str("must be a secret of at least 6 bytes: shorter ones stand in harmless words"),
            Self::Common => f.write_str("must not be a word that stands in harmless text"),
            Self::Word => f.write_str("must be a name of letters, digits, `-`, `_` and `.`, of 3 to 48 bytes"),
            Self::Regex(fault) => write!(f, "must be a regular expression: {fault}"),
            Self::Nothing => f.write_str("must not match the empty text"),
            Self::Endless => f.write_str("must begin with a text of at least 2 bytes, or one of at most 64, or have an `anchor`"),
            Self::Window => f.write_str("must have a window of 1 to 4096 bytes"),
            Self::Anchor => f.write_str("must have an anchor of 2 to 40 bytes on one line"),
        }
    }
}

/// One way to write a known secret.
struct Form {
    bytes: Vec<u8>,
    literal: usize,
    uncased: bool,
}

struct Shape {
    name: Name,
    regex: Regex,
    anchors: Vec<Vec<u8>>,
    window: usize,
    /// The anchor stays.
    behind: bool,
}

/// All of them. Nothing of a secret is ever printed.
#[derive(Default)]
pub(super) struct Custom {
    literals: Vec<Name>,
    forms: Vec<Form>,
    keys: Vec<Vec<u8>>,
    shapes: Vec<Shape>,
    allowed: HashSet<Vec<u8>>,
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Custom")
            .field("literals", &self.literals)
            .field("patterns", &self.shapes.len())
            .finish_non_exhaustive()
    }
}

impl Custom {
    pub(super) fn add_literal(&mut self, name: &str, value: &str) -> Result<(), Fault> {
        if name.is_empty() {
            return Err(Fault::Empty);
        }
        let bytes = value.as_bytes();
        if bytes.len() < SHORTEST {
            return Err(Fault::Short);
        }
        let letters = bytes.iter().all(u8::is_ascii_lowercase)
            || bytes.iter().skip(1).all(u8::is_ascii_lowercase) && bytes[0].is_ascii_uppercase();
        let same = bytes.iter().all(|byte| *byte == bytes[0]);
        if same
            || (letters && bytes.len() < 9)
            || COMMON.contains(&value.to_ascii_lowercase().as_str())
        {
            return Err(Fault::Common);
        }
        let literal = self.literals.len();
        self.literals.push(Name::from(name.to_owned()));
        let mut forms: Vec<(Vec<u8>, bool)> = vec![
            (bytes.to_vec(), false),
            (hex(bytes), true),
            (percent(bytes), true),
            (json(bytes), false),
        ];
        for phase in 0..3 {
            forms.push((base64(bytes, phase, b"+/"), false));
            forms.push((base64(bytes, phase, b"-_"), false));
        }
        forms.sort();
        forms.dedup_by(|a, b| a.0 == b.0);
        for (bytes, uncased) in forms.into_iter().filter(|(bytes, _)| bytes.len() >= SHORTEST) {
            self.forms.push(Form { bytes, literal, uncased });
        }
        Ok(())
    }

    pub(super) fn add_key(&mut self, key: &str) -> Result<(), Fault> {
        let fits = (3..=48).contains(&key.len())
            && key
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
            && key.bytes().any(|byte| byte.is_ascii_alphabetic());
        if !fits {
            return Err(Fault::Word);
        }
        for separator in ["-", "_", ""] {
            let spelled = key.replace(['-', '_'], separator).to_ascii_lowercase().into_bytes();
            if !self.keys.contains(&spelled) {
                self.keys.push(spelled);
            }
        }
        Ok(())
    }

    pub(super) fn add_pattern(
        &mut self,
        name: &str,
        regex: &str,
        anchor: Option<&str>,
        window: usize,
    ) -> Result<(), Fault> {
        if name.is_empty() {
            return Err(Fault::Empty);
        }
        if !(1..=WINDOW).contains(&window) {
            return Err(Fault::Window);
        }
        let compiled = regex::bytes::RegexBuilder::new(&format!(r"\A(?:{regex})"))
            .unicode(false)
            .size_limit(1 << 20)
            .build()
            .map_err(|fault| Fault::Regex(first_line(&fault.to_string())))?;
        if compiled.find(b"").is_some() {
            return Err(Fault::Nothing);
        }
        let anchors = match anchor {
            Some(anchor) => {
                if !(2..=40).contains(&anchor.len()) || anchor.contains('\n') {
                    return Err(Fault::Anchor);
                }
                vec![anchor.as_bytes().to_vec()]
            }
            None => prefixes(regex)?,
        };
        let name = Name::from(name.to_owned());
        self.shapes.push(Shape {
            name,
            regex: compiled,
            anchors,
            window,
            behind: anchor.is_some(),
        });
        Ok(())
    }

    pub(super) fn add_allowed(&mut self, text: &str) {
        self.allowed.insert(text.as_bytes().to_vec());
    }

    /// Hands out what has to be looked for.
    pub(super) fn anchors(&self, add: &mut impl FnMut(&[u8], Target)) {
        for (number, form) in self.forms.iter().enumerate() {
            let line =
                form.bytes.iter().position(|byte| *byte == b'\n').unwrap_or(form.bytes.len());
            let length = line.clamp(1, ANCHOR).min(form.bytes.len());
            add(form.bytes.get(..length).unwrap_or_default(), Target::Literal(number));
        }
        for key in &self.keys {
            add(key, Target::Name);
        }
        for (number, shape) in self.shapes.iter().enumerate() {
            for anchor in &shape.anchors {
                add(anchor, Target::Pattern(number));
            }
        }
    }

    pub(super) fn literal_name(&self, form: usize) -> Option<&Name> {
        self.literals.get(self.forms.get(form)?.literal)
    }

    pub(super) fn pattern_name(&self, number: usize) -> Option<&Name> {
        self.shapes.get(number).map(|shape| &shape.name)
    }

    /// The end of the known secret that begins at `start`.
    pub(super) fn literal(&self, form: usize, view: &View<'_>, start: usize) -> Option<usize> {
        let form = self.forms.get(form)?;
        let there = if form.uncased {
            view.starts_uncased(start, &form.bytes)
        } else {
            view.starts(start, &form.bytes)
        };
        there.then_some(start + form.bytes.len())
    }

    /// Where the pattern matches whose anchor stands at `start..end`.
    pub(super) fn pattern(
        &self,
        number: usize,
        view: &View<'_>,
        start: usize,
        end: usize,
    ) -> Option<(usize, usize)> {
        let shape = self.shapes.get(number)?;
        let from = if shape.behind { end } else { start };
        let text = view.slice(from, from + shape.window);
        let found = shape.regex.find(text)?;
        (found.end() > 0).then_some((from, from + found.end()))
    }

    /// Whether there is a literal or a pattern.
    pub(super) fn has_values(&self) -> bool {
        !self.forms.is_empty() || !self.shapes.is_empty()
    }

    #[inline]
    pub(super) fn allows(&self, text: &[u8]) -> bool {
        !self.allowed.is_empty() && self.allowed.contains(text)
    }
}

/// What a match begins with.
fn prefixes(regex: &str) -> Result<Vec<Vec<u8>>, Fault> {
    let mut parser = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build();
    let hir = parser.parse(regex).map_err(|fault| Fault::Regex(first_line(&fault.to_string())))?;
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Prefix).limit_total(64).limit_class(4).limit_literal_len(40);
    let mut sequence = extractor.extract(&hir);
    sequence.dedup();
    let literals = sequence.literals().ok_or(Fault::Endless)?;
    let texts: Vec<Vec<u8>> = literals.iter().map(|literal| literal.as_bytes().to_vec()).collect();
    let sound = |text: &Vec<u8>| text.len() >= 2 && !text.contains(&b'\n');
    if texts.is_empty() || !texts.iter().all(sound) {
        return Err(Fault::Endless);
    }
    Ok(texts)
}

/// The gist of a message of many lines.
fn first_line(message: &str) -> String {
    let gist = message.lines().rev().find(|line| line.starts_with("error: "));
    gist.map_or_else(
        || message.lines().next().unwrap_or_default(),
        |gist| gist.trim_start_matches("error: "),
    )
    .to_owned()
}

/// Words that somebody may have set as a password, and that stand in any text.
const COMMON: [&str; 16] = [
    "password",
    "passw0rd",
    "changeme",
    "secret",
    "default",
    "example",
    "localhost",
    "postgres",
    "username",
    "undefined",
    "production",
    "development",
    "00000000",
    "12345678",
    "application",
    "123456",
];

fn hex(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .collect()
}

fn percent(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            text.push(*byte);
        } else {
            text.push(b'%');
            text.extend(hex(&[*byte]));
        }
    }
    text
}

fn json(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'"' | b'\\' => text.extend([b'\\', *byte]),
            b'\n' => text.extend(b"\\n"),
            b'\r' => text.extend(b"\\r"),
            b'\t' => text.extend(b"\\t"),
            byte if *byte < 0x20 => {
                text.extend(b"\\u00");
                text.extend(hex(&[*byte]));
            }
            byte => text.push(*byte),
        }
    }
    text
}

/// The digits of base64 that `bytes` alone decide, when they stand `phase` bytes into a group.
fn base64(bytes: &[u8], phase: usize, last: &[u8; 2]) -> Vec<u8> {
    let digit = |value: u8| match value {
        0..=25 => b'A' + value,
        26..=51 => b'a' + value - 26,
        52..=61 => b'0' + value - 52,
        62 => last[0],
        _ => last[1],
    };
    let bit = |at: usize| {
        let byte = at / 8;
        byte.checked_sub(phase)
            .and_then(|byte| bytes.get(byte))
            .map(|byte| (byte >> (7 - at % 8)) & 1)
    };
    let mut text = Vec::new();
    let first = (phase * 8).div_ceil(6);
    for group in first.. {
        let value = (0..6).try_fold(0_u8, |value, at| Some((value << 1) | bit(group * 6 + at)?));
        match value {
            Some(value) => text.push(digit(value)),
            None => break,
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert_eq!(base64(b"secret", 0, b"+/"), b"c2VjcmV0");
        assert_eq!(base64(b"secret", 1, b"+/"), b"NlY3JldA"[..7].to_vec());
        assert_eq!(percent(b"a b/c"), b"a%20b%2fc");
        assert_eq!(json(b"a\"b\\c\n"), br#"a\"b\\c\n"#);
        assert_eq!(hex(b"\x00\xff"), b"00ff");
    }

    #[test]
    fn what_patterns_begin_with() {
        assert_eq!(prefixes("BDG-[0-9]{6}").unwrap(), vec![b"BDG-".to_vec()]);
        assert!(prefixes("(?:ab|cd)x+").is_ok());
        assert!(matches!(prefixes("[0-9]{6}"), Err(Fault::Endless)));
        assert!(matches!(prefixes(".*x"), Err(Fault::Endless)));
    }
}
