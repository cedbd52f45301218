use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use super::{
    machine::{Meaning, meaning},
    shared::{Cause, Core},
};
use crate::ground::{
    mode::Mode,
    outcome::{Classify, Outcome, never_began},
    pushback::Pushback,
    refusal::Fault,
    source::Source,
    time::{self, Deadline, Instant, Sleep, outside},
};

/// The attempts beside the first. Made when the first of them is due.
pub(super) struct Rivals<A, T, E> {
    running: Vec<Rival<A>>,
    started: u32,
    /// No other is started.
    closed: bool,
    due: Option<Cause>,
    /// One is paid for, and what it is made on becomes ready.
    readying: bool,
    /// What the first attempt came to, once it has failed.
    first: Option<Result<T, E>>,
}

struct Rival<A> {
    attempt: Pin<Box<A>>,
    began: Instant,
}

/// What there is to see to.
pub(super) enum News<T, E> {
    /// The first attempt has ended like this; what the classifier says of it, if it has been asked.
    First(Result<T, E>, Option<Outcome>),
    /// The first attempt takes too long.
    Slow,
    /// Somebody was woken.
    Wake,
}

/// The answer of a call, and whether a hedge gave it.
pub(super) struct Win<T, E> {
    pub(super) answer: Result<T, E>,
    pub(super) hedged: bool,
}

/// The parts of a call that its rivals work with.
pub(super) struct Race<'a, S: Source, C> {
    pub(super) first: Pin<&'a mut Option<S::Attempt>>,
    pub(super) timer: Pin<&'a mut Option<Sleep>>,
    pub(super) source: &'a mut S,
    pub(super) core: &'a Core,
    pub(super) classify: &'a C,
    pub(super) began: Instant,
    pub(super) delay: Duration,
}

