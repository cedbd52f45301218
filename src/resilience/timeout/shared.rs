use std::time::Duration;

use super::{
    config::Plan,
    snapshot::{Snapshot, Totals},
};
use crate::ground::{
    mode::Mode,
    name::Name,
    refusal::Refusal,
    stats::{Counter, Slicing, SlidingCount},
    sync::{
        Anchored, Padded,
        atomic::{AtomicU32, AtomicU64, Ordering},
        shards,
    },
    telemetry::Meter,
    time::{self, Deadline, Instant, nanos},
};

/// How a call holds its timeout: [`Borrowed`] or [`Owned`]. Sealed.
pub trait Hold: hold::Hold {}

pub(super) mod hold {
    #[expect(unnameable_types, reason = "what seals the trait above")]
    pub trait Hold {
        fn shared(&self) -> &super::Shared;
    }
}

/// Holds the timeout by reference: counts nothing.
#[derive(Clone, Copy, Debug)]
pub struct Borrowed<'a>(pub(super) &'a Shared);

/// Holds the timeout by itself.
#[derive(Clone, Debug)]
pub struct Owned(pub(super) Anchored<Shared>);

impl Hold for Borrowed<'_> {}

impl hold::Hold for Borrowed<'_> {
    #[inline]
    fn shared(&self) -> &Shared {
        self.0
    }
}

impl Hold for Owned {}

impl hold::Hold for Owned {
    #[inline]
    fn shared(&self) -> &Shared {
        &self.0
    }
}

/// What the clones of a timeout share.
#[derive(Debug)]
#[expect(unnameable_types, reason = "named by a sealed trait only")]
pub struct Shared {
    /// Nanoseconds; `u64::MAX` is no limit.
    limit: AtomicU64,
    /// The bits of the share.
    max_refused_share: AtomicU64,
    shadow: AtomicU32,
    name: Name,
    /// Calls that came with a deadline, and those of them refused, over the last ten seconds.
    offered: SlidingCount,
    refused: SlidingCount,
    totals: Padded<Counters>,
    timed_out: Meter,
    deadline: Meter,
}

#[derive(Debug)]
struct Counters {
    timed_out: Counter,
    deadline_struck: Counter,
    not_started: Counter,
}

/// The end of a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// Its own limit, from the first time it has to wait.
    Limit(u64),
    /// This moment, by its own limit.
    LimitAt(Instant),
    /// This moment, by the task's deadline.
    Deadline(Instant),
}

impl Shared {
    pub(super) fn new(name: Name, plan: &Plan) -> Self {
        let slicing = Slicing::new(time::now(), Duration::from_secs(10), 10);
        let shared = Self {
            limit: AtomicU64::new(0),
            max_refused_share: AtomicU64::new(0),
            shadow: AtomicU32::new(0),
            offered: SlidingCount::new(slicing, shards()),
            refused: SlidingCount::new(slicing, shards()),
            totals: Padded(Counters {
                timed_out: Counter::new(1),
                deadline_struck: Counter::new(1),
                not_started: Counter::new(1),
            }),
            timed_out: Meter::new(&name, "timed_out"),
            deadline: Meter::new(&name, "deadline_exceeded"),
            name,
        };
        shared.reconfigure(plan);
        shared
    }

    pub(super) fn reconfigure(&self, plan: &Plan) {
        let config = plan.config();
        self.limit.store(nanos(config.limit), Ordering::Relaxed);
        self.max_refused_share.store(config.max_refused_share.to_bits(), Ordering::Relaxed);
        self.shadow.store(u32::from(config.mode == Mode::Shadow), Ordering::Relaxed);
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    /// When a call that starts now must end; or how late it is already.
    #[inline]
    pub(super) fn admit(&self) -> Result<End, Duration> {
        let limit = self.limit.load(Ordering::Relaxed);
        match Deadline::current() {
            None => Ok(End::Limit(limit)),
            Some(deadline) => self.admit_until(deadline.moment(), limit),
        }
    }

    fn admit_until(&self, deadline: Instant, limit: u64) -> Result<End, Duration> {
        let now = time::now();
        let own = now.after(Duration::from_nanos(limit));
        let passed = now >= deadline;
        if self.is_refused(now, passed) {
            self.totals.not_started.add_one();
            self.deadline.refused(self.mode());
            if self.mode() == Mode::Enforce {
                return Err(now.since(deadline));
            }
        }
        // One that is served although it is late has its own limit, and no deadline that could end it.
        Ok(if deadline < own && !passed { End::Deadline(deadline) } else { End::LimitAt(own) })
    }

    /// Whether a call is to be refused: its deadline has passed, and one more refusal keeps within
    /// the share allowed. Where all may be refused, nothing is counted.
    fn is_refused(&self, now: Instant, passed: bool) -> bool {
        let share = f64::from_bits(self.max_refused_share.load(Ordering::Relaxed));
        if share >= 1.0 {
            return passed;
        }
        self.offered.add_one(now);
        let refused = passed
            && (self.refused.total(now) + 1) as f64 <= share * self.offered.total(now) as f64;
        if refused {
            self.refused.add_one(now);
        }
        refused
    }

    #[inline]
    pub(super) fn mode(&self) -> Mode {
        if self.shadow.load(Ordering::Relaxed) == 0 { Mode::Enforce } else { Mode::Shadow }
    }

    /// The refusal of a call that was not started.
    pub(super) fn too_late(&self, late: Duration) -> Refusal {
        Refusal::DeadlineExceeded { name: self.name.clone(), began: false, late }
    }

    /// The time of a call is up; the refusal it gets unless we only watch.
    #[cold]
    pub(super) fn expired(&self, end: End) -> Refusal {
        match end {
            End::Limit(_) | End::LimitAt(_) => {
                self.totals.timed_out.add_one();
                self.timed_out.refused(self.mode());
                let limit = Duration::from_nanos(self.limit.load(Ordering::Relaxed));
                Refusal::TimedOut { name: self.name.clone(), limit }
            }
            End::Deadline(_) => {
                self.totals.deadline_struck.add_one();
                self.deadline.refused(self.mode());
                Refusal::DeadlineExceeded {
                    name: self.name.clone(),
                    began: true,
                    late: Duration::ZERO,
                }
            }
        }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let limit = self.limit.load(Ordering::Relaxed);
        Snapshot {
            name: self.name.clone(),
            limit: (limit != u64::MAX).then_some(Duration::from_nanos(limit)),
            mode: self.mode(),
            totals: Totals {
                timed_out: self.totals.timed_out.total(),
                deadline_struck: self.totals.deadline_struck.total(),
                not_started: self.totals.not_started.total(),
            },
        }
    }
}
