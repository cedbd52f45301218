use std::time::Duration;

use super::super::{
    config::{Plan, Window},
    machine::Machine,
    state::State,
};
use crate::ground::{
    mode::Mode,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::{Clock, Instant, nanos},
};

/// The numbers every call reads. One line, and on a healthy circuit nobody writes it.
#[derive(Debug)]
pub(super) struct Hot {
    /// `[61 bits of era | 3 bits of state]`
    word: AtomicU64,
    /// When an open circuit may be probed.
    open_until: AtomicU64,
    slow_after: AtomicU64,
    flags: AtomicU32,
    /// Failures in a row.
    run: AtomicU32,
}

/// What a good call is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    None,
    Count,
    Time,
}

const STATE_BITS: u32 = 3;
const STATES: [State; 8] = [
    State::Closed,
    State::Ramping,
    State::Disabled,
    State::ForcedOpen,
    State::HalfOpen,
    State::Isolated,
    State::Open,
    State::Open,
];

const COUNT: u32 = 1;
const TIME: u32 = 2;
const COARSE: u32 = 4;
const TIMES_CALLS: u32 = 8;
const SHADOW: u32 = 16;

impl Hot {
    pub(super) fn new(plan: &Plan) -> Self {
        let hot = Self {
            word: AtomicU64::new(1 << STATE_BITS),
            open_until: AtomicU64::new(0),
            slow_after: AtomicU64::new(u64::MAX),
            flags: AtomicU32::new(0),
            run: AtomicU32::new(0),
        };
        hot.configure(plan);
        hot
    }

    pub(super) fn configure(&self, plan: &Plan) {
        let config = plan.config();
        let mut flags = match config.window {
            _ if !plan.has_window() => 0,
            Window::Count(_) => COUNT,
            Window::Time { .. } => TIME,
        };
        if config.clock == Clock::Coarse {
            flags |= COARSE;
        }
        if config.slow_after.is_some() {
            flags |= TIMES_CALLS;
        }
        if config.mode == Mode::Shadow {
            flags |= SHADOW;
        }
        self.slow_after.store(config.slow_after.map_or(u64::MAX, nanos), Ordering::Relaxed);
        self.flags.store(flags, Ordering::Relaxed);
    }

    /// Shows everybody what the machine, whose lock the caller holds, has become.
    pub(super) fn publish(&self, machine: &Machine) {
        if let Some(until) = machine.open_until() {
            self.open_until.store(until.as_nanos(), Ordering::Relaxed);
        }
        let word = Self::word_of(machine);
        if self.word.load(Ordering::Relaxed) != word {
            // Whoever sees the new word sees the end of the interval that belongs to it.
            self.word.store(word, Ordering::Release);
        }
    }

    #[inline]
    pub(super) fn word(&self) -> u64 {
        self.word.load(Ordering::Acquire)
    }

    pub(super) fn word_of(machine: &Machine) -> u64 {
        let state = STATES.iter().position(|state| *state == machine.state()).unwrap_or(0);
        machine.era() << STATE_BITS | state as u64
    }

    #[inline]
    pub(super) const fn is_closed(word: u64) -> bool {
        word & ((1 << STATE_BITS) - 1) == 0
    }

    pub(super) const fn era_of(word: u64) -> u64 {
        word >> STATE_BITS
    }

    pub(super) const fn state_of(word: u64) -> State {
        STATES[word as usize & ((1 << STATE_BITS) - 1)]
    }

    pub(super) fn state(&self) -> State {
        Self::state_of(self.word())
    }

    /// Whether the result of a call admitted under `word` still counts without the lock: the era is
    /// the same, and the circuit is closed or about to be.
    #[inline]
    pub(super) fn counts(&self, word: u64) -> bool {
        let now = self.word.load(Ordering::Relaxed);
        (now ^ word) >> STATE_BITS == 0 && now & ((1 << STATE_BITS) - 1) <= 1
    }

    pub(super) fn open_until(&self) -> Instant {
        Instant::from_nanos(self.open_until.load(Ordering::Relaxed))
    }

    pub(super) fn slow_after(&self) -> Duration {
        Duration::from_nanos(self.slow_after.load(Ordering::Relaxed))
    }

    #[inline]
    pub(super) fn clock(&self) -> Clock {
        if self.flag(COARSE) { Clock::Coarse } else { Clock::Exact }
    }

    #[inline]
    pub(super) fn kind(&self) -> Kind {
        match self.flags.load(Ordering::Relaxed) & (COUNT | TIME) {
            COUNT => Kind::Count,
            TIME => Kind::Time,
            _ => Kind::None,
        }
    }

    #[inline]
    pub(super) fn times_calls(&self) -> bool {
        self.flag(TIMES_CALLS)
    }

    pub(super) fn shadows(&self) -> bool {
        self.flag(SHADOW)
    }

    pub(super) fn run(&self) -> u32 {
        self.run.load(Ordering::Relaxed)
    }

    /// One more failure in a row.
    pub(super) fn extend_run(&self) -> u32 {
        self.run.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// A good call: the failures before it are no longer in a row. Writes only if there were any.
    #[inline]
    pub(super) fn end_run(&self) {
        if self.run.load(Ordering::Relaxed) != 0 {
            self.run.store(0, Ordering::Relaxed);
        }
    }

    #[inline]
    fn flag(&self, flag: u32) -> bool {
        self.flags.load(Ordering::Relaxed) & flag != 0
    }
}
