//! What is done to a log besides taking secrets out.

use crate::ground::config::{Check, ConfigError};

/// What becomes of values and lines. All of it is done after secrets are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// Whether values are made visible: a line feed becomes `\n`, an escape `\u{1b}`, and so do all
    /// control characters, marks that change the direction of text, and characters of no width. So
    /// no value begins a line, colours a terminal or hides a part of itself. Default: yes.
    pub neutralize: bool,
    /// How many bytes of a value are kept. Default: 8 KiB.
    pub max_field: usize,
    /// How many bytes of a line are kept, of all that one event writes. Default: 64 KiB.
    pub max_line: usize,
}

/// A checked [`Config`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan(Config);

impl Config {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self { neutralize: true, max_field: 8 << 10, max_line: 64 << 10 }
    }

    /// Sets [`neutralize`](Self::neutralize).
    #[must_use]
    pub const fn with_neutralize(self, neutralize: bool) -> Self {
        Self { neutralize, ..self }
    }

    /// Sets [`max_field`](Self::max_field); `usize::MAX` keeps all.
    #[must_use]
    pub const fn with_max_field(self, bytes: usize) -> Self {
        Self { max_field: bytes, ..self }
    }

    /// Sets [`max_line`](Self::max_line); `usize::MAX` keeps all.
    #[must_use]
    pub const fn with_max_line(self, bytes: usize) -> Self {
        Self { max_line: bytes, ..self }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, all at once.
    pub fn parse(self) -> Result<Plan, ConfigError> {
        let mut check = Check::new("redact::logs");
        // Less could not hold a mask and the mark of what was left out.
        check.require(self.max_field >= 64, "max_field", "must be at least 64");
        check.require(self.max_line >= 256, "max_line", "must be at least 256");
        check.finish(Plan(self))
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Plan {
    /// The config it was parsed from.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.0
    }
}
