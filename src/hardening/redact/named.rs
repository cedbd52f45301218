//! Values whose names are known: the field of an event, a header, a key and its value.
//!
//! A text shows where a value ends and what it belongs to only as far as its syntax tells. Whoever has
//! the two apart need not guess: `password = correct horse` is a secret of two words.

use std::borrow::Cow;

use super::{
    grammar::is_stand_in,
    handle::Redactor,
    keys::{Strength, judge},
    machine::Scan,
    mask,
    report::Confidence,
    rules::{API_KEY, MASK, TOKEN},
    span::{Span, Tag},
};

/// What a name says about its values, by the rules of one redactor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// Nothing: they are looked at as any text is.
    Free,
    /// It depends on the value: `key`, `session`, `otp`.
    Perhaps,
    /// Each of the cookies in it is one.
    Cookies,
    /// Whatever it is, it is a secret of this kind.
    Secret(Tag),
}

/// Values that rules take for secrets, if they take anything for one by its name.
const TRIALS: [&str; 2] = ["Zx9kQ7vLm2pR4t81", "483920"];

impl Redactor {
    /// What the rules say about values of this name. Worth remembering: it takes a microsecond.
    pub(super) fn named(&self, name: &str) -> Named {
        let known = judge(name.as_bytes());
        if known == Some(Strength::Cookie) {
            let cookies = !self.is_clean(format!("cookie: a={}", TRIALS[0]));
            return if cookies { Named::Cookies } else { Named::Free };
        }
        // Not what is a secret whatever it is called: a pattern may match anything.
        let by_name = |trial: &&str| self.asked(name, trial).filter(|tag| tag.is_of_name());
        let tag = TRIALS.iter().find_map(by_name);
        match (tag, known) {
            (None, _) => Named::Free,
            (Some(_), Some(Strength::Vague | Strength::Weak | Strength::Digits)) => Named::Perhaps,
            (Some(tag), _) => Named::Secret(tag),
        }
    }

    /// The value without its secrets; all of it is one, if the name says so.
    pub(super) fn redact_named<'v>(
        &self,
        named: Named,
        name: &str,
        value: &'v str,
    ) -> Cow<'v, str> {
        match named {
            Named::Free => self.redact(value),
            Named::Perhaps => match self.asked(name, value) {
                Some(tag) => self.masked(tag, value),
                None => self.redact(value),
            },
            Named::Cookies => self.cookies(value),
            Named::Secret(tag)
                if is_mask(value) || is_stand_in(value.as_bytes()) || is_count(tag, value) =>
            {
                Cow::Borrowed(value)
            }
            Named::Secret(tag) => self.masked(tag, value),
        }
    }

    /// Whether numbers may be secrets whatever they are called.
    pub(super) fn minds_numbers(&self) -> bool {
        self.shared().minds_numbers()
    }

    /// What kind of secret the rules take the value for, of this name.
    fn asked(&self, name: &str, value: &str) -> Option<Tag> {
        // In quotes, so that all of it is the value; those in it would end it.
        let value = value.replace(['"', '\\', '\n', '\r'], "_");
        let text = format!("{name}=\"{value}\"");
        let start = name.len() + 2;
        let rules = &self.shared().rules;
        let mut scan = Scan::new(rules);
        scan.advance(rules, text.as_bytes(), 0, true);
        let mut tag = None;
        scan.tell(usize::MAX, |span| {
            if span.start <= start && span.end > start {
                tag = tag.or(Some(span.tag));
            }
        });
        tag
    }

    /// The mask of the whole value.
    #[cold]
    fn masked<'v>(&self, tag: Tag, value: &'v str) -> Cow<'v, str> {
        let shared = self.shared();
        if shared.rules.custom.allows(value.as_bytes()) {
            return Cow::Borrowed(value);
        }
        let confidence = Confidence::Likely;
        let span = Span { start: 0, end: value.len(), tag, confidence, long: false };
        let mut mask = Vec::new();
        mask::write(&shared.mask, &shared.rules, &span, Some(value.as_bytes()), &mut mask);
        Cow::Owned(String::from_utf8_lossy(&mask).into_owned())
    }

    /// Each cookie by its name.
    fn cookies<'v>(&self, value: &'v str) -> Cow<'v, str> {
        const HEADER: &str = "Cookie: ";
        let text = [HEADER, value].concat();
        match self.redact(&text) {
            Cow::Borrowed(_) => Cow::Borrowed(value),
            Cow::Owned(clean) => Cow::Owned(match clean.strip_prefix(HEADER) {
                Some(clean) => clean.to_owned(),
                None => clean,
            }),
        }
    }
}

