use std::hash::Hasher;

use super::{hashed::Key, wide::Wide};

/// The key of what this is as JSON; the order in which a map or struct has its fields does not matter.
///
/// ```
/// use buttress::cache::key;
/// use std::collections::HashMap;
///
/// #[derive(serde::Serialize)]
/// struct Search { top: u8, text: &'static str }
///
/// let search = Search { top: 5, text: "soup" };
/// let same = serde_json::json!({ "text": "soup", "top": 5 });
/// assert_eq!(key::of_json(&search)?, key::of_json(&same)?);
/// # Ok::<_, key::NotJson>(())
/// ```
///
/// # Errors
///
/// It cannot be written as JSON: its `Serialize` fails, or a map has keys that are no text, number or bool.
pub fn of_json<T: serde::Serialize + ?Sized>(data: &T) -> Result<Key, NotJson> {
    let value = serde_json::to_value(data).map_err(NotJson)?;
    let mut hasher = Wide::new();
    canonical(&value, &mut hasher);
    Ok(Key(hasher.wide()))
}

/// What cannot be written as JSON has no key by its JSON.
#[derive(Debug, thiserror::Error)]
#[error("not to be written as JSON")]
pub struct NotJson(#[source] serde_json::Error);

/// Feeds a value with its kinds and lengths, so that no two different ones feed the same.
fn canonical(value: &serde_json::Value, to: &mut Wide) {
    use serde_json::Value;

    let text = |text: &str, to: &mut Wide| {
        to.write_usize(text.len());
        to.write(text.as_bytes());
    };
    match value {
        Value::Null => to.write_u8(0),
        Value::Bool(is) => to.write_u8(1 + u8::from(*is)),
        Value::Number(number) => number_as_written(number, to),
        Value::String(value) => {
            to.write_u8(6);
            text(value, to);
        }
        Value::Array(values) => {
            to.write_u8(7);
            to.write_usize(values.len());
            values.iter().for_each(|value| canonical(value, to));
        }
        Value::Object(fields) => {
            to.write_u8(8);
            to.write_usize(fields.len());
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            for (name, value) in fields {
                text(name, to);
                canonical(value, to);
            }
        }
    }
}

/// JSON has one kind of number: `1` and `1.0` are the same.
fn number_as_written(number: &serde_json::Number, to: &mut Wide) {
    /// Up to here every whole number is a float.
    const EXACT: f64 = 9_007_199_254_740_992.0;

    match (number.as_u64(), number.as_i64(), number.as_f64()) {
        (Some(whole), ..) => {
            to.write_u8(3);
            to.write_u64(whole);
        }
        (None, Some(whole), _) => {
            to.write_u8(4);
            to.write_i64(whole);
        }
        (None, None, Some(float)) if float.fract() == 0.0 && (0.0..=EXACT).contains(&float) => {
            to.write_u8(3);
            to.write_u64(float as u64);
        }
        (None, None, Some(float)) if float.fract() == 0.0 && (-EXACT..0.0).contains(&float) => {
            to.write_u8(4);
            to.write_i64(float as i64);
        }
        (None, None, Some(float)) => {
            to.write_u8(5);
            to.write_u64(float.to_bits());
        }
        (None, None, None) => to.write_u8(9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_fields_does_not_matter_and_one_changed_row_does() {
        use serde_json::json;

        let key = |value: serde_json::Value| of_json(&value).unwrap();
        let table = json!({ "rows": [[1, "a"], [2.5, null]], "name": "t" });
        assert_eq!(
            key(table.clone()),
            key(json!({ "name": "t", "rows": [[1.0, "a"], [2.5, null]] }))
        );
        for other in [
            json!({ "rows": [[1, "a"], [2.5, false]], "name": "t" }),
            json!({ "rows": [[2.5, null], [1, "a"]], "name": "t" }),
            json!({ "rows": [[1, "a", 2.5, null]], "name": "t" }),
            json!({ "rows": [["1", "a"], [2.5, null]], "name": "t" }),
            json!({ "rows": [[1, "a"], [2.5, null]] }),
        ] {
            assert_ne!(key(table.clone()), key(other));
        }
        assert_ne!(key(json!(-1)), key(json!(u64::MAX)));
        assert_eq!(key(json!(-3)), key(json!(-3.0)));
    }
}
