use crate::ground::name::Name;

/// A look at a budget, for health pages and dashboards.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: Name,
    /// What is kept of what was paid in, in attempts.
    pub kept: f64,
    /// Further attempts granted since it was made.
    pub withdrawn: u64,
    /// Further attempts refused since it was made.
    pub exhausted: u64,
}
