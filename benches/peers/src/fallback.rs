//! The fallback against tower-resilience's, around a call that succeeds and around one that fails.
//!
//! Falling back to a constant in each. The peer's layer boxes the future of every call and copies the
//! request whether or not it is needed; the request here is `()`, so that the copy costs nothing.

use std::future::Future;
use std::hint::black_box;
use std::io;

use buttress::Lift;
use buttress::fallback::{Config, Failover, FailoverConfig, Fallback, Value};
use tower::Layer;
use tower_resilience_fallback::FallbackLayer;

use crate::calls::{Answer, accepted, answer, call_now, poll_now, service};
use crate::harness::{Contest, Gate, Report};
use crate::sampling::Side;

/// Holds the contests of this room.
pub fn run(report: &mut Report) {
    let good = || async { answer() };
    let bad = || async { black_box(Err(io::Error::from(io::ErrorKind::TimedOut))) };
    report.hold(call());
    report.hold(failover());
    report.hold(request("fallback.layer_success", good, Gate::at_most(0.5)));
    report.hold(request("fallback.layer_failure", bad, Gate::at_most(0.7)));
}

fn value() -> Fallback<Value<u64>> {
    Fallback::new("peers", Config::new()).expect("the default config").to_value(7)
}

/// The plain call that succeeds; the peers have no such door, so against nothing.
fn call() -> Contest {
    let fallback = value();
    let operation = || async { answer() };
    let ours = Side::new("buttress.call", move || accepted(poll_now(fallback.call(operation))));
    let bare = Side::new("bare.future", move || accepted(poll_now(operation())));
    Contest::new("fallback.call_success", ours).beside(bare)
}

/// The first of two providers answers.
fn failover() -> Contest {
    let providers = [("first", 1_u64), ("second", 2)];
    let failover =
        Failover::new("peers", FailoverConfig::new(), providers).expect("the default config");
    let operation = || async { answer() };
    let ours = Side::new("buttress.failover", move || {
        accepted(poll_now(failover.call(|_| operation())).map(|served| served.value))
    });
    let bare = Side::new("bare.future", move || accepted(poll_now(operation())));
    Contest::new("fallback.failover_success", ours).beside(bare)
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
    let mut guarded = value().layer().layer(Lift::layer().layer(service(operation)));
    let ours = Side::new("buttress.layer", move || accepted(call_now(&mut guarded)));

    let layer = FallbackLayer::<(), u64, io::Error>::value(7);
    let mut guarded = layer.layer(service(operation));
    let tower_resilience =
        Side::new("tower_resilience.fallback", move || accepted(call_now(&mut guarded)));

    let mut bare = service(|| async { answer() });
    let bare = Side::new("bare.service", move || accepted(call_now(&mut bare)));
    Contest::new(name, ours).against(tower_resilience, gate).beside(bare)
}
