//! The bulkhead against tokio's semaphore, tower's concurrency limit and tower-resilience's bulkhead.
//!
//! There are places enough and nobody waits, but for `refused`: a place is taken, the operation
//! succeeds at once, and the place is given back. A peer that refuses is slower than one that lets in,
//! so where it cannot be measured refusing, it is measured letting in.

use std::sync::Arc;

use buttress::Lift;
use buttress::bulkhead::{Adaptive, Bulkhead, Config};
use tokio::sync::Semaphore;
use tower::limit::ConcurrencyLimitLayer;
use tower::{Layer, Service};
use tower_resilience_adaptive::{AdaptiveLimiterLayer, Aimd, Gradient2};
use tower_resilience_bulkhead::BulkheadLayer;

use crate::calls::{accepted, answer, call_now, poll_now, refused, service};
use crate::harness::{Contest, Gate, Report};
use crate::sampling::Side;

/// How many may be in flight.
const LIMIT: u32 = 100;

/// Coming in and going out, by tokio's.
const BY_SEMAPHORE: Gate = Gate::at_most(0.85).aim(0.69);
/// The layer, by tower's.
const BY_LIMIT: Gate = Gate::at_most(0.6).aim(0.42);
/// The layer, by tower-resilience's.
const BY_SERVICE: Gate = Gate::at_most(0.25);

/// Holds the contests of this room.
pub fn run(report: &mut Report) {
    permits(report);
    calls(report);
    refusing(report);
    layered(report);
    shared(report);
    adaptive(report);
}

/// One thread, permits.
fn permits(report: &mut Report) {
    let ours = bulkhead();
    let ours = Side::new("buttress.try_acquire", move || drop(ours.try_acquire()));
    report.hold(
        Contest::new("bulkhead.try_acquire", ours)
            .against(tokio_try_acquire(), BY_SEMAPHORE)
            .beside(bare_future()),
    );
    let ours = bulkhead();
    let ours = Side::new("buttress.try_acquire_owned", move || drop(ours.try_acquire_owned()));
    let semaphore = semaphore();
    let tokio = Side::new("tokio.try_acquire_owned", move || {
        drop(Arc::clone(&semaphore).try_acquire_owned());
    });
    report.hold(Contest::new("bulkhead.try_acquire_owned", ours).against(tokio, BY_SEMAPHORE));
    let ours = bulkhead();
    let ours = Side::new("buttress.acquire", move || drop(poll_now(ours.acquire())));
    report.hold(Contest::new("bulkhead.acquire", ours).against(tokio_acquire(), BY_SEMAPHORE));
}

/// One thread, the plain door.
fn calls(report: &mut Report) {
    let ours = Side::new("buttress.call", calling(bulkhead()));
    report.hold(
        Contest::new("bulkhead.call", ours)
            .against(tokio_call(), BY_SEMAPHORE)
            .against(tower_resilience(), BY_SERVICE)
            .beside(tokio_try_acquire())
            .beside(bare_future()),
    );
}

/// One thread, and every place is taken.
fn refusing(report: &mut Report) {
    let ours = bulkhead();
    let taken: Vec<_> = std::iter::from_fn(|| ours.try_acquire_owned().ok()).collect();
    let ours = Side::new("buttress.refused", move || {
        let _ = &taken;
        refused(poll_now(ours.call(|| async { answer() })))
    });
    let empty = Semaphore::new(0);
    let tokio = Side::new("tokio.try_acquire", move || empty.try_acquire().is_err());
    // Tower-resilience's refuses by a timer of nothing, for which a runtime has to turn.
    report.hold(
        Contest::new("bulkhead.refused", ours)
            .beside(tokio)
            .against(tower_resilience(), BY_SERVICE),
    );
}

/// One thread, as a tower layer.
fn layered(report: &mut Report) {
    let ours = Side::new("buttress.layer", requesting(guarded(&bulkhead())));
    report.hold(
        Contest::new("bulkhead.layer", ours)
            .against(tower(), BY_LIMIT)
            .against(tower_resilience(), BY_SERVICE)
            .beside(bare_service()),
    );
}

/// Two threads, one bulkhead.
fn shared(report: &mut Report) {
    let taking = |bulkhead: Bulkhead| move || drop(bulkhead.try_acquire());
    let both = bulkhead();
    let ours = Side::pair("buttress.try_acquire", [both.clone(), both].map(taking));
    let semaphore = semaphore();
    let taking = |semaphore: Arc<Semaphore>| move || drop(semaphore.try_acquire());
    let tokio = Side::pair("tokio.try_acquire", [Arc::clone(&semaphore), semaphore].map(taking));
    report.hold(Contest::new("bulkhead.shared_try_acquire", ours).against(tokio, BY_SEMAPHORE));

    let both = bulkhead();
    let ours = Side::pair("buttress.call", [both.clone(), both].map(calling));
    let alone = Side::new("buttress.call_1thread", calling(bulkhead()));
    report.hold(Contest::new("bulkhead.shared_call", ours).beside(alone));

    let both = guarded(&bulkhead());
    let ours = Side::pair("buttress.layer", [both.clone(), both].map(requesting));
    let both = limited();
    let tower = Side::pair("tower.concurrency_limit", [both.clone(), both].map(requesting));
    report.hold(
        Contest::new("bulkhead.shared_layer", ours)
            .against(tower, BY_LIMIT)
            .beside(tower_resilience_shared()),
    );
}

