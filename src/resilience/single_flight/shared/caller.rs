//! Those who wait for the work of a key, and the task that runs it to its end.

use std::{
    future::Future,
    pin::Pin,
    ptr,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use super::{Berth, Flight};
use crate::ground::{
    joint::{Found, Seat, Steward, Work},
    refusal::Refusal,
    sync::atomic::Ordering,
    time,
};

/// Without a runtime, work is run by those who wait.
pub(super) fn runtime(detached: bool) -> Option<tokio::runtime::Handle> {
    if detached { tokio::runtime::Handle::try_current().ok() } else { None }
}

/// One who has been counted among the callers of a flight; who leads begins it. Who follows has something
/// to `spare`.
pub(super) fn board<K, O, S>(
    flight: Arc<Flight<K, O>>,
    spare: Option<S>,
    runtime: Option<tokio::runtime::Handle>,
    make: impl FnOnce() -> Work<O>,
) -> Caller<K, O>
where
    K: Send + 'static,
    O: Send + Sync + 'static,
{
    // From here on its drop is what leaves.
    let caller = Caller { flight: Some(flight), seat: Seat::default() };
    if spare.is_some() {
        // Foreign code: not when this returns, or a panic in it would leave the caller behind.
        drop((spare, make));
    } else if let Some(flight) = &caller.flight {
        match runtime {
            None => flight.begin(make),
            Some(runtime) => {
                let crew = Crew { flight: Arc::clone(flight) };
                let steward = flight.begin_with_steward(make);
                runtime.spawn(Detached { steward, _crew: crew });
            }
        }
    }
    caller
}

/// A caller of this flight, or its steward, goes away. The work goes with the last of them.
fn leave<K, O>(flight: &Flight<K, O>, steward: bool) {
    let Berth { flights, hash } = flight.owner();
    let is = |other: &Arc<Flight<K, O>>| ptr::eq(&**other, flight);
    let last = flights.shard(*hash).lock().leave(*hash, steward, is);
    // Foreign code: it goes once the lock is free.
    if last.is_some() {
        flights.in_flight.fetch_sub(1, Ordering::Relaxed);
        drop(flight.abandon());
    }
}

/// One of those who wait for the work of a key. Dropped, it leaves the work to the others.
pub(crate) struct Caller<K, O> {
    flight: Option<Arc<Flight<K, O>>>,
    seat: Seat,
}

impl<K, O> Caller<K, O> {
    /// Its time is up: the refusal of one who waited.
    #[cold]
    pub(crate) fn too_late(&self) -> Option<Refusal> {
        let flight = self.flight.as_ref()?;
        Some(flight.owner().flights.late(true, Duration::ZERO))
    }

    /// Waits for the outcome, and drives the work meanwhile.
    #[inline]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<O, Refusal>>
    where
        K: Send + 'static,
        O: Clone + Send + Sync + 'static,
    {
        let Some(flight) = &self.flight else { return Poll::Pending };
        let outcome = match ready!(flight.poll(&mut self.seat, cx)) {
            Found::Mine(outcome) => Ok(outcome),
            Found::Everybodys(Some(outcome)) => Ok(time::outside(|| outcome.clone())),
            Found::Everybodys(None) => Err(flight.owner().flights.panicked()),
            Found::Own => Err(flight.owner().flights.circular()),
        };
        self.flight = None;
        Poll::Ready(outcome)
    }
}

impl<K, O> Drop for Caller<K, O> {
    fn drop(&mut self) {
        if let Some(flight) = self.flight.take() {
            flight.leave(&mut self.seat);
            leave(&flight, false);
        }
    }
}

/// The task of its own that runs work to its end. Where the runtime ends before, those who wait go on.
struct Detached<K, O> {
    // Dropped first: what is given back is given up with the last who is there.
    steward: Steward<O, Berth<K, O>>,
    _crew: Crew<K, O>,
}

impl<K, O> Future for Detached<K, O> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.steward).poll(cx)
    }
}

/// Counts for one who is there.
struct Crew<K, O> {
    flight: Arc<Flight<K, O>>,
}

impl<K, O> Drop for Crew<K, O> {
    fn drop(&mut self) {
        leave(&self.flight, true);
    }
}
