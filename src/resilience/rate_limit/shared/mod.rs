//! What the clones of a limiter share: the words of its buckets, and the line of those who wait.
//!
//! The hot path is one load and one compare-and-swap on one line. The lock is for those who wait.

mod aside;
mod bucket;
mod line;
mod queue;
mod several;

use std::{thread::LocalKey, time::Duration};

use self::{bucket::Bucket, line::wake, queue::Queue};
use super::{
    config::{MOST_ALSO, Plan, Rate, WhenLimited},
    decision::Decision,
    machine::{LATE_UNITS, Terms, nanos, units},
    snapshot::{Level, Snapshot, Totals},
};
use crate::ground::{
    hold,
    mode::Mode,
    name::Name,
    refusal::Refusal,
    stats::{Counter, OwnCounter},
    sync::{
        Mutex, Padded, Park, Spot,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    telemetry::Meter,
    time::{self, Clock, Instant},
};

/// A call's hold on its limiter by reference.
pub type Borrowed<'a> = hold::Borrowed<'a, Shared, u64>;

/// A call's hold on its limiter by itself.
pub type Owned = hold::Owned<Shared, u64>;

thread_local! {
    static PARKED: Spot<Shared> = const { Spot::new(None) };
}

impl Park for Shared {
    fn spot() -> &'static LocalKey<Spot<Self>> {
        &PARKED
    }
}

/// The state that clones share.
#[derive(Debug)]
#[expect(unnameable_types, reason = "named by a sealed trait only")]
pub struct Shared {
    hot: Padded<Hot>,
    /// Of further quotas; those in use come first.
    also: [Bucket; MOST_ALSO],
    max_wait: AtomicU64,
    max_waiting: AtomicU32,
    /// The tokens that leases may hold, by which the buckets hold less.
    aside: AtomicU64,
    queue: Mutex<Queue>,
    quotas: Mutex<Vec<Rate>>,
    admitted: OwnCounter,
    refused: OwnCounter,
    waited: Counter,
    meter: Meter,
    name: Name,
}

#[derive(Debug)]
struct Hot {
    bucket: Bucket,
    flags: AtomicU32,
    /// Where units count from.
    epoch: Instant,
}

const COARSE: u32 = 1;
const SHADOW: u32 = 2;
const WAITS: u32 = 4;
/// Above the flags: how many further quotas there are.
const ALSO: u32 = 8;

/// By how much a call comes too early, in units; `NEVER` if no time helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Short(u64);

impl Short {
    const NEVER: Self = Self(u64::MAX);

    fn wait(self) -> Option<Duration> {
        (self != Self::NEVER).then(|| Duration::from_nanos(nanos(self.0)))
    }
}

/// What became of a call that may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// And whether its tokens were taken: in shadow mode it may go without.
    Now(bool),
    /// Under this number, at this moment.
    Later(u64, Instant),
    Refused(Short),
}

