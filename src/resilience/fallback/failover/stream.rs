use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;
use pin_project::pin_project;

use super::{
    super::{machine::stands, shared::Verdict},
    journey::Leg,
};
use crate::ground::{outcome::Outcome, time};

/// A stream that one provider of a [`Failover`](super::Failover) serves.
///
/// First what that provider sent before it was chosen, then the rest of it. Its errors come as they are:
/// once there was content, no other provider is asked.
#[pin_project]
#[must_use = "streams do nothing unless polled"]
pub struct Streamed<S: Stream> {
    /// What was received while there was no content yet, with the content that ended the wait.
    held: VecDeque<S::Item>,
    /// None once it has ended.
    #[pin]
    rest: Option<S>,
    items: u64,
}

impl<S: Stream> Streamed<S> {
    /// How many items it has handed out, errors not counted: how much of an answer was there when it
    /// broke off.
    #[must_use]
    pub const fn items(&self) -> u64 {
        self.items
    }
}

impl<S, T, E> Streamed<S>
where
    S: Stream<Item = Result<T, E>> + Unpin,
{
    /// Polls what was `opened` up to its first content, or until it can be seen that there will be none.
    pub(super) async fn to_content(
        opened: Result<S, E>,
        judge: impl Fn(&Result<T, E>) -> Verdict,
        is_content: &impl Fn(&T) -> bool,
        max_held: u32,
    ) -> Leg<Self, E> {
        let (rest, mut unopened) = match opened {
            Ok(stream) => (Some(stream), None),
            Err(error) => (None, Some(Err(error))),
        };
        let mut streamed = Self { held: VecDeque::new(), rest, items: 0 };
        loop {
            let item = match unopened.take() {
                Some(error) => error,
                None => match poll_fn(|cx| streamed.poll_rest(cx)).await {
                    Some(item) => item,
                    // Without content, but complete.
                    None => {
                        return Leg {
                            result: Ok(streamed),
                            verdict: Verdict::Keep(Outcome::Success),
                        };
                    }
                },
            };
            let verdict = judge(&item);
            let value = match item {
                Ok(value) => value,
                Err(error) => return Leg { result: Err(error), verdict },
            };
            let goes_on = matches!(verdict, Verdict::Keep(outcome) if stands(outcome) && outcome != Outcome::Ignore);
            let content = is_content(&value);
            streamed.held.push_back(Ok(value));
            if !goes_on || content || streamed.held.len() >= max_held as usize {
                return Leg { result: Ok(streamed), verdict };
            }
        }
    }

    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, E>>> {
        let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
        let item = time::outside(|| Pin::new(rest).poll_next(cx));
        if let Poll::Ready(None) = item {
            self.rest = None;
        }
        item
    }
}

impl<S, T, E> Stream for Streamed<S>
where
    S: Stream<Item = Result<T, E>>,
{
    type Item = Result<T, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T, E>>> {
        let mut this = self.project();
        let item = match this.held.pop_front() {
            Some(item) => Some(item),
            None => match this.rest.as_mut().as_pin_mut() {
                None => None,
                Some(rest) => match time::outside(|| rest.poll_next(cx)) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(item) => item,
                },
            },
        };
        match &item {
            Some(Ok(_)) => *this.items += 1,
            Some(Err(_)) => {}
            None => this.rest.set(None),
        }
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let held = self.held.len();
        match &self.rest {
            None => (held, Some(held)),
            Some(rest) => {
                let (least, most) = rest.size_hint();
                (least.saturating_add(held), most.and_then(|most| most.checked_add(held)))
            }
        }
    }
}

impl<S: Stream> fmt::Debug for Streamed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streamed")
            .field("held", &self.held.len())
            .field("items", &self.items)
            .field("ended", &self.rest.is_none())
            .finish_non_exhaustive()
    }
}
