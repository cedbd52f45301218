use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project::{pin_project, pinned_drop};

use super::{
    rivals::{News, Race, Rivals, Win, outcome_of, poll_timer},
    shared::Core,
    view::{Patience, sealed::Sight},
};
use crate::ground::{
    hold::Hold,
    outcome::{Classify, Outcome, never_began},
    refusal::Fault,
    source::Source,
    time::{self, Instant, Sleep, outside},
};

/// A call that is made again beside itself when it takes too long: the same future behind both doors,
/// generic over the work and how it holds the hedge.
///
/// # Cancel safety
///
/// Dropping it drops every attempt.
#[must_use = "futures do nothing unless polled"]
#[pin_project(PinnedDrop)]
pub struct Hedging<S, H>
where
    S: Source,
    S::Err: Fault,
    H: Hold<Core = Core, Eyes: Sight>,
{
    #[pin]
    state: State<S, H>,
}

type RivalsOf<S> = Rivals<<S as Source>::Attempt, <S as Source>::Ok, <S as Source>::Err>;

#[pin_project(project = StateProjection)]
enum State<S: Source, H> {
    Racing {
        /// None once it has failed.
        #[pin]
        first: Option<S::Attempt>,
        /// Set once there is something to wait for.
        #[pin]
        timer: Option<Sleep>,
        source: S,
        hold: H,
        /// When it began, if that is asked.
        began: Instant,
        /// None is never.
        delay: Option<Duration>,
        rivals: Option<Box<RivalsOf<S>>>,
    },
    Done,
}

impl<S, H> Hedging<S, H>
where
    S: Source,
    S::Err: Fault,
    H: Hold<Core = Core, Eyes: Sight>,
{
    /// The first attempt is started by `start`, which is told whether it is the only one.
    #[inline]
    pub(super) fn start(core: &Core, hold: H, start: impl FnOnce(bool) -> (S, S::Attempt)) -> Self {
        let began = core.begin();
        let patience = &hold.eyes().parts().patience;
        let delay = outside(|| patience.delay(core.shared.delay(began)));
        let (source, first) = outside(|| start(delay.is_none()));
        let (first, timer, rivals) = (Some(first), None, None);
        Self { state: State::Racing { first, timer, source, hold, began, delay, rivals } }
    }
}

impl<S, H, T, E> Future for Hedging<S, H>
where
    S: Source<Ok = T, Err = E>,
    E: Fault,
    H: Hold<Core = Core, Eyes: Sight<Classifier: Classify<T, E>>>,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.as_mut().project().state;
        let StateProjection::Racing { first, timer, source, hold, began, delay, rivals } =
            state.as_mut().project()
        else {
            // Polled again after its answer: it has no other.
            return Poll::Pending;
        };
        let (Some(first), None) = (first.as_pin_mut(), rivals) else {
            return self.go_on(News::Wake, cx);
        };
        // The two results apart: brought together they are copied through memory.
        match outside(|| first.poll(cx)) {
            Poll::Pending => {}
            Poll::Ready(Ok(value)) => {
                let result = Ok(value);
                let outcome = outside(|| hold.eyes().parts().classify.classify(&result));
                match outcome {
                    Outcome::Slow | Outcome::Success => {
                        if *began != Instant::FOREVER {
                            record(hold, *began);
                        }
                        state.set(State::Done);
                        return Poll::Ready(result);
                    }
                    Outcome::Failure | Outcome::Ignore | Outcome::SoftFailure => {
                        return self.go_on(News::First(result, Some(outcome)), cx);
                    }
                }
            }
            Poll::Ready(Err(error)) => return self.go_on(News::First(Err(error), None), cx),
        }
        match *delay {
            Some(delay) if source.is_repeatable() && source.is_safe() => {
                if poll_timer(timer, delay, cx).is_pending() {
                    return Poll::Pending;
                }
                self.go_on(News::Slow, cx)
            }
            _ => Poll::Pending,
        }
    }
}

#[cold]
fn record<H: Hold<Core = Core>>(hold: &H, began: Instant) {
    if let Some(core) = hold.core() {
        core.shared.record(began, time::now(), true);
    }
}

impl<S, H, T, E> Hedging<S, H>
where
    S: Source<Ok = T, Err = E>,
    E: Fault,
    H: Hold<Core = Core, Eyes: Sight<Classifier: Classify<T, E>>>,
{
    /// The first attempt was not an answer at once.
    #[cold]
    #[inline(never)]
    fn go_on(self: Pin<&mut Self>, news: News<T, E>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        let mut state = self.project().state;
        let StateProjection::Racing { first, timer, source, hold, began, delay, rivals } =
            state.as_mut().project()
        else {
            return Poll::Pending;
        };
        let Some(core) = hold.core() else { return Poll::Pending };
        let classify = &hold.eyes().parts().classify;
        let news = match news {
            News::First(result, known) if rivals.is_none() => {
                let outcome = known.unwrap_or_else(|| outside(|| outcome_of(classify, &result)));
                // Nothing follows such a result, and nothing is made for what would.
                if delay.is_none() || (outcome == Outcome::Ignore && !never_began(&result)) {
                    if *began != Instant::FOREVER {
                        let by_itself = matches!(outcome, Outcome::Slow | Outcome::Success);
                        core.shared.record(*began, time::now(), by_itself);
                    }
                    state.set(State::Done);
                    return Poll::Ready(result);
                }
                News::First(result, Some(outcome))
            }
            news => news,
        };
        let rivals = rivals.get_or_insert_with(|| {
            let never = delay.is_none();
            Box::new(if never { Rivals::closed() } else { Rivals::new() })
        });
        let (began, delay) = (*began, delay.unwrap_or(Duration::MAX));
        let mut race = Race { first, timer, source, core, classify, began, delay };
        let Poll::Ready(Win { answer, hedged }) = rivals.poll(&mut race, news, cx) else {
            return Poll::Pending;
        };
        if hedged {
            core.shared.won();
        }
        if began != Instant::FOREVER {
            let now = time::now();
            if race.first.is_some() {
                core.shared.record(began, now, false);
            }
            rivals.cut_short(core, now);
        }
        state.set(State::Done);
        Poll::Ready(answer)
    }
}

#[pinned_drop]
impl<S, H> PinnedDrop for Hedging<S, H>
where
    S: Source,
    S::Err: Fault,
    H: Hold<Core = Core, Eyes: Sight>,
{
    /// Attempts that are dropped with it have lasted at least so long.
    fn drop(self: Pin<&mut Self>) {
        if let StateProjection::Racing { first, hold, began, rivals, .. } =
            self.project().state.project()
        {
            if let (false, Some(core)) = (*began == Instant::FOREVER, hold.core()) {
                let now = time::now();
                if first.is_some() {
                    core.shared.record(*began, now, false);
                }
                if let Some(rivals) = rivals {
                    rivals.cut_short(core, now);
                }
            }
        }
    }
}

impl<S, H> fmt::Debug for Hedging<S, H>
where
    S: Source,
    S::Err: Fault,
    H: Hold<Core = Core, Eyes: Sight>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.state {
            State::Racing { rivals: None, .. } => "Hedging(first)",
            State::Racing { .. } => "Hedging(hedged)",
            State::Done => "Hedging(done)",
        })
    }
}
