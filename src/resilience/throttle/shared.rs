//! What the clones of a throttle share: what became of the calls, counted without a lock, and the share
//! that follows from it, worked out now and then.

use std::{thread::LocalKey, time::Duration};

use super::{
    config::{BUCKETS, Plan, RECENT},
    machine::{Seen, Terms, patience},
    snapshot::{Counts, Snapshot, Totals},
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
    },
    telemetry::Meter,
    time::{self, Instant},
};

/// The state that clones share.
#[derive(Debug)]
#[expect(unnameable_types, reason = "named by a sealed trait only")]
pub struct Shared {
    hot: Padded<Hot>,
    /// What has gone wrong, or right while calls are refused, since the share was last worked out.
    news: Padded<AtomicU64>,
    /// Calls let through.
    started: SlidingCount,
    accepted: SlidingCount,
    failed: SlidingCount,
    /// Calls let through that say nothing.
    void: SlidingCount,
    refused: SlidingCount,
    total_refused: Counter,
    rules: Mutex<Rules>,
    meter: Meter,
    name: Name,
}

/// What every call reads and few write.
#[derive(Debug)]
struct Hot {
    /// The share to refuse, as the bits of an `f64`; no bit is set when it is none.
    share: AtomicU64,
    /// When it is to be worked out again, whatever has happened.
    due: AtomicU64,
    /// How much news there may be until then.
    patience: AtomicU64,
    shadow: AtomicU32,
}

#[derive(Debug)]
struct Rules {
    terms: Terms,
    slicing: Slicing,
    window: Duration,
    unanswered_after: Duration,
}

/// A call's hold on its throttle by reference.
pub type Borrowed<'a, C> = hold::Borrowed<'a, Shared, C>;

/// A call's hold on its throttle by itself.
pub type Owned<C> = hold::Owned<Shared, C>;

thread_local! {
    static PARKED: Spot<Shared> = const { Spot::new(None) };
}

impl Park for Shared {
    fn spot() -> &'static LocalKey<Spot<Self>> {
        &PARKED
    }
}

/// How a call that was let through ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Accepted,
    Failed,
    Void,
}

