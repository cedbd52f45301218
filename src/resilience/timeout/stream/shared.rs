use std::time::Duration;

use super::{
    config::Plan,
    machine::{Cause, Limits, Watch},
    snapshot::{Snapshot, Totals},
};
use crate::ground::{
    mode::Mode,
    name::Name,
    refusal::{Refusal, StallPhase},
    stats::Counter,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    telemetry::Meter,
    time::{self, Deadline, Instant, nanos},
};

/// What the clones of a stream timeout, and the streams, share.
#[derive(Debug)]
pub(super) struct Shared {
    /// Nanoseconds; `u64::MAX` is no limit.
    first: AtomicU64,
    gap: AtomicU64,
    total: AtomicU64,
    shadow: AtomicU32,
    name: Name,
    totals: Counters,
    stalled: Meter,
    deadline: Meter,
}

#[derive(Debug)]
struct Counters {
    first: Counter,
    gap: Counter,
    total: Counter,
    deadline_struck: Counter,
    not_started: Counter,
}

impl Shared {
    pub(super) fn new(name: Name, plan: &Plan) -> Self {
        let shared = Self {
            first: AtomicU64::new(0),
            gap: AtomicU64::new(0),
            total: AtomicU64::new(0),
            shadow: AtomicU32::new(0),
            totals: Counters {
                first: Counter::new(1),
                gap: Counter::new(1),
                total: Counter::new(1),
                deadline_struck: Counter::new(1),
                not_started: Counter::new(1),
            },
            stalled: Meter::new(&name, "stalled"),
            deadline: Meter::new(&name, "deadline_exceeded"),
            name,
        };
        shared.reconfigure(plan);
        shared
    }

    pub(super) fn reconfigure(&self, plan: &Plan) {
        let config = plan.config();
        let limits = [
            (&self.first, config.first_content),
            (&self.gap, config.gap),
            (&self.total, config.total),
        ];
        for (limit, configured) in limits {
            limit.store(configured.map_or(u64::MAX, nanos), Ordering::Relaxed);
        }
        self.shadow.store(u32::from(config.mode == Mode::Shadow), Ordering::Relaxed);
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    /// The clocks of a stream that is handed in now; or how late it is already.
    pub(super) fn admit(&self) -> Result<Watch, Duration> {
        let mut end = Instant::FOREVER;
        if let Some(deadline) = Deadline::current() {
            match time::reached(deadline.moment()) {
                Err(_) => end = deadline.moment(),
                Ok(now) => {
                    self.totals.not_started.add_one();
                    self.deadline.refused(self.mode());
                    if self.mode() == Mode::Enforce {
                        return Err(now.since(deadline.moment()));
                    }
                }
            }
        }
        Ok(Watch::new(self.limits(), end))
    }

    pub(super) fn mode(&self) -> Mode {
        if self.shadow.load(Ordering::Relaxed) == 0 { Mode::Enforce } else { Mode::Shadow }
    }

    /// A clock of a stream is up. Its refusal, unless it is only watched.
    #[cold]
    pub(super) fn expire(&self, watch: &mut Watch, cause: Cause) -> Option<Refusal> {
        let (total, meter) = match cause {
            Cause::Deadline => (&self.totals.deadline_struck, &self.deadline),
            Cause::Stall(StallPhase::First) => (&self.totals.first, &self.stalled),
            Cause::Stall(StallPhase::Gap) => (&self.totals.gap, &self.stalled),
            Cause::Stall(StallPhase::Total) => (&self.totals.total, &self.stalled),
        };
        total.add_one();
        meter.refused(self.mode());
        if self.mode() == Mode::Shadow {
            watch.let_go(cause);
            return None;
        }
        let name = self.name.clone();
        Some(match cause {
            Cause::Deadline => {
                Refusal::DeadlineExceeded { name, began: true, late: Duration::ZERO }
            }
            Cause::Stall(phase) => {
                let limit = Duration::from_nanos(watch.limit(phase));
                Refusal::Stalled { name, phase, items: watch.items(), limit }
            }
        })
    }

    /// The refusal of a stream that was not started.
    pub(super) fn too_late(&self, late: Duration) -> Refusal {
        Refusal::DeadlineExceeded { name: self.name.clone(), began: false, late }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let limits = self.limits();
        let limit = |nanos| (nanos != u64::MAX).then_some(Duration::from_nanos(nanos));
        Snapshot {
            name: self.name.clone(),
            first_content: limit(limits.first),
            gap: limit(limits.gap),
            total: limit(limits.total),
            mode: self.mode(),
            totals: Totals {
                first_content: self.totals.first.total(),
                gap: self.totals.gap.total(),
                total: self.totals.total.total(),
                deadline_struck: self.totals.deadline_struck.total(),
                not_started: self.totals.not_started.total(),
            },
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            first: self.first.load(Ordering::Relaxed),
            gap: self.gap.load(Ordering::Relaxed),
            total: self.total.load(Ordering::Relaxed),
        }
    }
}
