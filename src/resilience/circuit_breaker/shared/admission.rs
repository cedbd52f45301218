//! Letting calls in, and keeping them out.

use super::{
    super::{machine::Barred, state::State},
    Pass, Shared, UNTIMED,
    hot::Hot,
};
use crate::ground::{
    mode::Mode,
    refusal::{OpenReason, Refusal},
    time::{self, Instant},
};

impl Shared {
    /// Lets a call pass if the circuit is healthy and nothing is to be noted down.
    #[inline]
    pub(in super::super) fn admit_at_once(&self) -> Option<Pass> {
        let word = self.hot.word();
        let at_once = Hot::is_closed(word) && !self.hot.times_calls();
        at_once.then_some(Pass { word, lease: 0, started: UNTIMED })
    }

    /// Lets a call pass, or not.
    #[inline]
    pub(in super::super) fn admit(&self) -> Result<Pass, Barred> {
        let word = self.hot.word();
        let now = match Hot::state_of(word) {
            State::Closed | State::Disabled => return Ok(self.pass(word, 0, None)),
            // Until the interval is over nothing changes: no lock, and seldom an exact clock.
            State::Open => match time::reached(self.hot.open_until()) {
                Ok(now) => now,
                Err(left) => return self.bar(word, Barred::tripped(left)),
            },
            State::ForcedOpen => return self.bar(word, Barred::new(OpenReason::Forced, None)),
            State::Isolated => return self.bar(word, Barred::new(OpenReason::Isolated, None)),
            State::HalfOpen | State::Ramping => time::now(),
        };
        self.admit_carefully(now)
    }

    /// What keeps a call out for now, as far as one can tell without asking for good.
    pub(in super::super) fn bars(&self) -> Option<Barred> {
        match self.hot.state() {
            _ if self.hot.shadows() => None,
            State::Closed | State::Disabled | State::Ramping => None,
            State::ForcedOpen => Some(Barred::new(OpenReason::Forced, None)),
            State::HalfOpen => self.change(time::now(), |machine, moment| machine.look(moment)),
            State::Isolated => Some(Barred::new(OpenReason::Isolated, None)),
            State::Open => time::reached(self.hot.open_until()).err().map(Barred::tripped),
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

    /// `now`: if the clock has been read already.
    #[inline]
    fn pass(&self, word: u64, lease: u64, now: Option<Instant>) -> Pass {
        let started = if self.hot.times_calls() {
            now.unwrap_or_else(|| self.hot.clock().read())
        } else {
            UNTIMED
        };
        Pass { word, lease, started }
    }

    /// Asks the machine.
    #[cold]
    fn admit_carefully(&self, now: Instant) -> Result<Pass, Barred> {
        let (answer, word) = self.change(now, |machine, moment| {
            let (answer, change) = machine.admit(moment);
            ((answer, Hot::word_of(machine)), change)
        });
        match answer {
            Ok(ticket) => Ok(self.pass(word, ticket.lease, Some(now))),
            Err(barred) => self.bar(word, barred),
        }
    }

    /// Keeps a call out, unless we only watch.
    #[inline]
    fn bar(&self, word: u64, barred: Barred) -> Result<Pass, Barred> {
        if self.hot.shadows() {
            self.refused_one(Mode::Shadow);
            return Ok(self.pass(word, 0, None));
        }
        self.refused_one(Mode::Enforce);
        Err(barred)
    }

    fn refused_one(&self, mode: Mode) {
        self.refused.add_one();
        self.meter.refused(mode);
    }
}
