/// Why an entry is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Removal {
    /// There was no room for it any more.
    Evicted,
    /// Its time was up.
    Expired,
    /// Somebody took it out.
    Removed,
    /// Another value came for its key.
    Replaced,
    /// It was heavier than everything the cache may hold, and never in it.
    TooHeavy,
}

impl Removal {
    pub(super) const COUNT: usize = 5;

    /// In the order of their numbers.
    pub(super) const ALL: [Self; Self::COUNT] =
        [Self::Evicted, Self::Expired, Self::Removed, Self::Replaced, Self::TooHeavy];

    /// As it stands in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Evicted => "evicted",
            Self::Expired => "expired",
            Self::Removed => "removed",
            Self::Replaced => "replaced",
            Self::TooHeavy => "too_heavy",
        }
    }
}

/// What was taken out under a lock, to be told of and dropped where there is none.
pub(super) struct Removed<K, V> {
    /// Mostly there is one: no list is made for it.
    first: Option<(K, V, Removal)>,
    others: Vec<(K, V, Removal)>,
}

impl<K, V> Removed<K, V> {
    pub(super) const fn new() -> Self {
        Self { first: None, others: Vec::new() }
    }

    pub(super) fn push(&mut self, key: K, value: V, cause: Removal) {
        match self.first {
            None => self.first = Some((key, value, cause)),
            Some(_) => self.others.push((key, value, cause)),
        }
    }

    /// The value of the first.
    pub(super) fn first(&self) -> Option<&V> {
        self.first.as_ref().map(|(_, value, _)| value)
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = (K, V, Removal)> {
        self.first.into_iter().chain(self.others)
    }
}
