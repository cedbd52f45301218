//! The plain door.

use std::{borrow::Cow, fmt, sync::Arc};

use crate::ground::config::ConfigError;

use super::{
    super::handle::Redactor,
    config::{Config, Plan},
    shared::Shared,
};

/// Puts itself before whatever writes logs. Cheap to clone; clones share rules, limits, and what they know of
/// names.
#[derive(Clone)]
pub struct Logs {
    shared: Arc<Shared>,
}

impl Logs {
    /// With the rules of `redactor`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config.
    pub fn new(redactor: &Redactor, config: Config) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(redactor, config.parse()?))
    }

    /// The same with a config that was checked.
    #[must_use]
    pub fn from_plan(redactor: &Redactor, plan: Plan) -> Self {
        Self { shared: Arc::new(Shared::new(redactor, plan)) }
    }

    /// A text as it may be logged: without its secrets, visible, and not too long.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.shared.text(text)
    }

    /// The value of a name as it may be logged: if the name says that it is a secret, nothing is left of it.
    #[must_use]
    pub fn value<'v>(&self, name: &str, value: &'v str) -> Cow<'v, str> {
        self.shared.value_of(name, value)
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

/// With the built-in rules and the defaults.
impl Default for Logs {
    fn default() -> Self {
        Self::from_plan(&Redactor::built_in(), Plan::default())
    }
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs")
            .field("redactor", &self.shared.redactor)
            .field("config", self.shared.plan.config())
            .finish()
    }
}
