use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project::pin_project;

use super::{
    config::{Config, Plan},
    ending::Ending,
    machine::{Course, Room},
    shared::Core,
    view::{Again, Observe, Pace, sealed::Sight},
    worth::{Worth, worth, worth_of_refusal},
};
use crate::{
    ground::{
        hold::{Hold, sealed},
        outcome::{Classify, Outcome, never_began},
        pushback::Pushback,
        random,
        refusal::{Fault, Refusal},
        source::Source,
        time::{self, Deadline, Instant, Sleep, outside},
    },
    resilience::budget::quota::Paid,
};

/// So many attempts in one poll, where there is nothing to wait for; then others have their turn.
const IN_ONE_POLL: u32 = 32;

/// What is left of a call whose first attempt was not the answer.
#[pin_project]
pub(super) struct Later<S: Source, H: Hold<Eyes: Sight>> {
    #[pin]
    step: Step<S::Attempt>,
    #[pin]
    timer: Option<Sleep>,
    course: Course<Delays<H>>,
    /// What a quota gives back if the call succeeds.
    paid: Option<Paid>,
    source: S,
    hold: H,
    began: Instant,
    /// On its way out.
    answer: Option<Result<S::Ok, S::Err>>,
}

/// How an attempt has ended.
struct News<T, E> {
    result: Result<T, E>,
    /// What the classifier says of it.
    outcome: Outcome,
}

type Delays<H> = <<<H as sealed::Hold>::Eyes as Sight>::Pace as Pace>::Delays;

#[pin_project(project = StepProjection)]
enum Step<A> {
    Running {
        #[pin]
        attempt: A,
    },
    Waiting,
    Readying,
    Done,
}

impl<S: Source, H: Hold<Eyes: Sight>> Later<S, H> {
    /// Attempts made, time waited between them, and why there was no other.
    pub(super) const fn tally(&self) -> (u32, Duration, Ending) {
        (self.course.attempts(), self.course.waited(), self.course.ending())
    }

    /// The answer, once.
    #[inline(always)]
    pub(super) fn fetch(self: Pin<&mut Self>) -> Poll<Result<S::Ok, S::Err>> {
        match self.project().answer.take() {
            Some(Ok(value)) => Poll::Ready(Ok(value)),
            Some(Err(error)) => Poll::Ready(Err(error)),
            None => Poll::Pending,
        }
    }
}

