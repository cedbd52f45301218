//! The last net: writers of `tracing-subscriber`'s `fmt`.

use std::{
    borrow::Cow,
    fmt,
    io::{self, Write},
    sync::Arc,
};

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use super::{handle::Logs, scratch::Scratch, shared::Shared};

impl Logs {
    /// Makes writers as `inner` does, that take secrets out of all that an event writes.
    ///
    /// ```
    /// use buttress::redact::logs::Logs;
    ///
    /// let logs = Logs::default();
    /// let subscriber = tracing_subscriber::fmt().with_writer(logs.writers(std::io::stderr)).finish();
    /// ```
    #[must_use]
    pub fn writers<M>(&self, inner: M) -> RedactWriters<M> {
        RedactWriters { shared: self.shared().clone(), inner }
    }
}

/// Makes writers that take secrets out; made by [`Logs::writers`].
#[derive(Clone)]
pub struct RedactWriters<M> {
    shared: Arc<Shared>,
    inner: M,
}

impl<'w, M: MakeWriter<'w>> MakeWriter<'w> for RedactWriters<M> {
    type Writer = EventWriter<'w, M::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        EventWriter::new(&self.shared, self.inner.make_writer())
    }

    fn make_writer_for(&'w self, metadata: &Metadata<'_>) -> Self::Writer {
        EventWriter::new(&self.shared, self.inner.make_writer_for(metadata))
    }
}

impl<M: fmt::Debug> fmt::Debug for RedactWriters<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedactWriters").field("inner", &self.inner).finish_non_exhaustive()
    }
}

/// Holds what one event writes, and passes it on in one piece and without its secrets when it is flushed or
/// dropped; a drop cannot say whether that went well.
pub struct EventWriter<'w, W: Write> {
    shared: &'w Shared,
    held: Scratch,
    inner: W,
}

impl<'w, W: Write> EventWriter<'w, W> {
    fn new(shared: &'w Shared, inner: W) -> Self {
        Self { shared, held: Scratch::take(), inner }
    }

    /// Passes on what is held. Whatever comes of it, it is held no longer.
    fn send(&mut self) -> io::Result<()> {
        if self.held.bytes().is_empty() {
            return Ok(());
        }
        let line = self.shared.line(self.held.bytes());
        let sent = self.inner.write_all(&line);
        let changed = matches!(line, Cow::Owned(_));
        drop(line);
        if changed {
            self.held.taint();
        }
        self.held.clear();
        sent
    }
}

impl<W: Write> Write for EventWriter<'_, W> {
    #[inline]
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.held.write(piece)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()?;
        self.inner.flush()
    }
}

impl<W: Write> Drop for EventWriter<'_, W> {
    fn drop(&mut self) {
        let _nobody_to_tell = self.send();
    }
}

impl<W: Write> fmt::Debug for EventWriter<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventWriter").finish_non_exhaustive()
    }
}
