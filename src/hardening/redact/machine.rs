//! The scan: which parts of a text are secret. It is told the text in pieces of any size, and
//! decides the same however the text is cut.

use aho_corasick::{
    Anchored,
    automaton::{Automaton, StateID},
};

use super::{
    class::Class,
    grammar::{Found, Key, Until, flag_value, secrets},
    keys::Strength,
    kinds::{Kind, Test},
    pem::{self, Block},
    phrases,
    report::Confidence,
    rules::{self, Rules, Target},
    span::{Span, Tag},
    url,
    view::{LOOKBACK, Runs, View, is_wordy},
};

/// No part that is found now begins earlier than this before the place that is looked at.
pub(super) const REACH: usize = LOOKBACK + 64;

/// How a span ends whose end is not known yet.
#[derive(Clone, Copy, Debug)]
enum Open {
    Until(Until),
    Class(&'static Class),
    Key,
}

/// What a rule says about a place.
#[derive(Clone, Copy, Debug)]
struct Verdict {
    found: Found,
    tag: Tag,
    confidence: Confidence,
    open: Option<Open>,
}

/// Where a scan has got to.
#[derive(Debug)]
pub(super) struct Scan {
    state: StateID,
    /// Everything before it was looked at.
    at: usize,
    /// The rule at this place that could not decide yet.
    undecided: Option<usize>,
    /// Found, in order, and not told yet.
    pending: Vec<Span>,
    /// Everything before it was told.
    told: usize,
    /// The end of the last mask of an earlier pass.
    masked: usize,
    /// The end of the last name that was judged.
    named: usize,
    open: Option<Open>,
    runs: Runs,
}

impl Scan {
    pub(super) fn new(rules: &Rules) -> Self {
        Self {
            state: rules.start,
            at: 0,
            undecided: None,
            pending: Vec::new(),
            told: 0,
            masked: 0,
            named: 0,
            open: None,
            runs: Runs::default(),
        }
    }

    /// Looks at the text as far as it can be decided. `bytes` is the text from `base` on, `whole`
    /// whether nothing follows.
    pub(super) fn advance(&mut self, rules: &Rules, bytes: &[u8], base: usize, whole: bool) {
        let Some(automaton) = &rules.automaton else {
            self.at = base + bytes.len();
            return;
        };
        loop {
            if let Some(open) = self.open {
                if !self.close(rules, open, bytes, base, whole) {
                    return;
                }
            }
            let first = match self.undecided.take() {
                Some(index) => index,
                None => {
                    let rest = bytes.get(self.at - base..).unwrap_or_default();
                    let mut state = self.state;
                    let found = rest.iter().position(|byte| {
                        state = automaton.next_state(Anchored::No, state, *byte);
                        automaton.is_special(state) && automaton.is_match(state)
                    });
                    self.state = state;
                    self.at += found.map_or(rest.len(), |at| at + 1);
                    if found.is_none() {
                        return;
                    }
                    0
                }
            };
            for index in first..automaton.match_len(self.state) {
                let pattern = automaton.match_pattern(self.state, index);
                let length = automaton.pattern_len(pattern);
                let Some(target) = rules.target(pattern.as_usize()) else {
                    continue;
                };
                if is_out(target, bytes, self.at - base - length, self.at - base) {
                    continue;
                }
                if !self.decide(rules, target, length, bytes, base, whole) {
                    self.undecided = Some(index);
                    return;
                }
                if self.open.is_some() {
                    break;
                }
            }
        }
    }

    /// Asks one rule, and whether it could answer.
    fn decide(
        &mut self,
        rules: &Rules,
        target: Target,
        length: usize,
        bytes: &[u8],
        base: usize,
        whole: bool,
    ) -> bool {
        let (start, end) = (self.at - length, self.at);
        if start < self.masked {
            return true;
        }
        let inside = self.pending.last().is_some_and(|span| start < span.end);
        if inside
            && matches!(
                target,
                Target::Stem(_)
                    | Target::Name
                    | Target::Flag(_)
                    | Target::Phrase(_)
                    | Target::PgPass
            )
        {
            return true;
        }
        let named = self.named.saturating_sub(base);
        let view = View::new(bytes, base, &mut self.runs);
        view.look_from(start - base);
        let mut judged = None;
        let mut masked = None;
        let verdict =
            ask(rules, target, &view, (start - base, end - base), named, &mut judged, &mut masked);
        if view.touched() && !whole {
            return false;
        }
        self.named = self.named.max(judged.map_or(0, |end| end + base));
        self.masked = self.masked.max(masked.map_or(0, |end| end + base));
        if let Some(verdict) = verdict {
            self.take(rules, &verdict, bytes, base);
        }
        true
    }

