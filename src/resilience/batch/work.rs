use std::{
    future::{Future, poll_fn},
    hash::Hash,
    pin::pin,
    sync::Arc,
    task::Poll,
};

use super::{
    answers::{Answers, Fail},
    caller::Caller,
    config::Plan,
    machine::Part,
    shared::{Denied, Ear, Shared, Ticket},
};
use crate::ground::{
    joint::Work,
    name::Name,
    sync::atomic::{AtomicUsize, Ordering},
    time::{self, Sleep},
};

/// What a call with a batch gives: an answer for each of its items, or one error for all.
pub(super) type Call<V, E> = Work<Result<Vec<Result<V, E>>, E>>;

/// Makes the calls of one batch.
pub(super) type Calls<K, V, E> = Box<dyn FnMut(Vec<K>) -> Call<V, E> + Send>;

/// Tells whether an error is one item's fault.
type Isolate<E> = Arc<dyn Fn(&E) -> bool + Send + Sync>;

/// Tells what an item weighs.
type Weigh<K> = Arc<dyn Fn(&K) -> u64 + Send + Sync>;

/// The shared batches, and how somebody sees items and errors.
pub(super) struct View<K, V, E> {
    shared: Arc<Shared<K, V, E>>,
    weigh: Option<Weigh<K>>,
    isolate: Option<Isolate<E>>,
}

impl<K, V, E> View<K, V, E> {
    pub(super) fn new(name: Name, plan: Plan) -> Self {
        Self { shared: Shared::new(name, plan), weigh: None, isolate: None }
    }

    pub(super) const fn shared(&self) -> &Arc<Shared<K, V, E>> {
        &self.shared
    }

    pub(super) fn weigh(self, weigh: impl Fn(&K) -> u64 + Send + Sync + 'static) -> Self {
        Self { weigh: Some(Arc::new(weigh)), ..self }
    }

    pub(super) fn isolate(self, fault: impl Fn(&E) -> bool + Send + Sync + 'static) -> Self {
        Self { isolate: Some(Arc::new(fault)), ..self }
    }

    /// Joins the batch that gathers; `calls` makes those of a batch that is opened for it.
    pub(super) fn join(
        &self,
        key: K,
        calls: impl FnOnce() -> Calls<K, V, E>,
    ) -> Result<Caller<K, V, E>, Denied>
    where
        K: Clone + Eq + Hash + Send + 'static,
        V: Clone + Send + Sync + 'static,
        E: Clone + Send + Sync + 'static,
    {
        let weight = self.weigh.as_ref().map_or(1, |weigh| time::outside(|| weigh(&key)));
        Caller::join(&self.shared, key, weight, |ticket| {
            let (shared, isolate) = (Arc::clone(&self.shared), self.isolate.clone());
            Box::pin(run(shared, ticket, calls(), isolate))
        })
    }
}

impl<K, V, E> Clone for View<K, V, E> {
    fn clone(&self) -> Self {
        let (weigh, isolate) = (self.weigh.clone(), self.isolate.clone());
        Self { shared: Arc::clone(&self.shared), weigh, isolate }
    }
}

/// A batch from its first key to its last answer.
async fn run<K, V, E>(
    shared: Arc<Shared<K, V, E>>,
    ticket: Arc<Ticket<K>>,
    mut calls: Calls<K, V, E>,
    isolate: Option<Isolate<E>>,
) -> Answers<V, E>
where
    K: Clone,
    E: Clone,
{
    gather(&shared, &ticket).await;
    // Keys still come while it waits for its turn, unless it is full.
    let turn = shared.turn().await;
    shared.shut(&ticket);
    let (part, places) = {
        let mut book = ticket.book.lock();
        (book.seal(), book.places())
    };
    ticket.sent();
    let _running = Running::new(shared.in_flight());
    let mut answers = Answers::none(places);
    // Depth first, so that the parts are sent in the order of their keys.
    let mut parts = vec![part];
    while let Some(part) = parts.pop() {
        if part.keys.is_empty() {
            continue;
        }
        shared.count(|totals| totals.calls += 1);
        let splits = isolate.as_ref().filter(|_| part.keys.len() > 1);
        let (keys, kept) = match splits {
            Some(_) => (part.keys.clone(), part.keys),
            None => (part.keys, Vec::new()),
        };
        let part = Part { keys: kept, places: part.places };
        let sent = keys.len();
        let called = time::outside(|| calls(keys)).await;
        match called {
            Ok(values) if values.len() == sent => {
                for (&place, value) in part.places.iter().zip(values) {
                    let callers = ticket.book.lock().callers_at(place as usize);
                    answers.put(place, callers, value.map_err(Fail::Inner));
                }
            }
            Ok(values) => {
                let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
                let (given, items) = (number(values.len()), number(sent));
                for &place in &part.places {
                    answers.put(place, 2, Err(Fail::Mismatched { answers: given, items }));
                }
            }
            Err(error) if splits.is_some_and(|fault| time::outside(|| fault(&error))) => {
                shared.count(|totals| totals.halved += 1);
                let (first, second) = part.halves();
                parts.push(second);
                parts.push(first);
            }
            Err(error) => {
                for &place in &part.places {
                    let error = time::outside(|| error.clone());
                    let callers = ticket.book.lock().callers_at(place as usize);
                    answers.put(place, callers, Err(Fail::Inner(error)));
                }
            }
        }
    }
    drop(turn);
    answers
}

/// Until nothing more goes in, or it has waited long enough.
async fn gather<K, V, E>(shared: &Shared<K, V, E>, ticket: &Ticket<K>) {
    let wait = shared.max_wait();
    if wait.is_zero() {
        return;
    }
    let mut timer = pin!(None);
    let ear = Ear(ticket);
    poll_fn(|cx| {
        // One that is full already needs no timer.
        if ear.0.poll_closed(cx).is_ready() {
            return Poll::Ready(());
        }
        if timer.is_none() {
            timer.set(Some(Sleep::lasting(wait)));
        }
        timer.as_mut().as_pin_mut().map_or(Poll::Ready(()), |timer| timer.poll(cx))
    })
    .await;
}

/// Counts for one that is being sent.
struct Running<'a>(&'a AtomicUsize);

impl<'a> Running<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
