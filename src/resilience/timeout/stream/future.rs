use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::{FusedStream, Stream};
use pin_project::pin_project;

use super::{content::Content, machine::Watch, shared::Shared};
use crate::ground::{
    refusal::{Fault, Refusal},
    time::{self, Alarm},
};

/// A stream that may not fall silent; made by [`StreamTimeout`](super::StreamTimeout).
///
/// Its last item may be a refusal. After its end it has no further item, whatever the stream inside
/// would do.
///
/// # Cancel safety
///
/// Asking for the next item can be given up and done again: no item is lost. Dropping the stream drops the
/// one inside and its timer, and counts nothing.
#[must_use = "streams do nothing unless polled"]
#[pin_project]
pub struct TimedStream<S, V> {
    #[pin]
    state: State<S, V>,
}

#[pin_project(project = StateProjection)]
enum State<S, V> {
    Running {
        #[pin]
        inner: S,
        #[pin]
        alarm: Alarm,
        watch: Watch,
        content: V,
        shared: Arc<Shared>,
    },
    Refused {
        shared: Arc<Shared>,
        late: Duration,
    },
    Done,
}

impl<S, V> TimedStream<S, V> {
    pub(super) fn start(shared: &Arc<Shared>, content: V, inner: S) -> Self {
        let admitted = shared.admit();
        let shared = Arc::clone(shared);
        let state = match admitted {
            Ok(watch) => State::Running { inner, alarm: Alarm::new(), watch, content, shared },
            Err(late) => State::Refused { shared, late },
        };
        Self { state }
    }
}

impl<S, V, T, E> Stream for TimedStream<S, V>
where
    S: Stream<Item = Result<T, E>>,
    E: Fault,
    V: Content<T>,
{
    type Item = Result<T, E>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.project().state;
        let refusal = match state.as_mut().project() {
            StateProjection::Running { inner, alarm, watch, content, shared } => {
                if watch.is_new() {
                    watch.begin(time::now());
                }
                match time::outside(|| inner.poll_next(cx)) {
                    Poll::Ready(Some(Ok(item))) => match overdue(shared, watch) {
                        Some(refusal) => refusal,
                        None => {
                            watch.passed(time::outside(|| content.is_content(&item)));
                            return Poll::Ready(Some(Ok(item)));
                        }
                    },
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                    Poll::Ready(None) => {
                        state.set(State::Done);
                        return Poll::Ready(None);
                    }
                    Poll::Pending => match poll_clocks(shared, watch, alarm, cx) {
                        Poll::Ready(refusal) => refusal,
                        Poll::Pending => return Poll::Pending,
                    },
                }
            }
            StateProjection::Refused { shared, late } => {
                let refusal = shared.too_late(*late);
                state.set(State::Done);
                return Poll::Ready(Some(Err(refusal.into())));
            }
            StateProjection::Done => return Poll::Ready(None),
        };
        // Permits inside are told who ends them.
        time::cut_off(|| state.set(State::Done));
        Poll::Ready(Some(Err(refusal.into())))
    }

    /// At least one item if the stream inside has one, as a refusal is an item too; and at most one
    /// more than it has.
    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.state {
            State::Running { inner, .. } => {
                let (least, most) = inner.size_hint();
                (least.min(1), most.and_then(|most| most.checked_add(1)))
            }
            State::Refused { .. } => (1, Some(1)),
            State::Done => (0, Some(0)),
        }
    }
}

impl<S, V, T, E> FusedStream for TimedStream<S, V>
where
    S: Stream<Item = Result<T, E>>,
    E: Fault,
    V: Content<T>,
{
    fn is_terminated(&self) -> bool {
        matches!(self.state, State::Done)
    }
}

/// There is an item, and its time may be over all the same.
#[inline]
fn overdue(shared: &Shared, watch: &mut Watch) -> Option<Refusal> {
    let (at, cause) = watch.bound()?;
    time::reached(at).ok()?;
    shared.expire(watch, cause)
}

/// The stream has to wait. Ready with the refusal once a clock is up.
fn poll_clocks(
    shared: &Shared,
    watch: &mut Watch,
    mut alarm: Pin<&mut Alarm>,
    cx: &mut Context<'_>,
) -> Poll<Refusal> {
    if watch.is_idle() {
        watch.wait(time::now());
    }
    while let Some((at, cause)) = watch.due() {
        if alarm.as_mut().poll_at(at, cx).is_pending() {
            return Poll::Pending;
        }
        if let Some(refusal) = shared.expire(watch, cause) {
            return Poll::Ready(refusal);
        }
    }
    alarm.clear();
    Poll::Pending
}

impl<S, V> fmt::Debug for TimedStream<S, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Running { .. } => "TimedStream(running)",
            State::Refused { .. } => "TimedStream(refused)",
            State::Done => "TimedStream(done)",
        })
    }
}
