use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use http_body::{Body, Frame, SizeHint};
use pin_project::pin_project;

use crate::ground::time;

/// A body with a permit that is held until it ends.
///
/// Once the body has ended (after its trailers, if it has any) or failed, it is dropped, and then the
/// permit; both at once, however long this is kept. A body that has nothing in it holds no permit.
///
/// # Cancel safety
///
/// Asking for the next frame can be given up and done again. Dropping this drops the body, and then the
/// permit. If the body panics, the permit is dropped by that panic.
#[must_use = "bodies do nothing unless polled"]
#[pin_project]
pub struct HeldBody<B, P> {
    #[pin]
    body: Option<B>,
    // Right of the body: the place is free when the body is gone.
    permit: Option<P>,
}

impl<B: Body, P> HeldBody<B, P> {
    /// Holds this permit, if there is one, until this body ends.
    pub fn new(body: B, permit: impl Into<Option<P>>) -> Self {
        let mut held = Self { body: Some(body), permit: permit.into() };
        if held.body.as_ref().is_some_and(Body::is_end_stream) {
            held.permit = None;
        }
        held
    }
}

impl<B: Body, P> Body for HeldBody<B, P> {
    type Data = B::Data;
    type Error = B::Error;

    #[inline]
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(mut body) = this.body.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        let frame = || {
            let next = body.as_mut().poll_frame(cx);
            let is_over = match &next {
                Poll::Pending => false,
                // Whoever reads by this does not ask for more.
                Poll::Ready(Some(Ok(_))) => body.is_end_stream(),
                Poll::Ready(Some(Err(_)) | None) => true,
            };
            (next, is_over)
        };
        // Dropped while the body's panic is under way, the permit can tell.
        let (next, is_over) = time::watched(frame, || *this.permit = None);
        if is_over {
            this.body.set(None);
            *this.permit = None;
        }
        next
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<B, P> fmt::Debug for HeldBody<B, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.permit.is_some() { "HeldBody(running)" } else { "HeldBody(done)" })
    }
}
