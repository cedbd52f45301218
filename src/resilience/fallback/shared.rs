use std::time::Duration;

use super::{
    config::{FailoverPlan, Plan, WhenAllOpen},
    machine::{of_refusal, stands, worth_waiting},
    served::Cause,
    snapshot::{Snapshot, Totals},
};
use crate::ground::{
    mode::Mode,
    name::Name,
    outcome::{Classify, Outcome},
    refusal::Fault,
    stats::Counter,
    sync::Mutex,
    telemetry,
    time::{self, Deadline},
};

/// What the clones of a fallback share. A call that succeeds touches none of it.
#[derive(Debug)]
#[expect(unnameable_types, reason = "named by a sealed trait only")]
pub struct Shared {
    name: Name,
    settings: Mutex<Settings>,
    causes: [Counter; Cause::ALL.len()],
    failed: Counter,
    too_late: Counter,
    waited: Counter,
}

/// What is asked for once a call has failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) mode: Mode,
    pub(super) patience: Duration,
    pub(super) when_all_open: WhenAllOpen,
    pub(super) max_held: u32,
}

impl From<&Plan> for Settings {
    fn from(plan: &Plan) -> Self {
        let config = plan.config();
        Self {
            mode: config.mode,
            patience: config.patience,
            when_all_open: WhenAllOpen::Fail,
            max_held: 0,
        }
    }
}

impl From<&FailoverPlan> for Settings {
    fn from(plan: &FailoverPlan) -> Self {
        let config = plan.config();
        Self {
            mode: config.mode,
            patience: config.patience,
            when_all_open: config.when_all_open,
            max_held: config.max_held,
        }
    }
}

/// What is to become of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Passed on, for this is what it means.
    Keep(Outcome),
    /// Something else is wanted instead.
    Fall(Cause, Outcome),
}

impl Shared {
    pub(super) fn new(name: Name, settings: Settings) -> Self {
        Self {
            name,
            settings: Mutex::new(settings),
            causes: [(); Cause::ALL.len()].map(|()| Counter::new(1)),
            failed: Counter::new(1),
            too_late: Counter::new(1),
            waited: Counter::new(1),
        }
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    pub(super) fn reconfigure(&self, settings: Settings) {
        *self.settings.lock() = settings;
    }

    pub(super) fn settings(&self) -> Settings {
        *self.settings.lock()
    }

    /// What is to become of this result. Refusals are not put to the classifier.
    #[inline]
    pub(super) fn judge<T, E, C>(&self, classify: &C, result: &Result<T, E>) -> Verdict
    where
        E: Fault,
        C: Classify<T, E>,
    {
        if let Some(refusal) = result.as_ref().err().and_then(Fault::refusal) {
            return match of_refusal(refusal) {
                Some(cause) => Verdict::Fall(cause, Outcome::Failure),
                None => Verdict::Keep(Outcome::Ignore),
            };
        }
        let outcome = time::outside(|| classify.classify(result));
        if stands(outcome) {
            return Verdict::Keep(outcome);
        }
        self.weigh(classify, result, outcome)
    }

    /// It failed: whether that is for someone else to wait for.
    #[cold]
    fn weigh<T, E, C>(&self, classify: &C, result: &Result<T, E>, outcome: Outcome) -> Verdict
    where
        C: Classify<T, E>,
    {
        let pushback = time::outside(|| classify.pushback(result));
        if worth_waiting(pushback, self.settings().patience) {
            Verdict::Keep(outcome)
        } else {
            Verdict::Fall(Cause::Error, outcome)
        }
    }

    /// A call is given up for this cause. Whether something else is to be done for it.
    pub(super) fn fall(&self, cause: Cause) -> bool {
        let mode = self.settings().mode;
        self.causes[cause as usize].add_one();
        telemetry::fell_back(&self.name, cause.as_str(), mode);
        mode == Mode::Enforce
    }

    /// Whether the task's deadline has passed, so that nothing is to be begun any more.
    pub(super) fn is_too_late(&self) -> bool {
        let late = Deadline::current().is_some_and(|deadline| deadline.left().is_zero());
        if late {
            self.too_late.add_one();
        }
        late
    }

    /// There was no good answer.
    pub(super) fn fail(&self) {
        self.failed.add_one();
    }

    /// Everybody refused, and one is waited for.
    pub(super) fn wait(&self) {
        self.waited.add_one();
    }

    pub(super) fn waited(&self) -> u64 {
        self.waited.total()
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let caused = |cause| self.causes[cause as usize].total();
        let totals = Totals {
            error: caused(Cause::Error),
            timed_out: caused(Cause::TimedOut),
            rejected: caused(Cause::Rejected),
            short_circuited: caused(Cause::ShortCircuited),
            failed: self.failed.total(),
            too_late: self.too_late.total(),
        };
        Snapshot { name: self.name.clone(), mode: self.settings().mode, totals }
    }
}