    /// Notes what a rule has found.
    fn take(&mut self, rules: &Rules, verdict: &Verdict, bytes: &[u8], base: usize) {
        let parts = verdict.found.parts();
        for (index, (start, end)) in parts.iter().enumerate() {
            let last = index + 1 == parts.len();
            let open = verdict.open.filter(|_| last);
            let text = bytes.get(*start..*end).unwrap_or_default();
            if open.is_none() && (rules.custom.allows(text) || holds_mask(text)) {
                continue;
            }
            let span = Span {
                start: (*start + base).max(self.told),
                end: *end + base,
                tag: verdict.tag,
                confidence: verdict.confidence,
                long: open.is_some(),
            };
            self.insert(span);
            if open.is_some() {
                self.open = open;
                self.at = self.at.max(*end + base);
                self.state = rules.start;
            }
        }
    }

    /// Puts a span among the others; those that overlap become one.
    fn insert(&mut self, mut span: Span) {
        if span.start >= span.end {
            return;
        }
        let mut at = self.pending.len();
        while at > 0 && self.pending[at - 1].end > span.start {
            let other = self.pending[at - 1];
            if other.start < span.end {
                // The kind of the one that began first, unless a later one says more.
                if other.start < span.start || (other.start == span.start && other.end > span.end) {
                    (span.tag, span.confidence) = (other.tag, other.confidence);
                }
                span.start = span.start.min(other.start);
                span.end = span.end.max(other.end);
                span.long |= other.long;
                self.pending.remove(at - 1);
            }
            at -= 1;
        }
        self.pending.insert(at, span);
    }

    /// Looks for the end of what is open, and whether it was found.
    fn close(&mut self, rules: &Rules, open: Open, bytes: &[u8], base: usize, whole: bool) -> bool {
        let from = self.at - base;
        let rest = bytes.get(from..).unwrap_or_default();
        let before = from.checked_sub(1).and_then(|at| bytes.get(at)).copied();
        let length = match open {
            Open::Class(class) => rest.iter().position(|byte| !class.has(*byte)),
            Open::Until(Until::Bare) => rest.iter().position(|byte| !super::class::BARE.has(*byte)),
            Open::Until(Until::Line) => rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')),
            Open::Until(Until::Tag) => rest.iter().position(|byte| *byte == b'<'),
            Open::Until(Until::Quote(mark)) => {
                let mut before = before;
                rest.iter().position(|byte| {
                    let ends = *byte == b'\n' || (*byte == mark && before != Some(b'\\'));
                    before = Some(*byte);
                    ends
                })
            }
            Open::Until(Until::Indent(indent)) => {
                indented(rest, indent, whole).map_err(|seen| self.at += seen).ok()
            }
            Open::Key => key_lines(rest, whole).map_err(|seen| self.at += seen).ok(),
        };
        match length {
            Some(length) => self.at += length,
            None if matches!(open, Open::Key | Open::Until(Until::Indent(_))) => {}
            None => self.at += rest.len(),
        }
        if length.is_none() && !whole {
            return false;
        }
        if length.is_none() {
            self.at = base + bytes.len();
        }
        if let Some(last) = self.pending.last_mut() {
            last.end = last.end.max(self.at);
        }
        self.open = None;
        self.state = rules.start;
        true
    }

    /// Tells the spans that end at or before `upto`, and no others.
    pub(super) fn tell(&mut self, upto: usize, mut tell: impl FnMut(Span)) {
        let open = usize::from(self.open.is_some());
        let ready = self.pending.len() - open.min(self.pending.len());
        let count = self.pending.iter().take(ready).take_while(|span| span.end <= upto).count();
        for span in self.pending.drain(..count) {
            self.told = self.told.max(span.end);
            tell(span);
        }
    }

    /// The span whose end is not known yet.
    pub(super) fn opened(&self) -> Option<Span> {
        self.open.and_then(|_| self.pending.last().copied())
    }

    /// Up to where everything is decided, given the text from `base` on.
    pub(super) fn decided(&self, bytes: &[u8], base: usize) -> usize {
        if let Some(span) = self.opened() {
            return span.start;
        }
        let from = self.at.saturating_sub(REACH).max(base);
        let recent = bytes.get(from - base..self.at - base).unwrap_or_default();
        let line = recent.iter().rposition(|byte| *byte == b'\n');
        let safe = line.map_or(from, |line| from + line + 1);
        // The rule that is undecided may find something that begins at its anchor.
        self.pending.iter().find(|span| span.end > safe).map_or(safe, |span| span.start.min(safe))
    }

