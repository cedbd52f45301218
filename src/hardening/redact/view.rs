//! A window on the text that knows when it was asked about bytes that are not there yet.
//!
//! Every rule reads through a [`View`]. What was decided without touching the end of a view would be
//! decided the same however much text followed, so a stream that waits whenever the end was touched
//! decides as the whole buffer does.

use std::cell::{Cell, RefCell};

use super::class::{CLASSES, Class};

/// No rule looks further ahead than this; what is longer is masked as it comes.
pub(super) const WINDOW: usize = 4096;

/// No rule looks further back than this from the start of its anchor.
pub(super) const LOOKBACK: usize = 96;

/// The last run of each class that was looked for, as offsets in the text: it is not walked twice.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    known: [(usize, usize); CLASSES],
    /// There is no end of a key block between these two.
    pub(super) endless: (usize, usize),
    /// No value without quotes ends between these two, by what it stands in.
    pub(super) bare: [(usize, usize); 4],
    /// Bytes walked so far, a search for one byte being sixteen times as fast.
    pub(super) steps: u64,
}

/// Some consecutive bytes of the text. Positions are counted from its first byte.
#[derive(Debug)]
pub(super) struct View<'a> {
    bytes: &'a [u8],
    /// Where in the text the first byte stands.
    base: usize,
    /// Nothing before it is seen.
    floor: Cell<usize>,
    /// A secret ends here; a mask will stand before it, and this is its last byte.
    masked: (usize, u8),
    /// What every secret is replaced by, if by the same text.
    fixed: &'a [u8],
    /// Somebody asked for a byte beyond the last.
    touched: Cell<bool>,
    runs: RefCell<&'a mut Runs>,
}

impl<'a> View<'a> {
    pub(super) fn new(bytes: &'a [u8], base: usize, runs: &'a mut Runs) -> Self {
        Self {
            bytes,
            base,
            floor: Cell::new(0),
            masked: (usize::MAX, b']'),
            fixed: &[],
            touched: Cell::new(false),
            runs: RefCell::new(runs),
        }
    }

    /// Sees [`LOOKBACK`] bytes before `anchor` and no more, and forgets that the end was touched.
    #[inline]
    pub(super) fn look_from(&self, anchor: usize) {
        self.floor.set(anchor.saturating_sub(LOOKBACK));
        self.touched.set(false);
    }

    /// Whether what every secret is replaced by stands at `at`.
    pub(super) fn is_fixed_mask(&self, at: usize) -> bool {
        !self.fixed.is_empty() && self.starts(at, self.fixed)
    }

    /// Whether somebody asked for what is not there yet.
    pub(super) fn touched(&self) -> bool {
        self.touched.get()
    }

    pub(super) const fn base(&self) -> usize {
        self.base
    }

    /// The byte at `at`, if there is one in sight.
    #[inline]
    pub(super) fn get(&self, at: usize) -> Option<u8> {
        let byte = self.bytes.get(at).copied();
        if byte.is_none() {
            self.touched.set(true);
        }
        if at < self.floor.get() { None } else { byte }
    }

    /// The same, with the end of a secret at `end`, in the text, all of them being replaced by `fixed` if
    /// that is something.
    pub(super) fn with_secret_before(mut self, end: usize, fixed: &'a [u8]) -> Self {
        self.fixed = fixed;
        let last = fixed.last().copied().unwrap_or(b']');
        let end = end.checked_sub(self.base).filter(|end| *end > 0).unwrap_or(usize::MAX);
        self.masked = (end, last);
        self
    }

    /// Where words before `end` may say what it is, at most `most` bytes back: behind the last secret and the
    /// last mask, of which the next pass sees the one where this one sees the other.
    pub(super) fn context(&self, end: usize, most: usize) -> usize {
        /// Longer than any mask: one that begins before it may say what it is in what is seen.
        const MASKED: usize = 128;

        let from = end.saturating_sub(most).max(self.floor.get());
        let from = if self.masked.0 <= end { from.max(self.masked.0) } else { from };
        let further = end.saturating_sub(most + MASKED).max(self.floor.get()).min(from);
        let text = self.bytes.get(further..end).unwrap_or_default();
        let mask = memchr::memmem::rfind(text, super::rules::MASK.as_bytes());
        let tagged = mask.map_or(from, |at| {
            let rest = text.get(at..).unwrap_or_default();
            let length = rest.iter().position(|byte| *byte == b']').unwrap_or(rest.len());
            further + at + length
        });
        if self.fixed.is_empty() {
            return from.max(tagged);
        }
        let fixed = memchr::memmem::rfind(text, self.fixed);
        from.max(tagged).max(fixed.map_or(from, |at| further + at + self.fixed.len()))
    }

    /// The byte before `at`: behind a secret, the last one of its mask, so that the next pass sees the
    /// same.
    #[inline]
    pub(super) fn before(&self, at: usize) -> Option<u8> {
        if at == self.masked.0 {
            return Some(self.masked.1);
        }
        at.checked_sub(1).and_then(|before| self.get(before))
    }

    #[inline]
    pub(super) fn is(&self, at: usize, byte: u8) -> bool {
        self.get(at) == Some(byte)
    }

    #[inline]
    pub(super) fn in_class(&self, at: usize, class: &Class) -> bool {
        self.get(at).is_some_and(|byte| class.has(byte))
    }

    /// Whether `text` stands at `at`.
    pub(super) fn starts(&self, at: usize, text: &[u8]) -> bool {
        text.iter().enumerate().all(|(index, byte)| self.is(at + index, *byte))
    }

