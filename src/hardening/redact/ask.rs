//! What the rule of an anchor says about the place where it stands.

use super::{
    checksum,
    ends::Open,
    grammar::{Found, Key, flag_value, secrets},
    keys::{Strength, judge_alone},
    kinds::{Kind, Test},
    pem::{self, Block},
    phrases,
    report::Confidence,
    rules::{self, Rules, Target},
    span::Tag,
    url,
    view::{View, stands_apart},
};

/// What a rule says about a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verdict {
    pub(super) found: Found,
    pub(super) tag: Tag,
    pub(super) confidence: Confidence,
    pub(super) open: Option<Open>,
}

/// Whether an anchor surely stands for nothing; most do.
#[inline]
pub(super) fn is_out(target: Target, text: &[u8], start: usize, end: usize) -> bool {
    match target {
        Target::Shape(kind, _, anchor) => kind.is_out(anchor, text, start, end),
        Target::Stem(true) => text.get(end).is_some_and(u8::is_ascii_lowercase),
        _ => false,
    }
}

/// What the rule of an anchor at `place` says.
pub(super) fn ask(
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
        Target::Fixed => {
            *masked = Some(end).filter(|_| view.slice(start, end) == rules.fixed);
            None
        }
        Target::Shape(kind, number, _) => shape(kind, number, view, place),
        Target::Stem(_) => {
            if end <= named {
                return None;
            }
            let key = Key::around(view, start, end)?;
            *judged = Some(key.end);
            if !may_join(view, key.end) || key.is_in_prose(view) {
                return None;
            }
            let key = key.judged(view)?;
            let found = secrets(view, &key)?;
            let (tag, confidence) = named_as(view, &key);
            Some(Verdict { found, tag, confidence, open: found.open.map(Open::Until) })
        }
        Target::Name => {
            let apart = stands_apart(view.before(start), view.get(end));
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
        Target::CodedUrl => likely(url::coded(view, end)?, Tag::Built(rules::URL_PASSWORD)),
        Target::Address => likely(url::address(view, start)?, Tag::Built(rules::URL_PASSWORD)),
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
        Test::Crc => checksum::crc_base62(view.slice(found.start, found.end)),
        Test::Jwt => checksum::jwt_header(view.slice(found.start, found.end)),
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
        Block::Whole(start, end) => (Found::one(start, end), None),
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
    match view.get(end) {
        None | Some(b'/' | b'{' | b'?' | b'!' | b'@') => false,
        // A leader of dots.
        Some(b'.') => view.is(end + 1, b'.'),
        _ => true,
    }
}

/// The kind of a value of this name.
fn named_as(view: &View<'_>, key: &Key) -> (Tag, Confidence) {
    let kind = kind_of(view.slice(key.start, key.end), key.strength());
    (Tag::Built(kind), confidence_of(key.strength()))
}

const fn confidence_of(strength: Strength) -> Confidence {
    match strength {
        Strength::Vague | Strength::Weak | Strength::Digits => Confidence::Possible,
        _ => Confidence::Likely,
    }
}

fn kind_of(name: &[u8], strength: Strength) -> u16 {
    let has = |text: &[u8]| name.windows(text.len()).any(|here| here.eq_ignore_ascii_case(text));
    match strength {
        Strength::Header => rules::AUTHORIZATION,
        Strength::Cookie => rules::COOKIE,
        Strength::Digits => rules::CODE,
        Strength::Strong if has(b"pass") || has(b"pwd") || has(b"pw") || !name.is_ascii() => {
            rules::PASSWORD
        }
        Strength::Strong => rules::SECRET,
        _ if has(b"token") || !has(b"key") => rules::TOKEN,
        _ => rules::API_KEY,
    }
}

/// What the name of a value promises, where nothing stands around it but its own quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Promise {
    pub(super) strength: Strength,
    /// The number of its kind.
    pub(super) kind: u16,
}

impl Promise {
    pub(super) const fn tag(&self) -> Tag {
        Tag::Built(self.kind)
    }

    pub(super) const fn confidence(&self) -> Confidence {
        confidence_of(self.strength)
    }
}

/// What a name promises, if it promises a secret.
#[inline]
pub(super) fn promise(rules: &Rules, name: &[u8]) -> Option<Promise> {
    if rules.may_name(name) { promise_of(rules, name) } else { None }
}

#[cold]
fn promise_of(rules: &Rules, name: &[u8]) -> Option<Promise> {
    if rules.custom.keys().any(|key| has_word(name, key)) {
        return Some(Promise { strength: Strength::Strong, kind: rules::SECRET });
    }
    let strength = judge_alone(name).filter(|_| rules.has_names())?;
    Some(Promise { strength, kind: kind_of(name, strength) })
}

/// Whether `name` has `key` in it, as a word of its own.
fn has_word(name: &[u8], key: &[u8]) -> bool {
    name.windows(key.len()).enumerate().any(|(at, here)| {
        let before = at.checked_sub(1).and_then(|at| name.get(at)).copied();
        here.eq_ignore_ascii_case(key) && stands_apart(before, name.get(at + key.len()).copied())
    })
}

/// Whether an earlier pass has masked a part of it: then it has masked all that was secret.
pub(super) fn holds_mask(text: &[u8]) -> bool {
    let found = memchr::memmem::find(text, rules::MASK.as_bytes());
    found.is_some_and(|at| {
        let rest = text.get(at + rules::MASK.len()..).unwrap_or_default();
        let end = rest.iter().take(120).position(|byte| !is_mask_text(*byte));
        end.is_none_or(|end| rest.get(end) == Some(&b']'))
    })
}

/// Whether `start..end` lies within a mask of an earlier pass, or is one but for a mark or two.
pub(super) fn is_masked(view: &View<'_>, fixed: &[u8], start: usize, end: usize) -> bool {
    let before = view.behind_all(start, LONGEST_MASK);
    // No mask has such a bracket within.
    let inside = memchr::memrchr(b'[', before)
        .and_then(|open| before.get(open..)?.strip_prefix(rules::MASK.as_bytes()));
    if inside.is_some_and(|inside| inside.iter().all(|byte| is_mask_text(*byte))) {
        return true;
    }
    let marks = |from, to| !view.slice(from, to).iter().any(u8::is_ascii_alphanumeric);
    let apart = fixed.last().is_some_and(|last| !last.is_ascii_alphanumeric());
    let first = start.saturating_sub(fixed.len().saturating_sub(1));
    // What stands behind a mask that no word runs into was looked at with it.
    !fixed.is_empty()
        && (first..end).any(|at| {
            let last = at + fixed.len();
            view.slice(at, last) == fixed && marks(start, at) && (apart || marks(last, end))
        })
}

/// The longest mask, but for those that are of the user's own.
const LONGEST_MASK: usize = 130;

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
