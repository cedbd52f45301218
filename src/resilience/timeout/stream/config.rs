use std::time::Duration;

use crate::ground::{
    config::{Check, ConfigError},
    mode::Mode,
};

/// How long a stream may be silent, and how long it may last.
///
/// ```
/// use buttress::timeout::stream::Config;
/// use std::time::Duration;
///
/// const MODEL: Config =
///     Config::new().with_first_content(Duration::from_secs(30)).with_gap(Duration::from_secs(20));
/// ```
///
/// In a file every field may be left out, durations read `"30s"`, and a clock is switched off with
/// `"off"`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// The time to the first content, from the first time the stream has to wait. Default: off.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off::duration"))]
    pub first_content: Option<Duration>,
    /// The time from content to the next content or the end, from the first time the stream has to
    /// wait after it. Default: off.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off::duration"))]
    pub gap: Option<Duration>,
    /// The time from the first poll to the end. Default: off. It ends healthy streams too: set it
    /// where an answer that is late as a whole is of no use.
    #[cfg_attr(feature = "serde", serde(with = "crate::ground::config::off::duration"))]
    pub total: Option<Duration>,
    /// Whether it cuts streams off, or only counts those it would have. Default: enforce.
    pub mode: Mode,
}

/// A checked [`Config`]; a timeout made from it cannot fail to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan(Config);

impl Config {
    /// Every clock off: the task's deadline is all that ends a stream.
    #[must_use]
    pub const fn new() -> Self {
        Self { first_content: None, gap: None, total: None, mode: Mode::Enforce }
    }

    /// Sets [`first_content`](Self::first_content).
    #[must_use]
    pub const fn with_first_content(self, limit: Duration) -> Self {
        Self { first_content: Some(limit), ..self }
    }

    /// Sets [`gap`](Self::gap).
    #[must_use]
    pub const fn with_gap(self, limit: Duration) -> Self {
        Self { gap: Some(limit), ..self }
    }

    /// Sets [`total`](Self::total).
    #[must_use]
    pub const fn with_total(self, limit: Duration) -> Self {
        Self { total: Some(limit), ..self }
    }

    /// Sets [`mode`](Self::mode).
    #[must_use]
    pub const fn with_mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, all at once.
    pub fn parse(self) -> Result<Plan, ConfigError> {
        let mut check = Check::new("timeout::stream");
        for (field, limit) in
            [("first_content", self.first_content), ("gap", self.gap), ("total", self.total)]
        {
            check.require(limit != Some(Duration::ZERO), field, "must be above zero, or off");
        }
        check.finish(Plan(self))
    }
}

impl Plan {
    /// The config it was parsed from.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.0
    }
}
