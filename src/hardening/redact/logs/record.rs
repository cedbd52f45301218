//! Loggers of the crate `log`.

use std::{borrow::Cow, fmt, fmt::Write, sync::Arc};

use log::{
    Log, Metadata, Record,
    kv::{Error, Key, Source, Value, VisitSource},
};

use super::{
    handle::Logs,
    scratch::{Scratch, printed},
    shared::Shared,
};

impl Logs {
    /// A logger that gives `inner` records without their secrets.
    ///
    /// ```
    /// # struct Printer;
    /// # impl log::Log for Printer {
    /// #     fn enabled(&self, _: &log::Metadata) -> bool { true }
    /// #     fn log(&self, record: &log::Record) { println!("{}", record.args()); }
    /// #     fn flush(&self) {}
    /// # }
    /// use buttress::redact::logs::Logs;
    ///
    /// log::set_boxed_logger(Box::new(Logs::default().logger(Printer)))?;
    /// # Ok::<_, log::SetLoggerError>(())
    /// ```
    #[must_use]
    pub fn logger<L>(&self, inner: L) -> RedactLogger<L> {
        RedactLogger { shared: self.shared().clone(), inner }
    }
}

/// A logger that gives another records without their secrets; made by [`Logs::logger`]: the message by what it
/// says, keys and values by their names as well. Target and place are passed on as they are.
pub struct RedactLogger<L> {
    shared: Arc<Shared>,
    inner: L,
}

impl<L: Log> Log for RedactLogger<L> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.inner.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        // What is not logged need not be printed.
        if !self.inner.enabled(record.metadata()) {
            return;
        }
        let mut text = Scratch::take();
        let _as_far_as_it_goes = text.write_fmt(*record.args());
        let clean = self.shared.text(text.text());
        let pairs = Pairs::of(&self.shared, record.key_values());
        let mut copy = record.to_builder();
        if let Some(pairs) = &pairs {
            copy.key_values(pairs);
        }
        self.inner.log(&copy.args(format_args!("{clean}")).build());
        let changed = matches!(clean, Cow::Owned(_));
        drop(clean);
        if changed {
            text.taint();
        }
    }

    fn flush(&self) {
        self.inner.flush();
    }
}

impl<L: fmt::Debug> fmt::Debug for RedactLogger<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedactLogger").field("inner", &self.inner).finish_non_exhaustive()
    }
}

/// Keys, and what became of their values.
struct Pairs(Vec<(String, Kept)>);

/// A value that is passed on.
enum Kept {
    Text(String),
    U64(u64),
    I64(i64),
    F64(f64),
    Bool(bool),
}

impl Kept {
    /// What stayed as it was, as the kind of value that it was.
    fn same(value: &Value<'_>, text: &str) -> Self {
        let integer = || value.to_u64().map(Self::U64).or_else(|| value.to_i64().map(Self::I64));
        let truth = || value.to_bool().map(Self::Bool);
        // Texts are texts, whatever they say.
        let kind = if value.to_borrowed_str().is_some() { None } else { integer() };
        let kind = kind.or_else(truth).or_else(|| match text.parse::<f64>() {
            Ok(_) => value.to_f64().map(Self::F64),
            Err(_) => None,
        });
        kind.unwrap_or_else(|| Self::Text(text.to_owned()))
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::U64(number) => (*number).into(),
            Self::I64(number) => (*number).into(),
            Self::F64(number) => (*number).into(),
            Self::Bool(truth) => (*truth).into(),
        }
    }
}

impl Pairs {
    /// None if they may be logged as they are.
    fn of(shared: &Shared, source: &dyn Source) -> Option<Self> {
        let mut reader = Reader { shared, pairs: Vec::new(), changed: source.count() > 0 };
        if !reader.changed {
            return None;
        }
        reader.changed = false;
        let whole = source.visit(&mut reader).is_ok();
        // Those that could not be read to the end were not all looked at.
        (reader.changed || !whole).then_some(Self(reader.pairs))
    }
}

impl Source for Pairs {
    fn visit<'kvs>(&'kvs self, visitor: &mut dyn VisitSource<'kvs>) -> Result<(), Error> {
        let mut pairs = self.0.iter();
        pairs.try_for_each(|(key, kept)| visitor.visit_pair(Key::from_str(key), kept.value()))
    }
}

struct Reader<'s> {
    shared: &'s Shared,
    pairs: Vec<(String, Kept)>,
    changed: bool,
}

impl<'kvs> VisitSource<'kvs> for Reader<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        let text = printed(format_args!("{value}"));
        // A key may come from anywhere, as a value may.
        let name = self.shared.text(key.as_str());
        let clean = self.shared.value_of(key.as_str(), &text);
        self.changed |= matches!((&name, &clean), (Cow::Owned(_), _) | (_, Cow::Owned(_)));
        let kept = match clean {
            Cow::Borrowed(text) => Kept::same(&value, text),
            Cow::Owned(clean) => Kept::Text(clean),
        };
        self.pairs.push((name.into_owned(), kept));
        Ok(())
    }
}
