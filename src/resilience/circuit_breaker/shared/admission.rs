//! Letting calls in, and keeping them out.

use super::{
    super::{machine::Barred, state::State},
    Pass, Shared, UNTIMED,
    hot::Hot,
};
use crate::ground::{
    mode::Mode,
    refusal::{OpenReason, Refusal},
    time,
};

impl Shared {
    /// Lets a call pass if the circuit is healthy and nothing is to be noted down.
    #[inline]
    pub(in super::super) fn admit_at_once(&self) -> Option<Pass> {
        let word = self.hot.word();
        let at_once = Hot::is_closed(word) && !self.hot.times_calls();
        at_once.then_some(Pass { word, lease: 0, started: UNTIMED })
    }

    /// Refuses a call if the circuit is open and will stay so for a while. Until then nothing
    /// changes: no lock, and seldom an exact clock.
    #[inline]
    pub(in super::super) fn refuse_at_once(&self) -> Option<Barred> {
        if self.hot.state() != State::Open || self.hot.shadows() {
            return None;
        }
        let left = time::nanos_until(self.hot.open_until());
        if left == 0 {
            return None;
        }
        self.refused_one(Mode::Enforce);
        Some(Barred::tripped(left))
    }

    /// Lets a call pass, or not.
    #[inline]
    pub(in super::super) fn admit(&self) -> Result<Pass, Barred> {
        let word = self.hot.word();
        if Hot::is_closed(word) { Ok(self.pass(word, 0)) } else { self.admit_carefully(word) }
    }

    /// What keeps a call out for now, as far as one can tell without asking for good.
    pub(in super::super) fn bars(&self) -> Option<Barred> {
        match self.hot.state() {
            _ if self.hot.shadows() => None,
            State::HalfOpen => self.change(time::now(), |machine, moment| machine.look(moment)),
            state => self.bars_in(state),
        }
    }

    /// Refuses a call that was not to be let through when it was made ready, whatever the circuit
    /// has become since.
    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "for services"))]
    pub(in super::super) fn refuse(&self) -> Barred {
        self.refused_one(Mode::Enforce);
        self.bars().unwrap_or(Barred::tripped(0))
    }

    pub(in super::super) fn refusal(&self, barred: Barred) -> Refusal {
        Refusal::CircuitOpen {
            name: self.name.clone(),
            reason: barred.reason(),
            retry_after: barred.retry_after(),
        }
    }

    #[inline]
    fn pass(&self, word: u64, lease: u64) -> Pass {
        let timed = self.hot.times_calls();
        let started = if timed { self.hot.clock().read() } else { UNTIMED };
        Pass { word, lease, started }
    }

    #[cold]
    fn admit_carefully(&self, word: u64) -> Result<Pass, Barred> {
        let answer = match Hot::state_of(word) {
            State::Closed | State::Disabled => return Ok(self.pass(word, 0)),
            state => match self.bars_in(state) {
                Some(barred) => Err(barred),
                None => self.change(time::now(), |machine, moment| {
                    let (answer, change) = machine.admit(moment);
                    let word = Hot::word_of(machine);
                    (answer.map(|ticket| (word, ticket.lease)), change)
                }),
            },
        };
        match answer {
            Ok((word, lease)) => Ok(self.pass(word, lease)),
            Err(_) if self.hot.shadows() => {
                self.refused_one(Mode::Shadow);
                Ok(self.pass(word, 0))
            }
            Err(barred) => {
                self.refused_one(Mode::Enforce);
                Err(barred)
            }
        }
    }

    /// What keeps calls out in this state without asking the machine, if anything does.
    fn bars_in(&self, state: State) -> Option<Barred> {
        match state {
            State::ForcedOpen => Some(Barred::new(OpenReason::Forced, None)),
            State::Isolated => Some(Barred::new(OpenReason::Isolated, None)),
            State::Open => match time::nanos_until(self.hot.open_until()) {
                0 => None,
                left => Some(Barred::tripped(left)),
            },
            State::Closed | State::Disabled | State::HalfOpen | State::Ramping => None,
        }
    }

    fn refused_one(&self, mode: Mode) {
        self.refused.add_one();
        self.meter.refused(mode);
    }
}
