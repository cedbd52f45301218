//! The hedge against tower-resilience's, tower's, and one written by hand with tokio's timeout.
//!
//! The first attempt answers, at once or after one `Pending`, for which a timer must be armed and
//! disarmed; no second one is ever started. What is measured is what every call pays for the few that are
//! hedged. As in `timeout.rs` an earlier timer stands all the while. Ours pays into a budget on every
//! call, which no peer has; measuring the delay is compared with tower's, which does the same.

use std::future::Future;
use std::hint::black_box;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use buttress::Lift;
use buttress::hedge::{Config, Hedge, Patience};
use tower::Layer;
use tower::hedge::Policy;
use tower_resilience_hedge::HedgeLayer;

use crate::calls::{Answer, accepted, answer, call_now, poll_now, service};
use crate::harness::{Contest, Gate, Report};
use crate::sampling::Side;
use crate::timeout::in_a_runtime;

/// After so long a second attempt would be started.
const DELAY: Duration = Duration::from_secs(30);

/// Holds the contests of this room.
pub fn run(report: &mut Report) {
    in_a_runtime(|| {
        let ready = || async { answer() };
        let pending = || async {
            WakenOnce::default().await;
            answer()
        };
        report.hold(call("hedge.ready", ready, Gate::at_most(0.5)));
        report.hold(call("hedge.pending_once", pending, Gate::at_most(1.25).aim(1.05)));
        report.hold(layer("hedge.layer_ready", ready, Gate::at_most(0.25)));
        report.hold(layer("hedge.layer_pending_once", pending, Gate::at_most(0.4)));
        report.hold(measured("hedge.measured_ready", ready, Some(Gate::at_most(0.9).aim(0.5))));
        report.hold(measured("hedge.measured_pending_once", pending, None));
    });
}

/// Pending once, and wakes: one peer polls nobody who was not woken.
#[derive(Default)]
struct WakenOnce {
    was_polled: bool,
}

impl Future for WakenOnce {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.was_polled, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

fn fixed() -> Hedge {
    Hedge::new("peers", Config::after(DELAY)).expect("a sound config")
}

/// One that measures, has measured, and waits as long as the others.
fn measuring() -> Hedge<buttress::outcome::Standard, impl Patience + Copy + Send> {
    let hedge = Hedge::new("peers", Config::new()).expect("a sound config");
    for _ in 0..1000 {
        accepted(poll_now(hedge.call(|| async { answer() })));
    }
    assert!(hedge.snapshot().delay.is_some(), "it has seen enough");
    hedge.patience(|delay: Option<Duration>| black_box(delay).map(|_| DELAY))
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
    let hedge = fixed();
    let ours = Side::new("buttress.call", move || accepted(poll_now(hedge.call(operation))));
    let tokio = Side::new("tokio.timeout_and_again", move || {
        accepted(poll_now(async {
            let mut first = pin!(operation());
            match tokio::time::timeout(DELAY, first.as_mut()).await {
                Ok(answer) => answer,
                // It would have to go on with the first beside this one.
                Err(_) => operation().await,
            }
        }))
    });
    let bare = Side::new("bare.future", move || accepted(poll_now(operation())));
    Contest::new(name, ours).against(tokio, gate).beside(bare)
}

/// The tower layer.
fn layer<F>(
    name: &'static str,
    operation: impl Fn() -> F + Copy + Send + 'static,
    gate: Gate,
) -> Contest
where
    F: Future<Output = Answer> + Send + 'static,
{
    let mut guarded = fixed().layer().layer(Lift::layer().layer(service(operation)));
    let ours = Side::new("buttress.layer", move || accepted(call_now(&mut guarded)));

    // Its errors must be `Clone`.
    let kind = move || {
        let operation = operation();
        async move { operation.await.map_err(|error: io::Error| error.kind()) }
    };
    let layer = HedgeLayer::builder().delay(DELAY).max_hedged_attempts(2).build();
    let mut guarded = layer.layer(tower::service_fn(move |()| kind()));
    let tower_resilience =
        Side::new("tower_resilience.hedge", move || accepted(call_now(&mut guarded)));

    let mut bare = service(operation);
    let bare = Side::new("bare.service", move || accepted(call_now(&mut bare)));
    Contest::new(name, ours).against(tower_resilience, gate).beside(bare)
}

/// Tower's policy: every request may be made twice.
#[derive(Clone)]
struct Always;

impl Policy<()> for Always {
    fn clone_request(&self, (): &()) -> Option<()> {
        Some(())
    }

    fn can_retry(&self, (): &()) -> bool {
        true
    }
}

/// With a delay that is measured, each in a window of a minute. Where tower has to wait there is no
/// gate: the delay it has measured is zero, so it arms no timer, and ours does.
fn measured<F>(
    name: &'static str,
    operation: impl Fn() -> F + Copy + Send + 'static,
    gate: Option<Gate>,
) -> Contest
where
    F: Future<Output = Answer> + Send + 'static,
{
    let hedge = measuring();
    let mut guarded = hedge.layer().layer(Lift::layer().layer(service(operation)));
    let ours = Side::new("buttress.layer", move || accepted(call_now(&mut guarded)));
    let plain = Side::new("buttress.call", move || accepted(poll_now(hedge.call(operation))));

    // It never has enough to go by, or it would hedge what takes no millisecond; it measures all the same.
    let mut guarded = tower::hedge::Hedge::new(
        service(operation),
        Always,
        u64::MAX,
        0.98,
        Duration::from_secs(60),
    );
    let tower = Side::new("tower.hedge", move || accepted(call_now(&mut guarded)));
    let contest = Contest::new(name, ours);
    match gate {
        Some(gate) => contest.against(tower, gate),
        None => contest.beside(tower),
    }
    .beside(plain)
}
