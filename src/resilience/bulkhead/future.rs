use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project::pin_project;

use super::{
    class::Class,
    operation::{Operation, sealed},
    permit::Permit,
    shared::{Core, Entry, Until, Why},
    waiter::Waiter,
};
use crate::ground::{
    hold::Hold,
    outcome::{Classify, never_began},
    refusal::{Fault, Refusal},
    time,
};

/// A call through a bulkhead: the same future behind both doors, generic over how it holds the
/// bulkhead.
///
/// # Cancel safety
///
/// Dropping it drops the operation, and then the place is free; so is a place in the queue. Nobody
/// else loses theirs.
#[must_use = "futures do nothing unless polled"]
#[pin_project]
pub struct Calling<O: Operation, H: Hold<Core = Core>> {
    #[pin]
    state: State<O, H>,
}

#[pin_project(project = StateProjection, project_replace = StateReplaced)]
enum State<O: Operation, H: Hold<Core = Core>> {
    Running {
        #[pin]
        run: O::Run,
        // Below what runs: the place is free when that is gone.
        permit: Permit<H>,
    },
    /// Apart, so that a call that need not wait is small, and nothing points into it.
    Queued(Pin<Box<Queued<O, H>>>),
    Refused {
        hold: H,
        why: Why,
    },
    Done,
}

/// What can be started, and its place.
type Ready<O, H> = Result<(O, Permit<H>), <O as sealed::Operation>::Err>;

/// A call that waits, for a place and then for its service.
#[pin_project]
struct Queued<O: Operation, H: Hold<Core = Core>> {
    #[pin]
    waiter: Waiter<H>,
    operation: Option<O>,
    permit: Option<Permit<H>>,
}

impl<O: Operation, H: Hold<Core = Core>> Calling<O, H> {
    /// Asks for a place, and starts the operation if there is one.
    #[inline]
    pub(super) fn start(hold: H, class: Class, operation: O) -> Self {
        match hold.core().and_then(|core| core.place_at_once(class)) {
            Some(place) => Self::running(Permit::new(hold, place), || operation.start()),
            None => Self::start_slowly(hold, class, operation),
        }
    }

    #[cold]
    #[inline(never)]
    fn start_slowly(hold: H, class: Class, operation: O) -> Self {
        match hold.core().map(|core| core.enter_slowly(class)) {
            Some(Entry::Placed(place)) => {
                Self::running(Permit::new(hold, place), || operation.start())
            }
            Some(Entry::Queued(at, until)) => Self::queued(hold, at, until, || operation),
            Some(Entry::Refused(why)) => Self::refused(hold, why),
            None => Self { state: State::Done },
        }
    }

    #[inline]
    pub(super) fn running(permit: Permit<H>, start: impl FnOnce() -> O::Run) -> Self {
        let run = time::outside(start);
        Self { state: State::Running { run, permit } }
    }

    pub(super) fn queued(hold: H, at: usize, until: Until, operation: impl FnOnce() -> O) -> Self {
        // Before anything foreign is run: whatever comes of it, the slot is left.
        let waiter = Waiter::new(hold, at, until);
        let operation = Some(time::outside(operation));
        Self { state: State::Queued(Box::pin(Queued { waiter, operation, permit: None })) }
    }

    pub(super) const fn refused(hold: H, why: Why) -> Self {
        Self { state: State::Refused { hold, why } }
    }
}

impl<O, H> Future for Calling<O, H>
where
    O: Operation<Err: Fault>,
    H: Hold<Core = Core>,
    H::Eyes: Classify<O::Ok, O::Err>,
{
    type Output = Result<O::Ok, O::Err>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_until_ok(cx, |mut state, value| {
            state.set(State::Done);
            value
        })
    }
}

impl<O, H> Calling<O, H>
where
    O: Operation<Err: Fault>,
    H: Hold<Core = Core>,
    H::Eyes: Classify<O::Ok, O::Err>,
{
    /// `done`: what is made of a success, and of the place, which is still taken.
    #[inline(always)]
    fn poll_until_ok<T>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        done: impl FnOnce(Pin<&mut State<O, H>>, O::Ok) -> T,
    ) -> Poll<Result<T, O::Err>> {
        let mut state = self.project().state;
        loop {
            if let StateProjection::Running { run, permit } = state.as_mut().project() {
                if permit.is_spent() {
                    return Poll::Pending;
                }
                let unwinding = Unwinding(permit);
                let polled = time::outside(|| run.poll(cx));
                let is_timed = unwinding.0.is_timed();
                mem::forget(unwinding);
                // The results apart, here and below: brought together they are copied through memory,
                // which costs more than all the rest.
                return match polled {
                    Poll::Ready(result) if is_timed => match state.as_mut().tell(result) {
                        Ok(value) => Poll::Ready(Ok(done(state, value))),
                        Err(error) => {
                            state.set(State::Done);
                            Poll::Ready(Err(error))
                        }
                    },
                    Poll::Ready(Ok(value)) => Poll::Ready(Ok(done(state, value))),
                    Poll::Ready(Err(error)) => {
                        state.set(State::Done);
                        Poll::Ready(Err(error))
                    }
                    Poll::Pending => Poll::Pending,
                };
            }
            if let StateProjection::Refused { hold, why } = state.as_mut().project() {
                let refusal = hold.core().map(|core| core.refusal(*why));
                state.set(State::Done);
                return match refusal {
                    Some(refusal) => Poll::Ready(Err(refusal.into())),
                    None => Poll::Pending,
                };
            }
            match state.as_mut().wait(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// The same; `go_on` is given the place as well.
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "for bodies"))]
    #[inline]
    pub(super) fn poll_keeping<T>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        go_on: impl FnOnce(O::Ok, Option<Permit<H>>) -> T,
    ) -> Poll<Result<T, O::Err>> {
        self.poll_until_ok(cx, |state, value| match state.project_replace(State::Done) {
            StateReplaced::Running { permit, .. } => go_on(value, Some(permit)),
            StateReplaced::Queued(_) | StateReplaced::Refused { .. } | StateReplaced::Done => {
                go_on(value, None)
            }
        })
    }
}