impl<S, H, T, E> Later<S, H>
where
    S: Source<Ok = T, Err = E>,
    E: Fault,
    H: Hold<Core = Core, Eyes: Sight<Classifier: Classify<T, E>, Observer: Observe<T, E>>>,
{
    /// The first attempt ended like this; `known` is what the classifier says of it, if it has been
    /// asked. Gives the result back if it is the answer, and then makes nothing.
    #[cold]
    #[inline(never)]
    pub(super) fn after(
        result: Result<T, E>,
        known: Option<Outcome>,
        source: S,
        hold: H,
        began: Instant,
        cx: &mut Context<'_>,
    ) -> Result<Pin<Box<Self>>, Result<T, E>> {
        let classify = &hold.eyes().parts().classify;
        let outcome = known.unwrap_or_else(|| outside(|| outcome(classify, &result)));
        let is_answer = if never_began(&result) {
            hold.core().is_none_or(|core| !core.shared.retries_refusals())
        } else {
            matches!(outcome, Outcome::Ignore | Outcome::Slow | Outcome::Success)
        };
        if is_answer {
            return Err(result);
        }
        let news = News { result, outcome };
        let plan = hold.core().map_or_else(Plan::default, |core| core.shared.plan());
        let course = Course::new(&plan);
        let (step, timer, paid, answer) = (Step::Done, None, None, None);
        let mut later = Box::pin(Self { step, timer, course, paid, source, hold, began, answer });
        later.as_mut().go_on(Some(news), cx);
        Ok(later)
    }

    /// It was woken.
    pub(super) fn wake(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        self.go_on(None, cx);
    }

    /// Goes on until there is something to wait for, or an answer to fetch. `news` is how an attempt
    /// ended.
    #[inline(never)]
    fn go_on(mut self: Pin<&mut Self>, mut news: Option<News<T, E>>, cx: &mut Context<'_>) {
        let mut attempts = 0;
        loop {
            if let Some(news) = news.take() {
                self.as_mut().settle(news);
            }
            let this = self.as_mut().project();
            let (mut step, mut timer) = (this.step, this.timer);
            match step.as_mut().project() {
                StepProjection::Running { attempt } => match outside(|| attempt.poll(cx)) {
                    Poll::Pending => return,
                    Poll::Ready(result) => {
                        let classify = &this.hold.eyes().parts().classify;
                        let outcome = outside(|| outcome(classify, &result));
                        news = Some(News { result, outcome });
                    }
                },
                StepProjection::Waiting => {
                    if let Some(sleep) = timer.as_mut().as_pin_mut() {
                        if sleep.poll(cx).is_pending() {
                            return;
                        }
                        timer.set(None);
                        attempts = 0;
                    }
                    if attempts == IN_ONE_POLL {
                        cx.waker().wake_by_ref();
                        return;
                    }
                    attempts += 1;
                    step.set(Step::Readying);
                }
                StepProjection::Readying => match outside(|| this.source.poll_ready(cx)) {
                    Poll::Pending => return,
                    Poll::Ready(Err(error)) => {
                        step.set(Step::Done);
                        *this.answer = Some(Err(error));
                        return;
                    }
                    Poll::Ready(Ok(())) => {
                        let last = this.course.is_last();
                        this.course.begin();
                        match outside(|| this.source.start(last)) {
                            Some(attempt) => step.set(Step::Running { attempt }),
                            // It said that it could be.
                            None => return step.set(Step::Done),
                        }
                    }
                },
                StepProjection::Done => return,
            }
        }
    }

    /// An attempt has ended: with the answer of the call, or another follows.
    fn settle(self: Pin<&mut Self>, news: News<T, E>) {
        let this = self.project();
        let mut step = this.step;
        // Whatever an attempt holds is given back before the wait.
        step.set(Step::Done);
        let Some(core) = this.hold.core() else { return };
        let course = this.course;

        let worth = outside(|| {
            let classify = &this.hold.eyes().parts().classify;
            judge(classify, &news, this.source.is_safe(), course.config())
        });
        let well = matches!(news.outcome, Outcome::Success | Outcome::Slow) && news.result.is_ok();
        let result = news.result;
        let room = match worth {
            Worth::Again { .. } => room(*this.began, course.config()),
            Worth::Answer | Worth::Not(_) => Room::ENDLESS,
        };
        let delays = || outside(|| this.hold.eyes().parts().pace.delays());
        let next = course.next(worth, this.source.is_repeatable(), room, delays, random::below);
        let next = next.and_then(|next| {
            if course.only_watches() {
                Err(Ending::Watched)
            } else if let Some(cost) = next.cost {
                *this.paid = core.pay(cost).ok_or(Ending::Budget)?;
                Ok(next.delay)
            } else {
                Ok(next.delay)
            }
        });
        match next {
            Ok(delay) => {
                let (attempt, waited) = (course.attempts(), course.waited());
                core.shared.tries_again(attempt, delay);
                let again = Again { attempt, result: &result, delay, waited };
                outside(|| this.hold.eyes().parts().observe.observe(&again));
                outside(|| drop(result));
                course.wait(delay);
                if !delay.is_zero() {
                    let mut timer = this.timer;
                    timer.set(Some(Sleep::lasting(delay)));
                }
                step.set(Step::Waiting);
            }
            Err(ending) => {
                course.end(ending);
                if ending == Ending::Answered && well {
                    core.succeed(*this.paid);
                }
                core.shared.ended(ending, course.attempts(), well);
                *this.answer = Some(if course.refuses(ending) {
                    Err(E::from(Refusal::Exhausted {
                        name: core.shared.name().clone(),
                        attempts: course.attempts(),
                        retry_after: course.hint(),
                    }))
                } else {
                    result
                });
            }
        }
    }
}

/// What a result means; a refusal that never began is no classifier's business.
fn outcome<T, E, C>(classifier: &C, result: &Result<T, E>) -> Outcome
where
    E: Fault,
    C: Classify<T, E>,
{
    if never_began(result) { Outcome::Failure } else { classifier.classify(result) }
}

/// What a result is worth that means this.
fn judge<T, E, C>(
    classifier: &C,
    News { result, outcome }: &News<T, E>,
    safe: bool,
    config: &Config,
) -> Worth
where
    E: Fault,
    C: Classify<T, E>,
{
    let refusal = result.as_ref().err().and_then(Fault::refusal);
    match (refusal, outcome) {
        (Some(refusal), _) if !refusal.began() => worth_of_refusal(refusal, config),
        (_, Outcome::Failure | Outcome::SoftFailure) => {
            let mut pushback = classifier.pushback(result);
            // A guard further in may know, where the classifier does not.
            if pushback == Pushback::NONE {
                pushback = refusal.and_then(Refusal::retry_after).into();
            }
            worth(*outcome, pushback, safe)
        }
        (_, Outcome::Ignore | Outcome::Slow | Outcome::Success) => Worth::Answer,
    }
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
        deadline: deadline.map(|deadline| deadline.moment().since(now)),
        elapsed: most.map(|most| most.saturating_sub(now.since(began))),
    }
}
