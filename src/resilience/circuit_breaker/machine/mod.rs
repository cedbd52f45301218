//! The decisions: plain data, told the time, returning what happened.

mod opening;
mod probing;
mod terms;

use std::time::Duration;

pub(super) use self::terms::{Barred, Moment, Order, Ticket, Totals};
use self::{
    opening::{broken_rule, interval},
    probing::{Round, Verdict},
};
use super::{
    config::Plan,
    state::{Counts, Reason, State, Transition},
    window::{Marks, Records},
};
use crate::ground::{mode::Mode, refusal::OpenReason, time::Instant};

/// A circuit, without its lock, its clock and its hot counters.
#[derive(Debug)]
pub(super) struct Machine {
    plan: Plan,
    phase: Phase,
    /// Moves on with every change of phase. A result from an older era is stale news about a
    /// circuit that has since changed, and is ignored.
    era: u64,
    /// How often in a row it opened without a full close in between.
    opens: u32,
    /// Why it is as it is.
    reason: Option<Reason>,
    records: Records,
    /// In shadow mode: it would be open, and that has been told.
    would_be_open: bool,
    totals: Totals,
}

#[derive(Debug)]
enum Phase {
    Closed,
    Disabled,
    Forced,
    HalfOpen(Round),
    Isolated,
    Open { until: Instant },
    Ramping { since: Instant, over: Duration },
}

impl Machine {
    pub(super) fn new(plan: Plan, now: Instant) -> Self {
        Self {
            records: Records::new(&plan, now, 0),
            plan,
            phase: Phase::Closed,
            era: 1,
            opens: 0,
            reason: None,
            would_be_open: false,
            totals: Totals::default(),
        }
    }

    /// Lets a call pass, or not; the circuit may change by being asked.
    pub(super) fn admit(&mut self, moment: Moment) -> (Result<Ticket, Barred>, Option<Transition>) {
        let change = self.tend(moment);
        if let Some(barred) = self.bars(moment.now) {
            return (Err(barred), change);
        }
        let mut ticket = Ticket { era: self.era, lease: 0 };
        match &mut self.phase {
            Phase::HalfOpen(round) => ticket.lease = round.lease(self.plan.config(), moment.now),
            Phase::Ramping { since, over } => {
                let gone = moment.now.since(*since);
                let share = 0.1 + 0.9 * gone.as_secs_f64() / over.as_secs_f64();
                if moment.draw >= share {
                    let left = over.saturating_sub(gone);
                    return (Err(Barred::new(OpenReason::Ramping, Some(left))), change);
                }
            }
            _ => {}
        }
        (Ok(ticket), change)
    }

    /// What keeps a call out for now, if anything does; the circuit may change by being asked.
    pub(super) fn look(&mut self, moment: Moment) -> (Option<Barred>, Option<Transition>) {
        let change = self.tend(moment);
        (self.bars(moment.now), change)
    }

    fn bars(&self, now: Instant) -> Option<Barred> {
        let barred = |reason, retry_after| Some(Barred::new(reason, retry_after));
        match &self.phase {
            Phase::Closed | Phase::Disabled | Phase::Ramping { .. } => None,
            Phase::Forced => barred(OpenReason::Forced, None),
            Phase::HalfOpen(round) => {
                let retry_after = round.retry_after(self.plan.config(), now)?;
                barred(OpenReason::Probing, Some(retry_after))
            }
            Phase::Isolated => barred(OpenReason::Isolated, None),
            Phase::Open { until } => barred(OpenReason::Tripped, Some(until.since(now))),
        }
    }

    /// Takes the result of a call in. `hint` is how long the backend asks to be left alone.
    pub(super) fn record(
        &mut self,
        ticket: Ticket,
        marks: Marks,
        hint: Option<Duration>,
        moment: Moment,
    ) -> Option<Transition> {
        if ticket.era != self.era {
            return None;
        }
        match &mut self.phase {
            Phase::Closed | Phase::Ramping { .. } => {
                // Told already, unless it has recovered since: by good calls, which nobody tells,
                // or by time.
                if self.would_be_open {
                    let counts = self.records.counts(moment.seen.before(marks), moment.now);
                    let broken = broken_rule(self.plan.config(), Marks::ALL, counts);
                    self.would_be_open = broken.is_some();
                }
                self.records.add(marks, moment.seen.position, moment.now);
                let counts = self.records.counts(moment.seen, moment.now);
                let reason = broken_rule(self.plan.config(), marks, counts);
                self.open_or_tell(reason, hint, moment)
            }
            Phase::HalfOpen(round) => {
                round.expire(moment.now);
                round.settle(ticket.lease, marks);
                self.judge(hint, moment)
            }
            Phase::Disabled | Phase::Forced | Phase::Isolated | Phase::Open { .. } => None,
        }
    }

