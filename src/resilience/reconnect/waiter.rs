use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use pin_project::pin_project;

use super::{
    config::WhileBackingOff,
    shared::{Found, Live, Shared},
};
use crate::ground::{
    joint::Place,
    refusal::Refusal,
    time::{self, Deadline, Instant, Sleep},
};

/// Somebody who waits for a connection, and drives whoever makes it meanwhile.
#[pin_project]
#[derive(Debug)]
pub(super) struct Waiter {
    #[pin]
    timer: Option<Sleep>,
    /// What the timer is set to.
    at: Instant,
    patience: Patience,
    place: Option<Place>,
}

#[derive(Clone, Copy, Debug)]
enum Patience {
    /// As long as it takes.
    Endless,
    /// Not asked yet.
    Fresh,
    /// Until then, or until the task's deadline.
    Until { own: Instant, deadline: Instant },
}

impl Waiter {
    /// Waits as long as the config and the task's deadline say, from the first poll.
    pub(super) const fn new() -> Self {
        Self { timer: None, at: Instant::FOREVER, patience: Patience::Fresh, place: None }
    }

    /// Waits until there is a connection, or none any more.
    pub(super) const fn endless() -> Self {
        Self { timer: None, at: Instant::FOREVER, patience: Patience::Endless, place: None }
    }

    #[inline]
    pub(super) fn poll<C, E>(
        self: Pin<&mut Self>,
        shared: &Shared<C, E>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Arc<Live<C>>, Refusal>> {
        match shared.live() {
            Some(live) => Poll::Ready(Ok(live)),
            None => self.wait(shared, cx),
        }
    }

    #[cold]
    fn wait<C, E>(
        self: Pin<&mut Self>,
        shared: &Shared<C, E>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Arc<Live<C>>, Refusal>> {
        let mut this = self.project();
        let now = time::now();
        let plan = shared.plan();
        if let Patience::Fresh = *this.patience {
            let deadline = Deadline::current().map_or(Instant::FOREVER, Deadline::moment);
            if now >= deadline {
                // Before looking: nothing is begun for who has no time.
                return Poll::Ready(Err(too_late(shared, deadline, now)));
            }
            *this.patience = Patience::Until { own: now.after(plan.config().wait), deadline };
        }
        let place = this.place.get_or_insert_with(|| Place::at(shared.bell()));
        place.listen(cx.waker());
        let (due, down) = match shared.look(now, place) {
            Found::Live(live) => return Poll::Ready(Ok(live)),
            Found::Closed => {
                let refusal = Refusal::ShuttingDown { name: shared.name().clone() };
                return Poll::Ready(Err(refusal));
            }
            Found::Again => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Found::Wait { due, down } => (due, down),
        };
        let mut until = due.unwrap_or(Instant::FOREVER);
        if let Patience::Until { own, deadline } = *this.patience {
            if now >= deadline {
                return Poll::Ready(Err(too_late(shared, deadline, now)));
            }
            let limit = own.min(deadline);
            let refuses = plan.config().while_backing_off == WhileBackingOff::Refuse;
            // Who would wait in vain does not wait.
            if now >= limit || due.is_some_and(|due| down || refuses || due > limit) {
                return Poll::Ready(Err(shared.disconnected(due, now)));
            }
            until = until.min(limit);
        }
        if until == Instant::FOREVER {
            this.timer.set(None);
            return Poll::Pending;
        }
        if *this.at != until || this.timer.is_none() {
            *this.at = until;
            this.timer.set(Some(Sleep::until(until)));
        }
        if this.timer.as_mut().as_pin_mut().is_some_and(|timer| timer.poll(cx).is_ready()) {
            // The moment has come while this was looking.
            this.timer.set(None);
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

fn too_late<C, E>(shared: &Shared<C, E>, deadline: Instant, now: Instant) -> Refusal {
    let (name, late) = (shared.name().clone(), now.since(deadline));
    Refusal::DeadlineExceeded { name, began: false, late }
}