impl<O, H> State<O, H>
where
    O: Operation<Err: Fault>,
    H: Hold<Core = Core>,
{
    /// A call that is measured has ended.
    #[cold]
    #[inline(never)]
    fn tell(self: Pin<&mut Self>, result: Result<O::Ok, O::Err>) -> Result<O::Ok, O::Err>
    where
        H::Eyes: Classify<O::Ok, O::Err>,
    {
        if let StateProjection::Running { permit, .. } = self.project() {
            let unwinding = Unwinding(permit);
            unwinding.0.hear(&result, never_began);
            mem::forget(unwinding);
        }
        result
    }

    /// It does not run: waits until it does.
    #[cold]
    #[inline(never)]
    fn wait(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), O::Err>> {
        let (operation, permit) = match self.as_mut().project() {
            StateProjection::Queued(queued) => match queued.as_mut().poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(ready)) => ready,
                Poll::Ready(Err(error)) => {
                    self.set(Self::Done);
                    return Poll::Ready(Err(error));
                }
            },
            // Polled again after its answer: it has no other.
            StateProjection::Running { .. }
            | StateProjection::Refused { .. }
            | StateProjection::Done => return Poll::Pending,
        };
        let run = time::outside(|| operation.start());
        self.set(Self::Running { run, permit });
        Poll::Ready(Ok(()))
    }
}

impl<O, H> Queued<O, H>
where
    O: Operation<Err: Fault>,
    H: Hold<Core = Core>,
{
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ready<O, H>> {
        let mut this = self.project();
        if this.permit.is_none() {
            match this.waiter.as_mut().poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(permit)) => *this.permit = Some(permit),
                Poll::Ready(Err(refusal)) => return Poll::Ready(Err(refusal.into())),
            }
        }
        let Some(operation) = this.operation else { return Poll::Pending };
        match time::outside(|| operation.poll_ready(cx)) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => match (this.operation.take(), this.permit.take()) {
                (Some(operation), Some(permit)) => Poll::Ready(Ok((operation, permit))),
                // Polled again after a panic: it has nothing more to do.
                _ => Poll::Pending,
            },
        }
    }
}

/// Gives the place back while a panic is under way, whoever catches it.
struct Unwinding<'a, H: Hold<Core = Core>>(&'a mut Permit<H>);

impl<H: Hold<Core = Core>> Drop for Unwinding<'_, H> {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

/// Asks for a place: the future of [`acquire`](super::Bulkhead::acquire).
///
/// # Cancel safety
///
/// Dropping it leaves the queue; a place that it was given meanwhile is given to the next.
#[must_use = "futures do nothing unless polled"]
pub struct Acquiring<H: Hold<Core = Core>> {
    state: Asking<H>,
}

enum Asking<H: Hold<Core = Core>> {
    Placed(Permit<H>),
    Queued(Pin<Box<Waiter<H>>>),
    Refused(H, Why),
    Done,
}

impl<H: Hold<Core = Core>> Acquiring<H> {
    #[inline]
    pub(super) fn start(hold: H, class: Class) -> Self {
        let state = match hold.core().map(|core| core.enter(class)) {
            Some(Entry::Placed(place)) => Asking::Placed(Permit::new(hold, place)),
            Some(Entry::Queued(at, until)) => {
                Asking::Queued(Box::pin(Waiter::new(hold, at, until)))
            }
            Some(Entry::Refused(why)) => Asking::Refused(hold, why),
            None => Asking::Done,
        };
        Self { state }
    }
}

/// Nothing in it is pinned in its place.
impl<H: Hold<Core = Core>> Unpin for Acquiring<H> {}

impl<H: Hold<Core = Core>> Future for Acquiring<H> {
    type Output = Result<Permit<H>, Refusal>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match mem::replace(&mut self.state, Asking::Done) {
            Asking::Placed(permit) => Poll::Ready(Ok(permit)),
            Asking::Queued(mut waiter) => match waiter.as_mut().poll(cx) {
                Poll::Ready(answer) => Poll::Ready(answer),
                Poll::Pending => {
                    self.state = Asking::Queued(waiter);
                    Poll::Pending
                }
            },
            Asking::Refused(hold, why) => {
                hold.core().map_or(Poll::Pending, |core| Poll::Ready(Err(core.refusal(why))))
            }
            Asking::Done => Poll::Pending,
        }
    }
}

impl<O: Operation, H: Hold<Core = Core>> fmt::Debug for Calling<O, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Running { .. } => "Calling(running)",
            State::Queued(_) => "Calling(queued)",
            State::Refused { .. } => "Calling(refused)",
            State::Done => "Calling(done)",
        })
    }
}

impl<H: Hold<Core = Core>> fmt::Debug for Acquiring<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            Asking::Placed(_) => "Acquiring(placed)",
            Asking::Queued(_) => "Acquiring(queued)",
            Asking::Refused(..) => "Acquiring(refused)",
            Asking::Done => "Acquiring(done)",
        })
    }
}