    /// A probe ended without a result: its place is free again.
    pub(super) fn release(&mut self, ticket: Ticket, moment: Moment) -> Option<Transition> {
        let Phase::HalfOpen(round) = &mut self.phase else { return None };
        if ticket.era != self.era {
            return None;
        }
        round.expire(moment.now);
        round.release(ticket.lease);
        self.judge(None, moment)
    }

    /// Whether calls that are not probes are counted.
    pub(super) const fn counts_calls(&self) -> bool {
        matches!(self.phase, Phase::Closed | Phase::Ramping { .. })
    }

    /// Does as it is told. None if that changes nothing.
    pub(super) fn obey(&mut self, order: Order, moment: Moment) -> Option<Transition> {
        let (phase, reason) = match order {
            Order::Disable => (Phase::Disabled, Reason::Disabled),
            Order::ForceOpen => (Phase::Forced, Reason::Forced),
            Order::Isolate => (Phase::Isolated, Reason::Isolated),
            Order::OpenFor(duration) => {
                (Phase::Open { until: moment.now.after(duration) }, Reason::Forced)
            }
            Order::Reset => (Phase::Closed, Reason::Reset),
        };
        let open_for = if let Order::OpenFor(duration) = order { Some(duration) } else { None };
        if phase.state() == self.state() && order != Order::Reset {
            // No event, but a new end to an open interval holds.
            self.phase = phase;
            return None;
        }
        if order == Order::Reset {
            self.opens = 0;
        }
        Some(self.enter(phase, reason, open_for, moment))
    }

    /// Goes by another plan from now on. Calls in flight stay what they are; the window starts
    /// again only if it is cut differently.
    pub(super) fn reconfigure(
        &mut self,
        plan: Plan,
        start: Instant,
        moment: Moment,
    ) -> Option<Transition> {
        if self.is_recut_by(&plan) {
            self.records = Records::new(&plan, start, moment.seen.position);
        }
        let shadow = plan.config().mode == Mode::Shadow;
        let no_ramp = plan.config().ramp.is_none();
        self.plan = plan;
        self.would_be_open = false;
        match self.phase {
            Phase::Open { .. } | Phase::HalfOpen(_) | Phase::Ramping { .. } if shadow => {
                self.opens = 0;
                Some(self.enter(Phase::Closed, Reason::Reconfigured, None, moment))
            }
            Phase::Ramping { .. } if no_ramp => Some(self.finish_ramp(moment)),
            _ => None,
        }
    }

    /// Whether this plan counts other calls than the one in force.
    pub(super) fn is_recut_by(&self, plan: &Plan) -> bool {
        plan.config().window != self.plan.config().window
            || plan.has_window() != self.plan.has_window()
    }

    pub(super) const fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(super) const fn era(&self) -> u64 {
        self.era
    }

    pub(super) const fn state(&self) -> State {
        self.phase.state()
    }

    /// Why it is in this state; none if it has never been in another.
    pub(super) const fn reason(&self) -> Option<Reason> {
        self.reason
    }

    pub(super) const fn opens(&self) -> u32 {
        self.opens
    }

    pub(super) const fn totals(&self) -> Totals {
        self.totals
    }

    /// The end of the open interval, while there is one.
    pub(super) const fn open_until(&self) -> Option<Instant> {
        match self.phase {
            Phase::Open { until } => Some(until),
            _ => None,
        }
    }

    pub(super) fn counts(&mut self, moment: Moment) -> Counts {
        match &self.phase {
            Phase::HalfOpen(round) => round.counts(),
            _ => self.records.counts(moment.seen, moment.now),
        }
    }

