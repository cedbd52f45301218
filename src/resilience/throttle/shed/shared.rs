use std::{thread::LocalKey, time::Duration};

use super::{
    config::Plan,
    machine::{Queue, likelihood},
    snapshot::{Snapshot, Totals},
};
use crate::ground::{
    hold,
    mode::Mode,
    name::Name,
    random,
    refusal::Refusal,
    stats::{Counter, Slicing, SlidingCount},
    sync::{
        Mutex, Padded, Park, Spot,
        atomic::{AtomicU32, AtomicU64, Ordering},
        shards,
    },
    telemetry::Meter,
    time::{self, nanos},
};

/// The state that clones share.
#[derive(Debug)]
#[expect(unnameable_types, reason = "named by a sealed trait only")]
pub struct Shared {
    running: Padded<AtomicU64>,
    hot: Padded<Hot>,
    queue: Mutex<Queue>,
    /// Calls, and those of them refused, over the last ten seconds.
    offered: SlidingCount,
    refused: SlidingCount,
    by_in_flight: Counter,
    by_queue: Counter,
    spared: Counter,
    meter: Meter,
    name: Name,
}

/// What every call reads and few write.
#[derive(Debug)]
struct Hot {
    from: AtomicU64,
    most: AtomicU64,
    target: AtomicU64,
    /// Whether the queue has anything to remember.
    stirred: AtomicU32,
    max_refused_share: AtomicU64,
    shadow: AtomicU32,
}

/// A call's hold on its shed by reference.
pub type Borrowed<'a> = hold::Borrowed<'a, Shared, ()>;

/// A call's hold on its shed by itself.
pub type Owned = hold::Owned<Shared, ()>;

thread_local! {
    static PARKED: Spot<Shared> = const { Spot::new(None) };
}

impl Park for Shared {
    fn spot() -> &'static LocalKey<Spot<Self>> {
        &PARKED
    }
}

