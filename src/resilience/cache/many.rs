use std::{
    fmt,
    future::Future,
    hash::{BuildHasher, Hash},
    marker::PhantomData,
    mem::take,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use crate::{
    ground::{
        refusal::{Manner, Refusal, Wrapped},
        time::{self, Instant, Sleep},
    },
    resilience::{
        cache::{
            future::{Why, patience},
            handle::Cache,
            loads::{Asked, Failure, NoAnswer, Outcome},
            many_loading::Place,
            stored::Loaded,
        },
        single_flight::Flights,
    },
};

/// The values of many keys, which are there or waited for.
///
/// # Cancel safety
///
/// Dropping it leaves the load to those who wait for any of its keys; with the last of them it is dropped,
/// unless it is [`detached`](super::Config::detached).
#[must_use = "futures do nothing unless polled"]
pub struct FetchingMany<K, V, E, M> {
    places: Vec<Place<K, V>>,
    refused: Option<Why>,
    flights: Arc<Flights<Asked<K>, Outcome<V>>>,
    deadline: Instant,
    /// Made when somebody with a deadline waits.
    timer: Option<Pin<Box<Sleep>>>,
    done: bool,
    manner: PhantomData<fn() -> (E, M)>,
}

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher,
{
    /// The values of these keys, in their order. What is missing is loaded in one call, which is told the
    /// keys that nobody is loading already, each once; it gives those values that there are, in any
    /// order, and `None` stands for the others.
    ///
    /// Each key that is loaded is shared with whoever asks for it by this method meanwhile. What is stale is
    /// given as it is, and not loaded anew.
    ///
    /// # Cancel safety
    ///
    /// See [`FetchingMany`].
    pub fn load_many<F, Fut, R, E>(
        &self,
        keys: impl IntoIterator<Item = K>,
        loader: F,
    ) -> FetchingMany<K, V, E, Wrapped>
    where
        F: FnOnce(Vec<K>) -> Fut,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
        R: IntoIterator<Item = (K, V)>,
        E: Clone + Send + Sync + 'static,
    {
        self.fetch_many(keys, loader)
    }

    /// The same with a loader that may say how long its values are good for.
    pub(super) fn fetch_many<F, Fut, R, L, E>(
        &self,
        keys: impl IntoIterator<Item = K>,
        loader: F,
    ) -> FetchingMany<K, V, E, Wrapped>
    where
        F: FnOnce(Vec<K>) -> Fut,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
        R: IntoIterator<Item = (K, L)>,
        L: Into<Loaded<V>>,
        E: Clone + Send + Sync + 'static,
    {
        let patience = patience();
        let found = self.shared.load_many(&self.hasher, keys, patience.is_ok(), loader);
        let (places, refused) = match (found, patience) {
            (Ok(places), _) => (places, None),
            (Err(Some(full)), _) => (Vec::new(), Some(Why::Full(full))),
            (Err(None), Ok(late) | Err(late)) => (Vec::new(), Some(Why::Late(late))),
        };
        FetchingMany {
            places,
            refused,
            flights: Arc::clone(&self.shared.loads().flights),
            deadline: patience.unwrap_or(Instant::FOREVER),
            timer: None,
            done: false,
            manner: PhantomData,
        }
    }
}

impl<K, V, E, M> Future for FetchingMany<K, V, E, M>
where
    K: Send + 'static,
    V: Clone + Send + Sync + 'static,
    E: Clone + 'static,
    M: Manner<E>,
{
    type Output = Result<Vec<Option<V>>, M::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        // Polled again after its answer: it has no other.
        if this.done {
            return Poll::Pending;
        }
        let ended = match this.look(cx) {
            Poll::Pending => this.is_late(cx),
            Poll::Ready(ended) => Some(ended),
        };
        let Some(ended) = ended else { return Poll::Pending };
        this.done = true;
        let places = take(&mut this.places);
        Poll::Ready(match ended {
            Ok(()) => {
                let value = |place| if let Place::Has(value) = place { value } else { None };
                Ok(places.into_iter().map(value).collect())
            }
            Err(why) => {
                // The load goes on for the others; if there are none, it has run out of time.
                time::cut_off(|| drop(places));
                Err(match why {
                    Ended::Failed(failure) => this.error(&failure),
                    Ended::Refused(refusal) => M::refused(refusal),
                })
            }
        })
    }
}

/// Why there are no values.
enum Ended {
    Failed(Failure),
    Refused(Refusal),
}

impl<K, V, E, M> FetchingMany<K, V, E, M>
where
    K: Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Whether all are there.
    fn look(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        if let Some(why) = self.refused.take() {
            return Poll::Ready(Err(Ended::Refused(why.refusal(&self.flights))));
        }
        let mut waits = false;
        for place in &mut self.places {
            let outcome = match place {
                Place::Has(_) => continue,
                Place::Failed(failure) => Ok(Err(Arc::clone(failure))),
                Place::Waits(caller) => match caller.poll(cx) {
                    Poll::Ready(outcome) => outcome,
                    Poll::Pending => {
                        waits = true;
                        continue;
                    }
                },
            };
            let is_missing =
                |failure: &Failure| failure.downcast_ref::<NoAnswer>() == Some(&NoAnswer::Missing);
            *place = match outcome {
                Ok(Ok(hit)) => Place::Has(Some(hit.value)),
                Ok(Err(failure)) if is_missing(&failure) => Place::Has(None),
                Ok(Err(failure)) => return Poll::Ready(Err(Ended::Failed(failure))),
                Err(refusal) => return Poll::Ready(Err(Ended::Refused(refusal))),
            };
        }
        if waits { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    fn is_late(&mut self, cx: &mut Context<'_>) -> Option<Result<(), Ended>> {
        if self.deadline == Instant::FOREVER {
            return None;
        }
        let at = self.deadline;
        let timer = self.timer.get_or_insert_with(|| Box::pin(Sleep::until(at)));
        if timer.as_mut().poll(cx).is_pending() {
            return None;
        }
        let refusal = self.flights.late(true, std::time::Duration::ZERO);
        Some(Err(Ended::Refused(refusal)))
    }

    fn error(&self, failure: &Failure) -> M::Error
    where
        E: Clone + 'static,
        M: Manner<E>,
    {
        match failure.downcast_ref::<E>() {
            Some(error) => M::inner(time::outside(|| error.clone())),
            None => M::refused(Refusal::Panicked { name: self.flights.name().clone() }),
        }
    }
}

// Nothing in it is pinned: values are taken out of it.
impl<K, V, E, M> Unpin for FetchingMany<K, V, E, M> {}

impl<K, V, E, M> fmt::Debug for FetchingMany<K, V, E, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchingMany")
            .field("keys", &self.places.len())
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}
