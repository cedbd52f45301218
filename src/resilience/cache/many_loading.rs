use std::{
    any::TypeId,
    collections::HashMap,
    future::{Future, ready},
    hash::{BuildHasher, Hash},
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready as and_then},
};

use crate::{
    ground::{
        joint::{Found, Joint, Retire, Seat},
        time,
    },
    resilience::{
        cache::{
            loading::{Ticket, Waiting, Wanted},
            loads::{Failure, NoAnswer, Outcome},
            shared::Shared,
            stored::Loaded,
        },
        single_flight::Full,
    },
};

/// One load of many keys, in which each has a share. It is dropped with the last of them, whoever has its
/// waker.
struct Batch<K, V>(Arc<Joint<Values<K, V>, Nobody>>);

type Values<K, V> = Result<HashMap<K, Loaded<V>>, Failure>;

impl<K, V> Drop for Batch<K, V> {
    fn drop(&mut self) {
        drop(self.0.abandon());
    }
}

/// Whoever has a share in it may have others beside him.
struct Nobody;

impl Retire for Nobody {
    fn retire(&self, _: bool) -> bool {
        false
    }
}

/// Loads of many keys that fail with an `E`.
struct Many<E>(PhantomData<E>);

/// A batch that others may have a share in already, and that was not begun.
struct Unbegun<K: Send + 'static, V: Send + 'static>(Option<Arc<Batch<K, V>>>);

impl<K: Send + 'static, V: Send + 'static> Drop for Unbegun<K, V> {
    fn drop(&mut self) {
        if let Some(batch) = self.0.take() {
            // A key panicked where it was copied or compared: nobody is to wait for ever.
            batch.0.begin(|| Box::pin(ready(Err(Arc::new(NoAnswer::Panicked) as Failure))));
        }
    }
}

/// What there is of one key of many.
pub(super) enum Place<K, V> {
    Has(Option<V>),
    Waits(Waiting<K, V>),
    Failed(Failure),
}

impl<K, V> Shared<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// What there is of these keys; those for whom nobody has done it are loaded in one call. `may_wait`
    /// says whether the caller has time for that.
    pub(super) fn load_many<S, F, Fut, R, L, E>(
        self: &Arc<Self>,
        hasher: &S,
        keys: impl IntoIterator<Item = K>,
        may_wait: bool,
        loader: F,
    ) -> Result<Vec<Place<K, V>>, Option<Full>>
    where
        S: BuildHasher,
        F: FnOnce(Vec<K>) -> Fut,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
        R: IntoIterator<Item = (K, L)>,
        L: Into<Loaded<V>>,
        E: Clone + Send + Sync + 'static,
    {
        let mut places = Vec::new();
        let mut unbegun = Unbegun(None);
        let (mut missing, mut full) = (Vec::new(), None);
        for key in keys {
            let hash = hasher.hash_one(&key);
            if let Some(value) = self.get(hash, |theirs| *theirs == key) {
                places.push(Place::Has(Some(value)));
                continue;
            }
            if !may_wait {
                return Err(None);
            }
            let known = self.known(&Wanted { hash, key: &key, kind: TypeId::of::<E>() });
            if let Some(outcome) = known {
                places.push(match outcome {
                    Ok(hit) => Place::Has(Some(hit.value)),
                    Err(failure) => Place::Failed(failure),
                });
                continue;
            }
            let batch =
                unbegun.0.get_or_insert_with(|| Arc::new(Batch(Arc::new(Joint::new(Nobody)))));
            let share = |ticket: Ticket<K>| -> Pin<Box<dyn Future<Output = _> + Send>> {
                missing.push(ticket.key.clone());
                let (shared, batch) = (Arc::clone(self), Arc::clone(batch));
                Box::pin(Share { shared, batch, seat: Seat::default(), ticket: Some(ticket) })
            };
            let wanted = Wanted { hash, key: &key, kind: TypeId::of::<Many<E>>() };
            let detached = self.terms.is_detached();
            match self.join(&wanted, || key.clone(), detached, share) {
                Ok(caller) => places.push(Place::Waits(caller)),
                Err(why) => {
                    full = Some(why);
                    break;
                }
            }
        }
        // From here on whatever panics does so in the batch.
        if let Some(batch) = unbegun.0.take() {
            if !missing.is_empty() {
                batch.0.begin(|| {
                    let loading = loader(missing);
                    Box::pin(async move {
                        let fail = |error| -> Failure { Arc::new(error) };
                        let loaded = loading.await.map_err(fail)?.into_iter();
                        Ok(loaded.map(|(key, value)| (key, value.into())).collect())
                    })
                });
            }
        }
        // Others may wait for those that there was room for.
        full.map_or(Ok(places), |full| Err(Some(full)))
    }
}

/// One key's load, as a share in that of many: whoever waits for it drives them all.
struct Share<K: Send + Sync + 'static, V: Send + Sync + 'static> {
    shared: Arc<Shared<K, V>>,
    batch: Arc<Batch<K, V>>,
    seat: Seat,
    ticket: Option<Ticket<K>>,
}

impl<K, V> Future for Share<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    type Output = Outcome<V>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<V>> {
        let this = &mut *self;
        let values = match and_then!(this.batch.0.poll(&mut this.seat, cx)) {
            Found::Everybodys(Some(values)) => values,
            // Never anybody's alone.
            Found::Everybodys(None) | Found::Mine(_) => {
                return Poll::Ready(Err(Arc::new(NoAnswer::Panicked)));
            }
            // The load asks for what it is to load: it has nothing to say about it.
            Found::Own => return Poll::Ready(Err(Arc::new(NoAnswer::Missing))),
        };
        let Some(ticket) = this.ticket.take() else { return Poll::Pending };
        Poll::Ready(match values {
            Ok(values) => match values.get(&ticket.key) {
                Some(value) => {
                    let loaded = time::outside(|| value.clone());
                    Ok(this.shared.came_in(ticket, loaded))
                }
                None => Err(Arc::new(NoAnswer::Missing)),
            },
            Err(failure) => this.shared.came_to_nothing(ticket, Arc::clone(failure)),
        })
    }
}

// Nothing in it is pinned.
impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Unpin for Share<K, V> {}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Drop for Share<K, V> {
    fn drop(&mut self) {
        self.batch.0.leave(&mut self.seat);
    }
}
