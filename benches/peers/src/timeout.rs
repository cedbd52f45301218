//! The timeout against tokio's, tower's layer and tower-resilience's.
//!
//! Each operation has thirty seconds and takes none of them: it is ready at once, or after one
//! `Pending`, for which a timer must be armed and disarmed. An earlier timer stands all the while,
//! so that arming does not have to wake the runtime's driver: that costs more than all the rest,
//! and everybody the same.

use std::future::Future;
use std::time::Duration;

use buttress::Lift;
use buttress::timeout::Timeout;
use tokio::runtime::Builder;
use tower::Layer;
use tower::timeout::TimeoutLayer;
use tower_resilience_timelimiter::TimeLimiterLayer;

use crate::calls::{Answer, PendingOnce, accepted, answer, call_now, poll_now, service};
use crate::harness::{Contest, Gate, Report};
use crate::sampling::Side;

/// The time every operation has.
const LIMIT: Duration = Duration::from_secs(30);
/// When the runtime's driver has something to do anyway.
const EARLIER: Duration = Duration::from_secs(20);

/// Holds the contests of this room.
pub fn run(report: &mut Report) {
    in_a_runtime(|| {
        let ready = || async { answer() };
        let pending = || async {
            PendingOnce::default().await;
            answer()
        };
        report.hold(call("timeout.ready", ready, Gate::at_most(0.2).aim(0.02)));
        report.hold(call("timeout.pending", pending, Gate::at_most(1.05).aim(0.5)));
        report.hold(request("timeout.layer_ready", ready, Gate::at_most(0.3)));
        report.hold(request("timeout.layer_pending", pending, Gate::at_most(1.05)));
    });
}

/// Inside a runtime whose driver sleeps until [`EARLIER`]. It must have slept once to know.
pub fn in_a_runtime(contests: impl FnOnce()) {
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    let _entered = runtime.enter();
    runtime.spawn(tokio::time::sleep(EARLIER));
    runtime.block_on(tokio::time::sleep(Duration::from_millis(5)));
    contests();
}

/// The plain call.
fn call<F>(
    name: &'static str,
    operation: impl Fn() -> F + Copy + Send + 'static,
    gate: Gate,
) -> Contest
where
    F: Future<Output = Answer> + Send + 'static,
{
    let timeout = Timeout::new("peers", LIMIT).expect("a sound limit");
    let ours = Side::new("buttress.call", move || accepted(poll_now(timeout.call(operation))));
    let tokio = Side::new("tokio.timeout", move || {
        let answer = poll_now(tokio::time::timeout(LIMIT, operation()));
        answer.map_or_else(|_| unreachable!("no time has passed"), accepted)
    });
    let bare = Side::new("bare.future", move || accepted(poll_now(operation())));
    Contest::new(name, ours).against(tokio, gate).beside(bare)
}

/// The tower layer.
fn request<F>(
    name: &'static str,
    operation: impl Fn() -> F + Copy + Send + 'static,
    gate: Gate,
) -> Contest
where
    F: Future<Output = Answer> + Send + 'static,
{
    let timeout = Timeout::new("peers", LIMIT).expect("a sound limit");
    let mut guarded = timeout.layer().layer(Lift::layer().layer(service(operation)));
    let ours = Side::new("buttress.layer", move || accepted(call_now(&mut guarded)));

    let mut guarded = TimeoutLayer::new(LIMIT).layer(service(operation));
    let tower = Side::new("tower.timeout", move || accepted(call_now(&mut guarded)));

    let layer = TimeLimiterLayer::builder().timeout_duration(LIMIT).build();
    let mut guarded = layer.layer(service(operation));
    let tower_resilience =
        Side::new("tower_resilience.timelimiter", move || accepted(call_now(&mut guarded)));

    let mut bare = service(operation);
    let bare = Side::new("bare.service", move || accepted(call_now(&mut bare)));
    Contest::new(name, ours).against(tower, gate).beside(tower_resilience).beside(bare)
}
