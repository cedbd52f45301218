//! The whole name around the word that was found.

use super::super::{
    keys::{LONGEST, Strength, judge, judge_two},
    view::View,
};

/// A name in the text.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Key {
    pub(in super::super) start: usize,
    pub(in super::super) end: usize,
    /// What it promises; known once somebody has asked.
    pub(super) strength: Strength,
    /// It begins with a dash.
    pub(super) flag: bool,
    /// It stands behind `?`, `&` or `#`.
    pub(super) query: bool,
    /// It stands in a query that is itself a value: `%26name%3Dvalue`.
    pub(super) coded: bool,
    /// It stands behind `<`.
    pub(super) tag: bool,
    /// The quote right before it.
    pub(super) quote: Option<u8>,
    /// It is the first on its line, but for blanks, a dash and `export`.
    pub(super) first: bool,
    /// The user has said that it is one of a secret.
    pub(super) said: bool,
}

impl Key {
    /// The name around the stem at `start..end`.
    pub(in super::super) fn around(view: &View<'_>, start: usize, end: usize) -> Option<Self> {
        let stem_end = end;
        let mut end = end;
        while end - start < LONGEST && is_name(view, end) {
            end += 1;
        }
        let mut first = start;
        while first > 0 && end - first < LONGEST && is_name_back(view, first - 1) {
            first -= 1;
        }
        while first < start && matches!(view.get(first), Some(b'-' | b'.' | b'$')) {
            first += 1;
        }
        if first > 1 && view.get(first - 1) == Some(b'[') && is_escape(view, first - 2) {
            while first < start && matches!(view.get(first), Some(b'0'..=b'9' | b';')) {
                first += 1;
            }
            if first < start && view.get(first) == Some(b'm') {
                first += 1;
            }
        }
        let before = view.before(first);
        let foreign = view.get(start).is_some_and(|byte| byte >= 0x80);
        Some(Self {
            start: first,
            end: if foreign { stem_end } else { end },
            strength: Strength::Vague,
            flag: before == Some(b'-'),
            query: matches!(before, Some(b'?' | b'&' | b'#')),
            coded: view.starts(end, b"%3")
                || (first >= 3
                    && view.get(first - 3) == Some(b'%')
                    && matches!(view.get(first - 2), Some(b'2' | b'3'))
                    && matches!(view.before(first), Some(b'6' | b'F' | b'f'))),
            tag: is_tag(view, first),
            quote: before.filter(|byte| matches!(byte, b'"' | b'\'' | b'`')),
            first: is_first(view, first),
            said: false,
        })
    }

    /// No name, where a secret stands at `at`.
    pub(super) const fn nameless(at: usize) -> Self {
        Self::unseen(at, Strength::Strong)
    }

    /// A name that stands somewhere else, of a value at `at`.
    pub(super) const fn unseen(at: usize, strength: Strength) -> Self {
        Self {
            start: at,
            end: at,
            strength,
            flag: false,
            query: false,
            coded: false,
            tag: false,
            quote: None,
            first: false,
            said: false,
        }
    }

    /// Whether the name says that a secret follows; asked only where something follows at all.
    pub(in super::super) fn judged(mut self, view: &View<'_>) -> Option<Self> {
        let name = view.slice(self.start, self.end);
        if self.is_of_another(view, name) {
            return None;
        }
        let alone = judge(name).or_else(|| {
            let foreign = !name.is_ascii();
            foreign.then_some(Strength::Strong)
        });
        self.strength = self.with_word_before(view, name, alone)?;
        Some(self)
    }

    /// A part of the name of a resource, the result of a test.
    fn is_of_another(&self, view: &View<'_>, name: &[u8]) -> bool {
        match view.before(self.start) {
            Some(b':') => {
                let resource = view.behind(self.start, 72);
                view.is(self.end, b':') && memchr::memmem::find(resource, b"arn:").is_some()
            }
            _ => name == b"PASS" && view.starts_uncased(self.end, b": test"),
        }
    }