/// Whether `value` is a mask, and nothing besides.
fn is_mask(value: &str) -> bool {
    let inner = value.strip_prefix(MASK).and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|inner| {
        (inner.is_empty() || inner.starts_with(':'))
            && inner.len() < 120
            && inner.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'[' | b']'))
    })
}

/// Whether `value` counts something: `pass = 2`, `retry_token = 5`. No token is so short, a password may be.
fn is_count(tag: Tag, value: &str) -> bool {
    matches!(tag, Tag::Built(TOKEN | API_KEY))
        && value.len() < 4
        && value.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{
        super::config::{Pattern, RuleSet, Set},
        *,
    };

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
            ("message", false),
            ("user", false),
            ("path", false),
            ("status_code", false),
            ("token_type", false),
            ("log.target", false),
        ] {
            assert_eq!(matches!(redactor.named(name), Named::Secret(_)), secret, "{name}");
            assert_eq!(redactor.named(name) == Named::Free, !secret, "{name}");
        }
        for name in ["key", "session", "otp", "token", "auth"] {
            assert_eq!(redactor.named(name), Named::Perhaps, "{name}");
        }
        assert_eq!(redactor.named("set-cookie"), Named::Cookies);
    }

    #[test]
    fn names_of_the_users_own() {
        let redactor = Redactor::new(RuleSet::empty().key("ticket")).ok();
        let named = |name| redactor.as_ref().map(|redactor| redactor.named(name));
        assert!(matches!(named("ticket"), Some(Named::Secret(_))));
        assert_eq!(named("password"), Some(Named::Free));
        assert_eq!(named("cookie"), Some(Named::Free));
        let none = Redactor::new(RuleSet::default().without(Set::Keys)).ok();
        assert_eq!(none.map(|none| none.named("password")), Some(Named::Free));
        let wide = RuleSet::default().pattern(Pattern::new("wide", "Zx9k[0-9A-Za-z]+"));
        let wide = Redactor::new(wide).ok();
        assert_eq!(wide.map(|wide| wide.named("user")), Some(Named::Free));
    }

    #[test]
    fn values() {
        let redactor = Redactor::built_in();
        for (name, value, clean) in [
            ("password", "correct horse", "[REDACTED:password]"),
            ("password", "a\nb\"c", "[REDACTED:password]"),
            ("password", "", ""),
            ("password", "${DB_PASSWORD}", "${DB_PASSWORD}"),
            ("password", "[REDACTED:password]", "[REDACTED:password]"),
            ("password", "[REDACTED:x] hunter2", "[REDACTED:password]"),
            ("password", "your cat, my example", "[REDACTED:password]"),
            ("retry_token", "5", "5"),
            ("access_token", "a5", "[REDACTED:token]"),
            ("password", "5", "[REDACTED:password]"),
            ("otp", "483920", "[REDACTED:code]"),
            ("otp", "sent", "sent"),
            ("key", "user:12:profile", "user:12:profile"),
            ("cookie", "theme=dark; sid=9f8e7d6c5b4a", "theme=dark; sid=[REDACTED:cookie]"),
            ("user", "bob", "bob"),
            ("url", "https://bob:hunter2@host/", "https://bob:[REDACTED:url-password]@host/"),
        ] {
            let named = redactor.named(name);
            assert_eq!(redactor.redact_named(named, name, value), clean, "{name} = {value}");
        }
    }
}
