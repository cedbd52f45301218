//! The throttle beside nobody: none of the peers holds calls back by how many were accepted.
//!
//! What is judged is that no call allocates; the ratios to a call that nobody guards are printed.

use buttress::Lift;
use buttress::throttle::{Config, Throttle};
use tower::Layer;

use crate::calls::{accepted, answer, call_now, poll_now, service};
use crate::harness::{Contest, Report};
use crate::sampling::Side;

/// Holds the contests of this room.
pub fn run(report: &mut Report) {
    let ours = throttle(Config::new());
    let ours =
        Side::new("buttress.call", move || accepted(poll_now(ours.call(|| async { answer() }))));
    report.hold(Contest::new("throttle.call", ours).beside(bare_future()));

    let layer = throttle(Config::new()).layer();
    let mut ours = layer.layer(Lift::layer().layer(service(|| async { answer() })));
    let ours = Side::new("buttress.layer", move || accepted(call_now(&mut ours)));
    report.hold(Contest::new("throttle.layer", ours).beside(bare_future()));

    // Nothing was accepted, and nothing goes on as a probe.
    let ours = throttle(Config::new().with_max_refused_share(1.0));
    for _ in 0..100_000 {
        if let Ok(permit) = ours.try_acquire() {
            permit.rejected();
        }
    }
    let ours = Side::new("buttress.refused", move || {
        // One in a hundred thousand is let through, and fails as well.
        u64::from(poll_now(ours.call(|| async { Err::<u64, ()>(()) })).is_err())
    });
    report.hold(Contest::new("throttle.refused", ours).beside(bare_future()));
}

fn throttle(config: Config) -> Throttle {
    Throttle::new("peers", config).expect("a sound config")
}

/// A call that nobody guards.
fn bare_future() -> Side {
    Side::new("bare.future", || accepted(poll_now(async { answer() })))
}
