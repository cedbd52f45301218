/// What becomes of a call whose store cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum OnStoreFailure {
    /// It passes: what is to be protected can take it for a while.
    Open,
    /// It is refused, with [`Refusal::StoreUnavailable`](crate::Refusal::StoreUnavailable), which says when the
    /// store is asked again.
    Closed,
    /// This process decides alone, with its share of what there is.
    Local {
        /// The share, above 0 and at most 1: one by the number of processes.
        share: f64,
    },
}

impl OnStoreFailure {
    /// [`Local`](Self::Local), with the share of one of so many processes.
    #[must_use]
    pub fn local_of(processes: u32) -> Self {
        Self::Local { share: 1.0 / f64::from(processes) }
    }

    /// As one word, for labels.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Local { .. } => "local",
        }
    }
}
