use std::{
    convert::Infallible,
    fmt,
    future::Future,
    marker::PhantomData,
    mem::replace,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use crate::{
    ground::{
        joint::Work,
        name::Name,
        refusal::{Manner, Refusal},
        time::{self, Deadline, Instant, Sleep},
    },
    resilience::{
        cache::{
            loading::{Begun, Waiting},
            loads::{Asked, Failure, Outcome},
            stored::Hit,
        },
        single_flight::{Flights, Full},
    },
};

/// A value that is there, or is waited for. The same future behind both doors.
///
/// # Cancel safety
///
/// Dropping it leaves the load to those who wait for it as well, wherever it is; it is dropped with the
/// last of them, unless it is [`detached`](super::Config::detached) or a refresh of a value that was stale.
#[must_use = "futures do nothing unless polled"]
pub struct Fetching<K, V, E, G> {
    pub(super) state: State<K, V, E>,
    pub(super) gives: PhantomData<fn() -> G>,
}

pub(super) enum State<K, V, E> {
    Found(V),
    /// Known by its age as well.
    Known(Hit<V>),
    Failed(Failure),
    Waits {
        caller: Waiting<K, V>,
        deadline: Instant,
        /// Made when somebody with a deadline waits.
        timer: Option<Pin<Box<Sleep>>>,
    },
    /// Without a key: nobody else's.
    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "for services"))]
    Alone(Work<Result<V, E>>),
    Refused(Refuser<K, V>, Why),
    Done,
}

type Refuser<K, V> = Arc<Flights<Asked<K>, Outcome<V>>>;

pub(super) enum Why {
    Full(Full),
    Late(Instant),
}

/// What a [`Fetching`] gives in the end. Sealed.
pub trait Gives<V, E>: sealed::Gives {
    /// Whether or not it went well.
    type Output;

    /// It did.
    fn hit(hit: Hit<V>) -> Self::Output;

    /// The load failed.
    fn inner(error: E) -> Self::Output;

    /// Nothing was loaded.
    fn refused(refusal: Refusal) -> Self::Output;
}

mod sealed {
    #[expect(unnameable_types, reason = "what seals the trait above")]
    pub trait Gives {}
}

/// The value, or an error in this manner.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Bare<M>(PhantomData<M>);

/// The value and its age, or an error in this manner.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Aged<M>(PhantomData<M>);

/// The value of a load that cannot fail, or a refusal.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Sure;

impl<M> sealed::Gives for Bare<M> {}
impl<M> sealed::Gives for Aged<M> {}
impl sealed::Gives for Sure {}

impl<V, E, M: Manner<E>> Gives<V, E> for Bare<M> {
    type Output = Result<V, M::Error>;

    #[inline]
    fn hit(hit: Hit<V>) -> Self::Output {
        Ok(hit.value)
    }

    fn inner(error: E) -> Self::Output {
        Err(M::inner(error))
    }

    fn refused(refusal: Refusal) -> Self::Output {
        Err(M::refused(refusal))
    }
}

impl<V, E, M: Manner<E>> Gives<V, E> for Aged<M> {
    type Output = Result<Hit<V>, M::Error>;

    #[inline]
    fn hit(hit: Hit<V>) -> Self::Output {
        Ok(hit)
    }

    fn inner(error: E) -> Self::Output {
        Err(M::inner(error))
    }

    fn refused(refusal: Refusal) -> Self::Output {
        Err(M::refused(refusal))
    }
}

impl<V> Gives<V, Infallible> for Sure {
    type Output = Result<V, Refusal>;

    #[inline]
    fn hit(hit: Hit<V>) -> Self::Output {
        Ok(hit.value)
    }

    fn inner(error: Infallible) -> Self::Output {
        match error {}
    }

    fn refused(refusal: Refusal) -> Self::Output {
        Err(refusal)
    }
}

impl<K, V, E, G> Fetching<K, V, E, G> {
    #[inline]
    pub(super) const fn new(state: State<K, V, E>) -> Self {
        Self { state, gives: PhantomData }
    }
}

impl<K, V, E> State<K, V, E> {
    /// Waits for what has begun.
    pub(super) fn of(begun: Begun<K, V>, deadline: Instant, refuser: &Refuser<K, V>) -> Self {
        match begun {
            Begun::Waits(caller) => Self::Waits { caller, deadline, timer: None },
            Begun::Knows(Ok(hit)) => Self::Known(hit),
            Begun::Knows(Err(failure)) => Self::Failed(failure),
            Begun::Full(full) => Self::Refused(Arc::clone(refuser), Why::Full(full)),
        }
    }
}