/// The same where the limit finds itself: so many calls that only some are measured.
fn adaptive(report: &mut Report) {
    let ours = Side::new("buttress.call", calling(adapting()));
    report.hold(
        Contest::new("bulkhead.adaptive", ours)
            .against(tower_resilience_aimd(), BY_SERVICE)
            .beside(tower_resilience_gradient())
            .beside(tokio_try_acquire())
            .beside(Side::new("buttress.call_fixed", calling(bulkhead())))
            .beside(bare_future()),
    );
    let ours = Side::new("buttress.layer", requesting(guarded(&adapting())));
    report.hold(
        Contest::new("bulkhead.adaptive_layer", ours)
            .against(tower_resilience_aimd(), BY_SERVICE)
            .beside(tower())
            .beside(Side::new("buttress.layer_fixed", requesting(guarded(&bulkhead())))),
    );
    let ours = adapting();
    let ours = Side::new("buttress.permit", move || {
        if let Ok(permit) = ours.try_acquire() {
            permit.success();
        }
    });
    report.hold(Contest::new("bulkhead.adaptive_permit", ours).beside(tokio_try_acquire()));
    let both = adapting();
    let ours = Side::pair("buttress.call", [both.clone(), both].map(calling));
    let both = resilient_aimd();
    let theirs = Side::pair("tower_resilience.aimd", [both.clone(), both].map(requesting));
    report.hold(Contest::new("bulkhead.shared_adaptive", ours).against(theirs, BY_SERVICE));
}

// ===== ours =====

fn bulkhead() -> Bulkhead {
    Bulkhead::new("peers", Config::new().with_limit(LIMIT)).expect("a sound config")
}

fn adapting() -> Bulkhead {
    let config = Config::new().with_limit(LIMIT).with_adaptive(Adaptive::gradient());
    Bulkhead::new("peers", config).expect("a sound config")
}

fn calling(bulkhead: Bulkhead) -> impl FnMut() -> u64 + Send {
    move || accepted(poll_now(bulkhead.call(|| async { answer() })))
}

fn guarded(
    bulkhead: &Bulkhead,
) -> impl Service<(), Response = u64, Error: Send> + Clone + Send + use<> {
    bulkhead.layer().layer(Lift::layer().layer(service(|| async { answer() })))
}

fn requesting(mut service: impl Service<(), Response = u64> + Send) -> impl FnMut() -> u64 + Send {
    move || accepted(call_now(&mut service))
}

// ===== tokio =====

fn semaphore() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(LIMIT as usize))
}

fn tokio_try_acquire() -> Side {
    let semaphore = semaphore();
    Side::new("tokio.try_acquire", move || drop(semaphore.try_acquire()))
}

fn tokio_acquire() -> Side {
    let semaphore = semaphore();
    Side::new("tokio.acquire", move || drop(poll_now(semaphore.acquire())))
}

fn tokio_call() -> Side {
    let semaphore = semaphore();
    Side::new("tokio.try_acquire_and_call", move || {
        let call = async {
            let _permit = semaphore.try_acquire();
            answer()
        };
        accepted(poll_now(call))
    })
}

// ===== tower =====

fn limited() -> impl Service<(), Response = u64> + Clone + Send {
    ConcurrencyLimitLayer::new(LIMIT as usize).layer(service(|| async { answer() }))
}

fn tower() -> Side {
    Side::new("tower.concurrency_limit", requesting(limited()))
}

// ===== tower-resilience =====

/// Waits where it is full, which it never is: to refuse at once it sets a timer for each call.
fn resilient() -> impl Service<(), Response = u64> + Clone + Send {
    let layer = BulkheadLayer::builder().max_concurrent_calls(LIMIT as usize).build();
    layer.expect("a sound config").layer(service(|| async { answer() }))
}

fn tower_resilience() -> Side {
    Side::new("tower_resilience.bulkhead", requesting(resilient()))
}

fn resilient_aimd() -> impl Service<(), Response = u64> + Clone + Send {
    let aimd = Aimd::builder().initial_limit(LIMIT as usize).build().expect("a sound config");
    AdaptiveLimiterLayer::new(aimd).layer(service(|| async { answer() }))
}

fn tower_resilience_aimd() -> Side {
    Side::new("tower_resilience.aimd", requesting(resilient_aimd()))
}

fn tower_resilience_gradient() -> Side {
    let gradient = Gradient2::builder().initial_limit(LIMIT as usize).build();
    let layer = AdaptiveLimiterLayer::new(gradient.expect("a sound config"));
    Side::new("tower_resilience.gradient2", requesting(layer.layer(service(|| async { answer() }))))
}

fn tower_resilience_shared() -> Side {
    let both = resilient();
    Side::pair("tower_resilience.bulkhead", [both.clone(), both].map(requesting))
}

// ===== nobody =====

/// A call that nobody guards.
fn bare_future() -> Side {
    Side::new("bare.future", || accepted(poll_now(async { answer() })))
}

/// A request that nobody guards.
fn bare_service() -> Side {
    let mut service = service(|| async { answer() });
    Side::new("bare.service", move || accepted(call_now(&mut service)))
}
