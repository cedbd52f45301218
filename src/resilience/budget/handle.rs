use std::{fmt, sync::Arc};

use super::{
    config::{Config, Plan},
    shared::Shared,
    snapshot::Snapshot,
};
use crate::ground::{config::ConfigError, name::Name, sync::shards};

/// A purse that further attempts are paid from. Clones share it.
#[derive(Clone)]
pub struct Budget {
    shared: Arc<Shared>,
    pays_in: bool,
}

impl Budget {
    /// An empty purse.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new(name: impl Into<Name>, config: Config) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, &config.parse()?))
    }

    /// An empty purse, by a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, plan: &Plan) -> Self {
        Self { shared: Arc::new(Shared::new(name.into(), plan, shards())), pays_in: true }
    }

    /// The same purse for a guard that stands inside another which pays in already: it takes out, and
    /// pays nothing in. Without it a call of both pays in twice.
    ///
    /// ```
    /// use buttress::{Pipeline, budget::Budget, hedge::Hedge, retry::Retry};
    ///
    /// let purse = Budget::new("search", Default::default())?;
    /// let guarded = Pipeline::new()
    ///     .with(Retry::new("search", Default::default())?.paying_from(&purse))
    ///     .with(Hedge::new("search", Default::default())?.paying_from(&purse.inner()));
    /// # Ok::<_, buttress::config::ConfigError>(())
    /// ```
    #[must_use]
    pub fn inner(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), pays_in: false }
    }

    /// Pays in for a first attempt.
    #[inline]
    pub fn deposit(&self) {
        if self.pays_in {
            self.shared.pay_in();
        }
    }

    /// Takes out for a further attempt. Whether there was enough.
    #[must_use = "without a token there is no further attempt"]
    pub fn try_withdraw(&self) -> bool {
        self.shared.take_out(Shared::now())
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.shared.name()
    }

    /// A look at what is in it and what it has done.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.shared.snapshot()
    }

    /// Goes by another config from now on; what is in it stays.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.shared.reconfigure(&config.parse()?);
        Ok(())
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget").field("name", self.name()).finish_non_exhaustive()
    }
}
