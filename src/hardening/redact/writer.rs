//! Writers that pass everything on but secrets.

use std::{
    fmt,
    io::{self, Write},
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project::pin_project;
use tokio::io::AsyncWrite;
use zeroize::Zeroizing;

use super::{handle::Redactor, report::Finding, stream::Stream};

/// A [`Write`] that passes what it is given on to another, without its secrets.
///
/// However the text is cut into writes, what arrives is what [`Redactor::redact_bytes`] makes of the
/// whole. `flush` passes on everything that is decided, and keeps back what may yet become a secret;
/// [`finish`](Self::finish), or dropping it, passes on the rest.
pub struct RedactWriter<W: Write> {
    inner: Option<W>,
    stream: Stream,
    clean: Zeroizing<Vec<u8>>,
    sent: usize,
}

impl<W: Write> RedactWriter<W> {
    /// Writes to `inner` with the rules of `redactor`.
    pub fn new(redactor: &Redactor, inner: W) -> Self {
        Self {
            inner: Some(inner),
            stream: redactor.stream(),
            clean: Zeroizing::new(Vec::new()),
            sent: 0,
        }
    }

    /// Tells `watcher` of every secret that is masked from now on.
    #[must_use]
    pub fn watched_by(mut self, watcher: impl FnMut(&Finding) + Send + 'static) -> Self {
        self.stream.watch(watcher);
        self
    }

    /// Writes the rest, flushes, and gives the inner writer back.
    ///
    /// # Errors
    ///
    /// Those of the inner writer.
    pub fn finish(mut self) -> io::Result<W> {
        self.end()?;
        self.inner.take().ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }

    fn end(&mut self) -> io::Result<()> {
        self.stream.finish(&mut self.clean);
        self.send()?;
        self.inner.as_mut().map_or(Ok(()), Write::flush)
    }

    /// Passes on what is clean.
    fn send(&mut self) -> io::Result<()> {
        let Some(inner) = &mut self.inner else {
            return Ok(());
        };
        while let Some(rest) = self.clean.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match inner.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.clean.clear();
        self.sent = 0;
        Ok(())
    }
}

impl<W: Write> Write for RedactWriter<W> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        // What could not be sent before: as long as it cannot, nothing more is taken.
        self.send()?;
        self.stream.push(piece, &mut self.clean);
        // The piece was taken, so an error now is told by the next call.
        let _told_later = self.send();
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()?;
        self.inner.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl<W: Write> Drop for RedactWriter<W> {
    fn drop(&mut self) {
        if self.inner.is_some() && !std::thread::panicking() {
            let _nobody_to_tell = self.end();
        }
    }
}

impl<W: Write> fmt::Debug for RedactWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedactWriter").field("stream", &self.stream).finish_non_exhaustive()
    }
}

/// An [`AsyncWrite`] that passes what it is given on to another, without its secrets.
///
/// As [`RedactWriter`]; the rest is passed on by `shutdown`. A writer that is dropped before loses what
/// it holds back.
#[pin_project]
pub struct AsyncRedactWriter<W> {
    #[pin]
    inner: W,
    stream: Stream,
    clean: Zeroizing<Vec<u8>>,
    sent: usize,
}

impl<W: AsyncWrite> AsyncRedactWriter<W> {
    /// Writes to `inner` with the rules of `redactor`.
    pub fn new(redactor: &Redactor, inner: W) -> Self {
        Self { inner, stream: redactor.stream(), clean: Zeroizing::new(Vec::new()), sent: 0 }
    }

    /// Tells `watcher` of every secret that is masked from now on.
    #[must_use]
    pub fn watched_by(self, watcher: impl FnMut(&Finding) + Send + 'static) -> Self {
        Self { stream: self.stream.watched_by(watcher), ..self }
    }

    /// The inner writer, without what is held back.
    pub fn into_inner(self) -> W {
        self.inner
    }

    /// Passes on what is clean.
    fn poll_send(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut this = self.project();
        while let Some(rest) = this.clean.get(*this.sent..).filter(|rest| !rest.is_empty()) {
            let count = ready!(this.inner.as_mut().poll_write(cx, rest))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *this.sent += count;
        }
        this.clean.clear();
        *this.sent = 0;
        Poll::Ready(Ok(()))
    }
}

impl<W: AsyncWrite> AsyncWrite for AsyncRedactWriter<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        piece: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.as_mut().poll_send(cx))?;
        let this = self.as_mut().project();
        this.stream.push(piece, this.clean);
        // The piece was taken, so an error now is told by the next call.
        let _told_later = self.poll_send(cx);
        Poll::Ready(Ok(piece.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_send(cx))?;
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.as_mut().project();
        // Finishing twice adds nothing.
        this.stream.finish(this.clean);
        ready!(self.as_mut().poll_send(cx))?;
        self.project().inner.poll_shutdown(cx)
    }
}

impl<W> fmt::Debug for AsyncRedactWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncRedactWriter").field("stream", &self.stream).finish_non_exhaustive()
    }
}
