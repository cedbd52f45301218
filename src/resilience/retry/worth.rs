use std::time::Duration;

use super::{config::Config, ending::Ending};
use crate::{
    ground::{outcome::Outcome, pushback::Pushback, refusal::Refusal},
    resilience::budget::quota::Cost,
};

/// What a result is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    /// Nothing more: it is the answer.
    Answer,
    /// Another attempt, after the backoff or what was asked for.
    Again {
        /// How long to wait at least.
        wait: Option<Duration>,
        /// What it costs, where it reached the backend.
        cost: Option<Cost>,
    },
    /// It would be, were it not for this.
    Not(Ending),
}

/// What a result is worth that came from the backend. `safe`: the request may be served twice.
pub(super) fn worth(outcome: Outcome, pushback: Pushback, safe: bool) -> Worth {
    let asked = pushback.again == Some(true) || pushback.wait.is_some();
    match (outcome, pushback.again) {
        (Outcome::Ignore | Outcome::Slow | Outcome::Success, _) => Worth::Answer,
        (_, Some(false)) => Worth::Not(Ending::Pushback),
        // Nobody knows whether it was served.
        (Outcome::Failure, _) if !safe && !asked => Worth::Not(Ending::Unrepeatable),
        (Outcome::Failure, _) => Worth::Again { wait: pushback.wait, cost: Some(Cost::Transient) },
        (Outcome::SoftFailure, _) => {
            Worth::Again { wait: pushback.wait, cost: Some(Cost::Throttled) }
        }
    }
}

/// What a refusal is worth that kept the call from beginning.
pub(super) fn worth_of_refusal(refusal: &Refusal, config: &Config) -> Worth {
    if !config.retry_refusals {
        return Worth::Answer;
    }
    let again = |wait| Worth::Again { wait, cost: None };
    match refusal {
        // Without a time to come back they stay as they are until somebody changes it.
        Refusal::CircuitOpen { retry_after, .. }
        | Refusal::Disconnected { retry_after, .. }
        | Refusal::RateLimited { retry_after, .. } => {
            retry_after.map_or(Worth::Answer, |wait| again(Some(wait)))
        }
        Refusal::StoreUnavailable { retry_after, .. } => again(*retry_after),
        Refusal::Full { .. }
        | Refusal::Overloaded { .. }
        | Refusal::ShuttingDown { .. }
        | Refusal::Throttled { .. } => again(None),
        Refusal::DeadlineExceeded { .. }
        | Refusal::Exhausted { .. }
        | Refusal::Invalid { .. }
        | Refusal::Mismatched { .. }
        | Refusal::Panicked { .. }
        | Refusal::Stalled { .. }
        | Refusal::TimedOut { .. } => Worth::Answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::{name::Name, refusal::OpenReason};

    const SECOND: Duration = Duration::from_secs(1);
    const COST: Option<Cost> = Some(Cost::Transient);

    #[test]
    fn what_results_are_worth() {
        let again = |wait| Worth::Again { wait, cost: COST };
        let soft = Worth::Again { wait: None, cost: Some(Cost::Throttled) };
        let (wait, never) = (Pushback::after(SECOND), Pushback::never());
        for (outcome, pushback, safe, expected) in [
            (Outcome::Success, never, true, Worth::Answer),
            (Outcome::Ignore, wait, true, Worth::Answer),
            (Outcome::Failure, Pushback::NONE, true, again(None)),
            (Outcome::Failure, wait, true, again(Some(SECOND))),
            (Outcome::Failure, never, true, Worth::Not(Ending::Pushback)),
            (Outcome::Failure, Pushback::NONE, false, Worth::Not(Ending::Unrepeatable)),
            (Outcome::Failure, wait, false, again(Some(SECOND))),
            (Outcome::SoftFailure, Pushback::NONE, false, soft),
        ] {
            assert_eq!(worth(outcome, pushback, safe), expected, "{outcome:?} {pushback:?} {safe}");
        }
    }

    #[test]
    fn refusals_are_worth_nothing_unless_asked_and_never_paid_for() {
        let name = Name::Static("guard");
        let open = |retry_after| Refusal::CircuitOpen {
            name: Name::Static("guard"),
            reason: OpenReason::Tripped,
            retry_after,
        };
        let asked = Config::new().with_retry_refusals(true);
        let unpaid = |wait| Worth::Again { wait, cost: None };
        assert_eq!(worth_of_refusal(&open(Some(SECOND)), &Config::new()), Worth::Answer);
        assert_eq!(worth_of_refusal(&open(Some(SECOND)), &asked), unpaid(Some(SECOND)));
        assert_eq!(worth_of_refusal(&open(None), &asked), Worth::Answer);
        let full = Refusal::Full { name: name.clone(), limit: 1 };
        assert_eq!(worth_of_refusal(&full, &asked), unpaid(None));
        assert_eq!(worth_of_refusal(&Refusal::Invalid { name, rule: "" }, &asked), Worth::Answer);
    }
}
