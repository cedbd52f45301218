//! Events, spans and records with other values.

use std::{error::Error, fmt};

use tracing::{
    Value,
    field::{DebugValue, Field, FieldSet, ValueSet, Visit, debug},
};

use super::{chain::Told, shared::Shared, values::Cleaner};

/// No event has more fields; those behind would be lost.
const MOST: usize = 256;

/// Most events have no more.
const FEW: usize = 32;

/// Looks at values, and keeps nothing.
pub(super) struct Nobody;

impl Visit for Nobody {
    #[inline]
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
    #[inline]
    fn record_f64(&mut self, _: &Field, _: f64) {}
    #[inline]
    fn record_i64(&mut self, _: &Field, _: i64) {}
    #[inline]
    fn record_u64(&mut self, _: &Field, _: u64) {}
    #[inline]
    fn record_i128(&mut self, _: &Field, _: i128) {}
    #[inline]
    fn record_u128(&mut self, _: &Field, _: u128) {}
    #[inline]
    fn record_bool(&mut self, _: &Field, _: bool) {}
    #[inline]
    fn record_str(&mut self, _: &Field, _: &str) {}
    #[inline]
    fn record_bytes(&mut self, _: &Field, _: &[u8]) {}
    #[inline]
    fn record_error(&mut self, _: &Field, _: &(dyn Error + 'static)) {}
}

/// Whether all values that `record` shows may be logged as they are.
#[inline]
pub(super) fn is_clean(shared: &Shared, record: impl FnOnce(&mut dyn Visit)) -> bool {
    let mut cleaner = Cleaner::new(shared, Nobody);
    record(&mut cleaner);
    !cleaner.changed()
}

/// The values that `record` shows, as they may be logged, made into a set of `fields` for `then`.
#[cold]
pub(super) fn with_clean(
    shared: &Shared,
    fields: &FieldSet,
    record: impl FnOnce(&mut dyn Visit),
    then: impl FnOnce(&ValueSet<'_>),
) {
    let mut cleaner = Cleaner::new(shared, Keeper { shared, kept: Vec::new() });
    record(&mut cleaner);
    let kept = cleaner.into_inner().kept;
    if kept.len() <= FEW {
        give::<FEW>(fields, &kept, then);
    } else {
        give::<MOST>(fields, &kept, then);
    }
}

fn give<const MOST: usize>(
    fields: &FieldSet,
    kept: &[(Field, Kept)],
    then: impl FnOnce(&ValueSet<'_>),
) {
    let Some((any, _)) = kept.first() else {
        return;
    };
    let mut values: [(&Field, Option<&dyn Value>); MOST] = [(any, None); MOST];
    for (place, (field, kept)) in values.iter_mut().zip(kept) {
        *place = (field, Some(kept.value()));
    }
    then(&fields.value_set(&values));
}

/// Keeps the values that it is shown.
struct Keeper<'s> {
    shared: &'s Shared,
    kept: Vec<(Field, Kept)>,
}

impl Keeper<'_> {
    fn keep(&mut self, field: &Field, kept: Kept) {
        self.kept.push((field.clone(), kept));
    }
}

impl Visit for Keeper<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.keep(field, Kept::Printed(debug(Printed(format!("{value:?}")))));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.keep(field, Kept::F64(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.keep(field, Kept::I64(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.keep(field, Kept::U64(value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.keep(field, Kept::I128(value));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.keep(field, Kept::U128(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.keep(field, Kept::Bool(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.keep(field, Kept::Text(value.to_owned()));
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.keep(field, Kept::Bytes(value.into()));
    }

    /// An error cannot be kept, only what it says.
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.keep(field, Kept::Error(Box::new(Told::of(self.shared, value))));
    }
}

/// A value that was kept.
enum Kept {
    F64(f64),
    I64(i64),
    U64(u64),
    I128(i128),
    U128(u128),
    Bool(bool),
    Text(String),
    Bytes(Box<[u8]>),
    Printed(DebugValue<Printed>),
    Error(Box<dyn Error + Send + Sync>),
}

impl Kept {
    fn value(&self) -> &dyn Value {
        match self {
            Self::F64(value) => value,
            Self::I64(value) => value,
            Self::U64(value) => value,
            Self::I128(value) => value,
            Self::U128(value) => value,
            Self::Bool(value) => value,
            Self::Text(value) => value,
            Self::Bytes(value) => value,
            Self::Printed(value) => value,
            Self::Error(value) => value,
        }
    }
}

/// What was printed, to be printed again.
struct Printed(String);

impl fmt::Debug for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
