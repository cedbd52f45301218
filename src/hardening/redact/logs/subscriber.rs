//! Layers of `tracing-subscriber`, which are shown events and spans without secrets.

use std::{fmt, sync::Arc};

use tracing::{
    Dispatch, Event, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::Interest,
};
use tracing_subscriber::{
    layer::{Context, Layer},
    registry::LookupSpan,
};

use super::{
    handle::Logs,
    shared::Shared,
    substitute::{is_clean, with_clean},
};

impl Logs {
    /// A layer that shows `inner` events and spans without their secrets.
    ///
    /// ```
    /// use buttress::redact::logs::Logs;
    /// use tracing_subscriber::{fmt, prelude::*};
    ///
    /// let logs = Logs::default();
    /// let subscriber = tracing_subscriber::registry().with(logs.layer(fmt::layer().json()));
    /// ```
    #[must_use]
    pub fn layer<L>(&self, inner: L) -> RedactLayer<L> {
        RedactLayer { shared: self.shared().clone(), inner }
    }
}

/// A layer that shows another events and spans without their secrets; made by [`Logs::layer`].
///
/// Whatever `L` is: text, JSON, or an exporter. It sees the same fields with the same kinds of values; a number
/// that is secret becomes a text, and an error whose text or sources are not clean, or that stands beside such a
/// value, another with the same texts. An event in which nothing was found is passed on as it came, and what
/// prints itself (`?x`, `%x`) has then done so twice; of one that says something else the second time only a net
/// behind it ([`Logs::writers`]) knows. Values of more than 256 fields in which something was found
/// are not passed on.
///
/// It does not show what is inside of it to those who look for a layer by its type. So a filter belongs around it,
/// `logs.layer(fmt::layer()).with_filter(..)`: one inside would silence its neighbours as well. And
/// `OpenTelemetrySpanExt::set_parent`, for one, does nothing.
pub struct RedactLayer<L> {
    shared: Arc<Shared>,
    inner: L,
}

impl<L> RedactLayer<L> {
    /// The layer inside.
    pub const fn inner(&self) -> &L {
        &self.inner
    }

    /// The layer inside, to be changed.
    pub const fn inner_mut(&mut self) -> &mut L {
        &mut self.inner
    }
}

impl<S, L> Layer<S> for RedactLayer<L>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    L: Layer<S>,
{
    #[inline]
    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        if is_clean(&self.shared, |visitor| event.record(visitor)) {
            return self.inner.on_event(event, ctx);
        }
        let metadata = event.metadata();
        let record = |visitor: &mut dyn tracing::field::Visit| event.record(visitor);
        with_clean(&self.shared, metadata.fields(), record, |values| {
            let clean = if event.is_contextual() {
                Event::new(metadata, values)
            } else {
                Event::new_child_of(event.parent().cloned(), metadata, values)
            };
            self.inner.on_event(&clean, ctx);
        });
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        if is_clean(&self.shared, |visitor| attributes.record(visitor)) {
            return self.inner.on_new_span(attributes, id, ctx);
        }
        let metadata = attributes.metadata();
        let record = |visitor: &mut dyn tracing::field::Visit| attributes.record(visitor);
        with_clean(&self.shared, metadata.fields(), record, |values| {
            let clean = match attributes.parent() {
                Some(parent) => Attributes::child_of(parent.clone(), metadata, values),
                None if attributes.is_root() => Attributes::new_root(metadata, values),
                None => Attributes::new(metadata, values),
            };
            self.inner.on_new_span(&clean, id, ctx);
        });
    }

    fn on_record(&self, span: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        if is_clean(&self.shared, |visitor| values.record(visitor)) {
            return self.inner.on_record(span, values, ctx);
        }
        // A span that nobody knows has no place for what is recorded.
        let Some(metadata) = ctx.metadata(span) else {
            return;
        };
        let record = |visitor: &mut dyn tracing::field::Visit| values.record(visitor);
        with_clean(&self.shared, metadata.fields(), record, |values| {
            self.inner.on_record(span, &Record::new(values), ctx);
        });
    }

    fn on_register_dispatch(&self, subscriber: &Dispatch) {
        self.inner.on_register_dispatch(subscriber);
    }

    fn on_layer(&mut self, subscriber: &mut S) {
        self.inner.on_layer(subscriber);
    }

    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.inner.register_callsite(metadata)
    }

    fn enabled(&self, metadata: &Metadata<'_>, ctx: Context<'_, S>) -> bool {
        self.inner.enabled(metadata, ctx)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // A layer that is `None` says `OFF`, which it takes back where it is known as one; hidden in here it
        // would silence its neighbours. Who means it says so again when asked about each place.
        self.inner.max_level_hint().filter(|hint| *hint != LevelFilter::OFF)
    }

    fn on_follows_from(&self, span: &Id, follows: &Id, ctx: Context<'_, S>) {
        self.inner.on_follows_from(span, follows, ctx);
    }

    fn event_enabled(&self, event: &Event<'_>, ctx: Context<'_, S>) -> bool {
        self.inner.event_enabled(event, ctx)
    }

    fn on_enter(&self, id: &Id, ctx: Context<'_, S>) {
        self.inner.on_enter(id, ctx);
    }

    fn on_exit(&self, id: &Id, ctx: Context<'_, S>) {
        self.inner.on_exit(id, ctx);
    }

    fn on_close(&self, id: Id, ctx: Context<'_, S>) {
        self.inner.on_close(id, ctx);
    }

    fn on_id_change(&self, old: &Id, new: &Id, ctx: Context<'_, S>) {
        self.inner.on_id_change(old, new, ctx);
    }
}

impl<L: fmt::Debug> fmt::Debug for RedactLayer<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedactLayer").field("inner", &self.inner).finish_non_exhaustive()
    }
}
