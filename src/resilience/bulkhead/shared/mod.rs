//! What the clones of a bulkhead share.
//!
//! One word says how many are in flight and whether anybody waits. While nobody does, coming and going
//! is one addition to it each. Who finds no place takes the lock, queues up and says so in the word;
//! whoever leaves from then on finds that in the word and sees to the queue.

mod desk;
mod entry;
mod place;
mod tuning;

use std::{thread::LocalKey, time::Duration};

use self::{
    desk::Desk,
    tuning::{Rules, Untold, limit_of},
};
pub(super) use self::{
    desk::Ended,
    entry::{Entry, Why},
    place::Place,
};
use super::{
    class::Class,
    config::{Order, Plan},
    machine::{Terms, Word},
    queue::Rank,
    snapshot::{Classes, Share, Snapshot, State, Totals},
};
use crate::ground::{
    hold,
    mode::Mode,
    name::Name,
    outcome::{Classify, Outcome, Standard},
    refusal::Refusal,
    stats::Counter,
    sync::{
        Mutex, Padded, Park, Spot,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    telemetry::{Gauge, Meter},
    time::{Instant, nanos},
};

/// What the clones and views of a bulkhead share.
#[derive(Debug)]
#[expect(unnameable_types, reason = "named by a sealed trait only")]
pub struct Core {
    /// A [`Word`].
    word: Padded<AtomicU64>,
    /// The limit, and above it of how many calls one is measured, if any is. Can be changed while running;
    /// [`serve`](Self::serve) lets in whoever that lets in.
    hot: AtomicU32,
    sure: [AtomicU32; 3],
    queue: AtomicU32,
    /// The most that ever were in flight.
    peak: AtomicU32,
    shadow: AtomicU32,
    lifo: AtomicU32,
    /// Nanoseconds.
    wait: AtomicU64,
    desk: Mutex<Desk>,
    /// What it goes by.
    rules: Mutex<Rules>,
    name: Name,
    counts: Counts,
    untold: Untold,
    gauge: Gauge,
}

#[derive(Debug)]
struct Counts {
    full: Counter,
    queued: Counter,
    expired: Counter,
    shed: Counter,
    deadline: Counter,
    shutting_down: Counter,
    meters: [Meter; 3],
}

/// How a view of a bulkhead sees its calls: how much they matter, and how they went.
#[derive(Clone, Copy, Debug)]
#[expect(unnameable_types, reason = "named by two aliases only")]
pub struct Eyes<S, C> {
    pub(super) sort: S,
    pub(super) classify: C,
}

impl<T, E, S, C: Classify<T, E>> Classify<T, E> for Eyes<S, C> {
    fn classify(&self, result: &Result<T, E>) -> Outcome {
        self.classify.classify(result)
    }
}

/// A call's hold on its bulkhead by reference.
pub type Borrowed<'a, S = Class, C = Standard> = hold::Borrowed<'a, Core, Eyes<S, C>>;

/// A call's hold on its bulkhead by itself.
pub type Owned<S = Class, C = Standard> = hold::Owned<Core, Eyes<S, C>>;

thread_local! {
    static PARKED: Spot<Core> = const { Spot::new(None) };
}

impl Park for Core {
    fn spot() -> &'static LocalKey<Spot<Self>> {
        &PARKED
    }
}

impl Core {
    /// `width`: what keeps the threads that are refused apart. `alone`: it is the only one of its name, so
    /// its gauge means something.
    pub(super) fn new(name: Name, plan: &Plan, width: usize, alone: bool) -> Self {
        let rules = Rules::new(plan.config().clone());
        let core = Self {
            word: Padded(AtomicU64::new(0)),
            hot: AtomicU32::new(0),
            sure: std::array::from_fn(|_| AtomicU32::new(0)),
            queue: AtomicU32::new(0),
            peak: AtomicU32::new(0),
            shadow: AtomicU32::new(0),
            lifo: AtomicU32::new(0),
            wait: AtomicU64::new(0),
            desk: Mutex::new(Desk::new()),
            untold: Untold::new(),
            gauge: Gauge::limit(&name, alone),
            counts: Counts {
                full: Counter::new(width),
                queued: Counter::new(1),
                expired: Counter::new(1),
                shed: Counter::new(1),
                deadline: Counter::new(1),
                shutting_down: Counter::new(1),
                meters: ["full", "deadline_exceeded", "shutting_down"]
                    .map(|kind| Meter::new(&name, kind)),
            },
            name,
            rules: Mutex::new(rules),
        };
        core.obey(&core.rules.lock(), plan.config().limit);
        core
    }

