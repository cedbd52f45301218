use std::time::Duration;

use super::{config::WhenAllOpen, served::Cause};
use crate::ground::{outcome::Outcome, pushback::Pushback, refusal::Refusal, time::Instant};

/// How far off a provider's moment may be for `Probe`: more than a tick of the coarsest clock, by
/// which circuits refuse.
const SOON: Duration = Duration::from_millis(20);

/// What this refusal is a reason for; none if for nothing, because the call itself is at fault.
pub(super) const fn of_refusal(refusal: &Refusal) -> Option<Cause> {
    match refusal {
        Refusal::CircuitOpen { .. } => Some(Cause::ShortCircuited),
        Refusal::DeadlineExceeded { .. } | Refusal::Stalled { .. } | Refusal::TimedOut { .. } => {
            Some(Cause::TimedOut)
        }
        Refusal::Disconnected { .. }
        | Refusal::Full { .. }
        | Refusal::Overloaded { .. }
        | Refusal::RateLimited { .. }
        | Refusal::ShuttingDown { .. }
        | Refusal::StoreUnavailable { .. }
        | Refusal::Throttled { .. } => Some(Cause::Rejected),
        Refusal::Exhausted { .. } | Refusal::Mismatched { .. } | Refusal::Panicked { .. } => {
            Some(Cause::Error)
        }
        Refusal::Invalid { .. } => None,
    }
}

/// Whether a result of this meaning is passed on whatever else it says.
pub(super) const fn stands(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Ignore | Outcome::Slow | Outcome::Success => true,
        Outcome::Failure | Outcome::SoftFailure => false,
    }
}

/// Whether a result of this meaning is one to remember.
pub(super) const fn is_good(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Slow | Outcome::Success)
}

/// Whether a failure that asks for this is to be passed on, for whoever calls again to wait.
pub(super) fn worth_waiting(pushback: Pushback, patience: Duration) -> bool {
    pushback.again != Some(false)
        && !patience.is_zero()
        && pushback.wait.is_some_and(|wait| wait <= patience)
}

/// How a provider came to be passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// The call began, and failed.
    Began,
    /// It refused without having begun, until this moment if it said so.
    Refused(Option<Instant>),
}

/// Where to go next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// To this provider, now.
    Ask(usize),
    /// To this provider, not before this moment.
    AskAt(usize, Instant),
    /// Nowhere.
    End,
}

/// The way of one call from provider to provider.
#[derive(Debug)]
pub(super) struct Route {
    providers: usize,
    /// How many were asked in this round.
    asked: usize,
    /// Nobody's call has begun.
    untouched: bool,
    /// Who is ready soonest, and when.
    soonest: Option<(Instant, usize)>,
    /// In the second round: who came first, and how many are to be asked.
    second: Option<(usize, usize)>,
}

impl Route {
    /// At the first provider, who is being asked.
    pub(super) const fn new(providers: usize) -> Self {
        Self { providers, asked: 1, untouched: true, soonest: None, second: None }
    }

    /// The provider `at` was passed over: where to go next.
    pub(super) fn next(
        &mut self,
        at: usize,
        passed: Passed,
        when_all_open: WhenAllOpen,
        now: Instant,
        deadline: Instant,
    ) -> Next {
        self.note(at, passed);
        if let Some((first, places)) = self.second {
            if self.asked >= places {
                return Next::End;
            }
            self.asked += 1;
            return Next::Ask(after(first, self.asked - 2));
        }
        if self.asked < self.providers {
            self.asked += 1;
            return Next::Ask(self.asked - 1);
        }
        let (latest, places) = match when_all_open {
            WhenAllOpen::Fail => return Next::End,
            WhenAllOpen::Probe => (now.after(SOON), 1),
            WhenAllOpen::WaitUpTo(limit) => (now.after(limit), self.providers),
        };
        match self.soonest {
            Some((moment, first))
                if self.untouched && moment <= latest && moment.max(now) < deadline =>
            {
                self.second = Some((first, places));
                self.asked = 1;
                Next::AskAt(first, moment)
            }
            _ => Next::End,
        }
    }

    fn note(&mut self, at: usize, passed: Passed) {
        match passed {
            Passed::Began => self.untouched = false,
            Passed::Refused(None) => {}
            Passed::Refused(Some(moment)) => {
                if self.soonest.is_none_or(|(soonest, _)| moment < soonest) {
                    self.soonest = Some((moment, at));
                }
            }
        }
    }
}

