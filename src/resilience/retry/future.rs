use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project::pin_project;

use super::{
    config::Config,
    hold::{Hold, sealed},
    machine::{Course, Ending, Room, Worth, worth, worth_of_refusal},
    shared::Core,
    view::{Again, Observe, Pace},
};
use crate::ground::{
    outcome::{Classify, Outcome},
    pushback::Pushback,
    random,
    refusal::{Fault, Refusal},
    source::Source,
    time::{self, Deadline, Instant, Sleep, outside},
};

/// So many attempts in one poll, where there is nothing to wait for; then others have their turn.
const IN_ONE_POLL: u32 = 32;

/// A call that is tried again: the same future behind both doors, generic over the work and how it
/// holds the retry.
///
/// # Cancel safety
///
/// Dropping it drops the attempt in flight, or the timer; no attempt follows.
#[must_use = "futures do nothing unless polled"]
#[pin_project]
pub struct Retrying<S: Source, H: Hold> {
    #[pin]
    state: State<S::Attempt>,
    source: S,
    hold: H,
    /// When it began, if that is asked.
    began: Instant,
    /// Made by the first failure.
    later: Option<LaterOf<S, H>>,
}

type LaterOf<S, H> = Pin<Box<Later<<S as Source>::Ok, <S as Source>::Err, Delays<H>>>>;
type Delays<H> = <<H as sealed::Hold>::Pace as Pace>::Delays;

#[pin_project(project = StateProjection)]
enum State<A> {
    Running {
        #[pin]
        attempt: A,
    },
    Waiting,
    Readying,
    Done,
}

#[pin_project]
struct Later<T, E, I> {
    course: Course<I>,
    #[pin]
    timer: Option<Sleep>,
    /// On its way out.
    answer: Option<Result<T, E>>,
}

impl<S: Source, H: Hold> Retrying<S, H> {
    /// The first attempt has been started, or will have been by `start`.
    #[inline]
    pub(super) fn start(core: &Core, hold: H, start: impl FnOnce() -> (S, S::Attempt)) -> Self {
        core.deposit();
        let began = core.shared.begin();
        let (source, attempt) = outside(start);
        Self { state: State::Running { attempt }, source, hold, began, later: None }
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
    H: Hold,
    H::Classifier: Classify<T, E>,
    H::Observer: Observe<T, E>,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.as_mut().project();
        let mut state = this.state;
        if let (StateProjection::Running { attempt }, None) =
            (state.as_mut().project(), &*this.later)
        {
            // The two results apart: brought together they are copied through memory.
            match outside(|| attempt.poll(cx)) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(value)) => {
                    let result = Ok(value);
                    if is_answer(outside(|| this.hold.classifier().classify(&result))) {
                        state.set(State::Done);
                        return Poll::Ready(result);
                    }
                    return self.go_on_and_fetch(Some(result), cx);
                }
                Poll::Ready(Err(error)) => return self.go_on_and_fetch(Some(Err(error)), cx),
            }
        }
        self.go_on_and_fetch(None, cx)
    }
}

const fn is_answer(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Success | Outcome::Slow)
}