impl Shared {
    pub(super) fn new(name: Name, plan: &Plan) -> Self {
        let slicing = Slicing::new(time::now(), Duration::from_secs(10), 10);
        let config = plan.config();
        let shared = Self {
            running: Padded(AtomicU64::new(0)),
            hot: Padded(Hot {
                from: AtomicU64::new(0),
                most: AtomicU64::new(0),
                target: AtomicU64::new(0),
                stirred: AtomicU32::new(0),
                max_refused_share: AtomicU64::new(0),
                shadow: AtomicU32::new(0),
            }),
            queue: Mutex::new(Queue::new(config.target, config.interval)),
            offered: SlidingCount::new(slicing, shards()),
            refused: SlidingCount::new(slicing, shards()),
            by_in_flight: Counter::new(1),
            by_queue: Counter::new(1),
            spared: Counter::new(1),
            meter: Meter::new(&name, "overloaded"),
            name,
        };
        shared.reconfigure(plan);
        shared
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    pub(super) fn reconfigure(&self, plan: &Plan) {
        let (config, hot) = (plan.config(), &self.hot);
        let mut queue = self.queue.lock();
        *queue = Queue::new(config.target, config.interval);
        let most = u64::from(config.max_in_flight);
        hot.from.store((most as f64 * config.ramp_from) as u64, Ordering::Relaxed);
        hot.most.store(most, Ordering::Relaxed);
        hot.target.store(nanos(config.target), Ordering::Relaxed);
        hot.stirred.store(0, Ordering::Relaxed);
        hot.max_refused_share.store(config.max_refused_share.to_bits(), Ordering::Relaxed);
        hot.shadow.store(u32::from(config.mode == Mode::Shadow), Ordering::Relaxed);
    }

    /// Lets a call in that has waited so long, if that is known, and takes its place; or not. `drawn`: chance
    /// has let it pass.
    #[inline]
    pub(super) fn admit(&self, waited: Option<Duration>, drawn: bool) -> bool {
        let hot = &self.hot;
        let running = self.running.fetch_add(1, Ordering::Relaxed);
        let crowded = running >= hot.from.load(Ordering::Relaxed);
        let share = hot.max_refused_share.load(Ordering::Relaxed);
        if !crowded && share == ALL && waited.is_none_or(|waited| self.is_brief(waited)) {
            return true;
        }
        self.admit_carefully(running, waited, drawn)
    }

    /// Whether a call is to be refused by what runs, if it is decided now: once for each call.
    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "for services"))]
    pub(super) fn bars(&self) -> bool {
        let running = self.running.load(Ordering::Relaxed);
        self.decides_early()
            && running >= self.hot.from.load(Ordering::Relaxed)
            && self.draws_refusal(running)
    }

    /// Whether chance decides before the call. One that only watches, or spares some, counts as it decides,
    /// and what is ready and then dropped must count nothing.
    pub(super) fn decides_early(&self) -> bool {
        self.mode() == Mode::Enforce && self.hot.max_refused_share.load(Ordering::Relaxed) == ALL
    }

    /// Counts a call that was barred.
    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "for services"))]
    pub(super) fn refuse(&self) {
        self.by_in_flight.add_one();
        self.meter.refused(Mode::Enforce);
    }

    /// A call has ended.
    #[inline]
    pub(super) fn leave(&self) {
        self.running.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn refusal(&self) -> Refusal {
        Refusal::Overloaded { name: self.name.clone() }
    }

    pub(super) fn mode(&self) -> Mode {
        if self.hot.shadow.load(Ordering::Relaxed) == 0 { Mode::Enforce } else { Mode::Shadow }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            name: self.name.clone(),
            in_flight: self.running.load(Ordering::Relaxed),
            max_in_flight: self.hot.most.load(Ordering::Relaxed),
            stands: self.queue.lock().stands(),
            mode: self.mode(),
            totals: Totals {
                in_flight: self.by_in_flight.total(),
                queue: self.by_queue.total(),
                spared: self.spared.total(),
            },
        }
    }

    #[cold]
    #[inline(never)]
    fn admit_carefully(&self, running: u64, waited: Option<Duration>, drawn: bool) -> bool {
        let most = self.hot.most.load(Ordering::Relaxed);
        let crowded = if drawn { running >= most } else { self.draws_refusal(running) };
        let total = match crowded {
            true => &self.by_in_flight,
            false if waited.is_some_and(|waited| self.is_too_late(waited)) => &self.by_queue,
            false => return self.spare(false),
        };
        if self.spare(true) {
            self.spared.add_one();
            return true;
        }
        total.add_one();
        self.meter.refused(self.mode());
        let shadows = self.mode() == Mode::Shadow;
        if !shadows {
            self.leave();
        }
        shadows
    }

    fn draws_refusal(&self, running: u64) -> bool {
        let (from, most) =
            (self.hot.from.load(Ordering::Relaxed), self.hot.most.load(Ordering::Relaxed));
        let likelihood = likelihood(running, from, most);
        likelihood > 0.0 && random::unit() < likelihood
    }

    /// Whether the queue need not be told of a call that has waited so long.
    #[inline]
    fn is_brief(&self, waited: Duration) -> bool {
        nanos(waited) <= self.hot.target.load(Ordering::Relaxed)
            && self.hot.stirred.load(Ordering::Relaxed) == 0
    }

    fn is_too_late(&self, waited: Duration) -> bool {
        if self.is_brief(waited) {
            return false;
        }
        let now = time::now();
        let mut queue = self.queue.lock();
        let late = queue.refuses(waited, now);
        self.hot.stirred.store(u32::from(queue.is_stirred()), Ordering::Relaxed);
        late
    }

    /// Whether a call is let in, of which is known whether it should be refused: one refusal more may be more
    /// than the share allowed. Where all may be refused, nothing is counted.
    fn spare(&self, should_refuse: bool) -> bool {
        let share = f64::from_bits(self.hot.max_refused_share.load(Ordering::Relaxed));
        if share >= 1.0 {
            return !should_refuse;
        }
        let now = time::recent();
        self.offered.add_one(now);
        let refused = should_refuse
            && (self.refused.total(now) + 1) as f64 <= share * self.offered.total(now) as f64;
        if refused {
            self.refused.add_one(now);
        }
        !refused
    }
}

/// The share of one, as it is stored.
const ALL: u64 = 1.0_f64.to_bits();
