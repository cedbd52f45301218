use std::{sync::Arc, thread::LocalKey, time::Duration};

use super::{
    config::{After, Plan},
    machine::{Estimator, Lasted},
    snapshot::{Snapshot, Totals},
    view::Eyes,
};
use crate::{
    ground::{
        hold,
        mode::Mode,
        name::Name,
        stats::Counter,
        sync::{
            Mutex, Park, Spot,
            atomic::{AtomicU32, AtomicU64, Ordering},
        },
        telemetry::{self, Told},
        time::{self, Instant, nanos},
    },
    resilience::budget::{self, Budget},
};

/// What the holds of one view refer to: the state of all its clones, and what the view pays with.
#[derive(Debug)]
#[expect(unnameable_types, reason = "named by a sealed trait only")]
pub struct Core {
    pub(super) shared: Arc<Shared>,
    pub(super) budget: Option<Budget>,
}

/// A call's hold on its hedge by reference.
pub type Borrowed<'a, C, D> = hold::Borrowed<'a, Core, Eyes<C, D>>;

/// A call's hold on its hedge by itself.
pub type Owned<C, D> = hold::Owned<Core, Eyes<C, D>>;

thread_local! {
    static PARKED: Spot<Core> = const { Spot::new(None) };
}

impl Park for Core {
    fn spot() -> &'static LocalKey<Spot<Self>> {
        &PARKED
    }
}

/// What the clones and views of a hedge share.
#[derive(Debug)]
pub(super) struct Shared {
    /// Nanoseconds; `NEVER` while it is not known.
    delay: AtomicU64,
    /// Until when a measured one is gone by: then all that it was measured by has left the window.
    until: AtomicU64,
    window: AtomicU64,
    max_hedges: AtomicU32,
    shadow: AtomicU32,
    measured: AtomicU32,
    /// Bounds the share of calls that are hedged, where the delay is measured.
    share: Budget,
    estimator: Mutex<Estimator>,
    name: Name,
    /// As hedges that were started, and that would have been.
    told_slow: [Told; 2],
    told_failed: [Told; 2],
    slow: Counter,
    failed: Counter,
    wins: Counter,
    unpaid: Counter,
}

const NEVER: u64 = u64::MAX;
const MODES: [Mode; 2] = [Mode::Enforce, Mode::Shadow];

/// Why a hedge is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Failed,
    Slow,
}

impl Core {
    /// A call begins. When, if that is asked.
    #[inline]
    pub(super) fn begin(&self) -> Instant {
        if let Some(budget) = &self.budget {
            budget.deposit();
        }
        if self.shared.is_measured() { self.shared.begin_measured() } else { Instant::FOREVER }
    }

    /// A hedge is due. Whether it is paid for.
    pub(super) fn pay(&self, cause: Cause) -> bool {
        let shared = &self.shared;
        let enforced = shared.mode() == Mode::Enforce;
        // Who only watches leaves the budget to those who start something. The share is its own.
        let paid = (!shared.is_measured() || shared.share.try_withdraw())
            && (!enforced || self.budget.as_ref().is_none_or(Budget::try_withdraw));
        if !paid {
            shared.unpaid.add_one();
            return false;
        }
        let (counter, told, word) = match cause {
            Cause::Failed => (&shared.failed, &shared.told_failed, "failed"),
            Cause::Slow => (&shared.slow, &shared.told_slow, "slow"),
        };
        counter.add_one();
        let [started, watched] = told;
        if enforced {
            started.add_one()
        } else {
            watched.add_one()
        }
        telemetry::hedged(&shared.name, word, !enforced);
        true
    }
}

impl Shared {
    pub(super) fn new(name: Name, plan: &Plan) -> Self {
        let share = Budget::from_plan(name.clone(), &budget::Plan::default());
        let shared = Self {
            delay: AtomicU64::new(NEVER),
            until: AtomicU64::new(NEVER),
            window: AtomicU64::new(0),
            max_hedges: AtomicU32::new(0),
            shadow: AtomicU32::new(0),
            measured: AtomicU32::new(0),
            share,
            estimator: Mutex::new(Estimator::new(plan.config().window, 0.5, time::now())),
            told_slow: MODES.map(|mode| Told::hedges(&name, "slow", mode)),
            told_failed: MODES.map(|mode| Told::hedges(&name, "failed", mode)),
            name,
            slow: Counter::new(1),
            failed: Counter::new(1),
            wins: Counter::new(1),
            unpaid: Counter::new(1),
        };
        shared.reconfigure(plan);
        shared
    }

