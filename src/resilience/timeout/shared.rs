use std::{sync::Arc, time::Duration};

use super::{
    config::Plan,
    snapshot::{Snapshot, Totals},
};
use crate::ground::{
    mode::Mode,
    name::Name,
    stats::{Counter, Slicing, SlidingCount},
    sync::{
        Live,
        atomic::{AtomicU32, AtomicU64, Ordering},
        shards,
    },
    telemetry::Meter,
    time::{self, Deadline, Instant, nanos},
};

/// For the calls of services, which know their timeout by its number.
static LIVE: Live<Shared> = Live::new();

/// What the clones of a timeout share.
#[derive(Debug)]
pub(super) struct Shared {
    id: u64,
    /// Nanoseconds; `u64::MAX` is no limit.
    limit: AtomicU64,
    /// The bits of the share.
    max_refused_share: AtomicU64,
    shadow: AtomicU32,
    name: Name,
    /// Calls that came with a deadline, and those of them refused, over the last ten seconds.
    offered: SlidingCount,
    refused: SlidingCount,
    totals: Counters,
    timed_out: Meter,
    deadline: Meter,
}

#[derive(Debug)]
struct Counters {
    timed_out: Counter,
    deadline_struck: Counter,
    not_started: Counter,
    late: Counter,
}

/// The end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(unnameable_types, reason = "named by a sealed trait only")]
pub enum End {
    /// Its own limit, from the first time it has to wait.
    Limit(u64),
    /// This moment, by its own limit of so many nanoseconds.
    LimitAt(Instant, u64),
    /// This moment, by the task's deadline.
    Deadline(Instant),
}

impl End {
    /// No end.
    pub(super) const NEVER: Self = Self::Limit(u64::MAX);
}

impl Shared {
    pub(super) fn new(name: Name, plan: &Plan) -> Arc<Self> {
        let slicing = Slicing::new(time::now(), Duration::from_secs(10), 10);
        let shared = LIVE.enter(|id| Self {
            id,
            limit: AtomicU64::new(0),
            max_refused_share: AtomicU64::new(0),
            shadow: AtomicU32::new(0),
            offered: SlidingCount::new(slicing, shards()),
            refused: SlidingCount::new(slicing, shards()),
            totals: Counters {
                timed_out: Counter::new(1),
                deadline_struck: Counter::new(1),
                not_started: Counter::new(1),
                late: Counter::new(1),
            },
            timed_out: Meter::new(&name, "timed_out"),
            deadline: Meter::new(&name, "deadline_exceeded"),
            name,
        });
        shared.reconfigure(plan);
        shared
    }

    /// The timeout of this number, unless its last handle is gone.
    pub(super) fn find(id: u64) -> Option<Arc<Self>> {
        LIVE.find(id)
    }

    pub(super) fn reconfigure(&self, plan: &Plan) {
        let config = plan.config();
        self.limit.store(nanos(config.limit), Ordering::Relaxed);
        self.max_refused_share.store(config.max_refused_share.to_bits(), Ordering::Relaxed);
        self.shadow.store(u32::from(config.mode == Mode::Shadow), Ordering::Relaxed);
    }

    pub(super) const fn id(&self) -> u64 {
        self.id
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
        } else if passed {
            self.totals.late.add_one();
        }
        // One that is served although it is late has its own limit, and no deadline that could end it.
        Ok(if deadline < own && !passed {
            End::Deadline(deadline)
        } else {
            End::LimitAt(own, limit)
        })
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

    /// The time of a call is up. Whether it is to be cut off, and not only watched.
    pub(super) fn expire(&self, end: End) -> bool {
        let (total, meter) = match end {
            End::Limit(_) | End::LimitAt(..) => (&self.totals.timed_out, &self.timed_out),
            End::Deadline(_) => (&self.totals.deadline_struck, &self.deadline),
        };
        total.add_one();
        meter.refused(self.mode());
        self.mode() == Mode::Enforce
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
                late: self.totals.late.total(),
            },
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        LIVE.leave(self.id);
    }
}
