//! Values whose names are known, and what is left of them: one decision for the fields of a log, headers, the
//! items of a document and whatever a serializer is given.
//!
//! A text shows where a value ends and what it belongs to only as far as its syntax tells. Whoever has
//! the two apart need not guess: `password = correct horse` is a secret of two words.

use std::{
    borrow::Cow,
    fmt::{self, Write},
};

use super::{
    ask::{Promise, holds_mask, promise},
    grammar::whole,
    handle::{Redactor, Shared, readable},
    keys::Strength,
    mask,
    report::Confidence,
    rules::{self, MASK},
    short::Short,
    span::{Span, Tag},
};

/// What is known of a value before it is looked at. Worth remembering: it takes half a microsecond to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// What its name promises.
    pub(super) promise: Option<Promise>,
    /// A path leads to it.
    pub(super) told: bool,
}

/// Told what was found.
pub(super) type See<'s> = dyn FnMut(Tag, Confidence) + 's;

impl Named {
    pub(super) const NOTHING: Self = Self { promise: None, told: false };

    #[inline]
    pub(super) const fn is_nothing(&self) -> bool {
        !self.told && self.promise.is_none()
    }

    /// Whether the value is a secret whatever it says; cookies are, each of them.
    pub(super) fn is_certain(&self) -> bool {
        self.told || self.promise.is_some_and(|promise| promise.strength >= Strength::Medium)
    }
}

impl Redactor {
    /// What is known of values of this name.
    pub(super) fn named(&self, name: &str) -> Named {
        let rules = &self.shared().rules;
        let name = &*without_masks(name);
        let paths = &rules.custom.paths;
        let told = !paths.is_empty() && paths.by_name(&paths.start(), name).1;
        Named { promise: promise(rules, name.as_bytes()), told }
    }
}

impl Shared {
    /// The text without what is secret.
    #[inline]
    pub(super) fn text<'t>(&self, named: Named, text: &'t str, see: &mut See<'_>) -> Cow<'t, str> {
        if named.is_nothing() && !self.rules.has_anchor(text.as_bytes()) {
            return Cow::Borrowed(text);
        }
        let clean = self.bytes(named, text.as_bytes(), false, see);
        clean.map_or(Cow::Borrowed(text), |clean| Cow::Owned(readable(clean)))
    }

    /// The bytes without what is secret, if anything is. `opaque`: they are no text.
    pub(super) fn bytes(
        &self,
        named: Named,
        bytes: &[u8],
        opaque: bool,
        see: &mut See<'_>,
    ) -> Option<Vec<u8>> {
        if !named.is_nothing() && self.rules.custom.allows(bytes) {
            return None;
        }
        if named.told {
            return self.told(bytes, see);
        }
        let masked = named.promise.and_then(|promise| match opaque {
            true => self.blob(&promise, bytes, see),
            false => self.parts(&promise, bytes, see),
        });
        let mut scanned =
            |bytes: &[u8]| self.clean(bytes, &mut |span| see(span.tag, span.confidence));
        match masked {
            // A part of it may stay, and what stays is looked at as well.
            Some(clean) => Some(scanned(&clean).unwrap_or(clean)),
            None => scanned(bytes),
        }
    }

    /// What stands where a path leads is secret, unless it is a mask already.
    fn told(&self, bytes: &[u8], see: &mut See<'_>) -> Option<Vec<u8>> {
        let masked = bytes.iter().all(|byte| *byte == b'*') || self.is_mask(bytes);
        let tag = Tag::Built(rules::SECRET);
        (!masked).then(|| self.masked(tag, Confidence::Certain, bytes, see))
    }

    /// The value without the parts that are secret by its name.
    fn parts(&self, promise: &Promise, bytes: &[u8], see: &mut See<'_>) -> Option<Vec<u8>> {
        let found = whole(bytes, promise.strength)?;
        let mut clean = Vec::new();
        let mut from = 0;
        for (start, end) in found.parts() {
            let secret = bytes.get(*start..*end).unwrap_or_default();
            // Of a value that is a secret only perhaps an earlier pass has masked all that was one.
            let masked =
                self.is_mask(secret) || (promise.strength < Strength::Medium && holds_mask(secret));
            if masked || self.rules.custom.allows(secret) {
                continue;
            }
            clean.extend_from_slice(bytes.get(from..*start).unwrap_or_default());
            let (tag, confidence) =
                self.known_by_itself(secret).unwrap_or((promise.tag(), promise.confidence()));
            clean.append(&mut self.masked(tag, confidence, secret, see));
            from = *end;
        }
        if from == 0 {
            return None;
        }
        clean.extend_from_slice(bytes.get(from..).unwrap_or_default());
        Some(clean)
    }

