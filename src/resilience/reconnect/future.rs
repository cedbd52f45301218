use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use pin_project::pin_project;

use super::{hold::Hold, operation::Operation, shared::Live, waiter::Waiter};
use crate::ground::{
    outcome::{Classify, Outcome, never_began},
    refusal::Fault,
    time,
};

/// A call on a connection: waits for one, runs, and once more if that broke it. The same future behind
/// both doors.
///
/// # Cancel safety
///
/// Dropping it drops the operation and says nothing about the connection. A connect it was driving
/// goes on with whoever else waits.
#[must_use = "futures do nothing unless polled"]
#[pin_project]
pub struct Calling<H: Hold, O: Operation<H::Connection>>
where
    O::Run: Future,
{
    #[pin]
    state: State<O::Run, H::Connection, <O::Run as Future>::Output>,
    hold: H,
    operation: O,
}

#[pin_project(project = StateProjection)]
enum State<F, C, R> {
    Waiting {
        #[pin]
        waiter: Waiter,
        /// The answer of a call that broke its connection, for when there is no other.
        first: Option<R>,
    },
    Running {
        #[pin]
        run: F,
        live: Arc<Live<C>>,
        again: bool,
    },
    Done,
}

impl<H: Hold, O: Operation<H::Connection>> Calling<H, O>
where
    O::Run: Future,
{
    pub(super) const fn new(hold: H, operation: O) -> Self {
        Self { state: State::Waiting { waiter: Waiter::new(), first: None }, hold, operation }
    }
}

impl<H, O, T, X> Future for Calling<H, O>
where
    H: Hold,
    H::Connection: Clone,
    H::Classify: Classify<T, X>,
    O: Operation<H::Connection>,
    O::Run: Future<Output = Result<T, X>>,
    X: Fault,
{
    type Output = Result<T, X>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (hold, operation, mut state) = (this.hold, this.operation, this.state);
        // At most two runs, so at most four rounds.
        loop {
            match state.as_mut().project() {
                StateProjection::Waiting { waiter, first } => {
                    let found = ready!(waiter.poll(hold.shared(), cx));
                    let first = first.take();
                    let again = first.is_none();
                    let run = found.map(|live| {
                        let run = time::outside(|| operation.start(live.connection.clone()));
                        run.map(|run| State::Running { run, live, again })
                    });
                    match run {
                        Ok(Some(running)) => state.set(running),
                        // It ran, and its error says more than that it cannot run again.
                        Ok(None) | Err(_) if first.is_some() => {
                            state.set(State::Done);
                            return first.map_or(Poll::Pending, Poll::Ready);
                        }
                        Err(refusal) => {
                            state.set(State::Done);
                            return Poll::Ready(Err(hold.shared().refuse(refusal).into()));
                        }
                        Ok(None) => {
                            state.set(State::Done);
                            return Poll::Pending;
                        }
                    }
                }
                StateProjection::Running { run, live, again } => {
                    let result = ready!(time::outside(|| run.poll(cx)));
                    let (era, again) = (live.era, *again);
                    state.set(State::Done);
                    let broken = !never_began(&result)
                        && time::outside(|| hold.classify().classify(&result)) == Outcome::Failure;
                    if broken {
                        hold.shared().lost(era);
                        if O::AGAIN && again && hold.shared().plan().config().call_again {
                            let (waiter, first) = (Waiter::new(), Some(result));
                            state.set(State::Waiting { waiter, first });
                            continue;
                        }
                    }
                    return Poll::Ready(result);
                }
                // Polled again after its answer: it has no other.
                StateProjection::Done => return Poll::Pending,
            }
        }
    }
}

impl<H: Hold, O: Operation<H::Connection>> fmt::Debug for Calling<H, O>
where
    O::Run: Future,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Waiting { .. } => "Calling(waiting)",
            State::Running { .. } => "Calling(running)",
            State::Done => "Calling(done)",
        })
    }
}
