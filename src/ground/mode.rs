/// Whether a guard's word counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Mode {
    /// Decide and refuse.
    #[default]
    Enforce,
    /// Decide, count and tell what would have been refused; refuse nothing. For trying a guard's
    /// numbers on real traffic before they can hurt.
    Shadow,
}
