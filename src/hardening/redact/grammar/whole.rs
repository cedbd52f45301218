//! A value that is all there is: its name is known, and it needs no quotes to end.

use super::{
    super::{
        keys::Strength,
        view::{Runs, View},
    },
    Found, cookie, header,
    key::Key,
    operator::Join,
    placeholder::is_placeholder,
    promise::promising,
    value::scheme,
};

/// How much of a value is looked at.
const SHOWN: usize = 256;

/// What is secret of `value`, behind a name that promises so much.
pub(in super::super) fn whole(value: &[u8], strength: Strength) -> Option<Found> {
    let mut runs = Runs::default();
    let view = View::new(value, 0, &mut runs);
    let found = match strength {
        Strength::Header => header::whole(&view, 0, value.len())?,
        Strength::Cookie if value.contains(&b'=') => cookies(&view, value.len())?,
        // A cookie without a name.
        Strength::Cookie => one(&view, value, Strength::Weak)?,
        _ => one(&view, value, strength)?,
    };
    (!found.is_empty()).then_some(found)
}

fn one(view: &View<'_>, value: &[u8], strength: Strength) -> Option<Found> {
    let begin = scheme(view, 0).min(value.len());
    let rest = value.get(begin..).unwrap_or_default();
    let shown = rest.get(..SHOWN).unwrap_or(rest);
    let key = Key::unseen(0, strength);
    let secret = !is_placeholder(shown) && promising(&key, shown, rest.len(), true);
    secret.then(|| Found::one(begin, value.len()))
}

/// What is longer than a header is secret to its end.
fn cookies(view: &View<'_>, end: usize) -> Option<Found> {
    let mut found = cookie::values(view, Join::Equals, 0)?;
    if found.open.take().is_some() {
        if let Some(last) = found.count.checked_sub(1).and_then(|last| found.parts.get_mut(last)) {
            last.1 = end;
        }
    }
    Some(found)
}
