//! The values of events and spans, on their way to whoever writes them.

use std::{
    borrow::Cow,
    error::Error,
    fmt::{self, Write},
};

use tracing::field::{Field, Visit};

use super::{chain::Told, scratch::Scratch, shared::Shared};

/// Passes values on to `inner` as they may be logged. Each is looked at by its name and by what it says, once
/// it is text; each is passed on as the kind of value that it was, but for numbers that are secret.
pub(super) struct Cleaner<'s, V> {
    shared: &'s Shared,
    inner: V,
    changed: bool,
}

impl<'s, V: Visit> Cleaner<'s, V> {
    pub(super) const fn new(shared: &'s Shared, inner: V) -> Self {
        Self { shared, inner, changed: false }
    }

    /// Whether anything was passed on that is not what it was.
    pub(super) const fn changed(&self) -> bool {
        self.changed
    }

    pub(super) fn into_inner(self) -> V {
        self.inner
    }

    fn said(&mut self, field: &Field, text: &str) {
        self.changed = true;
        self.inner.record_str(field, text);
    }
}

macro_rules! numbers {
    ($($method:ident: $number:ty),*) => { $(
        #[inline]
        fn $method(&mut self, field: &Field, value: $number) {
            match self.shared.number(self.shared.named(field.name()), value) {
                None => self.inner.$method(field, value),
                Some(clean) => self.said(field, &clean),
            }
        }
    )* };
}

impl<V: Visit> Visit for Cleaner<'_, V> {
    numbers! {
        record_f64: f64,
        record_i64: i64,
        record_u64: u64,
        record_i128: i128,
        record_u128: u128
    }

    #[inline]
    fn record_bool(&mut self, field: &Field, value: bool) {
        match self.shared.truth(self.shared.named(field.name())) {
            None => self.inner.record_bool(field, value),
            Some(clean) => self.said(field, &clean),
        }
    }

    #[inline]
    fn record_str(&mut self, field: &Field, value: &str) {
        let named = self.shared.named(field.name());
        let clean = self.shared.value(named, value);
        self.changed |= matches!(clean, Cow::Owned(_));
        self.inner.record_str(field, &clean);
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        let named = self.shared.named(field.name());
        match self.shared.bytes(named, value) {
            Cow::Borrowed(_) => self.inner.record_bytes(field, value),
            Cow::Owned(clean) if named.is_nothing() => {
                self.changed = true;
                self.inner.record_bytes(field, &clean);
            }
            Cow::Owned(clean) => self.said(field, &String::from_utf8_lossy(&clean)),
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let named = self.shared.named(field.name());
        if !named.is_nothing() {
            return self.record_debug(field, &format_args!("{value}"));
        }
        match Told::unless_clean(self.shared, value) {
            None => self.inner.record_error(field, value),
            Some(told) => {
                self.changed = true;
                self.inner.record_error(field, &told);
            }
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let named = self.shared.named(field.name());
        let mut text = Scratch::take();
        // Whoever cannot be printed is printed as far as it goes.
        let _as_far_as_it_goes = write!(text, "{value:?}");
        let clean = self.shared.value(named, text.text());
        let changed = matches!(clean, Cow::Owned(_));
        self.inner.record_debug(field, &Plain(&clean));
        drop(clean);
        if changed {
            self.changed = true;
            text.taint();
        }
    }
}

/// A text that is printed as it is.
struct Plain<'t>(&'t str);

impl fmt::Debug for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