/// Until when a caller waits; `Err` where his time is up already.
pub(super) fn patience() -> Result<Instant, Instant> {
    match Deadline::current().map(Deadline::moment) {
        None => Ok(Instant::FOREVER),
        Some(deadline) if time::now() >= deadline => Err(deadline),
        Some(deadline) => Ok(deadline),
    }
}

impl<K, V, E, G> Future for Fetching<K, V, E, G>
where
    K: Send + 'static,
    V: Clone + Send + Sync + 'static,
    E: Clone + 'static,
    G: Gives<V, E>,
{
    type Output = G::Output;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let State::Found(_) = self.state {
            if let State::Found(value) = replace(&mut self.state, State::Done) {
                return Poll::Ready(G::hit(Hit { value, age: None, is_stale: false }));
            }
        }
        self.poll_slowly(cx)
    }
}

impl<K, V, E, G> Fetching<K, V, E, G> {
    #[cold]
    #[inline(never)]
    fn poll_slowly(&mut self, cx: &mut Context<'_>) -> Poll<G::Output>
    where
        K: Send + 'static,
        V: Clone + Send + Sync + 'static,
        E: Clone + 'static,
        G: Gives<V, E>,
    {
        match &mut self.state {
            State::Waits { caller, deadline, timer } => {
                let outcome = match wait(caller, cx, *deadline, timer) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(outcome) => outcome,
                };
                // The load goes on for the others; if there are none, it has run out of time.
                time::cut_off(|| self.state = State::Done);
                Poll::Ready(match outcome {
                    Ok(Ok(hit)) => G::hit(hit),
                    Ok(Err(failure)) => failed::<V, E, G>(&failure),
                    Err(refusal) => G::refused(refusal),
                })
            }
            State::Alone(work) => {
                let polled = time::outside(|| work.as_mut().poll(cx));
                polled.map(|result| {
                    self.state = State::Done;
                    match result {
                        Ok(value) => G::hit(Hit { value, age: None, is_stale: false }),
                        Err(error) => G::inner(error),
                    }
                })
            }
            // Polled again after its answer: it has no other.
            State::Done => Poll::Pending,
            _ => match replace(&mut self.state, State::Done) {
                State::Known(hit) => Poll::Ready(G::hit(hit)),
                State::Failed(failure) => Poll::Ready(failed::<V, E, G>(&failure)),
                State::Refused(flights, why) => Poll::Ready(G::refused(why.refusal(&flights))),
                _ => Poll::Pending,
            },
        }
    }
}

/// What one who waits gets, by the end of his time.
pub(super) fn wait<K, V>(
    caller: &mut Waiting<K, V>,
    cx: &mut Context<'_>,
    deadline: Instant,
    timer: &mut Option<Pin<Box<Sleep>>>,
) -> Poll<Result<Outcome<V>, Refusal>>
where
    K: Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    if let Poll::Ready(outcome) = caller.poll(cx) {
        return Poll::Ready(outcome);
    }
    if deadline == Instant::FOREVER {
        return Poll::Pending;
    }
    let timer = timer.get_or_insert_with(|| Box::pin(Sleep::until(deadline)));
    match (timer.as_mut().poll(cx), caller.too_late()) {
        (Poll::Ready(()), Some(refusal)) => Poll::Ready(Err(refusal)),
        _ => Poll::Pending,
    }
}

fn failed<V, E: Clone + 'static, G: Gives<V, E>>(failure: &Failure) -> G::Output {
    match failure.downcast_ref::<E>() {
        Some(error) => G::inner(time::outside(|| error.clone())),
        // Loads are shared by those only who expect the same type.
        None => G::refused(Refusal::Panicked { name: Name::from("cache") }),
    }
}

impl Why {
    pub(super) fn refusal<K, V>(&self, flights: &Flights<Asked<K>, Outcome<V>>) -> Refusal {
        match self {
            Self::Full(full) => flights.full(*full),
            Self::Late(deadline) => flights.late(false, time::now().since(*deadline)),
        }
    }
}

// Nothing in it is pinned: values are taken out of it.
impl<K, V, E, G> Unpin for Fetching<K, V, E, G> {}

impl<K, V, E, G> fmt::Debug for Fetching<K, V, E, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Found(_) | State::Known(_) => "Fetching(found)",
            State::Failed(_) => "Fetching(failed)",
            State::Waits { .. } => "Fetching(waiting)",
            State::Alone(_) => "Fetching(alone)",
            State::Refused(..) => "Fetching(refused)",
            State::Done => "Fetching(done)",
        })
    }
}
