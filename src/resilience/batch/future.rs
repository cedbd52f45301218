use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use super::{
    caller::Caller,
    shared::{Denied, Shared},
};
use crate::ground::{
    refusal::{Manner, Refusal},
    time::{self, Deadline, Instant, Sleep},
};

/// One who waits for an item of a batch. The same future behind both doors.
///
/// # Cancel safety
///
/// Dropping it leaves the batch to those who wait for it as well; an item that nobody waits for any longer
/// is not sent, if it has not been. A batch is dropped with the last who waits for it, unless it is
/// [`detached`](super::Config::detached).
#[must_use = "futures do nothing unless polled"]
pub struct Loading<K, V, E, M> {
    state: State<K, V, E>,
    manner: PhantomData<fn() -> M>,
}

enum State<K, V, E> {
    Waiting {
        caller: Caller<K, V, E>,
        deadline: Instant,
        /// Made when somebody with a deadline waits.
        timer: Option<Pin<Box<Sleep>>>,
    },
    Refused(Arc<Shared<K, V, E>>, Why),
    Done,
}

enum Why {
    Denied(Denied),
    Late(Instant),
}

impl<K, V, E, M> Loading<K, V, E, M> {
    /// One who joins, unless they have no time.
    pub(super) fn new(
        shared: &Arc<Shared<K, V, E>>,
        join: impl FnOnce() -> Result<Caller<K, V, E>, Denied>,
    ) -> Self {
        let deadline = Deadline::current().map_or(Instant::FOREVER, Deadline::moment);
        let refused = |why| State::Refused(Arc::clone(shared), why);
        let state = if deadline != Instant::FOREVER && time::now() >= deadline {
            refused(Why::Late(deadline))
        } else {
            match join() {
                Ok(caller) => State::Waiting { caller, deadline, timer: None },
                Err(denied) => refused(Why::Denied(denied)),
            }
        };
        Self { state, manner: PhantomData }
    }
}

impl<K, V, E, M> Future for Loading<K, V, E, M>
where
    K: Send + 'static,
    V: Clone + Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
    M: Manner<E>,
{
    type Output = Result<V, M::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let State::Waiting { caller, deadline, timer } = &mut this.state else {
            return this
                .refused()
                .map_or(Poll::Pending, |refusal| Poll::Ready(Err(M::refused(refusal))));
        };
        match caller.poll(cx) {
            Poll::Ready(answer) => {
                this.state = State::Done;
                Poll::Ready(answer.map_err(|error| match error {
                    Ok(error) => M::inner(error),
                    Err(refusal) => M::refused(refusal),
                }))
            }
            Poll::Pending if *deadline == Instant::FOREVER => Poll::Pending,
            Poll::Pending => {
                let at = *deadline;
                let timer = timer.get_or_insert_with(|| Box::pin(Sleep::until(at)));
                match timer.as_mut().poll(cx) {
                    Poll::Ready(()) => {
                        let refusal = caller.too_late();
                        // The batch goes on for the others; if there are none, it has run out of time.
                        time::cut_off(|| this.state = State::Done);
                        Poll::Ready(Err(M::refused(refusal)))
                    }
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }
}

impl<K, V, E, M> Loading<K, V, E, M> {
    /// The refusal of one who was not let in; none if polled again after an answer.
    #[cold]
    fn refused(&mut self) -> Option<Refusal> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Refused(shared, Why::Denied(denied)) => Some(shared.denied(denied)),
            State::Refused(shared, Why::Late(deadline)) => {
                Some(shared.late(false, time::now().since(deadline)))
            }
            _ => None,
        }
    }
}

impl<K, V, E, M> fmt::Debug for Loading<K, V, E, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Waiting { .. } => "Loading(waiting)",
            State::Refused(..) => "Loading(refused)",
            State::Done => "Loading(done)",
        })
    }
}

/// Several items that one caller waits for; made by [`load_many`](super::Batcher::load_many).
///
/// # Cancel safety
///
/// As for each of them: see [`Loading`].
#[must_use = "futures do nothing unless polled"]
pub struct LoadingMany<K, V, E, M: Manner<E>> {
    items: Vec<Item<K, V, E, M>>,
}

enum Item<K, V, E, M: Manner<E>> {
    Loading(Loading<K, V, E, M>),
    Loaded(Result<V, M::Error>),
}

impl<K, V, E, M: Manner<E>> LoadingMany<K, V, E, M> {
    pub(super) fn new(items: impl Iterator<Item = Loading<K, V, E, M>>) -> Self {
        Self { items: items.map(Item::Loading).collect() }
    }
}

impl<K, V, E, M: Manner<E>> Unpin for LoadingMany<K, V, E, M> {}

impl<K, V, E, M> Future for LoadingMany<K, V, E, M>
where
    K: Send + 'static,
    V: Clone + Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
    M: Manner<E>,
{
    type Output = Vec<Result<V, M::Error>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut waits = false;
        for item in &mut self.items {
            if let Item::Loading(loading) = item {
                match Pin::new(loading).poll(cx) {
                    Poll::Ready(result) => *item = Item::Loaded(result),
                    Poll::Pending => waits = true,
                }
            }
        }
        if waits {
            return Poll::Pending;
        }
        let loaded = std::mem::take(&mut self.items).into_iter().filter_map(|item| match item {
            Item::Loaded(result) => Some(result),
            Item::Loading(_) => None,
        });
        Poll::Ready(loaded.collect())
    }
}

impl<K, V, E, M: Manner<E>> fmt::Debug for LoadingMany<K, V, E, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadingMany").field("items", &self.items.len()).finish()
    }
}
