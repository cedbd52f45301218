use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project::pin_project;

use super::{
    ending::Ending,
    later::Later,
    shared::Core,
    view::{Observe, sealed::Sight},
};
use crate::ground::{
    hold::Hold,
    outcome::{Classify, Outcome},
    refusal::Fault,
    source::Source,
    time::{Instant, outside},
};

/// A call that is tried again: the same future behind both doors, generic over the work and how it
/// holds the retry.
///
/// # Cancel safety
///
/// Dropping it drops the attempt in flight, or the timer; no attempt follows.
#[must_use = "futures do nothing unless polled"]
#[pin_project]
pub struct Retrying<S: Source, H: Hold<Eyes: Sight>> {
    #[pin]
    state: State<S, H>,
}

#[pin_project(project = StateProjection, project_replace = StateOwned)]
enum State<S: Source, H: Hold<Eyes: Sight>> {
    First {
        #[pin]
        attempt: S::Attempt,
        source: S,
        hold: H,
        /// When it began, if that is asked.
        began: Instant,
    },
    /// The first attempt was not the answer.
    Later(Pin<Box<Later<S, H>>>),
    Done,
}

impl<S: Source, H: Hold<Eyes: Sight>> Retrying<S, H> {
    /// The first attempt is started by `start`.
    #[inline]
    pub(super) fn start(core: &Core, hold: H, start: impl FnOnce() -> (S, S::Attempt)) -> Self {
        core.begin();
        let began = core.shared.begin();
        let (source, attempt) = outside(start);
        Self { state: State::First { attempt, source, hold, began } }
    }

    /// The same, telling how many attempts were made and why there was no other.
    pub const fn detailed(self) -> Detailed<S, H> {
        Detailed { retrying: self }
    }
}

impl<S, H, T, E> Future for Retrying<S, H>
where
    S: Source<Ok = T, Err = E>,
    E: Fault,
    H: Hold<Core = Core, Eyes: Sight<Classifier: Classify<T, E>, Observer: Observe<T, E>>>,
{
    type Output = Result<T, E>;

    // One place only where an answer at once is given: with more of them the compiler calls the drop of
    // what is held, and that takes its address.
    // Nothing on the way of a first attempt takes this future's address: an answer at once then needs
    // no memory at all. So what comes later has a place of its own, and its answer is fetched there.
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        let (result, known) = match state.as_mut().project() {
            // The two results apart: brought together they are copied through memory.
            StateProjection::First { attempt, hold, .. } => match outside(|| attempt.poll(cx)) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(value)) => {
                    let result = Ok(value);
                    let outcome = outside(|| hold.eyes().parts().classify.classify(&result));
                    if matches!(outcome, Outcome::Failure | Outcome::SoftFailure) {
                        (result, Some(outcome))
                    } else {
                        if let (true, Some(core)) = (outcome != Outcome::Ignore, hold.core()) {
                            core.succeed(None);
                        }
                        state.set(State::Done);
                        // Taken apart again: as a whole it would be copied through memory.
                        return match result {
                            Ok(value) => Poll::Ready(Ok(value)),
                            Err(error) => Poll::Ready(Err(error)),
                        };
                    }
                }
                Poll::Ready(Err(error)) => (Err(error), None),
            },
            StateProjection::Later(later) => {
                later.as_mut().wake(cx);
                return later.as_mut().fetch();
            }
            // Polled again after its answer: it has no other.
            StateProjection::Done => return Poll::Pending,
        };
        let StateOwned::First { source, hold, began, .. } =
            state.as_mut().project_replace(State::Done)
        else {
            return Poll::Pending;
        };
        match Later::after(result, known, source, hold, began, cx) {
            Ok(mut later) => {
                let answer = later.as_mut().fetch();
                state.set(State::Later(later));
                answer
            }
            Err(Ok(value)) => Poll::Ready(Ok(value)),
            Err(Err(error)) => Poll::Ready(Err(error)),
        }
    }
}

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempted<T, E> {
    /// What the call itself would have given.
    pub result: Result<T, E>,
    /// How many attempts were made.
    pub attempts: u32,
    /// How long was waited between them.
    pub waited: Duration,
    /// Why there was no other.
    pub ending: Ending,
}

/// A call that tells how many attempts it took; made by [`Retrying::detailed`].
///
/// # Cancel safety
///
/// As of [`Retrying`].
#[must_use = "futures do nothing unless polled"]
#[pin_project]
pub struct Detailed<S: Source, H: Hold<Eyes: Sight>> {
    #[pin]
    retrying: Retrying<S, H>,
}

impl<S, H, T, E> Future for Detailed<S, H>
where
    S: Source<Ok = T, Err = E>,
    E: Fault,
    H: Hold<Core = Core, Eyes: Sight<Classifier: Classify<T, E>, Observer: Observe<T, E>>>,
{
    type Output = Attempted<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Attempted<T, E>> {
        let mut retrying = self.project().retrying;
        retrying.as_mut().poll(cx).map(|result| {
            let (attempts, waited, ending) = match &retrying.state {
                State::Later(later) => later.tally(),
                State::First { .. } | State::Done => (1, Duration::ZERO, Ending::Answered),
            };
            Attempted { result, attempts, waited, ending }
        })
    }
}

impl<S: Source, H: Hold<Eyes: Sight>> fmt::Debug for Retrying<S, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::First { .. } => "Retrying(first)",
            State::Later(_) => "Retrying(later)",
            State::Done => "Retrying(done)",
        })
    }
}

impl<S: Source, H: Hold<Eyes: Sight>> fmt::Debug for Detailed<S, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Detailed").field(&self.retrying).finish()
    }
}
