use crate::{
    ground::{
        config::{Check, ConfigError},
        mode::Mode,
        time::Clock,
    },
    resilience::rate_limit::{
        config::{Fields, MOST_ALSO, Rate},
        machine::Terms,
    },
};

/// What becomes of a call whose key finds no place, because all that it may stand in are taken by keys
/// that have tokens missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum WhenCrowded {
    /// It passes: a table that strangers have filled keeps nobody out.
    #[default]
    Admit,
    /// It is refused, as if it came an interval too early.
    Refuse,
}

/// A rate for each key.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// The rate of every key, unless a tier says otherwise.
    pub rate: Rate,
    /// Further rates that every call of a key must fit into as well, at most three. Each takes another 16
    /// bytes a key. Default: none.
    #[cfg_attr(feature = "serde", serde(default))]
    pub also: Vec<Rate>,
    /// As many keys as are to have a bucket at once: 1 to 100 million, at 32 bytes each. Default: 100 000.
    #[cfg_attr(feature = "serde", serde(default = "max_keys"))]
    pub max_keys: u32,
    /// What becomes of a call whose key finds no place. Default: admit.
    #[cfg_attr(feature = "serde", serde(default))]
    pub when_crowded: WhenCrowded,
    /// Which clock tells what has come back to a key, where a token takes longer for it than the coarse one
    /// may lag (20 ms): by that, a key has over any span at most one call more. Faster rates, and what
    /// would be refused, always go by the exact one. Default: coarse.
    #[cfg_attr(feature = "serde", serde(default = "clock"))]
    pub clock: Clock,
    /// Whether it refuses, or only counts what it would have refused. Default: enforce.
    #[cfg_attr(feature = "serde", serde(default))]
    pub mode: Mode,
}

/// A checked [`Config`]; a limiter made from it cannot fail to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan(Config);

const fn max_keys() -> u32 {
    100_000
}

const fn clock() -> Clock {
    Clock::Coarse
}

impl Config {
    /// This rate for every key, and the defaults.
    #[must_use]
    pub const fn new(rate: Rate) -> Self {
        Self {
            rate,
            also: Vec::new(),
            max_keys: max_keys(),
            when_crowded: WhenCrowded::Admit,
            clock: clock(),
            mode: Mode::Enforce,
        }
    }

    /// Adds a rate that every call of a key must fit into [as well](Self::also).
    #[must_use]
    pub fn also(mut self, rate: Rate) -> Self {
        self.also.push(rate);
        self
    }

    /// Sets [`max_keys`](Self::max_keys).
    #[must_use]
    pub fn with_max_keys(self, keys: u32) -> Self {
        Self { max_keys: keys, ..self }
    }

    /// Sets [`when_crowded`](Self::when_crowded).
    #[must_use]
    pub fn with_when_crowded(self, when_crowded: WhenCrowded) -> Self {
        Self { when_crowded, ..self }
    }

    /// Sets [`clock`](Self::clock).
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Sets [`mode`](Self::mode).
    #[must_use]
    pub fn with_mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, all at once.
    pub fn parse(self) -> Result<Plan, ConfigError> {
        let mut check = Check::new("rate_limit::keyed");
        self.check(&mut check);
        check.finish(Plan(self))
    }

    fn check(&self, check: &mut Check) {
        self.rate.check(check, Fields::RATE);
        for rate in &self.also {
            rate.check(check, Fields::ALSO);
        }
        check.require(self.also.len() <= MOST_ALSO, "also", "must be at most 3 further rates");
        check.require(
            (1..=100_000_000).contains(&self.max_keys),
            "max_keys",
            "must be 1 to 100000000",
        );
    }

    /// The plan that takes the place of another, whose table it keeps.
    pub(super) fn parse_after(self, before: &Plan) -> Result<Plan, ConfigError> {
        let mut check = Check::new("rate_limit::keyed");
        self.check(&mut check);
        check.require(
            self.max_keys == before.0.max_keys,
            "max_keys",
            "must stay what it is: the table has the size it was made with",
        );
        check.require(
            self.also.len() == before.0.also.len(),
            "also",
            "must have as many rates as before: a bucket has as many words as it was made with",
        );
        check.finish(Plan(self))
    }
}

impl From<Rate> for Config {
    fn from(rate: Rate) -> Self {
        Self::new(rate)
    }
}

impl Plan {
    /// The config it was parsed from.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.0
    }

    /// Its rates as a tier.
    pub(super) fn tier(&self) -> Tier {
        Tier::from_terms(Terms::of(self.0.rate), self.0.also.iter().copied().map(Terms::of))
    }
}

/// Rates that have been checked, for the keys of one tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    pub(super) first: Terms,
    also: [Terms; MOST_ALSO],
    further: usize,
}

impl Tier {
    /// The tier of this rate.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the rate.
    pub fn new(rate: Rate) -> Result<Self, ConfigError> {
        let mut check = Check::new("rate_limit::keyed");
        rate.check(&mut check, Fields::RATE);
        check.finish(Self::from_terms(Terms::of(rate), std::iter::empty()))
    }

    /// The same with a rate that every call of a key must fit into as well: no more of them than
    /// [`Config::also`] has, or there is no room to count by them, and the calls of this tier are refused.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the rate; or there are three already.
    pub fn also(mut self, rate: Rate) -> Result<Self, ConfigError> {
        let mut check = Check::new("rate_limit::keyed");
        rate.check(&mut check, Fields::ALSO);
        check.require(self.further < MOST_ALSO, "also", "must be at most 3 further rates");
        self.push(Terms::of(rate));
        check.finish(self)
    }

    pub(super) fn from_terms(first: Terms, further: impl Iterator<Item = Terms>) -> Self {
        let mut tier = Self { first, also: [first; MOST_ALSO], further: 0 };
        further.for_each(|terms| tier.push(terms));
        tier
    }

    fn push(&mut self, terms: Terms) {
        if let Some(place) = self.also.get_mut(self.further) {
            *place = terms;
            self.further += 1;
        }
    }

    /// How many rates it has besides the first.
    pub(super) const fn further(&self) -> usize {
        self.further
    }

    /// In the order in which they were given.
    pub(super) fn terms(&self) -> impl Iterator<Item = Terms> {
        std::iter::once(self.first).chain(self.also.iter().take(self.further).copied())
    }
}
