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
