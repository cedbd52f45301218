use super::{
    handle::Budget,
    quota::{Cost, Paid, Quota},
};

/// What a retry pays from: a [`Budget`], or a [`Quota`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Purse {
    /// By the number of calls.
    Budget(Budget),
    /// By how calls end.
    Quota(Quota),
}

impl Purse {
    /// A first attempt begins.
    #[inline]
    pub fn begin(&self) {
        if let Self::Budget(budget) = self {
            budget.deposit();
        }
    }

    /// Pays for a further attempt. None if there is not enough, else what a quota gives back if the
    /// call succeeds.
    #[must_use = "without payment there is no further attempt"]
    pub fn pay(&self, cost: Cost) -> Option<Option<Paid>> {
        match self {
            Self::Budget(budget) => budget.try_withdraw().then_some(None),
            Self::Quota(quota) => quota.try_withdraw(cost).map(Some),
        }
    }

    /// The call has succeeded, after a further attempt that cost so much or without one.
    #[inline]
    pub fn succeed(&self, paid: Option<Paid>) {
        if let Self::Quota(quota) = self {
            quota.succeeded(paid);
        }
    }
}

impl From<&Budget> for Purse {
    fn from(budget: &Budget) -> Self {
        Self::Budget(budget.clone())
    }
}

impl From<&Quota> for Purse {
    fn from(quota: &Quota) -> Self {
        Self::Quota(quota.clone())
    }
}
