use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use ::http::Response;
use http_body::Body;

use super::{
    body::ReplyBody,
    fetch::{Failed, Slot},
    key::RequestKey,
    reply::Reply,
};
use crate::{
    ground::{
        joint::Work,
        refusal::{Error, Manner, Refusal, Wrapped},
        time,
    },
    resilience::cache::{
        future::{Aged, Fetching},
        stored::Hit,
    },
};

/// An answer that is kept, waited for, or asked for alone. The same future behind both doors.
///
/// # Cancel safety
///
/// Dropping it leaves the load to those who wait for the same answer, as [`Fetching`] does; what is for
/// nobody else is dropped.
#[must_use = "futures do nothing unless polled"]
pub struct Replying<B: Body, E, M> {
    state: State<B, E>,
    manner: PhantomData<fn() -> M>,
}

pub(super) enum State<B: Body, E> {
    /// It was there.
    Kept(Hit<Reply>),
    Waits(Waits<B, E>),
    Alone(Alone<B, E>),
    Done,
}

/// A request that is on its way.
pub(super) type Alone<B, E> = Work<Result<Response<ReplyBody<B>>, E>>;

/// A request that has not been sent.
pub(super) type Spare<B, E> = Box<dyn FnOnce() -> Alone<B, E> + Send>;

/// One of those who wait for an answer.
pub(super) struct Waits<B: Body, E> {
    pub(super) fetching: Fetching<RequestKey, Reply, Failed<E>, Aged<Wrapped>>,
    pub(super) own: Own<B, E>,
    /// What was asked for before this change of the address is not for them.
    pub(super) last_change: u64,
}

/// What each of them can fall back to if there is no answer for all.
pub(super) enum Own<B: Body, E> {
    /// Their request was the one that was sent: the answer, if it is for them alone.
    Slot(Slot<B>),
    Request(Spare<B, E>),
}

impl<B: Body, E, M> Replying<B, E, M> {
    pub(super) const fn new(state: State<B, E>) -> Self {
        Self { state, manner: PhantomData }
    }
}

impl<B, E, M> Future for Replying<B, E, M>
where
    B: Body + 'static,
    E: Clone + 'static,
    M: Manner<E>,
{
    type Output = Result<Response<ReplyBody<B>>, M::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match &mut self.state {
                State::Kept(hit) => {
                    let response = hit.value.answer(hit.age);
                    self.state = State::Done;
                    return Poll::Ready(Ok(response));
                }
                State::Waits(Waits { fetching, .. }) => {
                    let outcome = ready!(Pin::new(fetching).poll(cx));
                    let waits = std::mem::replace(&mut self.state, State::Done);
                    let State::Waits(Waits { own, last_change, .. }) = waits else {
                        return Poll::Pending;
                    };
                    match settle(outcome, own, last_change) {
                        Settled::Answer(response) => return Poll::Ready(Ok(response)),
                        Settled::Failed(error) => return Poll::Ready(Err(M::inner(error))),
                        Settled::Refused(refusal) => {
                            return Poll::Ready(Err(M::refused(refusal)));
                        }
                        Settled::Again(alone) => self.state = State::Alone(alone),
                    }
                }
                State::Alone(alone) => {
                    let result = ready!(time::outside(|| alone.as_mut().poll(cx)));
                    self.state = State::Done;
                    return Poll::Ready(result.map_err(M::inner));
                }
                // Polled again after its answer: it has no other.
                State::Done => return Poll::Pending,
            }
        }
    }
}

/// What one who waited gets.
enum Settled<B: Body, E> {
    Answer(Response<ReplyBody<B>>),
    Failed(E),
    Refused(Refusal),
    /// There is none for all: they send their own.
    Again(Alone<B, E>),
}

fn settle<B: Body, E>(
    outcome: Result<Hit<Reply>, Error<Failed<E>>>,
    own: Own<B, E>,
    last_change: u64,
) -> Settled<B, E> {
    let is_own = matches!(own, Own::Slot(_));
    match outcome {
        Ok(hit) if hit.value.is_answer() && (is_own || hit.value.asked() >= last_change) => {
            let kept_for = hit.age.filter(|age| *age > Duration::ZERO);
            Settled::Answer(hit.value.answer(kept_for))
        }
        Err(Error::Inner(Failed::Unwell(reply))) => Settled::Answer(reply.answer(None)),
        Err(Error::Inner(Failed::Inner(error))) => Settled::Failed(error),
        Err(Error::Refused(refusal)) => Settled::Refused(refusal),
        Ok(_) | Err(Error::Inner(Failed::Alone)) => match own {
            Own::Request(send) => Settled::Again(time::outside(send)),
            Own::Slot(slot) => match slot.take() {
                Some(response) => Settled::Answer(response),
                // It is put there before anybody hears of it.
                None => Settled::Refused(Refusal::Panicked { name: "cache".into() }),
            },
        },
    }
}

// Nothing in it is pinned but what is in a box.
impl<B: Body, E, M> Unpin for Replying<B, E, M> {}

impl<B: Body, E, M> fmt::Debug for Replying<B, E, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Kept(_) => "Replying(kept)",
            State::Waits(_) => "Replying(waiting)",
            State::Alone(_) => "Replying(alone)",
            State::Done => "Replying(done)",
        })
    }
}
