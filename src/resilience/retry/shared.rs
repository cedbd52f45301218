use std::{sync::Arc, thread::LocalKey, time::Duration};

use super::{
    config::Plan,
    ending::Ending,
    snapshot::{GivenUp, Snapshot, Totals},
    view::Eyes,
};
use crate::{
    ground::{
        hold,
        name::Name,
        stats::Counter,
        sync::{
            Mutex, Park, Spot,
            atomic::{AtomicU32, Ordering},
        },
        telemetry::{self, Told},
        time::{self, Instant},
    },
    resilience::budget::{
        Purse,
        quota::{Cost, Paid},
    },
};

/// What the holds of one view refer to: the state of all its clones, and what the view pays with.
#[derive(Debug)]
#[expect(unnameable_types, reason = "named by a sealed trait only")]
pub struct Core {
    pub(super) shared: Arc<Shared>,
    pub(super) purse: Option<Purse>,
}

/// What the clones and views of a retry share.
#[derive(Debug)]
pub(super) struct Shared {
    max_attempts: AtomicU32,
    /// Whether the time of a call is taken.
    timed: AtomicU32,
    /// Whether refusals are tried again.
    refusals: AtomicU32,
    plan: Mutex<Plan>,
    name: Name,
    told_retries: Told,
    told_given_up: [Told; 6],
    retries: Counter,
    recovered: Counter,
    given_up: [Counter; 6],
}

/// The endings that are counted, in the order of their counters.
const COUNTED: [Ending; 6] = [
    Ending::Attempts,
    Ending::Budget,
    Ending::Deadline,
    Ending::Elapsed,
    Ending::Pushback,
    Ending::Unrepeatable,
];

/// A call's hold on its retry by reference.
pub type Borrowed<'a, C, O, D> = hold::Borrowed<'a, Core, Eyes<C, O, D>>;

/// A call's hold on its retry by itself.
pub type Owned<C, O, D> = hold::Owned<Core, Eyes<C, O, D>>;

thread_local! {
    static PARKED: Spot<Core> = const { Spot::new(None) };
}

impl Park for Core {
    fn spot() -> &'static LocalKey<Spot<Self>> {
        &PARKED
    }
}

impl Core {
    /// A first attempt begins.
    #[inline]
    pub(super) fn begin(&self) {
        if let Some(purse) = &self.purse {
            purse.begin();
        }
    }

    /// Pays for a further one. None if there is not enough, else what comes back if the call succeeds.
    pub(super) fn pay(&self, cost: Cost) -> Option<Option<Paid>> {
        self.purse.as_ref().map_or(Some(None), |purse| purse.pay(cost))
    }

    /// The call has succeeded.
    #[inline]
    pub(super) fn succeed(&self, paid: Option<Paid>) {
        if let Some(purse) = &self.purse {
            purse.succeed(paid);
        }
    }
}

impl Shared {
    pub(super) fn new(name: Name, plan: Plan) -> Self {
        let shared = Self {
            max_attempts: AtomicU32::new(0),
            timed: AtomicU32::new(0),
            refusals: AtomicU32::new(0),
            plan: Mutex::new(plan.clone()),
            told_retries: Told::retries(&name),
            told_given_up: COUNTED.map(|ending| Told::given_up(&name, ending.as_str())),
            name,
            retries: Counter::new(1),
            recovered: Counter::new(1),
            given_up: std::array::from_fn(|_| Counter::new(1)),
        };
        shared.reconfigure(plan);
        shared
    }

    pub(super) fn reconfigure(&self, plan: Plan) {
        let config = plan.config();
        self.max_attempts.store(config.max_attempts, Ordering::Relaxed);
        self.timed.store(u32::from(config.max_elapsed.is_some()), Ordering::Relaxed);
        self.refusals.store(u32::from(config.retry_refusals), Ordering::Relaxed);
        *self.plan.lock() = plan;
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    pub(super) fn plan(&self) -> Plan {
        self.plan.lock().clone()
    }

    /// Whether a first attempt is the last.
    #[inline]
    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "for services"))]
    pub(super) fn tries_once(&self) -> bool {
        self.max_attempts.load(Ordering::Relaxed) <= 1
    }

    pub(super) fn retries_refusals(&self) -> bool {
        self.refusals.load(Ordering::Relaxed) != 0
    }

    /// When a call begins, if anybody wants to know.
    #[inline]
    pub(super) fn begin(&self) -> Instant {
        if self.timed.load(Ordering::Relaxed) == 0 { Instant::FOREVER } else { Self::now() }
    }

    /// Apart, so that the clock is not inlined into every call that does not read it.
    #[cold]
    #[inline(never)]
    fn now() -> Instant {
        time::now()
    }

    pub(super) fn tries_again(&self, attempt: u32, delay: Duration) {
        self.retries.add_one();
        self.told_retries.add_one();
        telemetry::retried(&self.name, attempt, delay);
    }

    /// A call that was not through after its first attempt has ended.
    pub(super) fn ended(&self, ending: Ending, attempts: u32, well: bool) {
        match ending {
            // After the first attempt an answer ends the call before it comes here.
            Ending::Answered if well => self.recovered.add_one(),
            Ending::Watched => self.retries.add_one(),
            _ => {}
        }
        if let Some(at) = COUNTED.iter().position(|counted| *counted == ending) {
            self.given_up[at].add_one();
            self.told_given_up[at].add_one();
            telemetry::gave_up(&self.name, ending.as_str(), attempts);
        }
    }

    pub(super) fn snapshot(&self, purse: Option<&Purse>) -> Snapshot {
        let [attempts, budgets, deadline, elapsed, pushback, unrepeatable] =
            std::array::from_fn(|at| self.given_up[at].total());
        let mode = self.plan.lock().config().mode;
        let (budget, quota) = match purse {
            Some(Purse::Budget(budget)) => (Some(budget.snapshot()), None),
            Some(Purse::Quota(quota)) => (None, Some(quota.snapshot())),
            None => (None, None),
        };
        Snapshot {
            name: self.name.clone(),
            max_attempts: self.max_attempts.load(Ordering::Relaxed),
            mode,
            budget,
            quota,
            totals: Totals {
                retries: self.retries.total(),
                recovered: self.recovered.total(),
                given_up: GivenUp {
                    attempts,
                    budget: budgets,
                    deadline,
                    elapsed,
                    pushback,
                    unrepeatable,
                },
            },
        }
    }
}