    /// How far it has looked.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// How many bytes rules have walked over.
    #[cfg(test)]
    pub(super) const fn steps(&self) -> u64 {
        self.runs.steps
    }
}

/// The end of lines that are indented so deep; or how much of `rest` surely is.
fn indented(rest: &[u8], indent: usize, whole: bool) -> Result<usize, usize> {
    let mut at = 0;
    loop {
        let Some(line) = rest.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)) else {
            return Err(rest.len());
        };
        let line = at + line;
        let next = rest.get(line + 1..).unwrap_or_default();
        let blanks = next.iter().take_while(|byte| **byte == b' ' || **byte == b'\t').count();
        if blanks < indent {
            if blanks == next.len() && !whole {
                return Err(line);
            }
            return Ok(line);
        }
        at = line + 1;
    }
}

/// The end of the lines of a key; or how much of `rest` surely belongs to it.
fn key_lines(rest: &[u8], whole: bool) -> Result<usize, usize> {
    const LONGEST: usize = 2048;
    let mut at = 0;
    loop {
        let here = rest.get(at..).unwrap_or_default();
        let bound = here.get(..LONGEST).unwrap_or(here);
        let Some(end) = memchr::memchr(b'\n', bound) else {
            if here.len() >= LONGEST {
                // One long line: as long as it is made of what keys are made of.
                let odd = bound.iter().position(|byte| {
                    !(super::class::BASE64.has(*byte)
                        || matches!(byte, b'\\' | b' ' | b'"' | b'-' | b','))
                });
                match odd {
                    Some(odd) => return Ok(at + odd),
                    None => {
                        at += LONGEST;
                        continue;
                    }
                }
            }
            if !whole {
                return Err(at);
            }
            return match pem::line_end(here) {
                Some(end) => Ok(at + end),
                None if pem::is_line(here) => Ok(rest.len()),
                None => Ok(at),
            };
        };
        let line = bound.get(..end).unwrap_or_default();
        if let Some(end) = pem::line_end(line) {
            return Ok(at + end);
        }
        if at > 0 && !pem::is_line(line) {
            return Ok(at.saturating_sub(1));
        }
        at += end + 1;
    }
}

/// Whether an anchor surely stands for nothing; most do.
#[inline]
fn is_out(target: Target, text: &[u8], start: usize, end: usize) -> bool {
    match target {
        Target::Shape(kind, _, anchor) => kind.is_out(anchor, text, start, end),
        Target::Stem(true) => text.get(end).is_some_and(u8::is_ascii_lowercase),
        _ => false,
    }
}

/// What the rule of an anchor at `place` says.
fn ask(
    rules: &Rules,
    target: Target,
    view: &View<'_>,
    place: (usize, usize),
    named: usize,
    judged: &mut Option<usize>,
    masked: &mut Option<usize>,
) -> Option<Verdict> {
    let (start, end) = place;
    let likely = |found: Found, tag: Tag| {
        Some(Verdict {
            found,
            tag,
            confidence: Confidence::Likely,
            open: found.open.map(Open::Until),
        })
    };
    match target {
        Target::Mask => {
            *masked = mask_end(view, end);
            None
        }
        Target::Shape(kind, number, _) => shape(kind, number, view, place),
        Target::Stem(_) => {
            if end <= named {
                return None;
            }
            let key = Key::around(view, start, end)?;
            *judged = Some(key.end);
            if !may_join(view, key.end) {
                return None;
            }
            let key = key.judged(view)?;
            let (tag, confidence) = named_as(view, &key);
            let found = secrets(view, &key)?;
            Some(Verdict { found, tag, confidence, open: found.open.map(Open::Until) })
        }
        Target::Name => {
            let apart = !view.get(end).is_some_and(is_wordy)
                && !view
                    .before(start)
                    .is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
            let key = Key::around(view, start, end).filter(|_| apart)?.custom();
            likely(secrets(view, &key)?, Tag::Built(rules::SECRET))
        }
        Target::Flag(command) => {
            likely(flag_value(view, start, end, command)?, Tag::Built(rules::PASSWORD))
        }
        Target::Phrase(phrase) => {
            likely(phrase.secret(view, start, end)?, Tag::Built(rules::PASSWORD))
        }
        Target::PgPass => likely(phrases::pgpass(view, start, end)?, Tag::Built(rules::PASSWORD)),
        Target::Url => likely(url::userinfo(view, start, end)?, Tag::Built(rules::URL_PASSWORD)),
        Target::Pem => block(pem::block(view, start, end)?, start),
        Target::Putty => block(pem::putty(view, end)?, start),
        Target::Pii(detector) => {
            let (found, number, certain) = detector.find(view, start)?;
            let confidence = if certain { Confidence::Certain } else { Confidence::Likely };
            Some(Verdict { found, tag: Tag::Pii(number), confidence, open: None })
        }
        Target::Literal(number) => {
            let end = rules.custom.literal(number, view, start)?;
            let found = Found::one(start, end);
            Some(Verdict {
                found,
                tag: Tag::Literal(number),
                confidence: Confidence::Certain,
                open: None,
            })
        }
        Target::Pattern(number) => {
            let (start, end) = rules.custom.pattern(number, view, start, end)?;
            likely(Found::one(start, end), Tag::Pattern(number))
        }
    }
}