impl<S, H, T, E> Retrying<S, H>
where
    S: Source<Ok = T, Err = E>,
    E: Fault,
    H: Hold,
    H::Classifier: Classify<T, E>,
    H::Observer: Observe<T, E>,
{
    /// As below, with the answer: what such a function hands back in one piece is copied through
    /// memory, and with it the answer of a call that never went there.
    #[inline(always)]
    fn go_on_and_fetch(
        mut self: Pin<&mut Self>,
        news: Option<Result<T, E>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, E>> {
        if self.as_mut().go_on(news, cx).is_pending() {
            return Poll::Pending;
        }
        let later = self.project().later.as_mut();
        match later.and_then(|later| later.as_mut().project().answer.take()) {
            Some(Ok(value)) => Poll::Ready(Ok(value)),
            Some(Err(error)) => Poll::Ready(Err(error)),
            None => Poll::Pending,
        }
    }

    /// After the first attempt, whose result is given if it is news. Leaves the answer where it can be
    /// fetched.
    #[cold]
    #[inline(never)]
    fn go_on(
        mut self: Pin<&mut Self>,
        mut news: Option<Result<T, E>>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let mut attempts = 0;
        loop {
            if let Some(result) = news.take() {
                if self.as_mut().settle(result) {
                    return Poll::Ready(());
                }
            }
            let this = self.as_mut().project();
            let mut state = this.state;
            let Some(later) = this.later else { return Poll::Pending };
            let later = later.as_mut().project();
            match state.as_mut().project() {
                StateProjection::Running { attempt } => match outside(|| attempt.poll(cx)) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(result) => news = Some(result),
                },
                StateProjection::Waiting => {
                    let mut timer = later.timer;
                    if let Some(sleep) = timer.as_mut().as_pin_mut() {
                        if sleep.poll(cx).is_pending() {
                            return Poll::Pending;
                        }
                        timer.set(None);
                        attempts = 0;
                    }
                    if attempts == IN_ONE_POLL {
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    attempts += 1;
                    state.set(State::Readying);
                }
                StateProjection::Readying => match outside(|| this.source.poll_ready(cx)) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Err(error)) => {
                        state.set(State::Done);
                        *later.answer = Some(Err(error));
                        return Poll::Ready(());
                    }
                    Poll::Ready(Ok(())) => {
                        let last = later.course.is_last();
                        later.course.begin();
                        match outside(|| this.source.start(last)) {
                            Some(attempt) => state.set(State::Running { attempt }),
                            // It said that it could be.
                            None => return Poll::Pending,
                        }
                    }
                },
                // Polled again after its answer: it has no other.
                StateProjection::Done => return Poll::Pending,
            }
        }
    }

    /// An attempt has ended. Whether with the answer of the call; else another attempt follows.
    fn settle(self: Pin<&mut Self>, result: Result<T, E>) -> bool {
        let this = self.project();
        let mut state = this.state;
        // Whatever an attempt holds is given back before the wait.
        state.set(State::Done);
        let Some(core) = this.hold.core() else { return false };
        let later = this.later.get_or_insert_with(|| {
            let custom = outside(|| this.hold.pace().delays());
            let course = Course::new(&core.shared.plan(), custom);
            Box::pin(Later { course, timer: None, answer: None })
        });
        let later = later.as_mut().project();
        let course = later.course;

        let worth = outside(|| {
            judge(this.hold.classifier(), &result, this.source.is_safe(), course.config())
        });
        let room = match worth {
            Worth::Again { .. } => room(*this.began, course.config()),
            Worth::Answer | Worth::Not(_) => Room::ENDLESS,
        };
        let next = course.next(worth, this.source.is_repeatable(), room, random::below);
        let next = next.and_then(|next| {
            if course.only_watches() {
                Err(Ending::Watched)
            } else if next.paid && !core.withdraw() {
                Err(Ending::Budget)
            } else {
                Ok(next.delay)
            }
        });
        match next {
            Ok(delay) => {
                let (attempt, waited) = (course.attempts(), course.waited());
                core.shared.tries_again(attempt, delay);
                let again = Again { attempt, result: &result, delay, waited };
                outside(|| this.hold.observer().observe(&again));
                outside(|| drop(result));
                course.wait(delay);
                if !delay.is_zero() {
                    let mut timer = later.timer;
                    timer.set(Some(Sleep::lasting(delay)));
                }
                state.set(State::Waiting);
                false
            }
            Err(ending) => {
                course.end(ending);
                core.shared.ended(ending, course.attempts(), result.is_ok());
                *later.answer = Some(if course.refuses(ending) {
                    Err(E::from(Refusal::Exhausted {
                        name: core.shared.name().clone(),
                        attempts: course.attempts(),
                        retry_after: course.hint(),
                    }))
                } else {
                    result
                });
                true
            }
        }
    }
}

/// What a result is worth.
fn judge<T, E, C>(classifier: &C, result: &Result<T, E>, safe: bool, config: &Config) -> Worth
where
    E: Fault,
    C: Classify<T, E>,
{
    if let Some(refusal) = result.as_ref().err().and_then(Fault::refusal) {
        if !refusal.began() {
            return worth_of_refusal(refusal, config);
        }
    }
    let outcome = classifier.classify(result);
    let pushback = match outcome {
        Outcome::Failure | Outcome::SoftFailure => classifier.pushback(result),
        Outcome::Ignore | Outcome::Slow | Outcome::Success => Pushback::NONE,
    };
    worth(outcome, pushback, safe)
}

/// How long a call that began then may wait. Reads the clock if anything bounds it.
fn room(began: Instant, config: &Config) -> Room {
    let deadline = Deadline::current();
    let most = config.max_elapsed.filter(|_| began != Instant::FOREVER);
    if deadline.is_none() && most.is_none() {
        return Room::ENDLESS;
    }
    let now = time::now();
    Room {
        deadline: deadline.map_or(Duration::MAX, |deadline| deadline.moment().since(now)),
        elapsed: most.map_or(Duration::MAX, |most| most.saturating_sub(now.since(began))),
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
pub struct Detailed<S: Source, H: Hold> {
    #[pin]
    retrying: Retrying<S, H>,
}

impl<S, H, T, E> Future for Detailed<S, H>
where
    S: Source<Ok = T, Err = E>,
    E: Fault,
    H: Hold,
    H::Classifier: Classify<T, E>,
    H::Observer: Observe<T, E>,
{
    type Output = Attempted<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Attempted<T, E>> {
        let mut retrying = self.project().retrying;
        retrying.as_mut().poll(cx).map(|result| {
            let course = retrying.later.as_ref().map(|later| &later.course);
            Attempted {
                result,
                attempts: course.map_or(1, Course::attempts),
                waited: course.map_or(Duration::ZERO, Course::waited),
                ending: course.map_or(Ending::Answered, Course::ending),
            }
        })
    }
}

impl<S: Source, H: Hold> fmt::Debug for Retrying<S, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Running { .. } => "Retrying(running)",
            State::Waiting => "Retrying(waiting)",
            State::Readying => "Retrying(readying)",
            State::Done => "Retrying(done)",
        })
    }
}

impl<S: Source, H: Hold> fmt::Debug for Detailed<S, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Detailed").field(&self.retrying).finish()
    }
}
