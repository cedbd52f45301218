use std::{
    fmt, mem,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};
use pin_project::pin_project;

use crate::ground::time;

/// A permit that is held for a stream, and hears how it goes.
///
/// A permit that is dropped without having heard of the end settles by itself, as permits do.
pub trait Settle<T, E> {
    /// The stream has passed this item on.
    fn item(&mut self, item: &Result<T, E>);

    /// The stream has come to its end.
    fn ended(&mut self);
}

/// A stream with a permit that is held until it ends.
///
/// Once the stream has ended, it is dropped, and then the permit; both at once, however long this
/// is kept.
///
/// # Cancel safety
///
/// Asking for the next item can be given up and done again. Dropping this drops the stream, and
/// then the permit. If the stream panics, the permit is dropped by that panic.
#[must_use = "streams do nothing unless polled"]
#[pin_project]
pub struct HeldStream<S, P> {
    #[pin]
    stream: Option<S>,
    // Right of the stream: the place is free when the stream is gone.
    permit: Option<P>,
}

impl<S, P> HeldStream<S, P> {
    /// Holds this permit until this stream ends.
    pub const fn new(stream: S, permit: P) -> Self {
        Self { stream: Some(stream), permit: Some(permit) }
    }
}

impl<S, P, T, E> Stream for HeldStream<S, P>
where
    S: Stream<Item = Result<T, E>>,
    P: Settle<T, E>,
{
    type Item = Result<T, E>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let Some(stream) = this.stream.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let mut unwinding = Unwinding(this.permit);
        // The results apart: brought together they are copied through memory, which costs more than
        // all the rest.
        let next = match time::outside(|| stream.poll_next(cx)) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(item))) => Poll::Ready(Some(unwinding.hear(Ok(item)))),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(unwinding.hear(Err(error)))),
            Poll::Ready(None) => {
                if let Some(permit) = &mut *unwinding.0 {
                    permit.ended();
                }
                mem::forget(unwinding);
                this.stream.set(None);
                *this.permit = None;
                return Poll::Ready(None);
            }
        };
        mem::forget(unwinding);
        next
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.as_ref().map_or((0, Some(0)), Stream::size_hint)
    }
}

impl<S, P, T, E> FusedStream for HeldStream<S, P>
where
    S: Stream<Item = Result<T, E>>,
    P: Settle<T, E>,
{
    fn is_terminated(&self) -> bool {
        self.stream.is_none()
    }
}

/// Drops the permit while the stream's panic is under way, so that the permit can tell.
struct Unwinding<'a, P>(&'a mut Option<P>);

impl<P> Unwinding<'_, P> {
    #[inline(always)]
    fn hear<T, E>(&mut self, item: Result<T, E>) -> Result<T, E>
    where
        P: Settle<T, E>,
    {
        if let Some(permit) = self.0 {
            permit.item(&item);
        }
        item
    }
}

impl<P> Drop for Unwinding<'_, P> {
    fn drop(&mut self) {
        *self.0 = None;
    }
}

impl<S, P> fmt::Debug for HeldStream<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.stream.is_some() { "HeldStream(running)" } else { "HeldStream(done)" })
    }
}
