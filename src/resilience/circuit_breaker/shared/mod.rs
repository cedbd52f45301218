//! What the clones of a breaker share: the machine under its lock, and the hot numbers outside it.
//!
//! Only what is bad takes the lock. A good call on a healthy circuit reads one line that nobody
//! writes, and adds to a counter of its own thread where a window needs it.

mod admission;
mod hot;

use std::time::Duration;

use self::hot::{Hot, Kind};
use super::{
    config::{Plan, Window},
    machine::{Machine, Moment, Order, Ticket},
    snapshot::{Snapshot, Totals},
    state::{State, Transition},
    window::{Marks, Seen},
};
use crate::ground::{
    name::Name,
    outcome::Outcome,
    random,
    stats::{Counter, Slicing, SlidingCount},
    sync::{
        Journal, Mutex, Padded,
        atomic::{AtomicU64, Ordering},
    },
    telemetry::{self, Meter},
    time::{self, Clock, Instant},
};

/// The state that clones share.
#[derive(Debug)]
#[expect(unnameable_types, reason = "named by a sealed trait only")]
pub struct Shared {
    hot: Padded<Hot>,
    /// Calls ever counted by a count window.
    position: Padded<AtomicU64>,
    /// Good calls in a time window.
    good: SlidingCount,
    refused: Counter,
    machine: Mutex<Machine>,
    journal: Journal<Transition>,
    meter: Meter,
    name: Name,
    /// The only breaker of its name.
    alone: bool,
}

/// The right to make one call: what to settle when it ends.
#[derive(Debug)]
pub(super) struct Pass {
    /// The state and era it was admitted in.
    word: u64,
    lease: u64,
    /// Read only where slow calls matter.
    started: Instant,
}

/// The start of a call that nobody times.
const UNTIMED: Instant = Instant::ORIGIN;

/// How a call that was let through ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Dropped by somebody else.
    Abandoned,
    /// Dropped by one of our own timeouts or deadlines.
    CutOff,
    Finished(Outcome),
    Panicked,
}