    /// What kind of secret all of it is, whatever it is called: that says more than its name.
    fn known_by_itself(&self, secret: &[u8]) -> Option<(Tag, Confidence)> {
        let mut known = None;
        self.clean(secret, &mut |span| {
            if span.start == 0 && span.end == secret.len() && !span.tag.is_of_name() {
                known = Some((span.tag, span.confidence));
            }
        });
        known
    }

    /// Bytes are nothing but what their name says, and so are the numbers of a list.
    fn blob(&self, promise: &Promise, bytes: &[u8], see: &mut See<'_>) -> Option<Vec<u8>> {
        let secret = promise.strength > Strength::Vague && !bytes.is_empty();
        secret.then(|| self.masked(promise.tag(), promise.confidence(), bytes, see))
    }

    /// Whether `text` is a mask, and nothing besides.
    fn is_mask(&self, text: &[u8]) -> bool {
        if !self.rules.fixed.is_empty() && text == self.rules.fixed {
            return true;
        }
        let rest = text.strip_prefix(MASK.as_bytes());
        rest.and_then(|rest| rest.strip_suffix(b"]")).is_some_and(|inner| {
            matches!(inner.first(), None | Some(b':'))
                && inner.len() < 120
                && inner.iter().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'[' | b']'))
        })
    }

    #[cold]
    fn masked(
        &self,
        tag: Tag,
        confidence: Confidence,
        secret: &[u8],
        see: &mut See<'_>,
    ) -> Vec<u8> {
        see(tag, confidence);
        let span = Span { start: 0, end: secret.len(), tag, confidence, long: false };
        let mut mask = Vec::new();
        mask::write(&self.mask, &self.rules, &span, Some(secret), &mut mask);
        mask
    }

    /// Whether a number stays, whatever it is; most do.
    #[inline]
    pub(super) const fn keeps_numbers(&self, named: Named) -> bool {
        named.is_nothing() && !self.rules.has_numbers()
    }

    /// What stands in the place of a number, if it is secret. `item`: of a list, which may be bytes.
    pub(super) fn number(
        &self,
        named: Named,
        number: fmt::Arguments<'_>,
        item: bool,
        see: &mut See<'_>,
    ) -> Option<String> {
        let mut digits = Short::<48>::default();
        // What does not fit is no number that could be told from its beginning.
        let _cut = digits.write_fmt(number);
        self.bytes(named, digits.text().as_bytes(), item, see).map(readable)
    }

    /// What stands in the place of `true` or `false`: only a path makes that a secret.
    #[inline]
    pub(super) fn truth(&self, named: Named, see: &mut See<'_>) -> Option<String> {
        let tag = Tag::Built(rules::SECRET);
        named.told.then(|| readable(self.masked(tag, Confidence::Certain, b"true", see)))
    }

    /// What stands in the place of what lies too deep.
    pub(super) fn too_deep(&self, see: &mut See<'_>) -> String {
        let (tag, confidence) = (Tag::Built(rules::TOO_DEEP), Confidence::Possible);
        readable(self.masked(tag, confidence, b"", see))
    }
}