    /// `verification code`, `api key`, `access token`, `primary key`: two words that are one name.
    fn with_word_before(
        &self,
        view: &View<'_>,
        name: &[u8],
        alone: Option<Strength>,
    ) -> Option<Strength> {
        let common = [&b"key"[..], b"token", b"code", b"keys"]
            .iter()
            .any(|word| name.eq_ignore_ascii_case(word));
        if !common || view.before(self.start) != Some(b' ') {
            return alone;
        }
        let end = self.start - 1;
        let mut start = end;
        while start > 0
            && end - start < 24
            && view.get(start - 1).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        {
            start -= 1;
        }
        if start == end {
            return alone;
        }
        match judge_two(view.slice(start, end), name) {
            Some(both) => both,
            None => alone,
        }
    }

    /// Whether it is a word among words, `the key people know`, of which the next leads to no value: then it need
    /// not be judged.
    pub(in super::super) fn is_in_prose(&self, view: &View<'_>) -> bool {
        let word = self.end + 1;
        // `is`, `for`, `bearer` and all that may lead to one begin otherwise.
        let leads = !matches!(
            view.get(word).map(|byte| byte | 0x20),
            Some(b'd' | b'j'..=b'm' | b'p' | b'q' | b'y')
        );
        if !view.is(self.end, b' ') || leads || self.flag || self.tag || self.quote.is_some() {
            return false;
        }
        let mut end = word;
        while end - word < 24 && view.get(end).is_some_and(|byte| byte.is_ascii_alphabetic()) {
            end += 1;
        }
        view.is(end, b' ')
            && view.get(end + 1).is_some_and(|next| next.is_ascii_alphabetic())
            && !matches!(view.before(self.start), Some(b'=' | b':' | b'>'))
            && view.slice(self.start, self.end) != b"password"
    }

    pub(in super::super) const fn strength(&self) -> Strength {
        self.strength
    }

    /// The same name, in a set of the user's own.
    pub(in super::super) fn custom(self) -> Self {
        Self { strength: Strength::Strong, said: true, ..self }
    }
}

fn is_escape(view: &View<'_>, at: usize) -> bool {
    matches!(view.get(at), Some(0x1b | b'b' | b'3' | b'B' | b'e'))
}

/// Whether the byte at `at` goes on with a name to the right.
fn is_name(view: &View<'_>, at: usize) -> bool {
    match view.get(at) {
        Some(byte) if byte.is_ascii_alphanumeric() || byte == b'_' => true,
        Some(b'-' | b'.') => view.get(at + 1).is_some_and(|next| next.is_ascii_alphanumeric()),
        // Punctuation of scripts that have some of their own ends a name.
        Some(0xe2) => false,
        Some(0xef) => view.get(at + 1) != Some(0xbc),
        Some(0xe3) => view.get(at + 1) != Some(0x80),
        Some(byte) => byte >= 0x80,
        None => false,
    }
}

fn is_name_back(view: &View<'_>, at: usize) -> bool {
    match view.get(at) {
        Some(byte) if byte.is_ascii_alphanumeric() => {
            // The letter of an escape is none of a name.
            !(matches!(byte, b'n' | b't' | b'r') && at > 0 && view.get(at - 1) == Some(b'\\'))
        }
        Some(b'_' | b'$') => true,
        // One between words; more are a line or a leader.
        Some(b'-' | b'.') => !matches!(view.get(at + 1), Some(b'-' | b'.')),
        Some(byte) => byte >= 0xc3,
        None => false,
    }
}

fn is_tag(view: &View<'_>, start: usize) -> bool {
    let Some(before) = view.before(start) else {
        return false;
    };
    if before == b'<' {
        return true;
    }
    let prefix = start.saturating_sub(1);
    before == b':'
        && (prefix.saturating_sub(12)..prefix)
            .rev()
            .take_while(|at| view.get(*at).is_some_and(|byte| byte.is_ascii_alphanumeric()))
            .last()
            .is_some_and(|at| view.before(at) == Some(b'<'))
}

fn is_first(view: &View<'_>, start: usize) -> bool {
    let mut at = start;
    while at > 0 && start - at < 24 {
        match view.get(at - 1) {
            Some(b' ' | b'\t' | b'-' | b'"' | b'\'' | b'+' | b'#' | b'>' | b'*' | b'~') => at -= 1,
            Some(b'\n' | b'\r') => return true,
            Some(b't') if view.starts(at.saturating_sub(6), b"export") => at -= 6,
            _ => return false,
        }
    }
    at == 0 && view.base() == 0
}
