//! The plain door.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, LazyLock},
};

use crate::ground::{config::Check, config::ConfigError};

use super::{
    config::{Mask, RuleSet, Set},
    custom::Custom,
    keys::{Strength, judge},
    machine::Scan,
    mask,
    report::Finding,
    rules::{Rules, parse},
    span::Span,
};

/// Takes secrets out of texts. Cheap to clone; clones share the compiled rules.
#[derive(Clone)]
pub struct Redactor {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) rules: Rules,
    pub(super) mask: Mask,
    sets: Vec<Set>,
}

/// The built-in rules, compiled once.
static BUILT_IN: LazyLock<Redactor> =
    LazyLock::new(|| Redactor::compile(RuleSet::default(), Custom::default()));

impl Redactor {
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Compiles `rules`.
    ///
    /// # Errors
    ///
    /// Names every rule that cannot work, and what is wrong with it; never a secret.
    pub fn new(rules: RuleSet) -> Result<Self, ConfigError> {
        let custom = parse(&rules)?;
        let redactor = Self::compile(rules, custom);
        let mut check = Check::new("redact");
        check.require(redactor.shared.rules.automaton.is_some(), "literals", "must be fewer");
        check.finish(redactor)
    }

    fn compile(rules: RuleSet, custom: Custom) -> Self {
        let compiled = Rules::compile(&rules.sets, &rules.mask, custom);
        Self { shared: Arc::new(Shared { rules: compiled, mask: rules.mask, sets: rules.sets }) }
    }

    /// The built-in rules, without those for persons; compiled once for the process.
    #[must_use]
    pub fn built_in() -> Self {
        BUILT_IN.clone()
    }

    /// The text without its secrets. Where there are none, it is `text` itself, and nothing was allocated.
    #[must_use]
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.redact_bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(bytes) => Cow::Owned(readable(bytes)),
        }
    }

    /// The same for bytes of any kind.
    #[must_use]
    pub fn redact_bytes<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        self.shared.clean(text, &mut |_| {}).map_or(Cow::Borrowed(text), Cow::Owned)
    }

    /// What there is to find in `text`: kinds and places, and no byte of a secret.
    #[must_use]
    pub fn findings(&self, text: impl AsRef<[u8]>) -> Vec<Finding> {
        let text = text.as_ref();
        let mut scan = Scan::new(&self.shared.rules);
        scan.advance(&self.shared.rules, text, 0, true);
        let mut findings = Vec::new();
        scan.tell(usize::MAX, |span| findings.push(self.shared.finding(&span)));
        findings
    }

    /// Whether there is a secret in `text`.
    #[must_use]
    pub fn is_clean(&self, text: impl AsRef<[u8]>) -> bool {
        matches!(self.redact_bytes(text.as_ref()), Cow::Borrowed(_))
    }
}

/// A text of which parts were masked; one may begin or end inside a character.
pub(super) fn readable(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|bytes| String::from_utf8_lossy(bytes.as_bytes()).into_owned())
}

impl Shared {
    /// The text without its secrets, if it has any.
    pub(super) fn clean(&self, text: &[u8], see: &mut dyn FnMut(&Span)) -> Option<Vec<u8>> {
        let mut scan = Scan::new(&self.rules);
        scan.advance(&self.rules, text, 0, true);
        let mut clean = Vec::new();
        let mut from = 0;
        scan.tell(usize::MAX, |span| {
            see(&span);
            clean.extend_from_slice(text.get(from..span.start).unwrap_or_default());
            let secret = text.get(span.start..span.end);
            mask::write(&self.mask, &self.rules, &span, secret, &mut clean);
            from = span.end;
        });
        if from == 0 {
            return None;
        }
        clean.extend_from_slice(text.get(from..).unwrap_or_default());
        Some(clean)
    }

    pub(super) fn finding(&self, span: &Span) -> Finding {
        Finding {
            kind: self.rules.name(span.tag).clone(),
            span: span.start..span.end,
            confidence: span.confidence,
        }
    }
}

impl Default for Redactor {
    fn default() -> Self {
        Self::built_in()
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor")
            .field("sets", &self.shared.sets)
            .field("mask", &self.shared.mask)
            .finish_non_exhaustive()
    }
}

/// Whether a value of this name is a secret, in any spelling: `dbPassword`, `X-Api-Key`,
/// `access_token`. Names that are secrets only with some values (`key`, `session`, `auth`) are none.
#[must_use]
pub fn is_secret_key(name: &str) -> bool {
    judge(name.as_bytes()).is_some_and(|strength| strength > Strength::Vague)
}