    fn obey(&self, rules: &Rules, limit: u32) {
        // Every call reads these: what stays as it is is not written.
        let set = |number: &AtomicU32, to| {
            if number.load(Ordering::Relaxed) != to {
                number.store(to, Ordering::Relaxed);
            }
        };
        let terms = Terms::new(&rules.config, limit);
        set(&self.hot, rules.hot(limit));
        self.sure.iter().zip(terms.sure).for_each(|(number, sure)| set(number, sure));
        set(&self.queue, terms.queue);
        set(&self.shadow, u32::from(terms.mode == Mode::Shadow));
        set(&self.lifo, u32::from(terms.order == Order::Lifo));
        let wait = nanos(rules.config.wait);
        if self.wait.load(Ordering::Relaxed) != wait {
            self.wait.store(wait, Ordering::Relaxed);
        }
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    pub(super) fn limit(&self) -> u32 {
        limit_of(self.hot())
    }

    /// The limit, and of how many calls one is measured.
    #[inline]
    fn hot(&self) -> u32 {
        self.hot.load(Ordering::Relaxed)
    }

    /// Calls in flight.
    pub(super) fn in_flight(&self) -> u32 {
        self.word().total()
    }

    fn word(&self) -> Word {
        Word(self.word.load(Ordering::Acquire))
    }

    fn terms(&self) -> Terms {
        let on = |number: &AtomicU32| number.load(Ordering::Relaxed) != 0;
        Terms {
            limit: self.limit(),
            sure: std::array::from_fn(|at| self.sure[at].load(Ordering::Relaxed)),
            queue: self.queue.load(Ordering::Relaxed),
            order: if on(&self.lifo) { Order::Lifo } else { Order::Fifo },
            mode: self.mode(),
        }
    }

    fn mode(&self) -> Mode {
        if self.shadow.load(Ordering::Relaxed) == 0 { Mode::Enforce } else { Mode::Shadow }
    }

    fn wait(&self) -> Duration {
        Duration::from_nanos(self.wait.load(Ordering::Relaxed))
    }

    /// Counts calls that are refused, or would be, and tells of them. Not under a lock.
    fn refused(&self, why: Why, calls: usize) {
        let Counts { full, expired, shed, deadline, shutting_down, meters, .. } = &self.counts;
        let (count, meter) = match why {
            Why::Full => (full, &meters[0]),
            Why::Expired => (expired, &meters[0]),
            Why::Shed => (shed, &meters[0]),
            Why::Late(_) => (deadline, &meters[1]),
            Why::Closed => (shutting_down, &meters[2]),
        };
        // What is closed is closed in every mode.
        let mode = if why == Why::Closed { Mode::Enforce } else { self.mode() };
        for _ in 0..calls {
            count.add_one();
            meter.refused(mode);
        }
    }

    pub(super) fn refusal(&self, why: Why) -> Refusal {
        let name = self.name.clone();
        match why {
            Why::Full | Why::Expired | Why::Shed => {
                Refusal::Full { name, limit: u64::from(self.limit()) }
            }
            Why::Late(late) => Refusal::DeadlineExceeded { name, began: false, late },
            Why::Closed => Refusal::ShuttingDown { name },
        }
    }

    pub(super) fn state(&self) -> State {
        match self.word() {
            word if !word.is_closed() => State::Open,
            word if word.total() == 0 => State::Closed,
            _ => State::Draining,
        }
    }

    /// Whether nobody is in flight and nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        let word = self.word();
        word.total() == 0 && word.0 & Word::WAITING == 0
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let desk = self.desk.lock();
        let word = self.word();
        let queued = |rank| u32::try_from(desk.queue.len_of(rank)).unwrap_or(u32::MAX);
        let terms = self.terms();
        let [critical, normal, sheddable] = Rank::ALL.map(|rank| Share {
            sure: terms.sure[rank.index()],
            in_flight: word.of(rank),
            queued: queued(rank),
        });
        drop(desk);
        let counts = &self.counts;
        Snapshot {
            name: self.name.clone(),
            state: self.state(),
            mode: terms.mode,
            limit: terms.limit,
            adaptive: self.adapting(),
            in_flight: word.total(),
            peak: self.peak.load(Ordering::Relaxed),
            queued: critical.queued + normal.queued + sheddable.queued,
            classes: Classes { critical, normal, sheddable },
            totals: Totals {
                full: counts.full.total(),
                queued: counts.queued.total(),
                expired: counts.expired.total(),
                shed: counts.shed.total(),
                deadline: counts.deadline.total(),
                shutting_down: counts.shutting_down.total(),
            },
        }
    }
}

/// When somebody who queues gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Until {
    pub(super) moment: Instant,
    /// Whether that is the task's deadline.
    pub(super) deadline: bool,
}
