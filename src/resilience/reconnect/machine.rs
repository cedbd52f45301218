//! When to connect, when to wait, when to give up.

use std::time::Duration;

use super::{
    config::Plan,
    state::{State, Transition},
};
use crate::ground::{backoff::Delays, time::Instant};

/// What somebody finds who asks for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// The attempt of this number is to be made, by whoever asked.
    Begin(u64),
    Closed,
    /// Nothing to do before that moment.
    Later {
        due: Instant,
        down: bool,
    },
    Up,
    /// The attempt of this number is under way.
    Wait(u64),
}

#[derive(Debug)]
pub(super) struct Machine {
    plan: Plan,
    phase: Phase,
    /// Of the last attempt. A connection has the number of the attempt that made it.
    era: u64,
    /// Attempts failed in a row, connections lost too soon among them.
    failures: u32,
    /// When the first attempt since the last stable connection began.
    trying_since: Option<Instant>,
    delays: Delays,
    pub(super) made: u64,
    pub(super) failed: u64,
    pub(super) lost: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    BackingOff { until: Instant },
    Closed,
    Connecting,
    Down { until: Instant },
    Idle,
    Up { since: Instant },
}

impl Machine {
    pub(super) fn new(plan: Plan) -> Self {
        let delays = Delays::new(plan.terms());
        Self {
            plan,
            phase: Phase::Idle,
            era: 0,
            failures: 0,
            trying_since: None,
            delays,
            made: 0,
            failed: 0,
            lost: 0,
        }
    }

    pub(super) const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Goes by another plan from now on; a delay that runs already stays.
    pub(super) fn reconfigure(&mut self, plan: Plan) {
        self.delays = Delays::new(plan.terms());
        self.plan = plan;
    }

    pub(super) fn state(&self) -> State {
        match self.phase {
            Phase::BackingOff { .. } => State::BackingOff(self.failures),
            Phase::Closed => State::Closed,
            Phase::Connecting => State::Connecting,
            Phase::Down { .. } => State::Down,
            Phase::Idle => State::Idle,
            Phase::Up { .. } => State::Up,
        }
    }