    pub(super) fn reconfigure(&self, plan: &Plan) {
        let config = plan.config();
        self.max_hedges.store(config.max_hedges, Ordering::Relaxed);
        self.shadow.store(u32::from(config.mode == Mode::Shadow), Ordering::Relaxed);
        // Whoever records meanwhile must not overwrite what is set here.
        let mut estimator = self.estimator.lock();
        match config.after {
            After::Delay(delay) => {
                self.measured.store(0, Ordering::Relaxed);
                self.delay.store(nanos(delay).min(NEVER - 1), Ordering::Relaxed);
                self.until.store(NEVER, Ordering::Relaxed);
            }
            After::ExtraLoad(share) => {
                // A budget counts in thousandths, and this is the most.
                let at_most = (share * 1e3 + 1e-6).floor() / 1e3;
                let of_calls = budget::Config::new().with_ratio(at_most).with_per_second(0);
                // Within the bounds of a budget, as it was checked.
                if self.share.reconfigure(of_calls.with_max_kept(100)).is_ok() {
                    *estimator = Estimator::new(config.window, share, time::now());
                    self.delay.store(NEVER, Ordering::Relaxed);
                    self.window.store(nanos(config.window), Ordering::Relaxed);
                    self.measured.store(1, Ordering::Relaxed);
                }
            }
        }
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    #[inline]
    fn is_measured(&self) -> bool {
        self.measured.load(Ordering::Relaxed) != 0
    }

    fn begin_measured(&self) -> Instant {
        self.share.deposit();
        time::now()
    }

    /// After how long a call that began then is hedged; none while that is not known. The time is asked
    /// for only where the delay is measured.
    #[inline]
    pub(super) fn delay(&self, began: Instant) -> Option<Duration> {
        match self.delay.load(Ordering::Relaxed) {
            NEVER => None,
            _ if self.is_measured() && began.as_nanos() >= self.until.load(Ordering::Relaxed) => {
                None
            }
            delay => Some(Duration::from_nanos(delay)),
        }
    }

    pub(super) fn max_hedges(&self) -> u32 {
        self.max_hedges.load(Ordering::Relaxed)
    }

    pub(super) fn mode(&self) -> Mode {
        if self.shadow.load(Ordering::Relaxed) == 0 { Mode::Enforce } else { Mode::Shadow }
    }

    pub(super) fn won(&self) {
        self.wins.add_one();
    }

    /// An attempt that began then has ended now.
    pub(super) fn record(&self, began: Instant, now: Instant, by_itself: bool) {
        if began == Instant::FOREVER {
            return;
        }
        let time = now.since(began);
        let lasted = if by_itself { Lasted::Exactly(time) } else { Lasted::AtLeast(time) };
        // An estimate can do without the samples of a moment at which two threads meet.
        if let Some(mut estimator) = self.estimator.try_lock() {
            if let Some(delay) = estimator.record(now, lasted) {
                // Under the lock, or it might overwrite what a new config has set.
                if self.is_measured() {
                    let window = Duration::from_nanos(self.window.load(Ordering::Relaxed));
                    self.until.store(now.after(window).as_nanos(), Ordering::Relaxed);
                    self.delay.store(delay.unwrap_or(NEVER), Ordering::Relaxed);
                }
            }
        }
    }

    pub(super) fn snapshot(&self, budget: Option<&Budget>) -> Snapshot {
        let samples = self.estimator.lock().samples();
        Snapshot {
            name: self.name.clone(),
            delay: self.delay(time::now()),
            samples,
            mode: self.mode(),
            budget: budget.map(Budget::snapshot),
            totals: Totals {
                slow: self.slow.total(),
                failed: self.failed.total(),
                wins: self.wins.total(),
                unpaid: self.unpaid.total(),
            },
        }
    }
}