    /// The same in any ASCII case.
    pub(super) fn starts_uncased(&self, at: usize, text: &[u8]) -> bool {
        text.iter().enumerate().all(|(index, byte)| {
            self.get(at + index).is_some_and(|other| other.eq_ignore_ascii_case(byte))
        })
    }

    /// What stands between two positions; empty where nothing does.
    pub(super) fn slice(&self, start: usize, end: usize) -> &'a [u8] {
        if end > self.bytes.len() {
            self.touched.set(true);
        }
        let end = end.min(self.bytes.len());
        self.bytes.get(start.min(end)..end).unwrap_or_default()
    }

    /// The bytes in sight before `end`, at most `most` of them.
    pub(super) fn behind(&self, end: usize, most: usize) -> &'a [u8] {
        self.slice(end.saturating_sub(most).max(self.floor.get()), end)
    }

    /// The same without the bound for rules, for what looks at what was found.
    pub(super) fn behind_all(&self, end: usize, most: usize) -> &'a [u8] {
        self.slice(end.saturating_sub(most), end)
    }

    /// The end of the run of `class` that begins at `start`, at most `most` bytes on.
    pub(super) fn run(&self, start: usize, class: &Class, most: usize) -> usize {
        let mut runs = self.runs.borrow_mut();
        let (from, to) = runs.known[class.number];
        let absolute = start + self.base;
        let known = if from <= absolute && absolute < to { to - self.base } else { start };
        let limit = start.saturating_add(most);
        if known >= limit {
            return limit;
        }
        let here = self.bytes.get(known..limit.min(self.bytes.len())).unwrap_or_default();
        let walked = here.iter().position(|byte| !class.has(*byte)).unwrap_or(here.len());
        runs.steps += walked as u64 + 1;
        let end = known + walked;
        let from = if known > start { from } else { absolute };
        runs.known[class.number] = (from, end + self.base);
        if end == self.bytes.len() && end < limit {
            self.touched.set(true);
        }
        end
    }

    /// From where on it is not known that no value without quotes ends, given that it begins at `start`.
    pub(super) fn bare_from(&self, start: usize, context: usize) -> usize {
        let runs = self.runs.borrow();
        let (from, to) = runs.bare[context & 3];
        let absolute = start + self.base;
        if from <= absolute && absolute < to { to - self.base } else { start }
    }

    /// Notes that no value without quotes ends in `start..end`.
    pub(super) fn bare_until(&self, start: usize, end: usize, context: usize) {
        let mut runs = self.runs.borrow_mut();
        let known = &mut runs.bare[context & 3];
        let start = start + self.base;
        let from = if known.0 <= start && start < known.1 { known.0 } else { start };
        let walked = (end + self.base).saturating_sub(known.1.max(start));
        *known = (from, end + self.base);
        runs.steps += walked as u64;
    }

    /// The same as far as there is text, without asking for what is not there.
    pub(super) fn peek_run(&self, start: usize, class: &Class, most: usize) -> usize {
        let touched = self.touched.get();
        let end = self.run(start, class, most);
        self.touched.set(touched);
        end
    }

    /// The first place at or after `start`, at most `most` bytes on, where `needle` stands.
    pub(super) fn find(&self, start: usize, needle: u8, most: usize) -> Option<usize> {
        let limit = start.saturating_add(most);
        let here = self.bytes.get(start..limit.min(self.bytes.len())).unwrap_or_default();
        let found = memchr::memchr(needle, here);
        // Sixteen bytes at once.
        self.runs.borrow_mut().steps += (found.unwrap_or(here.len()) / 16 + 1) as u64;
        if found.is_none() && limit > self.bytes.len() {
            self.touched.set(true);
        }
        found.map(|at| start + at)
    }

    /// The first `needle` at or after `start`, at most `most` bytes on. Where there is none, that is
    /// remembered: use it for one needle only.
    pub(super) fn find_end(&self, start: usize, needle: &[u8], most: usize) -> Option<usize> {
        let mut runs = self.runs.borrow_mut();
        let (from, to) = runs.endless;
        let absolute = start + self.base;
        let known = if from <= absolute && absolute < to { to - self.base } else { start };
        let limit = start.saturating_add(most).min(self.bytes.len());
        let here = self.bytes.get(known..limit).unwrap_or_default();
        let found = memchr::memmem::find(here, needle);
        runs.steps += found.unwrap_or(here.len()) as u64 / 16 + 1;
        if found.is_none() {
            let none_before = (limit + 1).saturating_sub(needle.len()).max(known) + self.base;
            runs.endless = (if known > start { from } else { absolute }, none_before);
            if start.saturating_add(most) > self.bytes.len() {
                self.touched.set(true);
            }
        }
        found.map(|at| known + at)
    }

    /// The start of the run of `class` that ends at `end`, at most `most` bytes back.
    pub(super) fn run_back(&self, end: usize, class: &Class, most: usize) -> usize {
        let mut at = end;
        while at > 0 && end - at < most && self.in_class(at - 1, class) {
            at -= 1;
        }
        at
    }

    /// Past the blanks that begin at `at`, at most `most` of them.
    #[inline]
    pub(super) fn blanks(&self, at: usize, most: usize) -> usize {
        let mut end = at;
        while end - at < most && matches!(self.get(end), Some(b' ' | b'\t')) {
            end += 1;
        }
        end
    }
}

/// Whether the byte belongs to a word of any language.
#[inline]
pub(super) const fn is_wordy(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// Whether a name of the user's own that stands between these two bytes is a word of its own.
pub(super) fn stands_apart(before: Option<u8>, after: Option<u8>) -> bool {
    !after.is_some_and(is_wordy)
        && !before.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}