    /// When the next attempt may begin, where there is something to wait for.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.phase {
            Phase::BackingOff { until } | Phase::Down { until } => Some(until),
            _ => None,
        }
    }

    /// Attempts failed in a row at `now`: none, once the connection there is has been stable.
    pub(super) fn failures(&self, now: Instant) -> u32 {
        match self.phase {
            Phase::Up { since } if self.is_stable(since, now) => 0,
            _ => self.failures,
        }
    }

    /// Somebody asks for a connection.
    pub(super) fn ask(&mut self, now: Instant) -> (Ask, Option<Transition>) {
        match self.phase {
            Phase::Up { .. } => (Ask::Up, None),
            Phase::Closed => (Ask::Closed, None),
            Phase::Connecting => (Ask::Wait(self.era), None),
            Phase::BackingOff { until } if now < until => {
                (Ask::Later { due: until, down: false }, None)
            }
            Phase::Down { until } if now < until => (Ask::Later { due: until, down: true }, None),
            Phase::BackingOff { .. } => match self.down_until(now) {
                Some(until) if now < until => {
                    // Nobody asked while there was time left.
                    let change = self.enter(Phase::Down { until }, now);
                    (Ask::Later { due: until, down: true }, Some(change))
                }
                Some(_) => self.begin_afresh(now),
                None => self.begin(now),
            },
            Phase::Down { .. } | Phase::Idle => self.begin_afresh(now),
        }
    }

    fn begin_afresh(&mut self, now: Instant) -> (Ask, Option<Transition>) {
        self.forget();
        self.begin(now)
    }

    /// Until when it is down, where it has been without a stable connection for too long.
    fn down_until(&self, now: Instant) -> Option<Instant> {
        let config = self.plan.config();
        let end = self.trying_since?.after(config.max_elapsed?);
        (now > end).then(|| end.after(config.down_for))
    }

    fn begin(&mut self, now: Instant) -> (Ask, Option<Transition>) {
        self.era += 1;
        self.trying_since.get_or_insert(now);
        let change = self.enter(Phase::Connecting, now);
        (Ask::Begin(self.era), Some(change))
    }

    /// Whether this attempt is the one under way.
    pub(super) fn is_current(&self, era: u64) -> bool {
        self.phase == Phase::Connecting && self.era == era
    }

    /// The attempt has made a connection. Nothing if it is not the one under way any longer.
    pub(super) fn connected(&mut self, era: u64, now: Instant) -> Option<Transition> {
        self.is_current(era).then(|| {
            self.made += 1;
            self.enter(Phase::Up { since: now }, now)
        })
    }

    /// The attempt has failed. `below(n)` draws a number from 0 up to and without `n`.
    pub(super) fn failed(
        &mut self,
        era: u64,
        now: Instant,
        below: impl FnOnce(u64) -> u64,
    ) -> Option<Transition> {
        self.is_current(era).then(|| {
            self.failed += 1;
            self.back_off(now, below)
        })
    }

    /// The connection of this era is broken. Nothing if it was given up before.
    pub(super) fn lost(
        &mut self,
        era: u64,
        now: Instant,
        below: impl FnOnce(u64) -> u64,
    ) -> Option<Transition> {
        let Phase::Up { since } = self.phase else { return None };
        if self.era != era {
            return None;
        }
        self.lost += 1;
        if !self.is_stable(since, now) {
            return Some(self.back_off(now, below));
        }
        self.forget();
        Some(self.enter(Phase::Idle, now))
    }

    /// Begins again with the next who asks, as if nothing had failed. A connection stays.
    pub(super) fn reset(&mut self, now: Instant) -> Option<Transition> {
        self.forget();
        match self.phase {
            Phase::BackingOff { .. } | Phase::Connecting | Phase::Down { .. } => {
                Some(self.enter(Phase::Idle, now))
            }
            Phase::Closed | Phase::Idle | Phase::Up { .. } => None,
        }
    }

    pub(super) fn close(&mut self, now: Instant) -> Option<Transition> {
        (self.phase != Phase::Closed).then(|| self.enter(Phase::Closed, now))
    }

    fn is_stable(&self, since: Instant, now: Instant) -> bool {
        now.since(since) >= self.plan.config().stable_after
    }

    fn back_off(&mut self, now: Instant, below: impl FnOnce(u64) -> u64) -> Transition {
        let config = self.plan.config();
        self.failures = self.failures.saturating_add(1);
        let until = now.after(self.delays.next(below));
        let tried: Duration = until.since(self.trying_since.unwrap_or(now));
        let enough = config.max_attempts.is_some_and(|most| self.failures >= most)
            || config.max_elapsed.is_some_and(|most| tried > most);
        let phase = match enough {
            true => Phase::Down { until: now.after(config.down_for) },
            false => Phase::BackingOff { until },
        };
        self.enter(phase, now)
    }

    fn forget(&mut self) {
        self.failures = 0;
        self.trying_since = None;
        self.delays.restart();
    }

    fn enter(&mut self, phase: Phase, at: Instant) -> Transition {
        let from = self.state();
        self.phase = phase;
        Transition { from, to: self.state(), at, due: self.due(), missed: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ground::backoff::{Backoff, Jitter},
        resilience::reconnect::config::Config,
    };

    const SECOND: Duration = Duration::from_secs(1);
    const START: Instant = Instant::ORIGIN;

    fn after(seconds: u32) -> Instant {
        START.after(SECOND * seconds)
    }

    /// Delays of 1, 2, 4, 8, 8 … seconds.
    fn config() -> Config {
        Config::new()
            .with_backoff(Backoff::exponential(SECOND, 8 * SECOND))
            .with_jitter(Jitter::None)
            .with_stable_after(5 * SECOND)
            .with_down_for(30 * SECOND)
            .without_giving_up()
    }

    fn machine(config: Config) -> Machine {
        Machine::new(config.parse().unwrap())
    }

    fn begin(machine: &mut Machine, now: Instant) -> u64 {
        match machine.ask(now).0 {
            Ask::Begin(era) => era,
            other => panic!("{other:?}"),
        }
    }

    fn fail(machine: &mut Machine, now: Instant) -> Transition {
        let era = begin(machine, now);
        machine.failed(era, now, |_| 0).unwrap()
    }

    #[test]
    fn one_attempt_at_a_time() {
        let mut machine = machine(config());
        assert_eq!(machine.ask(START).0, Ask::Begin(1));
        assert_eq!(machine.ask(START), (Ask::Wait(1), None));
        let change = machine.connected(1, after(1)).unwrap();
        assert_eq!((change.from, change.to, change.due), (State::Connecting, State::Up, None));
        assert_eq!(machine.ask(after(2)), (Ask::Up, None));
    }

    #[test]
    fn delays_follow_the_schedule() {
        let mut machine = machine(config());
        let mut now = START;
        for (failures, delay) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 8)] {
            let change = fail(&mut machine, now);
            assert_eq!(change.to, State::BackingOff(failures));
            let due = now.after(SECOND * delay);
            assert_eq!(change.due, Some(due));
            let early = due.before(Duration::from_nanos(1));
            assert_eq!(machine.ask(early).0, Ask::Later { due, down: false });
            now = due;
        }
    }

    #[test]
    fn it_is_down_after_so_many_attempts_and_begins_again_later() {
        let mut machine = machine(config().with_max_attempts(2));
        assert_eq!(fail(&mut machine, START).to, State::BackingOff(1));
        let change = fail(&mut machine, after(1));
        assert_eq!((change.to, change.due), (State::Down, Some(after(31))));
        assert_eq!(machine.ask(after(30)).0, Ask::Later { due: after(31), down: true });
        // From the beginning again: one failure more is not the third.
        assert_eq!(fail(&mut machine, after(31)).to, State::BackingOff(1));
    }

    #[test]
    fn it_is_down_when_the_next_attempt_would_begin_too_late() {
        let mut machine = machine(config().with_max_elapsed(3 * SECOND));
        assert_eq!(fail(&mut machine, START).due, Some(after(1)));
        assert_eq!(fail(&mut machine, after(1)).due, Some(after(3)));
        assert_eq!(fail(&mut machine, after(3)).to, State::Down);
    }

    #[test]
    fn a_stable_connection_is_replaced_at_once_and_one_that_was_not_after_a_delay() {
        let mut machine = machine(config());
        let era = begin(&mut machine, START);
        machine.connected(era, START).unwrap();
        assert_eq!(machine.lost(era, after(5), |_| 0).unwrap().to, State::Idle);
        let era = begin(&mut machine, after(5));
        machine.connected(era, after(5)).unwrap();
        let change = machine.lost(era, after(9), |_| 0).unwrap();
        assert_eq!((change.to, change.due), (State::BackingOff(1), Some(after(10))));
        let era = begin(&mut machine, after(10));
        machine.connected(era, after(10)).unwrap();
        let change = machine.lost(era, after(10), |_| 0).unwrap();
        assert_eq!((change.to, change.due), (State::BackingOff(2), Some(after(12))));
    }

    #[test]
    fn a_connection_is_given_up_once() {
        let mut machine = machine(config());
        let first = begin(&mut machine, START);
        machine.connected(first, START).unwrap();
        assert!(machine.lost(first, after(9), |_| 0).is_some());
        assert_eq!(machine.lost(first, after(9), |_| 0), None);
        let second = begin(&mut machine, after(9));
        assert_eq!(machine.lost(first, after(9), |_| 0), None, "while connecting");
        machine.connected(second, after(9)).unwrap();
        assert_eq!(machine.lost(first, after(9), |_| 0), None, "the next is up");
        assert_eq!((machine.made, machine.lost), (2, 1));
    }

    #[test]
    fn what_was_reset_or_closed_cannot_be_finished() {
        let mut machine = machine(config());
        let era = begin(&mut machine, START);
        assert_eq!(machine.reset(START).map(|change| change.to), Some(State::Idle));
        assert_eq!(machine.connected(era, START), None);
        assert_eq!(machine.failed(era, START, |_| 0), None);
        let era = begin(&mut machine, START);
        assert_eq!(machine.close(START).map(|change| change.to), Some(State::Closed));
        assert_eq!(machine.connected(era, START), None);
        assert_eq!(machine.ask(after(99)), (Ask::Closed, None));
        assert_eq!((machine.reset(START), machine.close(START)), (None, None));
    }
}
