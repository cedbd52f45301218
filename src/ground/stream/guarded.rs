use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};
use pin_project::pin_project;

use super::held::{HeldStream, Settle};
use crate::ground::refusal::{Fault, Refusal};

/// A stream behind a guard: let through, with its permit held until it ends; or refused, which is
/// its only item.
///
/// # Cancel safety
///
/// See [`HeldStream`].
#[must_use = "streams do nothing unless polled"]
#[pin_project]
pub struct GuardedStream<S, P> {
    #[pin]
    state: State<S, P>,
}

#[pin_project(project = StateProjection)]
enum State<S, P> {
    Passed(#[pin] HeldStream<S, P>),
    Refused(Option<Refusal>),
}

impl<S, P> GuardedStream<S, P> {
    /// Starts the stream if there is a permit. If starting it panics, that panic drops the permit.
    pub(crate) fn start(permit: Result<P, Refusal>, start: impl FnOnce() -> S) -> Self {
        let state = match permit {
            Ok(permit) => {
                let stream = crate::ground::time::outside(start);
                State::Passed(HeldStream::new(stream, permit))
            }
            Err(refusal) => State::Refused(Some(refusal)),
        };
        Self { state }
    }
}

impl<S, P, T, E> Stream for GuardedStream<S, P>
where
    S: Stream<Item = Result<T, E>>,
    P: Settle<T, E>,
    E: Fault,
{
    type Item = Result<T, E>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.project().state.project() {
            StateProjection::Passed(held) => held.poll_next(cx),
            StateProjection::Refused(refusal) => {
                Poll::Ready(refusal.take().map(|refusal| Err(refusal.into())))
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.state {
            State::Passed(held) => held.size_hint(),
            State::Refused(refusal) => {
                let left = usize::from(refusal.is_some());
                (left, Some(left))
            }
        }
    }
}

impl<S, P, T, E> FusedStream for GuardedStream<S, P>
where
    S: Stream<Item = Result<T, E>>,
    P: Settle<T, E>,
    E: Fault,
{
    fn is_terminated(&self) -> bool {
        match &self.state {
            State::Passed(held) => held.is_terminated(),
            State::Refused(refusal) => refusal.is_none(),
        }
    }
}

impl<S, P> fmt::Debug for GuardedStream<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.state {
            State::Passed(held) => f.debug_tuple("GuardedStream").field(held).finish(),
            State::Refused(_) => f.write_str("GuardedStream(refused)"),
        }
    }
}
