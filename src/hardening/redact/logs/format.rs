//! Formats of `tracing-subscriber`'s `fmt`: fields, and finished lines.

use std::{borrow::Cow, fmt, sync::Arc};

use tracing::{Event, Subscriber};
use tracing_subscriber::{
    field::{MakeVisitor, RecordFields, VisitFmt, VisitOutput},
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use super::{handle::Logs, scratch::Scratch, shared::Shared, values::Cleaner};

impl Logs {
    /// Formats fields as `inner` does, without their secrets: for whatever takes formats of fields and
    /// no layers.
    ///
    /// ```
    /// use buttress::redact::logs::Logs;
    /// use tracing_subscriber::fmt::format::DefaultFields;
    ///
    /// let logs = Logs::default();
    /// let subscriber = tracing_subscriber::fmt().fmt_fields(logs.fields(DefaultFields::new())).finish();
    /// ```
    #[must_use]
    pub fn fields<M>(&self, inner: M) -> RedactFields<M> {
        RedactFields { shared: self.shared().clone(), inner }
    }

    /// Formats events as `inner` does, and takes secrets out of what comes of it, whoever has formatted it.
    ///
    /// `inner` writes without colours unless it is told to: `format().with_ansi(true)`.
    ///
    /// ```
    /// use buttress::redact::logs::Logs;
    /// use tracing_subscriber::fmt::format;
    ///
    /// let logs = Logs::default();
    /// let subscriber = tracing_subscriber::fmt().event_format(logs.lines(format().compact())).finish();
    /// ```
    #[must_use]
    pub fn lines<E>(&self, inner: E) -> RedactLines<E> {
        RedactLines { shared: self.shared().clone(), inner }
    }
}

/// Formats fields as another does, without their secrets; made by [`Logs::fields`].
///
/// Of fields of spans it covers those that are recorded later as well. Formats that do not ask it about the fields
/// of events (JSON, and the pretty one) are covered by [`Logs::layer`].
pub struct RedactFields<M> {
    shared: Arc<Shared>,
    inner: M,
}

impl<'w, M> FormatFields<'w> for RedactFields<M>
where
    M: MakeVisitor<Writer<'w>, Visitor: VisitFmt + VisitOutput<fmt::Result>>,
{
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut cleaner = Cleaner::new(&self.shared, self.inner.make_visitor(writer));
        fields.record(&mut cleaner);
        cleaner.into_inner().finish()
    }
}

impl<M: fmt::Debug> fmt::Debug for RedactFields<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedactFields").field("inner", &self.inner).finish_non_exhaustive()
    }
}

/// Formats events as another does, and takes secrets out of the line; made by [`Logs::lines`].
///
/// A line is a text: a number behind a secret name becomes a mask without quotes, which is no JSON. For that there is
/// [`Logs::layer`].
pub struct RedactLines<E> {
    shared: Arc<Shared>,
    inner: E,
}

impl<S, N, E> FormatEvent<S, N> for RedactLines<E>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    E: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Scratch::take();
        self.inner.format_event(ctx, Writer::new(&mut line), event)?;
        let clean = match self.shared.line(line.bytes()) {
            Cow::Borrowed(_) => return writer.write_str(line.text()),
            Cow::Owned(clean) => clean,
        };
        line.taint();
        writer.write_str(&String::from_utf8_lossy(&clean))
    }
}

impl<E: fmt::Debug> fmt::Debug for RedactLines<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedactLines").field("inner", &self.inner).finish_non_exhaustive()
    }
}
