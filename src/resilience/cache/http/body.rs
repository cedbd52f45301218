use std::{
    fmt,
    future::{Future, poll_fn},
    mem::take,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use ::http::HeaderMap;
use bytes::{Buf, Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};

use crate::ground::time::{self, Sleep};

/// The body of an answer: kept, or passed on as it comes.
///
/// # Cancel safety
///
/// Asking for the next frame can be given up and done again.
#[must_use = "bodies do nothing unless polled"]
pub struct ReplyBody<B: Body>(Kind<B>);

enum Kind<B: Body> {
    Kept(Whole),
    Passed(Passed<B>),
}

/// A body that has come to its end.
#[derive(Clone, Debug, Default)]
pub(super) struct Whole {
    pub(super) data: Bytes,
    pub(super) trailers: Option<HeaderMap>,
}

/// A body that is still coming: what was read of it already stands first.
struct Passed<B: Body> {
    read: Bytes,
    /// How it failed when that was read.
    failed: Option<B::Error>,
    /// Dropped when it has ended.
    rest: Option<Pin<Box<B>>>,
}

/// What came of waiting for a body.
pub(super) enum Gathered<B: Body> {
    Whole(Whole),
    /// It is too large, too slow, or has failed.
    Passed(ReplyBody<B>),
}

impl<B: Body> ReplyBody<B> {
    pub(super) const fn whole(whole: Whole) -> Self {
        Self(Kind::Kept(whole))
    }

    /// As it comes.
    pub(super) fn passed(body: B) -> Self {
        let rest = (!body.is_end_stream()).then(|| Box::pin(body));
        Self(Kind::Passed(Passed { read: Bytes::new(), failed: None, rest }))
    }

    /// Whether it was kept, or could have been.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        matches!(self.0, Kind::Kept(_))
    }
}

impl Whole {
    fn next(&mut self) -> Option<Frame<Bytes>> {
        if !self.data.is_empty() {
            return Some(Frame::data(take(&mut self.data)));
        }
        self.trailers.take().map(Frame::trailers)
    }
}

impl<B: Body> Body for ReplyBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match &mut self.0 {
            Kind::Kept(whole) => Poll::Ready(whole.next().map(Ok)),
            Kind::Passed(passed) => passed.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Kept(whole) => whole.data.is_empty() && whole.trailers.is_none(),
            Kind::Passed(Passed { read, failed, rest }) => {
                read.is_empty()
                    && failed.is_none()
                    && rest.as_ref().is_none_or(|rest| rest.is_end_stream())
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Kept(whole) => SizeHint::with_exact(whole.data.len() as u64),
            Kind::Passed(Passed { read, failed, rest }) => {
                let rest =
                    rest.as_ref().map_or_else(|| SizeHint::with_exact(0), |rest| rest.size_hint());
                let (mut hint, read) = (SizeHint::new(), read.len() as u64);
                // Where it breaks off, nobody must take what there is for all there is.
                let upper = rest.upper().filter(|_| failed.is_none());
                if let Some(upper) = upper.and_then(|upper| upper.checked_add(read)) {
                    hint.set_upper(upper);
                }
                let lower = rest.lower().saturating_add(read);
                if hint.upper().is_none_or(|upper| lower <= upper) {
                    hint.set_lower(lower);
                }
                hint
            }
        }
    }
}

impl<B: Body> Passed<B> {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if !self.read.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(take(&mut self.read)))));
        }
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
        let next = ready!(time::outside(|| rest.as_mut().poll_frame(cx)));
        // Whoever reads by this does not ask for more.
        if !matches!(next, Some(Ok(_))) || rest.is_end_stream() {
            self.rest = None;
        }
        Poll::Ready(next.map(|frame| frame.map(|frame| frame.map_data(own))))
    }
}

fn own<D: Buf>(mut data: D) -> Bytes {
    data.copy_to_bytes(data.remaining())
}

/// Waits for a whole body, of at most so many bytes, for at most so long.
pub(super) async fn gather<B: Body>(body: B, most: u64, patience: Duration) -> Gathered<B> {
    if body.size_hint().lower() > most {
        return Gathered::Passed(ReplyBody::passed(body));
    }
    let mut body = Box::pin(body);
    let (mut first, mut more) = (Bytes::new(), BytesMut::new());
    let mut timer = None;
    let (failed, rest) = loop {
        let frame = poll_fn(|cx| {
            if let Poll::Ready(frame) = time::outside(|| body.as_mut().poll_frame(cx)) {
                return Poll::Ready(Some(frame));
            }
            let timer = timer.get_or_insert_with(|| Box::pin(Sleep::lasting(patience)));
            timer.as_mut().poll(cx).map(|()| None)
        });
        let frame = match frame.await {
            None => break (None, Some(body)),
            Some(Some(Err(error))) => break (Some(error), None),
            Some(None) => {
                return Gathered::Whole(Whole { data: joined(first, more), trailers: None });
            }
            Some(Some(Ok(frame))) => frame,
        };
        match frame.into_data() {
            Ok(data) => {
                let data = own(data);
                if first.is_empty() {
                    first = data;
                } else {
                    // Where bodies come in crumbs, one piece of memory is as large as they are.
                    if more.is_empty() {
                        more.extend_from_slice(&first);
                    }
                    more.extend_from_slice(&data);
                }
                if first.len().max(more.len()) as u64 > most {
                    break (None, Some(body));
                }
            }
            // Nothing comes after them.
            Err(frame) => {
                let whole = |trailers| Whole { data: joined(first, more), trailers };
                return Gathered::Whole(whole(frame.into_trailers().ok()));
            }
        }
    };
    let read = joined(first, more);
    Gathered::Passed(ReplyBody(Kind::Passed(Passed { read, failed, rest })))
}

fn joined(first: Bytes, more: BytesMut) -> Bytes {
    if more.is_empty() { first } else { more.freeze() }
}

// Nothing in it is pinned but what is in a box.
impl<B: Body> Unpin for ReplyBody<B> {}

impl<B: Body> fmt::Debug for ReplyBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_whole() { "ReplyBody(whole)" } else { "ReplyBody(passed)" })
    }
}
