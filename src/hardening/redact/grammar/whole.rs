//! A value that is all there is: its name is known, and it needs no quotes to end.

use super::{
    super::{
        keys::Strength,
        view::{Runs, View},
    },
    Found, cookie, header,
    key::Key,
    placeholder::{is_placeholder, is_stand_in},
    promise::promising,
    value::scheme,
};

/// How much of a value is looked at.
const SHOWN: usize = 256;

/// What is secret of `value`, behind a name that promises so much. Where that is certain, it is everything
/// but what stands for nothing.
pub(in super::super) fn whole(value: &[u8], strength: Strength) -> Option<Found> {
    let mut runs = Runs::default();
    let view = View::new(value, 0, &mut runs);
    let found = match strength {
        Strength::Strong => certain(value, 0)?,
        Strength::Medium => {
            let begin = scheme(&view, 0);
            certain(value, begin).filter(|_| !is_count(value.get(begin..).unwrap_or_default()))?
        }
        Strength::Header => certain(value, header::credential(&view, 0).0)?,
        Strength::Cookie if value.contains(&b'=') => cookie::whole(value),
        // A cookie without a name.
        Strength::Cookie => perhaps(&view, value, Strength::Weak)?,
        _ => perhaps(&view, value, strength)?,
    };
    (!found.is_empty()).then_some(found)
}

fn certain(value: &[u8], begin: usize) -> Option<Found> {
    let rest = value.get(begin..).unwrap_or_default();
    (!is_stand_in(rest)).then(|| Found::one(begin, value.len()))
}

fn perhaps(view: &View<'_>, value: &[u8], strength: Strength) -> Option<Found> {
    let begin = scheme(view, 0).min(value.len());
    let rest = value.get(begin..).unwrap_or_default();
    let shown = rest.get(..SHOWN).unwrap_or(rest);
    let key = Key::unseen(0, strength);
    let secret = !is_placeholder(shown) && promising(&key, shown, rest.len(), true);
    secret.then(|| Found::one(begin, value.len()))
}

/// Whether `value` counts something: `pass = 2`, `retry_token = 5`. No token is so short, a password may be.
fn is_count(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"-").unwrap_or(value);
    let digit = |byte: &u8| byte.is_ascii_digit();
    let part = |byte: &u8| digit(byte) || matches!(byte, b'.' | b'%');
    (value.len() < 4 && value.iter().all(digit))
        || (value.len() < 6 && !value.iter().all(digit) && value.iter().all(part))
}
