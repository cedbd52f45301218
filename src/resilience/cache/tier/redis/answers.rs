//! What the scripts answer.

use std::time::Duration;

use redis::Value;

use super::names::HEAD;
use crate::resilience::cache::tier::store::Fence;

/// What is stored for a key, as it stands there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) bytes: Vec<u8>,
    pub(super) left: Option<Duration>,
    pub(super) age: Duration,
}

/// What came of asking for the right to load.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Stored(Stored),
    /// By somebody else, for so long.
    Held(Duration),
    Mine(Fence),
}

fn millis(value: i64) -> Duration {
    Duration::from_millis(u64::try_from(value).unwrap_or(0))
}

fn stored(bytes: Vec<u8>, left: i64, age: i64) -> Stored {
    // What never expires has a life of -1.
    Stored { bytes, left: (left >= 0).then(|| millis(left)), age: millis(age) }
}

/// An era, as the store has it.
pub(super) fn era(era: u64) -> Vec<u8> {
    format!("{era:016x}").into_bytes()
}

/// What was found: the answers to what is stored for some keys, to which era it is, and to what time.
pub(super) fn found(answer: Value) -> Option<Vec<Option<Stored>>> {
    let Value::Array(answers) = answer else { return None };
    let [Value::Array(all), era, Value::Array(time)] = <[Value; 3]>::try_from(answers).ok()? else {
        return None;
    };
    let [Value::BulkString(seconds), Value::BulkString(micros)] = &time[..] else { return None };
    let now = Duration::from_secs(number(seconds)?) + Duration::from_micros(number(micros)?);
    let one = |value| match (value, &era) {
        (Value::BulkString(bytes), Value::BulkString(era)) => Some(believed(bytes, era, now)),
        (Value::BulkString(_) | Value::Nil, Value::Nil | Value::BulkString(_)) => Some(None),
        _ => None,
    };
    all.into_iter().map(one).collect()
}

/// What is stored, if it is of this era, as it is now.
fn believed(bytes: Vec<u8>, era: &[u8], now: Duration) -> Option<Stored> {
    let [theirs, written, life] = head(&bytes)?;
    if theirs != era {
        return None;
    }
    // A clock that was set back makes nobody younger than new.
    let age = now.saturating_sub(Duration::from_millis(number(written)?));
    let left = Duration::from_millis(number(life)?).saturating_sub(age);
    Some(Stored { bytes, left: Some(left), age })
}

fn head(bytes: &[u8]) -> Option<[&[u8]; 3]> {
    Some([bytes.get(..16)?, bytes.get(16..32)?, bytes.get(32..HEAD)?])
}

/// In decimal digits.
fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

pub(super) fn taken(answer: Value) -> Option<Taken> {
    let Value::Array(parts) = answer else { return None };
    let mut parts = parts.into_iter();
    match (parts.next()?, parts.next()?, parts.next(), parts.next()) {
        (Value::Int(0), Value::Int(left), ..) => Some(Taken::Held(millis(left))),
        (Value::Int(1), Value::BulkString(era), Some(Value::Int(number)), _) => {
            let era = u64::from_str_radix(std::str::from_utf8(&era).ok()?, 16).ok()?;
            Some(Taken::Mine(Fence::new(era, u64::try_from(number).ok()?)))
        }
        (
            Value::Int(2),
            Value::BulkString(bytes),
            Some(Value::Int(left)),
            Some(Value::Int(age)),
        ) => Some(Taken::Stored(stored(bytes, left, age))),
        _ => None,
    }
}

/// Which of the values were stored.
pub(super) fn done(answer: Value) -> Option<Vec<bool>> {
    let Value::Array(all) = answer else { return None };
    all.into_iter()
        .map(|one| if let Value::Int(done) = one { Some(done == 1) } else { None })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_understands_is_nothing() {
        let int = Value::Int;
        let bytes = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        for other in [
            Value::Nil,
            int(1),
            Value::Array(vec![]),
            Value::Array(vec![int(1), bytes("xyz"), int(3)]),
            Value::Array(vec![int(1), bytes("a"), int(-3)]),
            Value::Array(vec![int(2), bytes("a"), int(3)]),
            Value::Array(vec![int(7), int(7)]),
        ] {
            assert_eq!(taken(other), None);
        }
        let time = || Value::Array(vec![bytes("1"), bytes("0")]);
        for other in [
            vec![Value::Nil],
            vec![Value::Array(vec![Value::Nil]), Value::Nil],
            vec![Value::Array(vec![int(1)]), Value::Nil, time()],
            vec![Value::Nil, Value::Nil, time()],
            vec![Value::Array(vec![Value::Nil]), int(1), time()],
            vec![Value::Array(vec![Value::Nil]), Value::Nil, Value::Array(vec![bytes("x")])],
        ] {
            assert_eq!(found(Value::Array(other)), None);
        }
        let short = Value::Array(vec![Value::Nil, bytes("short"), bytes(&"x".repeat(60))]);
        let answer = vec![short, bytes("short"), time()];
        assert_eq!(found(Value::Array(answer)), Some(vec![None, None, None]));
        assert_eq!(done(Value::Array(vec![Value::Nil])), None);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_younger_than_new() {
        let ours = String::from_utf8(era(7)).unwrap();
        let bulk = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        for (now, age, left) in [("9", 0, 3500), ("11", 1000, 2500), ("14", 4000, 0)] {
            let stored = format!("{ours}{:016}{:016}", 10_000, 3_500);
            let other = format!("{:016x}{:016}{:016}", 8, 10_000, 3_500);
            let answer = vec![
                Value::Array(vec![bulk(&stored), bulk(&other), Value::Nil]),
                bulk(&ours),
                Value::Array(vec![bulk(now), bulk("0")]),
            ];
            let kept = Stored {
                bytes: stored.into_bytes(),
                left: Some(Duration::from_millis(left)),
                age: Duration::from_millis(age),
            };
            assert_eq!(found(Value::Array(answer)), Some(vec![Some(kept), None, None]));
        }
    }

    #[test]
    fn an_era_is_read_as_it_was_written() {
        for number in [0, 7, u64::MAX] {
            let era = Value::BulkString(era(number));
            let answer = Value::Array(vec![Value::Int(1), era, Value::Int(3)]);
            assert_eq!(taken(answer), Some(Taken::Mine(Fence::new(number, 3))));
        }
    }
}
