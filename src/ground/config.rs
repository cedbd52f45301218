//! What is wrong with a config: every fault at once, each with room, field and rule.

use std::{borrow::Cow, fmt, time::Duration};

/// A config that cannot work. Lists every fault, not only the first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    room: &'static str,
    flaws: Vec<Flaw>,
}

/// One fault of a config.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flaw {
    /// The field, spelled as in the config; fields that contradict each other are joined by a comma.
    pub field: &'static str,
    /// The rule it breaks: "must be …".
    pub rule: Cow<'static, str>,
}

impl ConfigError {
    /// The room whose config it is, such as `circuit_breaker`.
    #[must_use]
    pub const fn room(&self) -> &'static str {
        self.room
    }

    /// The faults, at least one, in the order of the fields.
    #[must_use]
    pub fn flaws(&self) -> &[Flaw] {
        &self.flaws
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} config: ", self.room)?;
        for (index, flaw) in self.flaws.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{} {}", flaw.field, flaw.rule)?;
        }
        Ok(())
    }
}

/// Gathers faults while a room parses its config.
#[derive(Debug)]
pub(crate) struct Check {
    room: &'static str,
    flaws: Vec<Flaw>,
}

impl Check {
    pub(crate) const fn new(room: &'static str) -> Self {
        Self { room, flaws: Vec::new() }
    }

    /// Notes a fault of `field` unless `holds`.
    pub(crate) fn require(
        &mut self,
        holds: bool,
        field: &'static str,
        rule: impl Into<Cow<'static, str>>,
    ) {
        if !holds {
            self.flaws.push(Flaw { field, rule: rule.into() });
        }
    }

    /// Above zero.
    pub(crate) fn positive(&mut self, field: &'static str, duration: Duration) {
        self.require(!duration.is_zero(), field, "must be above zero");
    }

    /// Above 0 and at most 1; not a number is neither.
    pub(crate) fn ratio(&mut self, field: &'static str, ratio: f64) {
        self.require(ratio > 0.0 && ratio <= 1.0, field, "must be above 0 and at most 1");
    }

    /// Every fault found: there is at least one, or nobody asks.
    pub(crate) fn into_error(self) -> ConfigError {
        ConfigError { room: self.room, flaws: self.flaws }
    }

    /// What was parsed, or every fault found.
    pub(crate) fn finish<T>(self, parsed: T) -> Result<T, ConfigError> {
        if self.flaws.is_empty() { Ok(parsed) } else { Err(self.into_error()) }
    }
}

/// Durations in a config file: `"30s"`, `"1m 30s"`, `"250ms"`.
#[cfg(feature = "serde")]
pub(crate) mod human {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&humantime::format_duration(*duration))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        parse(&String::deserialize(from)?)
    }

    pub(super) fn parse<E: Error>(text: &str) -> Result<Duration, E> {
        humantime::parse_duration(text).map_err(|fault| {
            E::custom(format!("`{text}` is not a duration such as \"30s\": {fault}"))
        })
    }
}

/// Durations by name in a config file: `{ search = "250ms" }`.
#[cfg(feature = "serde")]
pub(crate) mod human_map {
    use std::{collections::BTreeMap, time::Duration};

    use serde::{Deserialize, Deserializer, Serializer};

    use super::human;

    pub(crate) fn serialize<S: Serializer>(
        durations: &BTreeMap<String, Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let text = |duration: &Duration| humantime::format_duration(*duration).to_string();
        to.collect_map(durations.iter().map(|(name, duration)| (name, text(duration))))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<String, Duration>, D::Error> {
        let texts = BTreeMap::<String, String>::deserialize(from)?;
        texts.into_iter().map(|(name, text)| Ok((name, human::parse(&text)?))).collect()
    }
}

/// Rules that can be switched off in a config file: a value, or `"off"`.
#[cfg(feature = "serde")]
pub(crate) mod off {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    const OFF: &str = "off";

    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a number or \"off\"")]
    enum Rule<T> {
        On(T),
        Word(String),
    }

    pub(crate) fn serialize<T: Serialize, S: Serializer>(
        rule: &Option<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match rule {
            Some(value) => value.serialize(to),
            None => to.serialize_str(OFF),
        }
    }

    pub(crate) fn deserialize<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
    where
        T: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        match Rule::deserialize(from)? {
            Rule::On(value) => Ok(Some(value)),
            Rule::Word(word) if word == OFF => Ok(None),
            Rule::Word(word) => {
                Err(D::Error::custom(format!("expected a number or \"off\", found `{word}`")))
            }
        }
    }

    /// The same for durations.
    pub(crate) mod duration {
        use std::time::Duration;

        use serde::{Deserialize, Deserializer, Serializer};

        use super::{super::human, OFF};

        pub(crate) fn serialize<S: Serializer>(
            rule: &Option<Duration>,
            to: S,
        ) -> Result<S::Ok, S::Error> {
            match rule {
                Some(duration) => human::serialize(duration, to),
                None => to.serialize_str(OFF),
            }
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> Result<Option<Duration>, D::Error> {
            let text = String::deserialize(from)?;
            if text == OFF { Ok(None) } else { human::parse(&text).map(Some) }
        }
    }
}

/// Durations in a snapshot: whole milliseconds.
#[cfg(feature = "serde")]
pub(crate) mod millis {
    use std::time::Duration;

    use serde::{Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        duration
            .map(|duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
            .serialize(to)
    }

    /// The same where there always is one.
    pub(crate) mod whole {
        use std::time::Duration;

        use serde::Serializer;

        pub(crate) fn serialize<S: Serializer>(
            duration: &Duration,
            to: S,
        ) -> Result<S::Ok, S::Error> {
            super::serialize(&Some(*duration), to)
        }
    }

    /// Milliseconds and fractions of one, to the nanosecond.
    pub(crate) mod exact {
        use std::time::Duration;

        use serde::{Serialize, Serializer};

        pub(crate) fn serialize<S: Serializer>(
            duration: &Option<Duration>,
            to: S,
        ) -> Result<S::Ok, S::Error> {
            duration.map(|duration| duration.as_nanos() as f64 / 1e6).serialize(to)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_lists_every_fault_with_room_field_and_rule() {
        let mut check = Check::new("circuit_breaker");
        check.positive("open_for", Duration::ZERO);
        check.ratio("failure_ratio", f64::NAN);
        check.ratio("slow_ratio", 0.5);
        let error = check.finish(()).unwrap_err();
        assert_eq!(error.flaws().len(), 2);
        assert_eq!(
            error.to_string(),
            "circuit_breaker config: open_for must be above zero; \
             failure_ratio must be above 0 and at most 1"
        );
    }
}