impl Shared {
    /// For `threads` shards of threads, a power of two.
    pub(super) fn new(name: Name, plan: &Plan, threads: usize, epoch: Instant) -> Self {
        let none = Terms { interval: 2, capacity: u64::MAX };
        let shared = Self {
            hot: Padded(Hot { bucket: Bucket::new(none), flags: AtomicU32::new(0), epoch }),
            also: std::array::from_fn(|_| Bucket::new(none)),
            max_wait: AtomicU64::new(0),
            max_waiting: AtomicU32::new(0),
            aside: AtomicU64::new(0),
            queue: Mutex::new(Queue::default()),
            quotas: Mutex::new(Vec::new()),
            admitted: OwnCounter::new(threads),
            refused: OwnCounter::new(threads),
            waited: Counter::new(1),
            meter: Meter::new(&name, "rate_limited"),
            name,
        };
        shared.reconfigure(plan, epoch);
        shared
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    /// Goes by another plan. Who waits is served earlier if that is faster, and no later if not.
    pub(super) fn reconfigure(&self, plan: &Plan, now: Instant) {
        let (config, now) = (plan.config(), self.units(now));
        let mut queue = self.queue.lock();
        let mut quotas = self.quotas.lock();
        let buckets = std::iter::once(&self.hot.bucket).chain(&self.also);
        let is_only = config.also.is_empty();
        for (at, (bucket, quota)) in buckets.zip(plan.quotas()).enumerate() {
            let terms = Terms::of(quota);
            let slack = if is_only { terms.slack() } else { 0 };
            if at < quotas.len() {
                bucket.restate(now, terms, slack);
            } else {
                bucket.refill(terms, slack);
            }
        }
        *quotas = plan.quotas().collect();
        let mut flags = config.also.len() as u32 * ALSO;
        flags |= if config.clock == Clock::Coarse { COARSE } else { 0 };
        flags |= if config.mode == Mode::Shadow { SHADOW } else { 0 };
        flags |= if config.when_limited == WhenLimited::Wait { WAITS } else { 0 };
        self.hot.flags.store(flags, Ordering::Relaxed);
        self.max_wait.store(units(time::nanos(config.max_wait)), Ordering::Relaxed);
        self.max_waiting.store(config.max_waiting, Ordering::Relaxed);
        drop(quotas);
        if self.aside.load(Ordering::Relaxed) > 0 {
            self.narrow();
        }
        let first = queue.moved_up(|behind| self.due(behind));
        drop(queue);
        wake(first);
    }

    /// Takes so many tokens, if they are there.
    #[inline]
    pub(super) fn take(&self, tokens: u64) -> Result<(), Short> {
        self.take_for_now(tokens).map(|_| ())
    }

    /// The same for somebody who may give them back: whether they were taken, and shadow mode did not let
    /// it go without.
    #[inline]
    pub(super) fn take_for_now(&self, tokens: u64) -> Result<bool, Short> {
        if self.take_unseen(tokens) {
            return Ok(true);
        }
        match self.look_and_take(tokens) {
            Ok(()) => Ok(true),
            Err(short) => self.refuse(short).map(|()| false),
        }
    }

    /// Takes so many tokens if they are there, lines up if they will be soon enough. A refusal is still
    /// to be counted.
    #[inline]
    pub(super) fn take_or_line_up(&self, tokens: u64) -> Turn {
        if self.take_unseen(tokens) {
            return Turn::Now(true);
        }
        match self.look_and_take(tokens) {
            Ok(()) => Turn::Now(true),
            Err(_) => self.line_up(tokens),
        }
    }

    /// Without a look at the clock. False where it takes one.
    #[inline]
    fn take_unseen(&self, tokens: u64) -> bool {
        let taken = tokens == 1 && self.hot.bucket.spend_unseen();
        if taken {
            self.admitted.add_one();
        }
        taken
    }

    /// By the clock. A refusal is still to be counted.
    #[inline(never)]
    fn look_and_take(&self, tokens: u64) -> Result<(), Short> {
        let taken = self.try_take(tokens);
        if taken.is_ok() {
            self.admitted.add_one();
        }
        taken
    }

    #[inline]
    fn try_take(&self, tokens: u64) -> Result<(), Short> {
        let hot = &*self.hot;
        let flags = hot.flags.load(Ordering::Relaxed);
        if flags >= ALSO {
            return self.take_of_all(tokens, flags);
        }
        if flags & COARSE != 0 {
            return self.spend(self.units(time::recent()), tokens);
        }
        if hot.bucket.is_busy() {
            let coarse = self.units(time::recent());
            match hot.bucket.spend_surely(coarse, tokens, LATE_UNITS) {
                Some(Ok(())) => return Ok(()),
                Some(Err(short)) => return Err(self.short(short, tokens)),
                None => {}
            }
        }
        self.spend(self.units(time::now()), tokens)
    }

    #[inline]
    fn spend(&self, now: u64, tokens: u64) -> Result<(), Short> {
        match self.hot.bucket.spend(now, tokens, LATE_UNITS) {
            Ok(()) => Ok(()),
            Err(short) => Err(self.short(short, tokens)),
        }
    }

    #[inline]
    fn short(&self, short: u64, tokens: u64) -> Short {
        let terms = self.hot.bucket.terms();
        if terms.exceeds(terms.cost(tokens)) { Short::NEVER } else { Short(short) }
    }

    /// Counts a refusal. In shadow mode that is all.
    #[inline(never)]
    fn refuse(&self, short: Short) -> Result<(), Short> {
        self.count_refusal();
        if self.is_shadow() { self.pass_in_shadow() } else { Err(short) }
    }

    #[cold]
    fn pass_in_shadow(&self) -> Result<(), Short> {
        self.admitted.add_one();
        Ok(())
    }

    /// Takes tokens whether they are there or not.
    pub(super) fn charge(&self, tokens: u64) {
        let now = self.units(time::now());
        self.buckets().for_each(|bucket| {
            bucket.owe(now, tokens);
        });
    }

    /// Takes what there is.
    pub(super) fn drain(&self) {
        let now = self.units(time::now());
        self.buckets().for_each(|bucket| bucket.drain(now));
    }

    /// Counts a refusal.
    #[inline]
    pub(super) fn count_refusal(&self) {
        self.refused.add_one();
        self.meter.refused(self.mode());
    }

    /// What is to be told about a call for so many tokens, which are taken if they are there.
    pub(super) fn check(&self, tokens: u64) -> Decision {
        match self.look_and_take(tokens) {
            Ok(()) => self.decision(tokens, true),
            Err(short) => {
                let _ = self.refuse(short);
                self.decision(tokens, false).of_refused()
            }
        }
    }

    /// The same without taking any.
    pub(super) fn decision(&self, tokens: u64, taken: bool) -> Decision {
        let now = self.units(time::now());
        let decide =
            |bucket: &Bucket| bucket.terms().decision(bucket.look(now), now, tokens, taken);
        let first = decide(&self.hot.bucket);
        self.buckets().skip(1).map(decide).fold(first, Decision::tighter)
    }

    #[cold]
    pub(super) fn refusal(&self, short: Short) -> Refusal {
        Refusal::RateLimited { name: self.name.clone(), retry_after: short.wait() }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let now = self.units(time::now());
        let waiting = self.queue.lock().len();
        let quotas = self.quotas.lock().clone();
        let levels = self.buckets().zip(quotas);
        Snapshot {
            name: self.name.clone(),
            mode: self.mode(),
            levels: levels
                .map(|(bucket, quota)| Level::of(quota, bucket.terms(), bucket.look(now), now))
                .collect(),
            waiting,
            totals: Totals {
                admitted: self.admitted.total(),
                refused: self.refused.total(),
                waited: self.waited.total(),
            },
        }
    }

    /// Whether every bucket is full.
    pub(super) fn is_full(&self) -> bool {
        let now = self.units(time::now());
        self.buckets().all(|bucket| bucket.is_full(now))
    }

    /// The fewest tokens that any bucket can hold.
    pub(super) fn limit(&self) -> u64 {
        self.buckets().map(|bucket| bucket.terms().limit()).min().unwrap_or(0)
    }

    #[inline]
    pub(super) fn waits(&self) -> bool {
        self.hot.flags.load(Ordering::Relaxed) & WAITS != 0
    }

    fn is_shadow(&self) -> bool {
        self.hot.flags.load(Ordering::Relaxed) & SHADOW != 0
    }

    fn mode(&self) -> Mode {
        if self.is_shadow() { Mode::Shadow } else { Mode::Enforce }
    }

    /// Those in use.
    fn buckets(&self) -> impl Iterator<Item = &Bucket> {
        let further = (self.hot.flags.load(Ordering::Relaxed) / ALSO) as usize;
        std::iter::once(&self.hot.bucket).chain(self.also.iter().take(further))
    }

    #[inline]
    fn units(&self, now: Instant) -> u64 {
        units(now.as_nanos().saturating_sub(self.hot.epoch.as_nanos()))
    }
}
