use std::{
    future::Future,
    hash::Hash,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use super::{
    answers::{Answers, Fail},
    shared::{Batch, Denied, Joined, Shared, Stub, Ticket},
};
use crate::ground::{
    joint::{Found, Seat, Steward, Work},
    refusal::Refusal,
};

/// One of those who wait for a batch. Dropped, it leaves the batch to the others.
pub(super) struct Caller<K, V, E> {
    shared: Arc<Shared<K, V, E>>,
    batch: Option<Arc<Batch<K, V, E>>>,
    place: u32,
    seat: Seat,
}

impl<K, V, E> Caller<K, V, E>
where
    K: Eq + Hash + Send + 'static,
    V: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Waits for the answer to this key, in the batch that gathers, or in the next, which is made then.
    pub(super) fn join(
        shared: &Arc<Shared<K, V, E>>,
        key: K,
        weight: u64,
        make: impl FnOnce(Arc<Ticket<K>>) -> Work<Answers<V, E>>,
    ) -> Result<Self, Denied> {
        let joined = shared.enter(key, weight)?;
        let Joined { batch, place, spare, fresh, full, left_behind } = joined;
        let shared = Arc::clone(shared);
        // From here on its drop is what leaves.
        let caller = Self { shared, batch: Some(batch), place, seat: Seat::default() };
        drop(spare);
        if let Some(left_behind) = left_behind {
            left_behind.owner().0.wake();
        }
        if let Some(batch) = &caller.batch {
            let ticket = &batch.owner().0;
            match fresh {
                Some(None) => batch.begin(|| make(Arc::clone(ticket))),
                Some(Some(runtime)) => {
                    let crew = Crew { batch: Arc::clone(batch) };
                    let steward = batch.begin_with_steward(|| make(Arc::clone(ticket)));
                    runtime.spawn(Detached { steward, _crew: crew });
                }
                None if full => ticket.wake(),
                None => {}
            }
        }
        Ok(caller)
    }
}

impl<K, V, E> Caller<K, V, E> {
    /// Waits for the answer, and drives the batch meanwhile.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<V, Result<E, Refusal>>>
    where
        K: Send + 'static,
        V: Clone + Send + Sync + 'static,
        E: Clone + Send + Sync + 'static,
    {
        let Some(batch) = &self.batch else { return Poll::Pending };
        let answer = match ready!(batch.poll(&mut self.seat, cx)) {
            Found::Mine(answers) => answers.take(self.place),
            Found::Everybodys(Some(answers)) => answers.take(self.place),
            Found::Everybodys(None) => None,
            // A call that waits for itself: it has what it began with, and no other answer.
            Found::Own => return Poll::Pending,
        };
        self.batch = None;
        Poll::Ready(match answer {
            Some(Ok(value)) => Ok(value),
            Some(Err(Fail::Inner(error))) => Err(Ok(error)),
            Some(Err(Fail::Mismatched { answers, items })) => {
                Err(Err(self.shared.mismatched(answers, items)))
            }
            None => Err(Err(self.shared.panicked())),
        })
    }

    /// Its time is up: the refusal of one who waited.
    #[cold]
    pub(super) fn too_late(&self) -> Refusal {
        let began = self.batch.as_ref();
        let began = began.is_some_and(|batch| batch.owner().0.is_sent());
        self.shared.late(began, Duration::ZERO)
    }
}

impl<K, V, E> Drop for Caller<K, V, E> {
    fn drop(&mut self) {
        self.shared.left();
        if let Some(batch) = self.batch.take() {
            batch.leave(&mut self.seat);
            let (_key, last) = batch.owner().0.book.lock().leave(self.place);
            if last {
                self.shared.shut(&batch.owner().0);
                drop(batch.abandon());
            }
        }
    }
}

/// The task of its own that runs a batch to its end. Where the runtime ends before, those who wait go on.
struct Detached<K, V, E> {
    // Dropped first: what is given back is given up with the last who is there.
    steward: Steward<Answers<V, E>, Stub<K>>,
    _crew: Crew<K, V, E>,
}

impl<K, V, E> Future for Detached<K, V, E> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.steward).poll(cx)
    }
}

/// Counts for one who is there.
struct Crew<K, V, E> {
    batch: Arc<Batch<K, V, E>>,
}

impl<K, V, E> Drop for Crew<K, V, E> {
    fn drop(&mut self) {
        let last = self.batch.owner().0.book.lock().dismiss();
        if last {
            drop(self.batch.abandon());
        }
    }
}