/// A name of which parts are masked, without the masks: what a mask says is no part of it.
pub(super) fn without_masks(name: &str) -> Cow<'_, str> {
    let mut name = Cow::Borrowed(name);
    while let Some(start) = name.find(MASK) {
        let Some(length) = name[start..].find(']') else {
            break;
        };
        name.to_mut().replace_range(start..=start + length, "-");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::{
        super::config::{Mask, RuleSet, Set},
        *,
    };

    fn left<'v>(redactor: &Redactor, name: &str, value: &'v str) -> Cow<'v, str> {
        redactor.shared().text(redactor.named(name), value, &mut |_, _| {})
    }

    #[test]
    fn names() {
        let redactor = Redactor::built_in();
        for (name, secret) in [
            ("password", true),
            ("db.password", true),
            ("clientSecret", true),
            ("api_key", true),
            ("access_token", true),
            ("authorization", true),
            ("set-cookie", true),
            ("message", false),
            ("user", false),
            ("path", false),
            ("status_code", false),
            ("token_type", false),
            ("log.target", false),
            ("[REDACTED:password]", false),
        ] {
            assert_eq!(redactor.named(name).is_certain(), secret, "{name}");
            assert_eq!(redactor.named(name).is_nothing(), !secret, "{name}");
        }
        for name in ["key", "session", "otp", "token", "auth"] {
            let named = redactor.named(name);
            assert!(!named.is_certain() && !named.is_nothing(), "{name}");
        }
    }

    #[test]
    fn names_of_the_users_own() {
        let named = |rules: RuleSet, name| Redactor::new(rules).ok().map(|own| own.named(name));
        let certain = |rules, name| named(rules, name).is_some_and(|named| named.is_certain());
        assert!(certain(RuleSet::empty().key("ticket"), "ticket"));
        assert!(certain(RuleSet::empty().path("user.ssn"), "user.ssn"));
        let nothing = Some(Named::NOTHING);
        assert_eq!(named(RuleSet::empty().key("ticket"), "password"), nothing);
        assert_eq!(named(RuleSet::empty().path("user.ssn"), "ssn"), nothing);
        assert_eq!(named(RuleSet::default().without(Set::Keys), "password"), nothing);
    }

    #[test]
    fn values() {
        let redactor = Redactor::built_in();
        for (name, value, clean) in [
            ("password", "correct horse", "[REDACTED:password]"),
            ("password", "a\nb\"c", "[REDACTED:password]"),
            ("password", "", ""),
            ("password", "${DB_PASSWORD}", "${DB_PASSWORD}"),
            ("password", "${DB_PASSWORD:-hunter2}", "[REDACTED:password]"),
            ("password", "[REDACTED:password]", "[REDACTED:password]"),
            ("password", "[REDACTED:x] hunter2", "[REDACTED:password]"),
            ("password", "your cat, my example", "[REDACTED:password]"),
            ("password", "Basic instinct 2", "[REDACTED:password]"),
            ("password", "https://hunter2", "[REDACTED:password]"),
            ("password", "*****hunter2", "[REDACTED:password]"),
            ("password", "•••••", "•••••"),
            ("password", "5", "[REDACTED:password]"),
            ("retry_token", "5", "5"),
            ("access_token", "a5", "[REDACTED:token]"),
            ("access_token", "four words of it", "[REDACTED:token]"),
            ("access_token", "Bearer a5", "Bearer [REDACTED:token]"),
            ("authorization", "Basic Ym9i", "Basic [REDACTED:authorization]"),
            ("authorization", "a b c d e f", "[REDACTED:authorization]"),
            ("authorization", "none", "none"),
            ("otp", "483920", "[REDACTED:code]"),
            ("otp", "sent", "sent"),
            ("key", "user:12:profile", "user:12:profile"),
            ("token", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "[REDACTED:github-pat]"),
            ("cookie", "theme=dark; sid=9f8e7d6c5b4a", "theme=dark; sid=[REDACTED:cookie]"),
            ("cookie", "a=\"x\"; sid=9f8e 7d6c", "a=\"x\"; sid=[REDACTED:cookie]"),
            ("user", "bob", "bob"),
            ("url", "https://bob:hunter2@host/", "https://bob:[REDACTED:url-password]@host/"),
        ] {
            let once = left(&redactor, name, value);
            assert_eq!(once, clean, "{name} = {value}");
            assert_eq!(left(&redactor, name, &once), once, "twice: {name} = {value}");
        }
    }

    #[test]
    fn cookies_beyond_any_window() {
        let redactor = Redactor::built_in();
        for count in [1, 15, 16, 17, 400, 4000] {
            let value = format!("{}sid=9f8e7d6c5b4a", "lang=en; ".repeat(count));
            assert!(!left(&redactor, "cookie", &value).contains("9f8e"), "{count}");
        }
    }

    #[test]
    fn masks_of_the_users_own() {
        let rules = RuleSet::default().mask(Mask::Fixed("(gone)".to_owned()));
        let redactor = Redactor::new(rules).ok().unwrap_or_default();
        assert_eq!(left(&redactor, "password", "hunter2"), "(gone)");
        assert!(matches!(left(&redactor, "password", "(gone)"), Cow::Borrowed(_)));
        assert_eq!(left(&redactor, "password", "(gone) 2"), "(gone)");
    }
}