fn shape(
    kind: &'static Kind,
    number: u16,
    view: &View<'_>,
    (start, end): (usize, usize),
) -> Option<Verdict> {
    let found = kind.matches(view, start, end)?;
    let certain = match kind.tested() {
        Test::Crc => super::checksum::crc_base62(view.slice(found.start, found.end)),
        Test::Jwt => super::checksum::jwt_header(view.slice(found.start, found.end)),
        _ => false,
    };
    Some(Verdict {
        found: Found::one(found.start, found.end),
        tag: Tag::Built(number),
        confidence: if certain { Confidence::Certain } else { Confidence::Likely },
        open: found.open.map(Open::Class),
    })
}

fn block(block: Block, start: usize) -> Option<Verdict> {
    let (found, open) = match block {
        Block::Whole(found) => (found, None),
        Block::From(end) => (Found::one(start, end), Some(Open::Key)),
    };
    Some(Verdict {
        found,
        tag: Tag::Built(rules::PRIVATE_KEY),
        confidence: Confidence::Certain,
        open,
    })
}

/// Whether a value may follow at all; most names end here.
#[inline]
fn may_join(view: &View<'_>, end: usize) -> bool {
    !matches!(view.get(end), None | Some(b'.' | b'/' | b'{' | b';' | b'?' | b'!' | b'@'))
}

/// The kind of a value of this name.
fn named_as(view: &View<'_>, key: &Key) -> (Tag, Confidence) {
    let name = view.slice(key.start, key.end);
    let has = |text: &[u8]| name.windows(text.len()).any(|here| here.eq_ignore_ascii_case(text));
    match key.strength() {
        Strength::Header => (Tag::Built(rules::AUTHORIZATION), Confidence::Likely),
        Strength::Cookie => (Tag::Built(rules::COOKIE), Confidence::Likely),
        Strength::Digits => (Tag::Built(rules::CODE), Confidence::Possible),
        Strength::Strong if has(b"pass") || has(b"pwd") || has(b"pw") || !name.is_ascii() => {
            (Tag::Built(rules::PASSWORD), Confidence::Likely)
        }
        Strength::Strong => (Tag::Built(rules::SECRET), Confidence::Likely),
        strength => {
            let tag = if has(b"token") || !has(b"key") { rules::TOKEN } else { rules::API_KEY };
            let confidence = if strength == Strength::Medium {
                Confidence::Likely
            } else {
                Confidence::Possible
            };
            (Tag::Built(tag), confidence)
        }
    }
}

/// Whether an earlier pass has masked a part of it: then it has masked all that was secret.
fn holds_mask(text: &[u8]) -> bool {
    let found = memchr::memmem::find(text, rules::MASK.as_bytes());
    found.is_some_and(|at| {
        let rest = text.get(at + rules::MASK.len()..).unwrap_or_default();
        let end = rest.iter().take(120).position(|byte| !is_mask_text(*byte));
        end.is_none_or(|end| rest.get(end) == Some(&b']'))
    })
}

/// What stands between the brackets of a mask.
const fn is_mask_text(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'[' | b']')
}

/// The end of the mask whose first word ended at `end`.
fn mask_end(view: &View<'_>, end: usize) -> Option<usize> {
    let mut at = end;
    while at - end < 120 && view.get(at).is_some_and(is_mask_text) {
        at += 1;
    }
    view.is(at, b']').then_some(at + 1)
}