impl Shared {
    /// For `threads` shards of threads, a power of two.
    pub(super) fn new(name: Name, plan: &Plan, threads: usize) -> Self {
        let window = plan.config().window;
        let slicing = Slicing::new(time::now(), window, BUCKETS);
        let count = || SlidingCount::new(slicing, threads);
        let shared = Self {
            hot: Padded(Hot {
                share: AtomicU64::new(0),
                due: AtomicU64::new(0),
                patience: AtomicU64::new(1),
                shadow: AtomicU32::new(0),
            }),
            news: Padded(AtomicU64::new(0)),
            started: count(),
            accepted: count(),
            failed: count(),
            void: count(),
            refused: count(),
            total_refused: Counter::new(1),
            rules: Mutex::new(Rules {
                terms: Terms::new(plan),
                slicing,
                window,
                unanswered_after: window,
            }),
            meter: Meter::new(&name, "throttled"),
            name,
        };
        shared.reconfigure(plan);
        shared
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    pub(super) fn reconfigure(&self, plan: &Plan) {
        let config = plan.config();
        let mut rules = self.rules.lock();
        let slicing = Slicing::new(self.started.start(), config.window, BUCKETS);
        if rules.window != config.window {
            self.windows().for_each(|count| count.reslice(slicing));
        }
        *rules = Rules {
            terms: Terms::new(plan),
            slicing,
            window: config.window,
            unanswered_after: config.unanswered_after,
        };
        self.hot.shadow.store(u32::from(config.mode == Mode::Shadow), Ordering::Relaxed);
        self.work_out(&rules, time::now());
    }

    /// Lets a call pass, and says when it began; or not.
    #[inline]
    pub(super) fn admit(&self) -> Option<Instant> {
        let now = time::recent();
        if self.is_calm(now) { Some(self.pass(now)) } else { self.admit_by_chance(now) }
    }

    /// Lets a call pass whose admission has been decided.
    #[inline]
    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "for services"))]
    pub(super) fn admit_decided(&self) -> Instant {
        self.pass(time::recent())
    }

    /// Whether a call is to be refused, if it is decided now: once for each call.
    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "for services"))]
    pub(super) fn bars(&self) -> bool {
        let now = time::recent();
        self.mode() == Mode::Enforce && !self.is_calm(now) && self.draws_refusal(now)
    }

    /// Counts a call that was barred.
    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "for services"))]
    pub(super) fn refuse(&self) {
        self.refused_one(time::recent(), Mode::Enforce);
    }

    pub(super) fn refusal(&self) -> Refusal {
        Refusal::Throttled { name: self.name.clone() }
    }

    /// A call that began then has ended.
    #[inline]
    pub(super) fn end(&self, began: Instant, ending: Ending) {
        let now = time::recent();
        let count = match ending {
            Ending::Accepted => &self.accepted,
            Ending::Failed => &self.failed,
            Ending::Void => &self.void,
        };
        count.add_one_of(began, now);
        if ending == Ending::Failed || self.is_throttling() {
            self.hear(now);
        }
    }

    #[inline]
    pub(super) fn is_throttling(&self) -> bool {
        self.hot.share.load(Ordering::Relaxed) != 0
    }

    pub(super) fn share(&self) -> f64 {
        f64::from_bits(self.hot.share.load(Ordering::Relaxed))
    }

    #[inline]
    pub(super) fn mode(&self) -> Mode {
        if self.hot.shadow.load(Ordering::Relaxed) == 0 { Mode::Enforce } else { Mode::Shadow }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let seen = self.work_out(&self.rules.lock(), time::now());
        Snapshot {
            name: self.name.clone(),
            share: self.share(),
            mode: self.mode(),
            counts: Counts {
                requests: seen.requests(),
                accepted: seen.accepted,
                failed: seen.failed,
                refused: seen.refused,
                unanswered: seen.unanswered,
            },
            totals: Totals { refused: self.total_refused.total() },
        }
    }

    /// Whether calls pass without more ado.
    #[inline]
    fn is_calm(&self, now: Instant) -> bool {
        !self.is_throttling() && now.as_nanos() < self.hot.due.load(Ordering::Relaxed)
    }

    #[inline]
    fn pass(&self, now: Instant) -> Instant {
        self.started.add_one(now);
        now
    }

    #[cold]
    #[inline(never)]
    fn admit_by_chance(&self, now: Instant) -> Option<Instant> {
        if self.draws_refusal(now) {
            let mode = self.mode();
            if mode == Mode::Enforce {
                self.refused_one(now, mode);
                return None;
            }
            // It is let through after all, and counts by how it ends.
            self.told_refusal(mode);
        }
        Some(self.pass(now))
    }

    fn draws_refusal(&self, now: Instant) -> bool {
        if now.as_nanos() >= self.hot.due.load(Ordering::Relaxed) {
            self.work_out_unless_others_do(now);
        }
        let share = self.share();
        share > 0.0 && random::unit() < share
    }

    fn refused_one(&self, now: Instant, mode: Mode) {
        self.refused.add_one(now);
        self.told_refusal(mode);
        self.hear(now);
    }

    fn told_refusal(&self, mode: Mode) {
        self.total_refused.add_one();
        self.meter.refused(mode);
    }

    /// Something has happened that changes the share.
    #[cold]
    #[inline(never)]
    fn hear(&self, now: Instant) {
        let news = self.news.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if news >= self.hot.patience.load(Ordering::Relaxed) {
            self.work_out_unless_others_do(now);
        }
    }

    #[cold]
    fn work_out_unless_others_do(&self, now: Instant) {
        if let Some(rules) = self.rules.try_lock() {
            self.work_out(&rules, now);
        }
    }

    /// Works the share out again. The rules are the caller's under their lock, so of two shares the later
    /// one stays.
    fn work_out(&self, rules: &Rules, now: Instant) -> Seen {
        self.news.store(0, Ordering::Relaxed);
        let (seen, lately) = (self.seen(rules, now, BUCKETS), self.seen(rules, now, RECENT));
        self.hot.share.store(rules.terms.share(seen, lately).to_bits(), Ordering::Relaxed);
        self.hot.patience.store(patience(lately), Ordering::Relaxed);
        let due = now.after(rules.window / (4 * BUCKETS));
        self.hot.due.store(due.as_nanos(), Ordering::Relaxed);
        seen
    }

    /// What became of the calls of the last so many buckets.
    fn seen(&self, rules: &Rules, now: Instant, buckets: u32) -> Seen {
        let newest = rules.slicing.bucket(now);
        let oldest = newest.saturating_sub(u64::from(buckets) - 1);
        let of = |count: &SlidingCount| count.total_of(oldest..=newest);
        // Where none is too long, so is the newest. Else of a bucket all are at least as old as its end.
        let overdue = match rules.unanswered_after {
            Duration::ZERO => newest + 1,
            after => rules.slicing.bucket(now.before(after)),
        };
        let of_old = |count: &SlidingCount| match overdue.checked_sub(1) {
            Some(last) => count.total_of(oldest..=last),
            None => 0,
        };
        let ended = of_old(&self.accepted) + of_old(&self.failed) + of_old(&self.void);
        Seen {
            accepted: of(&self.accepted),
            failed: of(&self.failed),
            refused: of(&self.refused),
            unanswered: of_old(&self.started).saturating_sub(ended),
        }
    }

    fn windows(&self) -> impl Iterator<Item = &SlidingCount> {
        [&self.started, &self.accepted, &self.failed, &self.void, &self.refused].into_iter()
    }
}
