//! What the scripts answer.

use std::time::Duration;

use redis::Value;

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

pub(super) fn found(answer: Value) -> Option<Vec<Option<Stored>>> {
    let Value::Array(all) = answer else { return None };
    let one = |value| match value {
        Value::Int(_) => Some(None),
        Value::Array(parts) => match <[Value; 3]>::try_from(parts).ok()? {
            [Value::BulkString(bytes), Value::Int(left), Value::Int(age)] => {
                Some(Some(stored(bytes, left, age)))
            }
            _ => None,
        },
        _ => None,
    };
    all.into_iter().map(one).collect()
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
        assert_eq!(found(Value::Array(vec![Value::Nil])), None);
        assert_eq!(found(Value::Array(vec![Value::Array(vec![int(1)])])), None);
        assert_eq!(done(Value::Array(vec![Value::Nil])), None);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_younger_than_new() {
        let answer = [Value::BulkString(vec![1]), Value::Int(-1), Value::Int(-5)];
        let all = found(Value::Array(vec![Value::Int(0), Value::Array(answer.to_vec())])).unwrap();
        let kept = Stored { bytes: vec![1], left: None, age: Duration::ZERO };
        assert_eq!(all, [None, Some(kept)]);
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
