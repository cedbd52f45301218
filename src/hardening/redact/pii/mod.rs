//! What identifies a person: numbers with check digits, mail addresses, phones.

mod checks;
mod letters;
mod numbers;
mod persons;

use super::{
    class::{ALNUM, DOTTED},
    grammar::Found,
    view::View,
};

/// The kinds, by number.
pub(super) const NAMES: &[&str] = &[
    "card",
    "iban",
    "email",
    "phone",
    "us-ssn",
    "us-itin",
    "uk-nhs",
    "ca-sin",
    "au-tfn",
    "nl-bsn",
    "pl-pesel",
    "in-aadhaar",
    "br-cpf",
    "se-personnummer",
    "de-tax-id",
    "za-id",
    "kr-rrn",
    "tr-id",
    "th-id",
    "us-npi",
    "au-medicare",
    "au-abn",
    "it-fiscal-code",
    "es-nie",
    "es-nif",
    "uk-nino",
    "sg-fin",
    "fi-hetu",
];

/// How a kind is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Detector {
    /// At every digit that begins a group.
    Number,
    /// At `@`.
    Mail,
    /// At `+`.
    Phone,
}

pub(super) static DETECTORS: &[Detector] = &[Detector::Number, Detector::Mail, Detector::Phone];

impl Detector {
    pub(super) const fn anchors(self) -> &'static [&'static [u8]] {
        match self {
            Self::Number => &[b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8", b"9"],
            Self::Mail => &[b"@"],
            Self::Phone => &[b"+"],
        }
    }

    /// What is found around the anchor, its kind, and whether a check digit holds.
    pub(super) fn find(self, view: &View<'_>, start: usize) -> Option<(Found, u16, bool)> {
        match self {
            Self::Number => {
                // A digit inside a group says nothing that its first has not said.
                if view.before(start).is_some_and(|before| before.is_ascii_digit()) {
                    return None;
                }
                letters::around(view, start).or_else(|| numbers::at(view, start))
            }
            Self::Mail => mail(view, start),
            Self::Phone => numbers::international(view, start),
        }
    }
}

/// The number of the kind of this name.
fn kind(name: &str) -> u16 {
    NAMES.iter().position(|other| *other == name).unwrap_or_default() as u16
}

/// The address around the `@` at `at`.
fn mail(view: &View<'_>, at: usize) -> Option<(Found, u16, bool)> {
    let local = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || byte >= 0x80
            || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'')
    };
    let mut start = at;
    while start > 0 && at - start < 64 && view.get(start - 1).is_some_and(local) {
        start -= 1;
    }
    while start < at && matches!(view.get(start), Some(b'.' | b'-' | b'\'')) {
        start += 1;
    }
    let mut end = view.run(at + 1, &DOTTED, 255);
    while end > at + 1 && matches!(view.get(end - 1), Some(b'.' | b'-' | b'_')) {
        end -= 1;
    }
    let host = view.slice(at + 1, end);
    let dot = host.iter().rposition(|byte| *byte == b'.')?;
    let top = host.get(dot + 1..)?;
    let sound = start < at
        && dot > 0
        && top.len() >= 2
        && (top.iter().all(u8::is_ascii_alphabetic) || top.starts_with(b"xn--"))
        && !host.windows(2).any(|two| two == b"..");
    sound.then(|| (Found::one(start, end), kind("email"), false))
}

/// Whether one of `words` stands, as a word, in the 40 bytes before `at`.
fn has_context(view: &View<'_>, at: usize, words: &[&str]) -> bool {
    (view.context(at, 48)..at).any(|start| {
        words.iter().any(|word| {
            view.starts_uncased(start, word.as_bytes())
                && start + word.len() <= at
                && !view.before(start).is_some_and(|byte| byte.is_ascii_alphabetic())
                && !view.in_class(start + word.len(), &ALNUM)
        })
    })
}
