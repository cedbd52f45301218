//! The retry against backon, tokio-retry2, tower's Retry and tower-resilience's.
//!
//! The operation succeeds at once: what is measured is what a call pays that needs no retry. Ours pays
//! into a budget on every call, which of the peers only tower's can; its contest is held with the
//! budget of its own documentation, and beside it the same without one on either side.

use std::future::{Future, Ready, ready};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use backon::Retryable as _;
use buttress::Lift;
use buttress::retry::{Config, Retry};
use tokio_retry2::strategy::ExponentialBackoff;
use tower::Layer;
use tower::retry::budget::{Budget as _, TpsBudget};
use tower::retry::{Policy, RetryLayer};

use crate::calls::{Answer, accepted, answer, call_now, poll_now, service};
use crate::harness::{Contest, Gate, Report};
use crate::sampling::Side;

/// Attempts, the first included.
const ATTEMPTS: u32 = 3;

/// Holds the contests of this room.
pub fn run(report: &mut Report) {
    report.hold(call());
    report.hold(layer_tower());
    report.hold(layer_tower_without_budget());
    report.hold(layer_tower_resilience());
    report.hold(shared_layer());
}

fn ours() -> Retry {
    Retry::new("peers", Config::new().with_max_attempts(ATTEMPTS)).expect("a sound config")
}

fn operation() -> impl Future<Output = Answer> + Send {
    async { answer() }
}

/// The plain call.
fn call() -> Contest {
    let retry = ours();
    let ours =
        Side::new("buttress.call", move || accepted(poll_now(retry.call(|| async { answer() }))));
    // Everybody's policy is made once, as from a config, and not where the compiler sees its numbers.
    let backoff = black_box(backon::ExponentialBuilder::default().with_max_times(2).with_jitter());
    let backon = Side::new("backon.exponential", move || {
        accepted(poll_now((|| async { answer() }).retry(backoff)))
    });
    let backoff = black_box(backon::ConstantBuilder::default().with_max_times(2));
    let backon_constant = Side::new("backon.constant", move || {
        accepted(poll_now((|| async { answer() }).retry(backoff)))
    });
    let strategy = black_box(ExponentialBackoff::from_millis(2));
    let tokio_retry2 = Side::new("tokio_retry2.exponential", move || {
        let strategy = strategy.clone().take(2);
        let retried = tokio_retry2::Retry::spawn(strategy, || async {
            answer().map_err(tokio_retry2::RetryError::transient)
        });
        accepted(poll_now(retried))
    });
    let bare = Side::new("bare.future", || accepted(poll_now(operation())));
    Contest::new("retry.call", ours)
        .against(backon, Gate::at_most(0.6))
        .against(backon_constant, Gate::at_most(0.6))
        .against(tokio_retry2, Gate::at_most(0.8))
        .beside(bare)
}

/// Tower's policy: what its documentation shows, with or without a budget.
#[derive(Clone)]
struct Towers {
    left: u32,
    budget: Option<Arc<TpsBudget>>,
}

impl<E> Policy<(), u64, E> for Towers {
    type Future = Ready<()>;

    fn retry(&mut self, (): &mut (), result: &mut Result<u64, E>) -> Option<Ready<()>> {
        match result {
            Ok(_) => {
                if let Some(budget) = &self.budget {
                    budget.deposit();
                }
                None
            }
            Err(_) => {
                let paid = self.budget.as_ref().is_none_or(|budget| budget.withdraw());
                (self.left > 0 && paid).then(|| {
                    self.left -= 1;
                    ready(())
                })
            }
        }
    }

    fn clone_request(&mut self, (): &()) -> Option<()> {
        Some(())
    }
}

fn towers(budget: bool) -> Side {
    let budget = budget.then(|| Arc::new(TpsBudget::new(Duration::from_secs(10), 3, 0.2)));
    let policy = Towers { left: ATTEMPTS - 1, budget };
    let mut service = RetryLayer::new(policy).layer(service(|| async { answer() }));
    Side::new("tower.retry", move || accepted(call_now(&mut service)))
}

fn ours_layered(retry: &Retry) -> Side {
    let mut service = retry.layer().layer(Lift::layer().layer(service(|| async { answer() })));
    Side::new("buttress.layer", move || accepted(call_now(&mut service)))
}

/// The layer, each with its budget.
fn layer_tower() -> Contest {
    Contest::new("retry.layer_tower", ours_layered(&ours()))
        .against(towers(true), Gate::at_most(1.2))
}

/// The layer, without a budget on either side.
fn layer_tower_without_budget() -> Contest {
    Contest::new("retry.layer_tower_unbudgeted", ours_layered(&ours().without_budget()))
        .beside(towers(false))
}

/// The layer against tower-resilience's.
fn layer_tower_resilience() -> Contest {
    let layer = tower_resilience_retry::RetryLayer::<(), u64, std::io::Error>::builder()
        .max_attempts(ATTEMPTS as usize)
        .exponential_backoff(Duration::from_millis(100))
        .build();
    let mut guarded = layer.layer(service(|| async { answer() }));
    let theirs = Side::new("tower_resilience.retry", move || accepted(call_now(&mut guarded)));
    Contest::new("retry.layer", ours_layered(&ours())).against(theirs, Gate::at_most(0.15))
}

/// One retry under two threads.
fn shared_layer() -> Contest {
    let retry = ours();
    let alone = ours_layered(&retry);
    let pair = [retry.clone(), retry].map(|retry| {
        let mut service = retry.layer().layer(Lift::layer().layer(service(|| async { answer() })));
        move || accepted(call_now(&mut service))
    });
    Contest::new("retry.shared_layer", Side::pair("buttress.layer", pair))
        .against(alone, Gate::at_most(1.3).aim(1.0))
}
