//! Everything that is looked for, compiled into one automaton.

use std::borrow::Cow;

use aho_corasick::{
    Anchored, MatchKind, StartKind,
    automaton::{Automaton, StateID},
    dfa::DFA,
};

use crate::ground::{
    config::{Check, ConfigError},
    name::Name,
};

use super::{
    config::{Mask, RuleSet, Set},
    custom::{Custom, Fault},
    grammar::FLAGS,
    grams::Grams,
    keys::{STEMS, WHOLE},
    kinds::{FAMILIES, Kind},
    phrases::{PHRASES, Phrase},
    span::Tag,
};

/// What an anchor stands for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// A kind with a shape, and its number.
    /// Also which of its anchors it is.
    Shape(&'static Kind, u16, u8),
    /// A piece of a name, and whether it must be the end of a word.
    Stem(bool),
    /// A command with flags.
    Flag(usize),
    Phrase(&'static Phrase),
    Url,
    /// A URL inside of a query.
    CodedUrl,
    /// What stands behind a password that stands before it: `user:…@tcp(`.
    Address,
    Pem,
    Putty,
    PgPass,
    /// A mask of an earlier pass.
    Mask,
    /// The same, where it is always the same text.
    Fixed,
    Pii(super::pii::Detector),
    /// A literal, a name or a pattern of the user's own.
    Literal(usize),
    Name,
    Pattern(usize),
}

/// Numbers of the kinds that have no row.
pub(super) const PASSWORD: u16 = 0;
pub(super) const SECRET: u16 = 1;
pub(super) const API_KEY: u16 = 2;
pub(super) const TOKEN: u16 = 3;
pub(super) const COOKIE: u16 = 4;
pub(super) const AUTHORIZATION: u16 = 5;
pub(super) const CODE: u16 = 6;
pub(super) const URL_PASSWORD: u16 = 7;
pub(super) const PRIVATE_KEY: u16 = 8;
pub(super) const TOO_DEEP: u16 = 9;

const OTHERS: [&str; 10] = [
    "password",
    "secret",
    "api-key",
    "token",
    "cookie",
    "authorization",
    "code",
    "url-password",
    "private-key",
    "too-deep",
];

/// What masks begin with, and how they end.
pub(super) const MASK: &str = "[REDACTED";

/// Compiled rules.
#[derive(Debug)]
pub(super) struct Rules {
    /// None if it would be too large.
    pub(super) automaton: Option<DFA>,
    pub(super) start: StateID,
    targets: Vec<Target>,
    names: Vec<Name>,
    pub(super) custom: Custom,
    /// What names and texts are looked through with first.
    stems: Grams,
    grams: Grams,
    named: bool,
    numbers: bool,
    /// What every secret is replaced by, if by the same text.
    pub(super) fixed: Vec<u8>,
}

impl Rules {
    pub(super) fn compile(sets: &[Set], mask: &Mask, custom: Custom) -> Self {
        let mut names: Vec<Name> = OTHERS.iter().map(|name| Name::Static(name)).collect();
        let mut anchors: Vec<Vec<u8>> = Vec::new();
        let mut targets = Vec::new();
        let mut add = |anchor: &[u8], target| {
            anchors.push(anchor.to_vec());
            targets.push(target);
        };
        add(MASK.as_bytes(), Target::Mask);
        let fixed = match mask {
            Mask::Fixed(text) => text.clone().into_bytes(),
            _ => Vec::new(),
        };
        if !fixed.is_empty() {
            add(&fixed, Target::Fixed);
        }
        let has = |set| sets.contains(&set);
        if has(Set::Credentials) {
            for kind in FAMILIES.iter().copied().flatten() {
                let number = names.len() as u16;
                names.push(Name::Static(kind.name));
                for (at, anchor) in kind.anchors.iter().enumerate() {
                    add(anchor.as_bytes(), Target::Shape(kind, number, at as u8));
                }
            }
            add(b"-----BEGIN", Target::Pem);
            add(b"---- BEGIN", Target::Pem);
            add(b"PuTTY-User-Key-File-", Target::Putty);
        }
        if has(Set::Keys) {
            for stem in STEMS {
                add(stem.as_bytes(), Target::Stem(WHOLE.contains(stem)));
            }
            for (command, (name, ..)) in FLAGS.iter().enumerate() {
                add(name.as_bytes(), Target::Flag(command));
            }
            for phrase in PHRASES {
                add(phrase.text.as_bytes(), Target::Phrase(phrase));
            }
            add(b":5432:", Target::PgPass);
            add(b":5433:", Target::PgPass);
            add(b":6432:", Target::PgPass);
            add(b":*:", Target::PgPass);
        }
        if has(Set::Urls) {
            add(b"://", Target::Url);
            add(b":\\/\\/", Target::Url);
            add(b"%3A%2F%2F", Target::CodedUrl);
            for network in ["@tcp(", "@unix(", "@tcp4(", ":1521/"] {
                add(network.as_bytes(), Target::Address);
            }
        }
        if has(Set::Pii) {
            for detector in super::pii::DETECTORS {
                for anchor in detector.anchors() {
                    add(anchor, Target::Pii(*detector));
                }
            }
        }
        for name in super::pii::NAMES {
            names.push(Name::Static(name));
        }
        custom.anchors(&mut add);
        let automaton = DFA::builder()
            .match_kind(MatchKind::Standard)
            .start_kind(StartKind::Unanchored)
            .ascii_case_insensitive(true)
            .prefilter(false)
            .build(&anchors)
            .ok();
        let start =
            automaton.as_ref().and_then(|automaton| automaton.start_state(Anchored::No).ok());
        let stems = STEMS.iter().filter(|_| has(Set::Keys)).map(|stem| stem.as_bytes());
        Self {
            automaton,
            start: start.unwrap_or_default(),
            targets,
            names,
            stems: Grams::new(stems.chain(custom.keys())),
            grams: Grams::new(anchors.iter().map(Vec::as_slice)),
            named: has(Set::Keys),
            numbers: has(Set::Pii) || custom.has_texts(),
            custom,
            fixed,
        }
    }

    /// Whether a value of this name may be a secret; most are not, which shows at once.
    #[inline]
    pub(super) fn may_name(&self, name: &[u8]) -> bool {
        self.stems.first(name, 0).is_some() && self.has_anchor(name)
    }

    /// Whether names such as `password` promise secrets.
    pub(super) const fn has_names(&self) -> bool {
        self.named
    }

    /// Whether nothing but digits may be a secret.
    pub(super) const fn has_numbers(&self) -> bool {
        self.numbers
    }

    /// Whether anything in `text` is worth a look; nothing is found where there is none.
    #[inline]
    pub(super) fn has_anchor(&self, text: &[u8]) -> bool {
        let Some(automaton) = &self.automaton else {
            return false;
        };
        let mut from = 0;
        while let Some(first) = self.grams.first(text, from) {
            let mut state = self.start;
            let rest = text.get(first..).unwrap_or_default();
            // From where no anchor is under way there is the faster way to look.
            let stop = rest.iter().position(|byte| {
                state = automaton.next_state(Anchored::No, state, *byte);
                state == self.start || automaton.is_special(state)
            });
            match stop {
                None => return false,
                Some(_) if automaton.is_match(state) => return true,
                Some(at) => from = first + at + 1,
            }
        }
        false
    }

    #[inline]
    pub(super) fn target(&self, pattern: usize) -> Option<Target> {
        self.targets.get(pattern).copied()
    }

    /// The name of a kind.
    pub(super) fn name(&self, kind: Tag) -> &Name {
        const NOTHING: &Name = &Name::Static("secret");
        match kind {
            Tag::Built(number) => self.names.get(usize::from(number)).unwrap_or(NOTHING),
            Tag::Pii(number) => {
                let from = self.names.len() - super::pii::NAMES.len();
                self.names.get(from + usize::from(number)).unwrap_or(NOTHING)
            }
            Tag::Literal(number) => self.custom.literal_name(number).unwrap_or(NOTHING),
            Tag::Pattern(number) => self.custom.pattern_name(number).unwrap_or(NOTHING),
        }
    }
}

/// Checks every rule of the user's own, and says what is wrong with each.
pub(super) fn parse(rules: &RuleSet) -> Result<Custom, ConfigError> {
    let mut check = Check::new("redact");
    match &rules.mask {
        Mask::Fixed(text) => {
            let fits = text.len() <= 64 && text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
            check.require(fits, "mask", "must be at most 64 printable ASCII characters");
        }
        Mask::Fingerprint(key) => {
            check.require(key.len() >= 16, "mask", "must have a key of at least 16 bytes");
        }
        Mask::Tag | Mask::KeepLastFour => {}
    }
    let mut custom = Custom::default();
    for (at, key) in rules.keys.iter().enumerate() {
        note(&mut check, "keys", at, key, custom.add_key(key));
    }
    for (at, literal) in rules.literals.iter().enumerate() {
        let added = custom.add_literal(&literal.name, &literal.value);
        note(&mut check, "literals", at, &literal.name, added);
    }
    for (at, pattern) in rules.patterns.iter().enumerate() {
        let anchor = pattern.anchor.as_deref();
        let added = custom.add_pattern(&pattern.name, &pattern.regex, anchor, pattern.window);
        note(&mut check, "patterns", at, &pattern.name, added);
    }
    for (at, path) in rules.paths.iter().enumerate() {
        note(&mut check, "paths", at, path, custom.paths.add(path));
    }
    for text in &rules.allow {
        custom.add_allowed(text);
    }
    check.finish(custom)
}

/// Names the rule and its fault.
fn note(check: &mut Check, field: &'static str, at: usize, name: &str, added: Result<(), Fault>) {
    if let Err(fault) = added {
        let rule: Cow<'static, str> = format!("[{at}] `{}` {fault}", name.escape_debug()).into();
        check.require(false, field, rule);
    }
}