/// The `nth` of the others in order, when `first` was taken out of its place.
const fn after(first: usize, nth: usize) -> usize {
    if nth < first { nth } else { nth + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::refusal::StallPhase;

    const NOW: Instant = Instant::ORIGIN;
    const REFUSED: Passed = Passed::Refused(None);

    fn at(millis: u64) -> Instant {
        NOW.after(Duration::from_millis(millis))
    }

    fn until(millis: u64) -> Passed {
        Passed::Refused(Some(at(millis)))
    }

    /// Where a call goes that is passed over like this, each at once.
    fn way(providers: usize, passed: &[Passed], when: WhenAllOpen, deadline: Instant) -> Vec<Next> {
        let mut route = Route::new(providers);
        let mut here = 0;
        let mut way = Vec::new();
        for passed in passed {
            let next = route.next(here, *passed, when, NOW, deadline);
            if let Next::Ask(next) | Next::AskAt(next, _) = next {
                here = next;
            }
            way.push(next);
        }
        way
    }

    #[test]
    fn what_refusals_are_reasons_for() {
        let name = || "guard".into();
        let retry_after = None;
        let limit = Duration::ZERO;
        let reason = crate::ground::refusal::OpenReason::Tripped;
        for (refusal, cause) in [
            (
                Refusal::CircuitOpen { name: name(), reason, retry_after },
                Some(Cause::ShortCircuited),
            ),
            (
                Refusal::DeadlineExceeded { name: name(), began: true, late: limit },
                Some(Cause::TimedOut),
            ),
            (Refusal::Disconnected { name: name(), retry_after }, Some(Cause::Rejected)),
            (Refusal::Exhausted { name: name(), attempts: 3, retry_after }, Some(Cause::Error)),
            (Refusal::Full { name: name(), limit: 3 }, Some(Cause::Rejected)),
            (Refusal::Invalid { name: name(), rule: "must be text" }, None),
            (Refusal::RateLimited { name: name(), retry_after }, Some(Cause::Rejected)),
            (Refusal::ShuttingDown { name: name() }, Some(Cause::Rejected)),
            (
                Refusal::Stalled { name: name(), phase: StallPhase::Gap, items: 3, limit },
                Some(Cause::TimedOut),
            ),
            (Refusal::Throttled { name: name() }, Some(Cause::Rejected)),
            (Refusal::TimedOut { name: name(), limit }, Some(Cause::TimedOut)),
        ] {
            assert_eq!(of_refusal(&refusal), cause, "{refusal}");
        }
    }

    #[test]
    fn a_short_rest_is_worth_waiting_for_and_a_long_one_is_not() {
        let seconds = Duration::from_secs;
        for (wait, again, patience, worth) in [
            (Some(1), None, 5, true),
            (Some(5), None, 5, true),
            (Some(6), None, 5, false),
            (Some(0), None, 5, true),
            (Some(0), None, 0, false),
            (None, None, 5, false),
            (Some(1), Some(true), 5, true),
            (Some(1), Some(false), 5, false),
        ] {
            let pushback = Pushback { wait: wait.map(seconds), again, remaining: None };
            let seen = worth_waiting(pushback, seconds(patience));
            assert_eq!(seen, worth, "{pushback:?}, patience {patience} s");
        }
    }

    #[test]
    fn providers_are_asked_in_order_and_once() {
        for passed in [Passed::Began, REFUSED, until(0)] {
            assert_eq!(
                way(3, &[passed; 3], WhenAllOpen::Fail, Instant::FOREVER),
                [Next::Ask(1), Next::Ask(2), Next::End]
            );
        }
        assert_eq!(way(1, &[REFUSED], WhenAllOpen::Fail, Instant::FOREVER), [Next::End]);
    }

    #[test]
    fn the_soonest_is_probed_once_and_without_waiting() {
        let probe = |passed: &[Passed]| way(3, passed, WhenAllOpen::Probe, Instant::FOREVER);
        let late = [until(100), until(21), until(50)];
        assert_eq!(probe(&late), [Next::Ask(1), Next::Ask(2), Next::End], "21 ms is too far off");
        let soon = [until(100), until(20), until(50), until(0)];
        assert_eq!(
            probe(&soon),
            [Next::Ask(1), Next::Ask(2), Next::AskAt(1, at(20)), Next::End],
            "asked once, whatever it says then"
        );
        assert_eq!(probe(&[REFUSED; 3])[2], Next::End, "nobody knows when");
        assert_eq!(probe(&[until(0), Passed::Began, until(0)])[2], Next::End, "one had its chance");
    }

    #[test]
    fn waiting_ends_with_the_soonest_and_asks_the_others_after_it() {
        let wait = |passed: &[Passed], deadline| {
            way(3, passed, WhenAllOpen::WaitUpTo(Duration::from_millis(500)), deadline)
        };
        let all = [until(900), REFUSED, until(500), REFUSED, REFUSED, until(1)];
        assert_eq!(
            wait(&all, Instant::FOREVER),
            [
                Next::Ask(1),
                Next::Ask(2),
                Next::AskAt(2, at(500)),
                Next::Ask(0),
                Next::Ask(1),
                Next::End
            ]
        );
        assert_eq!(wait(&all[..3], at(500))[2], Next::End, "the deadline comes first");
        assert_eq!(wait(&all[..3], at(501))[2], Next::AskAt(2, at(500)));
        assert_eq!(wait(&[until(501); 3], Instant::FOREVER)[2], Next::End, "too long");
    }

    #[test]
    fn of_two_that_are_ready_together_the_earlier_is_asked() {
        let when = WhenAllOpen::WaitUpTo(Duration::from_secs(1));
        assert_eq!(
            way(2, &[until(5), until(5), Passed::Began], when, Instant::FOREVER),
            [Next::Ask(1), Next::AskAt(0, at(5)), Next::Ask(1)]
        );
    }

    #[test]
    fn a_route_never_asks_more_than_twice_over() {
        let kinds = [Passed::Began, REFUSED, until(3)];
        for providers in 1..=3 {
            for ways in 0..3_usize.pow(6) {
                let passed: Vec<_> =
                    (0..6).map(|place| kinds[ways / 3_usize.pow(place) % 3]).collect();
                let when = WhenAllOpen::WaitUpTo(Duration::from_secs(1));
                let way = way(providers, &passed, when, Instant::FOREVER);
                let end = way.iter().position(|next| *next == Next::End);
                assert!(end.is_some_and(|end| end < 2 * providers), "{providers}: {passed:?}");
            }
        }
    }
}
