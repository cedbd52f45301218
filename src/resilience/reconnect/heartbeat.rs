use std::{
    future::{Future, Pending, poll_fn},
    pin::{Pin, pin},
    sync::{Arc, Weak},
    task::Poll,
};

use super::{
    shared::{Live, Shared},
    waiter::Waiter,
};
use crate::ground::{
    joint::{Bell, Place},
    outcome::{Classify, Outcome, never_began},
    refusal::Error,
    time::{self, Instant, Sleep},
};

/// What came of waiting for an answer.
enum Beat<R> {
    Answered(R),
    /// The next ping is due.
    Missed,
    /// The connection is not this one any longer, or nobody has a handle.
    Over,
}

/// Pings every connection there is, one after the other, until the last handle is gone or it is
/// closed. Holds no share in the handle while it waits, and lets go of a connection once that is gone.
pub(super) async fn beat<C, E, K, P, Fut, T, X>(
    shared: Weak<Shared<C, E>>,
    bell: Arc<Bell>,
    classify: K,
    mut ping: P,
) where
    C: Clone,
    K: Classify<T, Error<X>>,
    P: FnMut(C) -> Fut,
    Fut: Future<Output = Result<T, X>>,
    X: 'static,
{
    let mut place = Place::at(&bell);
    while let Some(connection) = connected(&shared, &mut place).await {
        let (connection, era) = connection;
        watch(&shared, &mut place, &classify, &mut ping, connection, era).await;
    }
}

/// The next connection, made if need be, and its era. None if there will be none.
async fn connected<C: Clone, E>(
    shared: &Weak<Shared<C, E>>,
    place: &mut Place,
) -> Option<(C, u64)> {
    let mut waiter = pin!(Waiter::endless());
    let live: Arc<Live<C>> = poll_fn(|cx| {
        place.listen(cx.waker());
        match shared.upgrade() {
            Some(shared) => waiter.as_mut().poll(&shared, cx).map(Result::ok),
            None => Poll::Ready(None),
        }
    })
    .await?;
    Some((live.connection.clone(), live.era))
}

/// Pings one connection until it is gone.
async fn watch<C, E, K, P, Fut, T, X>(
    shared: &Weak<Shared<C, E>>,
    place: &mut Place,
    classify: &K,
    ping: &mut P,
    connection: C,
    era: u64,
) where
    C: Clone,
    K: Classify<T, Error<X>>,
    P: FnMut(C) -> Fut,
    Fut: Future<Output = Result<T, X>>,
    X: 'static,
{
    let mut missed = 0;
    let mut due = time::now();
    loop {
        let Some(plan) = shared.upgrade().map(|shared| shared.plan()) else { return };
        due = due.after(plan.config().beat_every).max(time::now());
        let beat = {
            let mut answer = pin!(Some(time::outside(|| ping(connection.clone()))));
            let beat = within(answer.as_mut(), due, shared, place, era).await;
            match beat {
                Beat::Missed => time::cut_off(|| answer.set(None)),
                Beat::Answered(_) | Beat::Over => answer.set(None),
            }
            beat
        };
        let broken = match beat {
            Beat::Over => return,
            Beat::Missed => {
                missed += 1;
                missed >= plan.config().missed_beats
            }
            Beat::Answered(answer) => {
                let answer = answer.map_err(Error::Inner);
                if never_began(&answer) {
                    false
                } else {
                    missed = if answer.is_ok() { 0 } else { missed + 1 };
                    let broken = time::outside(|| classify.classify(&answer)) == Outcome::Failure;
                    broken || missed >= plan.config().missed_beats
                }
            }
        };
        if broken {
            if let Some(shared) = shared.upgrade() {
                shared.lost(era);
            }
            return;
        }
        let nothing = pin!(None::<Pending<()>>);
        if let Beat::Over = within(nothing, due, shared, place, era).await {
            return;
        }
    }
}

/// What `answer` says by then, as long as the connection of this era is the one there is.
async fn within<C, E, F: Future>(
    mut answer: Pin<&mut Option<F>>,
    due: Instant,
    shared: &Weak<Shared<C, E>>,
    place: &mut Place,
    era: u64,
) -> Beat<F::Output> {
    let mut timer = pin!(Sleep::until(due));
    poll_fn(|cx| {
        place.listen(cx.waker());
        let live = shared.upgrade().and_then(|shared| shared.live());
        if live.is_none_or(|live| live.era != era) {
            return Poll::Ready(Beat::Over);
        }
        if let Some(answer) = answer.as_mut().as_pin_mut() {
            if let Poll::Ready(answer) = time::outside(|| answer.poll(cx)) {
                return Poll::Ready(Beat::Answered(answer));
            }
        }
        timer.as_mut().poll(cx).map(|()| Beat::Missed)
    })
    .await
}