impl<A, T, E> Rivals<A, T, E>
where
    A: Future<Output = Result<T, E>>,
    E: Fault,
{
    pub(super) const fn new() -> Self {
        Self {
            running: Vec::new(),
            started: 0,
            closed: false,
            due: None,
            readying: false,
            first: None,
        }
    }

    /// None will be started.
    pub(super) fn closed() -> Self {
        Self { closed: true, ..Self::new() }
    }

    /// Polls whoever runs and starts who is due.
    pub(super) fn poll<S, C>(
        &mut self,
        race: &mut Race<'_, S, C>,
        news: News<T, E>,
        cx: &mut Context<'_>,
    ) -> Poll<Win<T, E>>
    where
        S: Source<Ok = T, Err = E, Attempt = A>,
        C: Classify<T, E>,
    {
        let first = match news {
            News::First(result, outcome) => Some((result, outcome)),
            News::Slow => {
                self.due = Some(Cause::Slow);
                None
            }
            News::Wake => match race.first.as_mut().as_pin_mut() {
                Some(first) => match outside(|| first.poll(cx)) {
                    Poll::Ready(result) => Some((result, None)),
                    Poll::Pending => None,
                },
                None => None,
            },
        };
        if let Some((result, outcome)) = first {
            race.first.set(None);
            if self.ended(race, &result, outcome, race.began) {
                return Poll::Ready(Win { answer: result, hedged: false });
            }
            self.first = Some(result);
        }
        let mut at = 0;
        loop {
            if let Some(answer) = self.poll_running(at, race, cx) {
                return Poll::Ready(Win { answer, hedged: true });
            }
            // The others have been polled already.
            at = self.running.len();
            if !self.start_next(race, cx) {
                break;
            }
        }
        let over = race.first.is_none() && self.running.is_empty() && !self.readying;
        match self.first.take_if(|_| over) {
            Some(answer) => Poll::Ready(Win { answer, hedged: false }),
            None => Poll::Pending,
        }
    }

    /// Polls each from this one on; the answer, if one gives it.
    fn poll_running<S, C>(
        &mut self,
        mut at: usize,
        race: &Race<'_, S, C>,
        cx: &mut Context<'_>,
    ) -> Option<Result<T, E>>
    where
        S: Source<Ok = T, Err = E, Attempt = A>,
        C: Classify<T, E>,
    {
        while let Some(rival) = self.running.get_mut(at) {
            match outside(|| rival.attempt.as_mut().poll(cx)) {
                Poll::Pending => at += 1,
                Poll::Ready(result) => {
                    let began = self.running.remove(at).began;
                    if self.ended(race, &result, None, began) {
                        return Some(result);
                    }
                    outside(|| drop(result));
                }
            }
        }
        None
    }

    /// An attempt has ended. Whether with the answer of the call.
    fn ended<S, C>(
        &mut self,
        race: &Race<'_, S, C>,
        result: &Result<T, E>,
        known: Option<Outcome>,
        began: Instant,
    ) -> bool
    where
        S: Source,
        C: Classify<T, E>,
    {
        let (outcome, meaning) = outside(|| judge(race.classify, result, known));
        if began != Instant::FOREVER {
            let by_itself = matches!(outcome, Outcome::Slow | Outcome::Success);
            race.core.shared.record(began, time::now(), by_itself);
        }
        match meaning {
            Meaning::Answer => return true,
            Meaning::Failed => self.due = Some(Cause::Failed),
            Meaning::LastFailed => self.closed = true,
        }
        false
    }

    /// Starts the next attempt if it is due. Whether one was started, and is to be polled.
    fn start_next<S, C>(&mut self, race: &mut Race<'_, S, C>, cx: &mut Context<'_>) -> bool
    where
        S: Source<Ok = T, Err = E, Attempt = A>,
    {
        if !self.readying && !self.is_next_due(race, cx) {
            return false;
        }
        // Before it was ready the backend has asked to be left alone.
        if self.closed {
            self.stand_down(race.source);
            return false;
        }
        self.readying = true;
        match outside(|| race.source.poll_ready(cx)) {
            Poll::Pending => return false,
            Poll::Ready(Ok(())) if is_in_time() => self.readying = false,
            // The others go on without it.
            Poll::Ready(late) => {
                outside(|| drop(late));
                self.stand_down(race.source);
                return false;
            }
        }
        let last = self.started >= race.core.shared.max_hedges();
        let Some(attempt) = outside(|| race.source.start(last)) else {
            self.closed = true;
            return false;
        };
        let began = if race.began == Instant::FOREVER { Instant::FOREVER } else { time::now() };
        self.running.push(Rival { attempt: Box::pin(attempt), began });
        true
    }

    /// The attempt that was being made ready is not made, and no other. What it held to be ready is not
    /// kept until the others have ended.
    fn stand_down<S: Source>(&mut self, source: &mut S) {
        (self.readying, self.closed) = (false, true);
        outside(|| source.retire());
    }

    /// Whether the next attempt is due, and paid for. None ever is where it only watches.
    fn is_next_due<S: Source, C>(
        &mut self,
        race: &mut Race<'_, S, C>,
        cx: &mut Context<'_>,
    ) -> bool {
        loop {
            let may = !self.closed
                && self.started < race.core.shared.max_hedges()
                && race.source.is_repeatable()
                && race.source.is_safe();
            if !may {
                race.timer.set(None);
                return false;
            }
            if self.due.is_none() && poll_timer(race.timer.as_mut(), race.delay, cx).is_ready() {
                self.due = Some(Cause::Slow);
            }
            let Some(cause) = self.due.take() else { return false };
            race.timer.set(None);
            if !is_in_time() || !race.core.pay(cause) {
                self.closed = true;
                return false;
            }
            self.started += 1;
            if race.core.shared.mode() == Mode::Enforce {
                return true;
            }
            // Counted as if it were started; the next is due a delay later.
        }
    }

    /// The race is over for whoever still runs.
    pub(super) fn cut_short(&self, core: &Core, now: Instant) {
        for rival in &self.running {
            core.shared.record(rival.began, now, false);
        }
    }
}

/// Whether the task's deadline has not passed.
fn is_in_time() -> bool {
    Deadline::current().is_none_or(|deadline| !deadline.left().is_zero())
}

/// Ready once so long has passed since it was first polled.
#[inline]
pub(super) fn poll_timer(
    mut timer: Pin<&mut Option<Sleep>>,
    delay: Duration,
    cx: &mut Context<'_>,
) -> Poll<()> {
    if delay.is_zero() {
        return Poll::Ready(());
    }
    if timer.is_none() {
        timer.set(Some(Sleep::lasting(delay)));
    }
    timer.as_pin_mut().map_or(Poll::Pending, |timer| timer.poll(cx))
}

/// What a result means; a refusal that never began is no classifier's business.
pub(super) fn outcome_of<T, E, C>(classify: &C, result: &Result<T, E>) -> Outcome
where
    E: Fault,
    C: Classify<T, E>,
{
    if never_began(result) { Outcome::Failure } else { classify.classify(result) }
}

/// What a result means. `known` is what the classifier has said of it already.
fn judge<T, E, C>(classify: &C, result: &Result<T, E>, known: Option<Outcome>) -> (Outcome, Meaning)
where
    E: Fault,
    C: Classify<T, E>,
{
    if never_began(result) {
        return (Outcome::Ignore, meaning(Outcome::Ignore, Pushback::NONE, true));
    }
    let outcome = known.unwrap_or_else(|| classify.classify(result));
    let pushback = match outcome {
        Outcome::Failure | Outcome::SoftFailure => classify.pushback(result),
        Outcome::Ignore | Outcome::Slow | Outcome::Success => Pushback::NONE,
    };
    (outcome, meaning(outcome, pushback, false))
}
