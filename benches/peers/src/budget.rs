//! The purse of retries against tower's.
//!
//! Tower's keeps its payments in a ring of ten slots under a lock and reads the clock for each; ours
//! pays in with a load and a store.

use std::sync::Arc;
use std::time::Duration;

use buttress::budget::{Budget, Config};
use tower::retry::budget::{Budget as _, TpsBudget};

use crate::harness::{Contest, Gate, Report};
use crate::sampling::Side;

/// Holds the contests of this room.
pub fn run(report: &mut Report) {
    report.hold(deposit());
    report.hold(deposit_and_withdraw());
    report.hold(shared_deposit());
}

fn ours() -> Budget {
    Budget::new("peers", Config::new().with_ratio(1.0)).expect("a sound config")
}

fn towers() -> Arc<TpsBudget> {
    Arc::new(TpsBudget::new(Duration::from_secs(10), 3, 1.0))
}

/// A first attempt that succeeds: what every call pays.
fn deposit() -> Contest {
    let (ours, towers) = (ours(), towers());
    Contest::new("budget.deposit", Side::new("buttress.deposit", move || ours.deposit()))
        .against(Side::new("tower.tps_budget", move || towers.deposit()), Gate::at_most(0.25))
}

/// A first attempt that fails, and one more.
fn deposit_and_withdraw() -> Contest {
    let (ours, towers) = (ours(), towers());
    let ours = Side::new("buttress.deposit_and_withdraw", move || {
        ours.deposit();
        ours.try_withdraw()
    });
    let towers = Side::new("tower.tps_budget", move || {
        towers.deposit();
        towers.withdraw()
    });
    Contest::new("budget.withdraw", ours).against(towers, Gate::at_most(1.0))
}

/// The same purse on two threads.
fn shared_deposit() -> Contest {
    let alone = ours();
    let alone = Side::new("buttress.deposit_1thread", move || alone.deposit());
    let (ours, towers) = (ours(), towers());
    let ours = [ours.clone(), ours].map(|budget| move || budget.deposit());
    let towers = [Arc::clone(&towers), towers].map(|budget| move || budget.deposit());
    Contest::new("budget.shared_deposit", Side::pair("buttress.deposit", ours))
        .against(Side::pair("tower.tps_budget", towers), Gate::at_most(0.25))
        .against(alone, Gate::at_most(1.3).aim(1.0))
}
