//! A secret in the text.

use super::report::Confidence;

/// Which kind a secret is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Built(u16),
    Pii(u16),
    Literal(usize),
    Pattern(usize),
}

impl Tag {
    /// Whether only the name of the secret said what it is.
    pub(super) const fn is_of_name(self) -> bool {
        matches!(self, Self::Built(number) if number <= super::rules::CODE)
    }
}

/// A part of the text that is secret, counted from the beginning of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) tag: Tag,
    pub(super) confidence: Confidence,
    /// Longer than the window: its end was not known when it began.
    pub(super) long: bool,
}
