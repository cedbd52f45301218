use std::{
    fmt,
    future::Future,
    hash::Hash,
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use super::shared::{Caller, Flights, Full};
use crate::ground::{
    joint::Work,
    refusal::Manner,
    time::{self, Deadline, Instant, Sleep},
};

/// One of those who wait for the same work. The same future behind both doors.
///
/// # Cancel safety
///
/// Dropping it leaves the work to those who wait as well, wherever it is; it is dropped with the last of them,
/// unless it is [`detached`](super::Config::detached).
#[must_use = "futures do nothing unless polled"]
pub struct Flying<K, T, E, M> {
    state: State<K, Result<T, E>>,
    manner: PhantomData<fn() -> M>,
}

enum State<K, O> {
    Waiting {
        caller: Caller<K, O>,
        deadline: Instant,
        /// Made when somebody with a deadline waits.
        timer: Option<Pin<Box<Sleep>>>,
    },
    /// Without a key: nobody else's.
    Alone(Work<O>),
    Refused(Arc<Flights<K, O>>, Why),
    Done,
}

enum Why {
    Full(Full),
    Late(Instant),
}

impl<K, T, E, M> Flying<K, T, E, M>
where
    K: Eq + Hash + Send + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Joins the flight of this key, or begins it. Without a key it is on its own.
    #[inline]
    pub(super) fn new(
        flights: &Arc<Flights<K, Result<T, E>>>,
        key: Option<K>,
        make: impl FnOnce() -> Work<Result<T, E>>,
    ) -> Self {
        let deadline = Deadline::current().map_or(Instant::FOREVER, Deadline::moment);
        let refused = |why| State::Refused(Arc::clone(flights), why);
        let state = match key {
            // Nothing is begun for who has no time.
            _ if deadline != Instant::FOREVER && time::now() >= deadline => {
                refused(Why::Late(deadline))
            }
            None => State::Alone(time::outside(make)),
            Some(key) => match flights.join(key, make) {
                Ok(caller) => State::Waiting { caller, deadline, timer: None },
                Err(full) => refused(Why::Full(full)),
            },
        };
        Self { state, manner: PhantomData }
    }
}

impl<K, T, E, M> Future for Flying<K, T, E, M>
where
    K: Send + 'static,
    T: Clone + Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
    M: Manner<E>,
{
    type Output = Result<T, M::Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let State::Waiting { caller, deadline, timer } = &mut this.state else {
            return this.poll_alone(cx);
        };
        match caller.poll(cx) {
            Poll::Ready(Ok(result)) => {
                this.state = State::Done;
                Poll::Ready(result.map_err(M::inner))
            }
            Poll::Ready(Err(refusal)) => {
                this.state = State::Done;
                Poll::Ready(Err(M::refused(refusal)))
            }
            Poll::Pending if *deadline == Instant::FOREVER => Poll::Pending,
            Poll::Pending => {
                let at = *deadline;
                let timer = timer.get_or_insert_with(|| Box::pin(Sleep::until(at)));
                match timer.as_mut().poll(cx) {
                    Poll::Ready(()) => {
                        let refusal = caller.too_late();
                        // The work goes on for the others; if there are none, it has run out of time.
                        time::cut_off(|| this.state = State::Done);
                        refusal
                            .map_or(Poll::Pending, |refusal| Poll::Ready(Err(M::refused(refusal))))
                    }
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }
}

impl<K, T, E, M> Flying<K, T, E, M> {
    #[cold]
    fn poll_alone(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, M::Error>>
    where
        M: Manner<E>,
    {
        if let State::Alone(work) = &mut self.state {
            let polled = time::outside(|| work.as_mut().poll(cx));
            return polled.map(|result| {
                self.state = State::Done;
                result.map_err(M::inner)
            });
        }
        match std::mem::replace(&mut self.state, State::Done) {
            State::Refused(flights, why) => {
                let refusal = match why {
                    Why::Full(full) => flights.full(full),
                    Why::Late(deadline) => flights.late(false, time::now().since(deadline)),
                };
                Poll::Ready(Err(M::refused(refusal)))
            }
            // Polled again after its answer: it has no other.
            _ => Poll::Pending,
        }
    }
}

impl<K, T, E, M> fmt::Debug for Flying<K, T, E, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Waiting { .. } => "Flying(waiting)",
            State::Alone(_) => "Flying(alone)",
            State::Refused(..) => "Flying(refused)",
            State::Done => "Flying(done)",
        })
    }
}
