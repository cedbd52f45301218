//! What a stream holds back: the end of the text that is not decided yet, and what rules look back
//! at.

use zeroize::Zeroizing;

use super::{config::Mask, machine::Scan, mask, rules::Rules, span::Span};

/// How much of what was passed on is kept for rules to look back at.
const BEHIND: usize = 320;

/// How much more may be kept before it is worth moving the rest.
const SLACK: usize = 8192;

/// A text that comes in pieces.
pub(super) struct Carry {
    scan: Scan,
    /// The text from `base` on.
    held: Zeroizing<Vec<u8>>,
    base: usize,
    /// Everything before it was passed on, or masked.
    passed: usize,
    /// Where the span begins whose mask was written before its end was known.
    begun: Option<usize>,
}

impl Carry {
    pub(super) fn new(rules: &Rules) -> Self {
        Self {
            scan: Scan::new(rules),
            held: Zeroizing::new(Vec::new()),
            base: 0,
            passed: 0,
            begun: None,
        }
    }

    /// Takes `piece`, and writes to `to` what is decided.
    pub(super) fn push(
        &mut self,
        rules: &Rules,
        style: &Mask,
        piece: &[u8],
        to: &mut Vec<u8>,
        see: &mut dyn FnMut(&Span),
    ) {
        self.held.extend_from_slice(piece);
        self.scan.advance(rules, &self.held, self.base, false);
        let decided = self.scan.decided(&self.held, self.base);
        self.pass(rules, style, decided, to, see);
        if let Some(span) = self.scan.opened() {
            if self.begun != Some(span.start) {
                mask::write(style, rules, &span, None, to);
                self.begun = Some(span.start);
            }
            self.passed = self.passed.max(self.scan.at());
        }
        let keep = self.passed.saturating_sub(BEHIND).max(self.base);
        if keep - self.base > SLACK {
            self.held.drain(..keep - self.base);
            self.base = keep;
        }
    }

    /// Nothing more comes: writes the rest, and begins anew.
    pub(super) fn finish(
        &mut self,
        rules: &Rules,
        style: &Mask,
        to: &mut Vec<u8>,
        see: &mut dyn FnMut(&Span),
    ) {
        self.scan.advance(rules, &self.held, self.base, true);
        self.pass(rules, style, self.base + self.held.len(), to, see);
        *self = Self::new(rules);
    }

    /// Passes everything before `upto` on, with masks where secrets are.
    fn pass(
        &mut self,
        rules: &Rules,
        style: &Mask,
        upto: usize,
        to: &mut Vec<u8>,
        see: &mut dyn FnMut(&Span),
    ) {
        let Self { scan, held, base, passed, begun } = self;
        let text = |from: usize, end: usize| {
            held.get(from.saturating_sub(*base)..end.saturating_sub(*base)).unwrap_or_default()
        };
        scan.tell(upto, |span| {
            see(&span);
            to.extend_from_slice(text(*passed, span.start));
            if *begun != Some(span.start) {
                mask::write(style, rules, &span, Some(text(span.start, span.end)), to);
            }
            *passed = (*passed).max(span.end);
        });
        if *passed < upto {
            to.extend_from_slice(text(*passed, upto));
            *passed = upto;
        }
    }
}
