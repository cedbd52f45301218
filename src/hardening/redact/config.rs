//! Rules as data.

use std::fmt;

/// What is looked for, and what stands in its place. Plain data: write it down in a file, or set it
/// here.
///
/// ```
/// use buttress::redact::{Mask, Pattern, Redactor, RuleSet};
///
/// let rules = RuleSet::builder()
///     .literal("database", "correct horse")
///     .key("x-internal-ticket")
///     .pattern(Pattern::new("badge", r"BDG-[0-9]{6}"))
///     .allow("AKIAIOSFODNN7SANDBOX")
///     .mask(Mask::Tag);
/// let redactor = Redactor::new(rules)?;
/// assert_eq!(redactor.redact("badge BDG-204117 in"), "badge [REDACTED:badge] in");
/// # Ok::<_, buttress::config::ConfigError>(())
/// ```
#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize), serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct RuleSet {
    /// The built-in sets; all but [`Set::Pii`] unless set.
    pub sets: Vec<Set>,
    /// What stands in the place of a secret.
    pub mask: Mask,
    /// Further names whose values are secrets, in any case and with `-`, `_` or nothing between words.
    pub keys: Vec<String>,
    /// Secrets that are known: found as they are, and in base64, in hexadecimal, in a URL and in JSON.
    pub literals: Vec<Literal>,
    /// Further shapes.
    pub patterns: Vec<Pattern>,
    /// Places in structured data whose values are secrets, whatever they are: `user.*.token`,
    /// `items[*].secret`, `**.ssn`. See [`path`](Self::path).
    pub paths: Vec<String>,
    /// Texts that stay, though a rule has found exactly them.
    pub allow: Vec<String>,
}

/// A set of built-in rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Set {
    /// Tokens and keys that tell what they are, and blocks of private keys.
    Credentials,
    /// Values behind names such as `password`.
    Keys,
    /// Passwords in URLs.
    Urls,
    /// What identifies a person: numbers with check digits, mail addresses, phones.
    Pii,
}

/// What stands in the place of a secret.
#[derive(Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Mask {
    /// `[REDACTED:github-pat]`: the kind, and nothing of the secret or its length.
    #[default]
    Tag,
    /// `[REDACTED:github-pat:…x7Qa]`: the last four bytes as well, of generated secrets of at least
    /// 20 bytes and of card numbers; for all others as `Tag`.
    KeepLastFour,
    /// Always this text. Let it begin and end with a mark, as `***` and `<gone>` do: what could be a word
    /// may be taken for a secret when it is redacted again.
    Fixed(String),
    /// `[REDACTED:github-pat#3f9a2c71d0be]`: equal secrets have equal fingerprints under this key,
    /// which should be long and random. Kinds that could be guessed by trying all are masked as `Tag`.
    Fingerprint(String),
}

/// A secret that is known.
#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Literal {
    /// What findings and masks call it.
    pub name: String,
    /// The secret, at least six bytes.
    pub value: String,
}

/// A shape that a regular expression describes.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Pattern {
    /// What findings and masks call it.
    pub name: String,
    /// The expression. It must begin with a text of two bytes or more, or with one of a few, unless there is
    /// an `anchor`.
    pub regex: String,
    /// A text that stands right before the match, and stays.
    #[cfg_attr(feature = "serde", serde(default))]
    pub anchor: Option<String>,
    /// How many bytes a match may have, at most 4096; no further does the expression see.
    #[cfg_attr(feature = "serde", serde(default = "Pattern::usual_window"))]
    pub window: usize,
}

impl Literal {
    /// A secret by the name of `name`.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

impl Pattern {
    /// A pattern by the name of `name`, of at most 256 bytes.
    pub fn new(name: impl Into<String>, regex: impl Into<String>) -> Self {
        Self { name: name.into(), regex: regex.into(), anchor: None, window: Self::usual_window() }
    }

    /// Looks for it only right behind `anchor`.
    #[must_use]
    pub fn after(mut self, anchor: impl Into<String>) -> Self {
        self.anchor = Some(anchor.into());
        self
    }

    /// Lets matches have up to `window` bytes.
    #[must_use]
    pub const fn within(mut self, window: usize) -> Self {
        self.window = window;
        self
    }

    const fn usual_window() -> usize {
        256
    }
}

impl Default for RuleSet {
    fn default() -> Self {
        Self {
            sets: vec![Set::Credentials, Set::Keys, Set::Urls],
            mask: Mask::Tag,
            keys: Vec::new(),
            literals: Vec::new(),
            patterns: Vec::new(),
            paths: Vec::new(),
            allow: Vec::new(),
        }
    }
}

impl RuleSet {
    /// The built-in credentials, names and URLs.
    #[must_use]
    pub fn builder() -> Self {
        Self::default()
    }

    /// No rule at all.
    #[must_use]
    pub fn empty() -> Self {
        Self { sets: Vec::new(), ..Self::default() }
    }

    /// Adds a built-in set.
    #[must_use]
    pub fn set(mut self, set: Set) -> Self {
        if !self.sets.contains(&set) {
            self.sets.push(set);
        }
        self
    }

    /// Takes a built-in set out.
    #[must_use]
    pub fn without(mut self, set: Set) -> Self {
        self.sets.retain(|other| *other != set);
        self
    }

    /// Adds a secret that is known.
    #[must_use]
    pub fn literal(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.literals.push(Literal::new(name, value));
        self
    }

    /// Adds a name whose values are secrets.
    #[must_use]
    pub fn key(mut self, name: impl Into<String>) -> Self {
        self.keys.push(name.into());
        self
    }

    /// Adds a shape.
    #[must_use]
    pub fn pattern(mut self, pattern: Pattern) -> Self {
        self.patterns.push(pattern);
        self
    }

    /// Adds a place in structured data whose value is a secret, whatever it is.
    ///
    /// Names are joined by dots and spelled in any case and with `-`, `_` or nothing between words. `*` is any one
    /// name or item, `**` any number of them, also none; `*_token` any name that ends so; `[*]` any item of a
    /// list, `[2]` the third; `["a.b"]` a name with dots or brackets in it. What lies below the place is
    /// secret with it.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.paths.push(path.into());
        self
    }

    /// Lets `text` stay, though a rule has found exactly it.
    #[must_use]
    pub fn allow(mut self, text: impl Into<String>) -> Self {
        self.allow.push(text.into());
        self
    }

    /// Sets what stands in the place of a secret.
    #[must_use]
    pub fn mask(mut self, mask: Mask) -> Self {
        self.mask = mask;
        self
    }
}

impl fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleSet")
            .field("sets", &self.sets)
            .field("mask", &self.mask)
            .field("keys", &self.keys)
            .field("literals", &self.literals)
            .field("patterns", &self.patterns)
            .field("paths", &self.paths)
            .field("allow", &self.allow.len())
            .finish()
    }
}

impl fmt::Debug for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Literal").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag => f.write_str("Tag"),
            Self::KeepLastFour => f.write_str("KeepLastFour"),
            Self::Fixed(text) => f.debug_tuple("Fixed").field(text).finish(),
            Self::Fingerprint(_) => f.debug_struct("Fingerprint").finish_non_exhaustive(),
        }
    }
}
