use std::{fmt, sync::Arc};

use super::{
    config::{Config, Plan},
    machine::{Cost, Paid},
    shared::Shared,
};
use crate::ground::{config::ConfigError, name::Name};

/// A quota that further attempts are paid from, by what they follow. Clones share it.
#[derive(Clone)]
pub struct Quota {
    shared: Arc<Shared>,
}

/// A look at a quota, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: Name,
    /// What is left.
    pub left: u32,
    /// Further attempts granted since it was made.
    pub withdrawn: u64,
    /// Further attempts refused since it was made.
    pub exhausted: u64,
}

impl Quota {
    /// A full quota.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new(name: impl Into<Name>, config: Config) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, &config.parse()?))
    }

    /// A full quota, by a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, plan: &Plan) -> Self {
        Self { shared: Arc::new(Shared::new(name.into(), plan)) }
    }

    /// Takes out for a further attempt; what it cost, or none if there is not enough.
    #[must_use = "without payment there is no further attempt"]
    pub fn try_withdraw(&self, cost: Cost) -> Option<Paid> {
        self.shared.take_out(cost)
    }

    /// A call has succeeded: gives back what its last further attempt cost, or the credit of a call
    /// that needed none.
    #[inline]
    pub fn succeeded(&self, paid: Option<Paid>) {
        self.shared.give_back(paid);
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.shared.name()
    }

    /// A look at what is left of it and what it has done.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let (withdrawn, exhausted) = self.shared.totals();
        Snapshot { name: self.name().clone(), left: self.shared.left(), withdrawn, exhausted }
    }

    /// Goes by another config from now on; what is left stays, up to the new capacity.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.shared.reconfigure(&config.parse()?);
        Ok(())
    }
}

impl fmt::Debug for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quota").field("name", self.name()).finish_non_exhaustive()
    }
}
