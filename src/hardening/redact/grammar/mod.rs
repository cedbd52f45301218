//! A name, what follows it, and the value: `password = "…"` in all the ways in which it is written.

mod bare;
mod columns;
mod complaint;
mod cookie;
mod expression;
mod flags;
mod header;
mod key;
mod links;
mod nested;
mod operator;
mod phrase;
mod placeholder;
mod promise;
mod quote;
mod twin;
mod value;
mod whole;

pub(super) use self::{
    flags::{FLAGS, flag_value},
    key::Key,
    placeholder::is_placeholder,
    whole::whole,
};
use super::view::View;

/// What a rule found: the parts that are secret, in order.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    parts: [(usize, usize); 16],
    count: usize,
    /// The last part goes on.
    pub(super) open: Option<Until>,
}

/// How far a secret goes that is longer than the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// The end of the word.
    Bare,
    /// This quote, or the end of the line.
    Quote(u8),
    /// The end of the line.
    Line,
    /// The next tag.
    Tag,
    /// A line that is indented less.
    Indent(usize),
}

impl Found {
    pub(super) const fn parts(&self) -> &[(usize, usize)] {
        self.parts.split_at(self.count).0
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds a part; where there is no room, the last one grows.
    fn push(&mut self, start: usize, end: usize) {
        if start >= end {
            return;
        }
        if let Some(part) = self.parts.get_mut(self.count) {
            *part = (start, end);
            self.count += 1;
        } else if let Some(last) = self.parts.last_mut() {
            last.1 = end;
        }
    }

    pub(super) fn one(start: usize, end: usize) -> Self {
        let mut found = Self::default();
        found.push(start, end);
        found
    }
}

/// What is secret behind `key`.
pub(super) fn secrets(view: &View<'_>, key: &Key) -> Option<Found> {
    if let Some(found) = columns::inserted(view, key) {
        return Some(found);
    }
    let joined = operator::after(view, key)
        .and_then(|operator| value::after(view, key, operator))
        .filter(|found| !found.is_empty());
    joined.or_else(|| twin::before(view, key)).or_else(|| columns::below(view, key))
}

/// The secret at `at`, which has no name. `doubtful`: it may be a word.
pub(super) fn plain(view: &View<'_>, at: usize, doubtful: bool) -> Option<Found> {
    let found = value::plain(view, at, doubtful)?;
    (!found.is_empty()).then_some(found)
}

/// The second argument of a call whose first begins at `at`.
pub(super) fn second(view: &View<'_>, at: usize) -> Option<Found> {
    nested::second(view, at)
}
