//! A document in memory, and documents in its texts.

use std::{borrow::Cow, fmt, mem};

use serde_json::{Map, Value};
use zeroize::Zeroize;

use super::{
    super::{
        handle::{Redactor, Shared, readable},
        report::Confidence,
        span::{Span, Tag},
    },
    place::{Place, holds_name, holds_value},
};
use crate::ground::name::Name;

/// A secret in a document. It holds no byte of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FieldFinding {
    /// Where it stood: `user.tokens[2]`; empty for the document itself.
    pub path: String,
    /// Its kind, such as `github-pat` or `password`.
    pub kind: Name,
    /// How sure it is.
    pub confidence: Confidence,
}

impl Redactor {
    /// Takes the secrets out of a document, in place, and says where they were.
    ///
    /// Decides as [`serialize`](Self::serialize) does.
    ///
    /// ```
    /// use buttress::redact::Redactor;
    /// use serde_json::json;
    ///
    /// let mut order = json!({ "id": 7, "card": { "cvv": 123 }, "notes": ["call", "pwd=hunter2"] });
    /// let found = Redactor::built_in().redact_value(&mut order);
    /// assert_eq!(order["card"]["cvv"], "[REDACTED:code]");
    /// assert_eq!(order["notes"][1], "pwd=[REDACTED:password]");
    /// assert_eq!((found[0].path.as_str(), found[1].path.as_str()), ("card.cvv", "notes[1]"));
    /// ```
    pub fn redact_value(&self, value: &mut Value) -> Vec<FieldFinding> {
        let shared = self.shared();
        let mut findings = Vec::new();
        let mut report = |trail: &Trail<'_>, tag, confidence| {
            let path = Path { trail, shared }.to_string();
            findings.push(FieldFinding { path, kind: shared.rules.name(tag).clone(), confidence });
        };
        let mut walk = Walk { shared, report: &mut report };
        walk.value(value, &Place::root(&shared.rules.custom), &Trail::Root);
        findings
    }
}

/// The way to a value, from its end.
enum Trail<'t> {
    Root,
    Name(&'t Self, &'t str),
    Item(&'t Self, usize),
}

/// Told what was found, and where.
type Report<'r> = dyn FnMut(&Trail<'_>, Tag, Confidence) + 'r;

/// A walk through a document: as deep as places go, and no deeper.
struct Walk<'w> {
    shared: &'w Shared,
    report: &'w mut Report<'w>,
}

/// The text at `place` without what is secret, and without what is in a document that it holds.
pub(super) fn text<'t>(shared: &Shared, place: &Place, text: &'t str) -> Cow<'t, str> {
    Walk { shared, report: &mut |_, _, _| {} }.text(text, place, &Trail::Root)
}

/// The document that `text` is without what is secret, if anything is.
pub(super) fn document(shared: &Shared, place: &Place, text: &str) -> Option<Value> {
    Walk { shared, report: &mut |_, _, _| {} }.document(text, place, &Trail::Root)
}

