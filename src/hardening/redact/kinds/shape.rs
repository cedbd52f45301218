//! What a row says, and whether a text is as it says.

use super::super::{
    class::{ALNUM, Class, HEX},
    view::{View, WINDOW, is_wordy},
};

/// A kind of secret that begins, or nearly, with a text of its own.
#[derive(Debug)]
pub(in super::super) struct Kind {
    pub(in super::super) name: &'static str,
    /// In exactly this case, unless [`Test::AnyCase`].
    pub(in super::super) anchors: &'static [&'static str],
    shape: &'static [Part],
    left: Left,
    test: Test,
    /// Nothing of the last class may follow.
    exact: bool,
    /// The anchor itself is no secret and stays readable.
    keeps_anchor: bool,
}

/// What follows the anchor, part by part.
#[derive(Debug)]
pub(super) enum Part {
    /// At least so many bytes of a class, at most so many; 0 for any number.
    Run(&'static Class, usize, usize),
    Text(&'static str),
    /// There or not.
    Maybe(&'static str),
    /// One of these.
    Either(&'static [&'static str]),
    /// A run of a class that is there or not.
    Rest(&'static Class),
}

/// What stands left of the anchor.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Left {
    /// No letter or digit.
    Boundary,
    /// Anything.
    Any,
    /// So many to so many bytes of a class, which belong to the secret.
    Run(&'static Class, usize, usize),
}

/// What else must hold.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Test {
    /// At least five different bytes.
    Distinct,
    /// Digits and letters, and at least eight different bytes.
    Mixed,
    /// Nothing else.
    None,
    /// As `Distinct`, and no short word; the anchor is recognised in any case.
    AnyCase,
    /// As `Distinct`; one of these words stands at most 90 bytes before.
    Near(&'static [&'static str]),
    /// As `Distinct`; a header that decodes to JSON says that it is certain.
    Jwt,
    /// As `Distinct`; the last six bytes are the CRC-32 of those before, in base 62.
    Crc,
}

/// Where a kind was found.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Match {
    pub(in super::super) start: usize,
    pub(in super::super) end: usize,
    /// The run goes on beyond the window.
    pub(in super::super) open: Option<&'static Class>,
}

pub(super) const fn run(class: &'static Class, least: usize, most: usize) -> Part {
    Part::Run(class, least, most)
}

pub(super) const fn from(class: &'static Class, least: usize) -> Part {
    Part::Run(class, least, 0)
}

/// A row: at least `least` bytes of a class.
pub(super) const fn kind(
    name: &'static str,
    anchors: &'static [&'static str],
    shape: &'static [Part],
) -> Kind {
    Kind {
        name,
        anchors,
        shape,
        left: Left::Boundary,
        test: Test::Distinct,
        exact: false,
        keeps_anchor: false,
    }
}

impl Kind {
    /// For anchors that ordinary words begin with: the length must be right.
    pub(super) const fn exact(self) -> Self {
        Self { exact: true, ..self }
    }

    pub(super) const fn left(self, left: Left) -> Self {
        Self { left, ..self }
    }

    pub(super) const fn test(self, test: Test) -> Self {
        Self { test, ..self }
    }

    pub(super) const fn keeping_anchor(self) -> Self {
        Self { keeps_anchor: true, ..self }
    }

    /// Whether it surely is not what stands at `start..end`; looks at three bytes, and decides nothing.
    #[inline]
    pub(in super::super) fn is_out(
        &self,
        anchor: u8,
        text: &[u8],
        start: usize,
        end: usize,
    ) -> bool {
        if matches!(self.test, Test::AnyCase) {
            return false;
        }
        let text_of_anchor = self.anchors.get(usize::from(anchor)).copied().unwrap_or_default();
        let before = start.checked_sub(1).and_then(|before| text.get(before));
        // A letter that ends no escape.
        let inside = before.is_some_and(|byte| {
            byte.is_ascii_alphanumeric()
                && !byte.is_ascii_hexdigit()
                && !matches!(byte, b'n' | b't' | b'r' | b'm')
        });
        (inside && matches!(self.left, Left::Boundary))
            || text.get(start..end) != Some(text_of_anchor.as_bytes())
    }

    pub(in super::super) const fn tested(&self) -> Test {
        self.test
    }

