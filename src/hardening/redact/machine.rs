//! The scan: which parts of a text are secret. It is told the text in pieces of any size, and
//! decides the same however the text is cut.

use aho_corasick::{
    Anchored,
    automaton::{Automaton, StateID},
};

use super::{
    ask::{Verdict, ask, holds_mask, is_masked, is_out},
    ends::Open,
    rules::{Rules, Target},
    span::Span,
    view::{LOOKBACK, Runs, View},
};

/// No part that is found now begins earlier than this before the place that is looked at.
pub(super) const REACH: usize = LOOKBACK + 64;

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
    /// The end of the last secret.
    ended: usize,
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
            ended: 0,
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
                // What stands behind a secret is looked at: its mask is no part of a word.
                let start = self.at - length;
                if start != self.ended && is_out(target, bytes, start - base, self.at - base) {
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
        let view =
            View::new(bytes, base, &mut self.runs).with_secret_before(self.ended, &rules.fixed);
        view.look_from(start - base);
        let mut judged = None;
        let mut masked = None;
        let verdict =
            ask(rules, target, &view, (start - base, end - base), named, &mut judged, &mut masked);
        let mut spared = 0_u32;
        if let Some(verdict) = verdict.as_ref().filter(|verdict| verdict.open.is_none()) {
            for (index, (start, end)) in verdict.found.parts().iter().enumerate() {
                spared |= u32::from(is_masked(&view, &rules.fixed, *start, *end)) << index;
            }
        }
        if view.touched() && !whole {
            return false;
        }
        self.named = self.named.max(judged.map_or(0, |end| end + base));
        self.masked = self.masked.max(masked.map_or(0, |end| end + base));
        if let Some(verdict) = verdict {
            self.take(rules, &verdict, spared, bytes, base);
        }
        true
    }

    /// Notes what a rule has found, but for the parts that are `spared`, bit by bit.
    fn take(&mut self, rules: &Rules, verdict: &Verdict, spared: u32, bytes: &[u8], base: usize) {
        let parts = verdict.found.parts();
        for (index, (start, end)) in parts.iter().enumerate() {
            let last = index + 1 == parts.len();
            let open = verdict.open.filter(|_| last);
            let text = bytes.get(*start..*end).unwrap_or_default();
            let stays = spared >> index & 1 == 1 || rules.custom.allows(text) || holds_mask(text);
            if open.is_none() && stays {
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
        self.ended = self.ended.max(span.end);
        let mut at = self.pending.len();
        while at > 0 && self.pending[at - 1].end > span.start {
            let other = self.pending[at - 1];
            if other.start < span.end {
                // The kind of the longer one; of two that are equal, the first that is no name's.
                let longer = other.start < span.start || other.end > span.end;
                let equal = other.start == span.start && other.end == span.end;
                if longer || (equal && !other.tag.is_of_name()) {
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
        let (length, ends) = open.measure(rest, before, whole);
        self.at += if whole && !ends { rest.len() } else { length };
        if !ends && !whole {
            return false;
        }
        if let Some(last) = self.pending.last_mut() {
            last.end = last.end.max(self.at);
            self.ended = self.ended.max(last.end);
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

#[cfg(test)]
mod tests {
    use super::{
        super::config::{Mask, RuleSet},
        super::custom::Custom,
        *,
    };

    fn steps(text: &str) -> u64 {
        let rules = Rules::compile(
            &RuleSet::default().set(super::super::config::Set::Pii).sets,
            &Mask::Tag,
            Custom::default(),
        );
        let mut scan = Scan::new(&rules);
        scan.advance(&rules, text.as_bytes(), 0, true);
        scan.steps()
    }

    /// Text of nothing but what rules look for: twice as long is twice the work.
    #[test]
    fn the_work_grows_with_the_length_and_no_faster() {
        for anchor in [
            "password=",
            "key=",
            "token: ",
            "secret:",
            "eyJ",
            "eyJa.",
            "sk-",
            "AKIA",
            "ghp_",
            "://",
            "a://b:",
            "-----BEGIN PRIVATE KEY-----",
            "-----BEGIN ",
            "PuTTY-User-Key-File-2: ",
            "\"secret\":\"",
            "password \\\"",
            "<password>",
            "Cookie: ",
            "Authorization: ",
            "mysql ",
            "curl -u ",
            "password|",
            "key=a,",
            "token=(",
            "1",
            "1 ",
            "4111 ",
            "a@",
            "+1",
            "GB",
            "password: |\n  ",
            "api_key,",
            "\"name\":\"key\",",
            "auth=('a',",
            "$2b$",
            "key: “",
            "password=«",
            "password='",
            "token=\"",
            "xoxb-",
            "pw ",
            "key....",
            "id,password\n",
            "password,",
            "(password) values (",
            "%3A%2F%2F",
            "a:b@tcp(",
            "echo | sudo -S",
            "name=\"key\" ",
            "token|",
            "<<EOT\n",
        ] {
            let (once, twice) =
                (anchor.repeat(40_000 / anchor.len()), anchor.repeat(80_000 / anchor.len()));
            let (once, twice) = (steps(&once), steps(&twice));
            assert!(twice <= once * 21 / 10 + 20_000, "{anchor:?}: {once}, {twice}");
            assert!(twice <= 80_000 * 70, "{anchor:?}: {twice} steps");
        }
    }

    #[test]
    fn the_built_in_rules_compile() {
        assert!(
            Rules::compile(&RuleSet::default().sets, &Mask::Tag, Custom::default())
                .automaton
                .is_some()
        );
    }
}