impl Shared {
    /// For `threads` shards of threads, a power of two.
    pub(super) fn new(name: Name, plan: Plan, threads: usize, alone: bool) -> Self {
        let start = time::now();
        let config = plan.config();
        Self {
            hot: Padded(Hot::new(&plan)),
            position: Padded(AtomicU64::new(0)),
            good: SlidingCount::new(slicing(&config.window, start), threads),
            refused: Counter::new(threads),
            machine: Mutex::new(Machine::new(plan, start)),
            journal: Journal::new(),
            meter: Meter::new(&name, "circuit_open"),
            name,
            alone,
        }
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    pub(super) const fn journal(&self) -> &Journal<Transition> {
        &self.journal
    }

    pub(super) fn state(&self) -> State {
        self.hot.state()
    }

    /// Whether a success of this call needs neither the lock nor the time it took.
    #[inline]
    pub(super) fn is_light(&self, pass: &Pass) -> bool {
        pass.lease == 0 && !self.hot.times_calls()
    }

    /// A call that passed ended, one way or another.
    pub(super) fn end(&self, pass: &Pass, ending: Ending, hint: Option<Duration>) {
        let succeeded = matches!(ending, Ending::Finished(Outcome::Success));
        let says_nothing = matches!(ending, Ending::Abandoned | Ending::Finished(Outcome::Ignore));
        let timed = self.hot.times_calls()
            && pass.started != UNTIMED
            && ending != Ending::Finished(Outcome::Ignore);
        if says_nothing && !timed {
            return self.release(pass, None);
        }
        let now = if succeeded || says_nothing { self.hot.clock().read() } else { time::now() };
        let slow = timed && now.since(pass.started) > self.hot.slow_after();
        let marks = match ending {
            Ending::Abandoned if !slow => return self.release(pass, Some(now)),
            // A probe that was given up as too slow is no evidence of health.
            Ending::Abandoned if pass.lease != 0 => Marks::FAILURE,
            Ending::CutOff | Ending::Panicked | Ending::Finished(Outcome::Failure) => {
                Marks::FAILURE
            }
            Ending::Finished(Outcome::SoftFailure) => Marks::SOFT,
            Ending::Finished(Outcome::Slow) => Marks::SLOW,
            Ending::Abandoned | Ending::Finished(Outcome::Ignore | Outcome::Success) => Marks::NONE,
        };
        let marks = if slow { marks.and(Marks::SLOW) } else { marks };
        if succeeded && !slow && pass.lease == 0 {
            self.succeeded(pass.word, Some(now));
        } else {
            let ends_run = matches!(ending, Ending::Finished(Outcome::Success | Outcome::Slow));
            self.record(pass, marks, ends_run, hint, now);
        }
    }

    /// A call that says nothing about the backend. A probe's place is free again. `now`: if the
    /// clock has been read already.
    fn release(&self, pass: &Pass, now: Option<Instant>) {
        if pass.lease != 0 {
            let (ticket, now) = (pass.ticket(), now.unwrap_or_else(time::now));
            self.change(now, |machine, moment| ((), machine.release(ticket, moment)));
        }
    }

    pub(super) fn obey(&self, order: Order) {
        self.change(time::now(), |machine, moment| ((), machine.obey(order, moment)));
    }

    pub(super) fn reconfigure(&self, plan: Plan) {
        self.change(time::now(), |machine, moment| {
            if machine.is_recut_by(&plan) {
                self.good.reslice(slicing(&plan.config().window, self.good.start()));
            }
            self.hot.configure(&plan);
            ((), machine.reconfigure(plan, self.good.start(), moment))
        });
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let mut machine = self.machine.lock();
        let moment = self.moment(time::now());
        let totals = machine.totals();
        Snapshot {
            name: self.name.clone(),
            state: machine.state(),
            mode: machine.plan().config().mode,
            reason: machine.reason(),
            retry_after: machine.open_until().map(|until| until.since(moment.now)),
            opens: machine.opens(),
            counts: machine.counts(moment),
            totals: Totals {
                refused: self.refused.total(),
                transitions: totals.transitions,
                opened: totals.opened,
                would_have_opened: totals.would_have_opened,
            },
        }
    }

    /// Whether it is closed and has seen nothing bad that still counts.
    pub(super) fn is_healthy(&self) -> bool {
        let mut machine = self.machine.lock();
        let counts = machine.counts(self.moment(time::now()));
        machine.state() == State::Closed
            && counts.consecutive_failures == 0
            && counts.failures + counts.soft_failures + counts.slow == 0
    }

    /// A good call that nobody needs the lock for, by the word of its pass. `now`: if the clock has
    /// been read already.
    #[inline]
    pub(super) fn succeeded(&self, word: u64, now: Option<Instant>) {
        match self.hot.kind() {
            Kind::Time => self.succeeded_in_time(word, now),
            kind if self.hot.counts(word) => {
                self.hot.end_run();
                if kind == Kind::Count {
                    self.position.fetch_add(1, Ordering::Relaxed);
                }
            }
            Kind::None | Kind::Count => {}
        }
    }

    #[inline(never)]
    fn succeeded_in_time(&self, word: u64, now: Option<Instant>) {
        if self.hot.counts(word) {
            self.hot.end_run();
            let now = now.unwrap_or_else(|| match self.hot.clock() {
                Clock::Coarse => time::recent(),
                Clock::Exact => time::between_edges(|from, to| self.good.are_together(from, to)),
            });
            self.good.add_one(now);
        }
    }

    #[cold]
    fn record(
        &self,
        pass: &Pass,
        marks: Marks,
        ends_run: bool,
        hint: Option<Duration>,
        now: Instant,
    ) {
        self.change(now, |machine, mut moment| {
            let ticket = pass.ticket();
            if machine.era() == ticket.era && machine.counts_calls() {
                if marks.has(Marks::FAILURE) {
                    moment.seen.run = self.hot.extend_run();
                } else if ends_run {
                    self.hot.end_run();
                    moment.seen.run = 0;
                }
                if self.hot.kind() == Kind::Count {
                    moment.seen.position = self.position.fetch_add(1, Ordering::Relaxed) + 1;
                }
            }
            ((), machine.record(ticket, marks, hint, moment))
        });
    }

    /// Lets the machine decide under its lock, publishes what has changed, and tells it afterwards.
    fn change<R>(
        &self,
        now: Instant,
        decide: impl FnOnce(&mut Machine, Moment) -> (R, Option<Transition>),
    ) -> R {
        let mut machine = self.machine.lock();
        let era = machine.era();
        let (answer, change) = decide(&mut machine, self.moment(now));
        if machine.era() != era {
            self.hot.end_run();
            self.good.clear();
        }
        self.hot.publish(&machine);
        let Some(change) = change else { return answer };
        self.journal.write(change.clone());
        drop(machine);
        let to = if change.shadow { "would_open" } else { change.to.as_str() };
        let gauge = self.alone && !change.shadow;
        telemetry::state_changed(
            &self.name,
            change.from.as_str(),
            to,
            change.reason.as_str(),
            gauge,
        );
        self.journal.wake();
        answer
    }

    fn moment(&self, now: Instant) -> Moment {
        let seen = Seen {
            run: self.hot.run(),
            good: self.good.total(now),
            position: self.position.load(Ordering::Relaxed),
        };
        Moment { now, seen, draw: random::unit() }
    }
}

impl Pass {
    /// Settles it: gives its word away, and has none from then on.
    #[inline]
    pub(super) fn spend(&mut self) -> u64 {
        std::mem::take(&mut self.word)
    }

    /// The pass, to settle; none is left.
    pub(super) fn take(&mut self) -> Self {
        Self { word: self.spend(), lease: self.lease, started: self.started }
    }

    /// Whether it has been settled. No circuit has an era of zero, so no word is zero.
    #[inline]
    pub(super) const fn is_spent(&self) -> bool {
        self.word == 0
    }

    const fn ticket(&self) -> Ticket {
        Ticket { era: Hot::era_of(self.word), lease: self.lease }
    }
}

fn slicing(window: &Window, start: Instant) -> Slicing {
    match *window {
        Window::Count(_) => Slicing::new(start, Duration::from_secs(1), 1),
        Window::Time { span, buckets } => Slicing::new(start, span, buckets),
    }
}