    /// Lets time have its way: intervals end, leases run out.
    fn tend(&mut self, moment: Moment) -> Option<Transition> {
        match &mut self.phase {
            Phase::Open { until } if moment.now >= *until => {
                let round = Round::new(moment.now.after(self.plan.config().half_open_for));
                Some(self.enter(Phase::HalfOpen(round), Reason::IntervalOver, None, moment))
            }
            Phase::Ramping { since, over } if moment.now.since(*since) >= *over => {
                Some(self.finish_ramp(moment))
            }
            Phase::HalfOpen(round) => {
                round.expire(moment.now);
                self.judge(None, moment)
            }
            _ => None,
        }
    }

    fn open_or_tell(
        &mut self,
        reason: Option<Reason>,
        hint: Option<Duration>,
        moment: Moment,
    ) -> Option<Transition> {
        let reason = reason?;
        if self.plan.config().mode != Mode::Shadow {
            return Some(self.open(reason, hint, moment));
        }
        if self.would_be_open {
            return None;
        }
        self.would_be_open = true;
        self.totals.would_have_opened += 1;
        let open_for = interval(self.plan.config(), 1, hint, moment.draw);
        let told = self.transition(State::Open, reason, Some(open_for), moment);
        Some(Transition { opens: 1, shadow: true, ..told })
    }

    fn judge(&mut self, hint: Option<Duration>, moment: Moment) -> Option<Transition> {
        let Phase::HalfOpen(round) = &mut self.phase else {
            return None;
        };
        match round.verdict(self.plan.config(), moment.now) {
            Verdict::Undecided => None,
            Verdict::Close => {
                let phase = match self.plan.config().ramp {
                    Some(over) => Phase::Ramping { since: moment.now, over },
                    None => Phase::Closed,
                };
                if matches!(phase, Phase::Closed) {
                    self.opens = 0;
                }
                Some(self.enter(phase, Reason::ProbesSucceeded, None, moment))
            }
            Verdict::Reopen(reason) => Some(self.open(reason, hint, moment)),
        }
    }

    fn open(&mut self, reason: Reason, hint: Option<Duration>, moment: Moment) -> Transition {
        self.opens = self.opens.saturating_add(1);
        self.totals.opened += 1;
        let open_for = interval(self.plan.config(), self.opens, hint, moment.draw);
        self.enter(
            Phase::Open { until: moment.now.after(open_for) },
            reason,
            Some(open_for),
            moment,
        )
    }

    /// The era goes on: calls admitted while ramping count when everything passes again.
    fn finish_ramp(&mut self, moment: Moment) -> Transition {
        self.opens = 0;
        self.shift(Phase::Closed, Reason::RampOver, None, moment)
    }

    /// Changes phase, and starts a new era with nothing counted.
    fn enter(
        &mut self,
        phase: Phase,
        reason: Reason,
        open_for: Option<Duration>,
        moment: Moment,
    ) -> Transition {
        let change = self.shift(phase, reason, open_for, moment);
        self.era += 1;
        self.would_be_open = false;
        self.records.clear(moment.seen.position);
        change
    }

    fn shift(
        &mut self,
        phase: Phase,
        reason: Reason,
        open_for: Option<Duration>,
        moment: Moment,
    ) -> Transition {
        let change = self.transition(phase.state(), reason, open_for, moment);
        self.phase = phase;
        self.reason = Some(reason);
        self.totals.transitions += 1;
        change
    }

    /// What a change from the present state to another would be.
    fn transition(
        &mut self,
        to: State,
        reason: Reason,
        open_for: Option<Duration>,
        moment: Moment,
    ) -> Transition {
        Transition {
            from: self.state(),
            to,
            reason,
            at: moment.now,
            open_for,
            opens: self.opens,
            counts: self.counts(moment),
            shadow: false,
            missed: 0,
        }
    }
}

impl Phase {
    const fn state(&self) -> State {
        match self {
            Self::Closed => State::Closed,
            Self::Disabled => State::Disabled,
            Self::Forced => State::ForcedOpen,
            Self::HalfOpen(_) => State::HalfOpen,
            Self::Isolated => State::Isolated,
            Self::Open { .. } => State::Open,
            Self::Ramping { .. } => State::Ramping,
        }
    }
}