    /// The secret around the anchor that stands at `start`, or nothing.
    pub(in super::super) fn matches(
        &self,
        view: &View<'_>,
        start: usize,
        end: usize,
    ) -> Option<Match> {
        if !matches!(self.test, Test::AnyCase) {
            let anchor = view.slice(start, end);
            if !self.anchors.iter().any(|text| text.as_bytes() == anchor) {
                return None;
            }
        }
        let first = match self.left {
            Left::Any => start,
            Left::Boundary if is_boundary(view, start) => start,
            Left::Boundary => return None,
            Left::Run(class, least, most) => {
                let first = view.run_back(start, class, most);
                if start - first < least {
                    return None;
                }
                first
            }
        };
        let (mut at, mut open) = (end, None);
        for part in self.shape {
            (at, open) = part.after(view, at)?;
        }
        if self.exact && open.is_none() && self.runs_on(view, at) {
            return None;
        }
        // What stands left of the anchor counts as well where a run of it is asked for.
        let from = if matches!(self.left, Left::Run(..)) { first } else { end.min(at) };
        let secret = view.slice(from, at);
        let holds = match self.test {
            Test::None => true,
            Test::Distinct | Test::Jwt | Test::Crc => distinct(secret) >= 5,
            Test::AnyCase => {
                let word = secret.len() < 20
                    && secret.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'.');
                distinct(secret) >= 5 && !word && !is_pair(secret)
            }
            Test::Mixed => {
                distinct(secret) >= 8
                    && secret.iter().any(u8::is_ascii_digit)
                    && secret.iter().any(u8::is_ascii_alphabetic)
            }
            Test::Near(words) => {
                distinct(secret) >= 5 && words.iter().any(|word| is_near(view, first, word))
            }
        };
        let start = if self.keeps_anchor { end } else { first };
        (holds && !is_dummy(secret)).then_some(Match { start, end: at, open })
    }

    /// Whether more of the last class follows.
    fn runs_on(&self, view: &View<'_>, at: usize) -> bool {
        match self.shape.last() {
            Some(Part::Run(class, ..) | Part::Rest(class)) => {
                view.in_class(at, class) || view.in_class(at, &ALNUM)
            }
            _ => view.in_class(at, &ALNUM),
        }
    }
}

impl Part {
    /// The place after this part, and the class that goes on there beyond the window.
    fn after(&self, view: &View<'_>, at: usize) -> Option<(usize, Option<&'static Class>)> {
        match self {
            Self::Run(class, least, most) => {
                let bound = if *most == 0 { WINDOW } else { *most };
                let end = view.run(at, class, bound);
                let open = *most == 0 && end - at == WINDOW;
                (end - at >= *least).then_some((end, open.then_some(*class)))
            }
            Self::Rest(class) => {
                let end = view.run(at, class, WINDOW);
                Some((end, (end - at == WINDOW).then_some(*class)))
            }
            Self::Text(text) => view.starts(at, text.as_bytes()).then_some((at + text.len(), None)),
            Self::Maybe(text) => {
                let there = view.starts(at, text.as_bytes());
                Some((if there { at + text.len() } else { at }, None))
            }
            Self::Either(texts) => texts
                .iter()
                .find(|text| view.starts(at, text.as_bytes()))
                .map(|text| (at + text.len(), None)),
        }
    }
}

/// Whether a word may begin at `at`: behind no letter or digit, or behind an escape that looks like
/// one (`\n`, `%3D`, `\u0022`, the `m` of a colour).
pub(in super::super) fn is_boundary(view: &View<'_>, at: usize) -> bool {
    let Some(before) = view.before(at) else {
        return true;
    };
    if !is_wordy(before) || before >= 0x80 {
        return true;
    }
    if matches!(before, b'n' | b't' | b'r' | b'b' | b'f') && view.before(at - 1) == Some(b'\\') {
        return true;
    }
    if at >= 3 && HEX.has(before.to_ascii_lowercase()) {
        let percent = view.get(at - 3) == Some(b'%');
        let unicode = at >= 6 && view.get(at - 5) == Some(b'u') && view.get(at - 6) == Some(b'\\');
        if percent || unicode {
            return true;
        }
    }
    before == b'm' && is_colour(view, at)
}

/// Whether an escape for a colour ends at `at`.
fn is_colour(view: &View<'_>, at: usize) -> bool {
    let mut first = at - 1;
    while first > 0 && at - first < 16 && matches!(view.get(first - 1), Some(b'0'..=b'9' | b';')) {
        first -= 1;
    }
    view.before(first) == Some(b'[')
}

/// Whether it is another name and its value: `token_type=Bearer expires_in=3600`.
fn is_pair(secret: &[u8]) -> bool {
    let name = secret.iter().position(|byte| !byte.is_ascii_lowercase() && *byte != b'_');
    name.is_some_and(|at| {
        at > 0
            && secret.get(at) == Some(&b'=')
            && secret.get(at + 1).is_some_and(|next| *next != b'=')
    })
}

/// How many different bytes there are, looking at the first 128, counting to eight.
fn distinct(bytes: &[u8]) -> usize {
    let mut seen = [0_u64; 4];
    let mut count = 0;
    for byte in bytes.iter().take(128) {
        let word = &mut seen[usize::from(byte >> 6)];
        let bit = 1_u64 << (byte & 63);
        count += usize::from(*word & bit == 0);
        *word |= bit;
        if count >= 8 {
            break;
        }
    }
    count
}

/// Whether it stands for a secret in an example and is none.
fn is_dummy(secret: &[u8]) -> bool {
    let end = &secret[secret.len().saturating_sub(7)..];
    let crosses = secret
        .windows(6)
        .take(128)
        .any(|six| six.iter().all(|byte| matches!(byte, b'x' | b'X' | b'*')));
    end == b"EXAMPLE" || crosses
}

/// Whether `word` stands in the 90 bytes before `at`.
fn is_near(view: &View<'_>, at: usize, word: &str) -> bool {
    (view.context(at, 90)..at).rev().any(|start| view.starts_uncased(start, word.as_bytes()))
}