impl Walk<'_> {
    fn value(&mut self, value: &mut Value, place: &Place, trail: &Trail<'_>) {
        let shared = self.shared;
        let report = &mut *self.report;
        let mut see = |tag, confidence| report(trail, tag, confidence);
        let clean = match value {
            _ if place.is_too_deep() => Some(shared.too_deep(&mut see)),
            Value::Null => None,
            Value::Bool(_) => shared.truth(place.known(), &mut see),
            Value::Number(_) if shared.keeps_numbers(place.known()) => None,
            Value::Number(number) => {
                let digits = format_args!("{number}");
                shared.number(place.known(), digits, place.is_item(), &mut see)
            }
            Value::String(text) => match self.text(text, place, trail) {
                Cow::Borrowed(_) => None,
                Cow::Owned(clean) => Some(clean),
            },
            Value::Array(items) => {
                self.items(items, place, trail);
                None
            }
            Value::Object(fields) => {
                self.fields(fields, place, trail);
                None
            }
        };
        if let Some(clean) = clean {
            bury(mem::replace(value, Value::String(clean)));
        }
    }

    fn items(&mut self, items: &mut [Value], place: &Place, trail: &Trail<'_>) {
        let rules = &self.shared.rules;
        let beside = match &*items {
            [Value::String(name), _] => self.shared.names(name),
            _ => None,
        };
        for (at, item) in items.iter_mut().enumerate() {
            let mut place = place.item(rules, at);
            if at == 1 && beside.is_some() {
                place = place.beside(beside);
            }
            self.value(item, &place, &Trail::Item(trail, at));
        }
    }

    fn fields(&mut self, fields: &mut Map<String, Value>, place: &Place, trail: &Trail<'_>) {
        let rules = &self.shared.rules;
        let beside = fields.iter().find_map(|(field, value)| {
            let name = value.as_str().filter(|_| holds_name(field))?;
            self.shared.names(name)
        });
        let mut secret = Vec::new();
        for (field, value) in fields.iter_mut() {
            let report = &mut *self.report;
            let mut see = |span: &Span| report(trail, span.tag, span.confidence);
            let clean = match rules.has_anchor(field.as_bytes()) {
                true => self.shared.clean(field.as_bytes(), &mut see).map(readable),
                false => None,
            };
            let mut place = place.key(rules, clean.as_deref().unwrap_or(field));
            if beside.is_some() && holds_value(field) {
                place = place.beside(beside);
            }
            self.value(value, &place, &Trail::Name(trail, field));
            secret.extend(clean.map(|clean| (field.clone(), clean)));
        }
        for (number, (mut field, clean)) in secret.into_iter().enumerate() {
            let value = fields.remove(&field).unwrap_or_default();
            field.zeroize();
            let mut clean = numbered(clean, number);
            while fields.contains_key(&clean) {
                clean.push('~');
            }
            fields.insert(clean, value);
        }
    }

    fn text<'v>(&mut self, text: &'v str, place: &Place, trail: &Trail<'_>) -> Cow<'v, str> {
        let inside = if place.may_hold_json() && is_document(text) {
            self.document(text, &place.inside(), trail)
        } else {
            None
        };
        let report = &mut *self.report;
        let mut see = |tag, confidence| report(trail, tag, confidence);
        match inside {
            None => self.shared.text(place.known(), text, &mut see),
            Some(clean) => {
                let clean = clean.to_string();
                Cow::Owned(self.shared.text(place.known(), &clean, &mut see).into_owned())
            }
        }
    }

    /// The document that `text` is without what is secret, if anything is.
    fn document(&mut self, text: &str, place: &Place, trail: &Trail<'_>) -> Option<Value> {
        let mut value = serde_json::from_str(text).ok()?;
        let mut found = false;
        let report = &mut *self.report;
        let mut noting = |trail: &Trail<'_>, tag, confidence| {
            found = true;
            report(trail, tag, confidence);
        };
        let mut walk = Walk { shared: self.shared, report: &mut noting };
        walk.value(&mut value, place, trail);
        found.then_some(value)
    }
}

/// Secret names become different masks, so that no value is lost.
pub(super) fn numbered(mut clean: String, number: usize) -> String {
    if number > 0 {
        clean.push('~');
        clean.push_str(&(number + 1).to_string());
    }
    clean
}

/// Whether a text is an object or a list, by its first and last letter.
fn is_document(text: &str) -> bool {
    let text = text.trim_ascii().as_bytes();
    matches!((text.first(), text.last()), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')))
}

/// Drops a value however deep it is, and overwrites its texts.
fn bury(value: Value) {
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        match value {
            Value::String(mut text) => text.zeroize(),
            Value::Array(items) => rest.extend(items),
            Value::Object(fields) => rest.extend(fields.into_iter().map(|(_, value)| value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// A way, as it is written in a path; names that are secrets are masked.
struct Path<'p> {
    trail: &'p Trail<'p>,
    shared: &'p Shared,
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let up = |trail| Path { trail, shared: self.shared };
        match self.trail {
            Trail::Root => Ok(()),
            Trail::Item(before, at) => write!(f, "{}[{at}]", up(before)),
            Trail::Name(before, name) => {
                let clean = self.shared.clean(name.as_bytes(), &mut |_| {});
                let name = clean.map_or(Cow::Borrowed(*name), |clean| Cow::Owned(readable(clean)));
                let plain = !name.is_empty() && !name.contains(['.', '[', ']', '"', '*', '\\']);
                match (plain, before) {
                    (false, _) => write!(f, "{}[{name:?}]", up(before)),
                    (true, Trail::Root) => f.write_str(&name),
                    (true, _) => write!(f, "{}.{name}", up(before)),
                }
            }
        }
    }
}
