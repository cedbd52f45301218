//! The circuit breaker against failsafe, recloser and tower-resilience.
//!
//! Every breaker is closed and its operation succeeds at once, but for `refused`. Ours is always
//! the asynchronous call; a peer that has a plain call besides its future is judged by the plain
//! one, which is the faster. All have the same rule, as far as they have such a rule: five failures
//! in a row, or half of what the window holds (a hundred calls, or thirty seconds).

mod peers;

use std::time::Duration;

use buttress::Lift;
use buttress::circuit_breaker::{CircuitBreaker, Config, Window};
use buttress::time::Clock;
use tower::{Layer, Service};

use self::peers::*;
use crate::calls::{accepted, answer, call_now, poll_now, refused, service};
use crate::harness::{Contest, Gate, Report};
use crate::sampling::Side;

/// Failures in a row that open.
const FAILURES: u32 = 5;
/// The windows in calls.
const CALLS: u32 = 100;
/// The windows in time.
const SPAN: Duration = Duration::from_secs(30);
/// How long an open breaker stays open: longer than any contest.
const LONG: Duration = Duration::from_secs(3_600);

/// Every mode and door of ours, by tower-resilience's breaker.
const BY_SERVICE: Gate = Gate::at_most(0.25);
/// Two threads of ours, by one.
const BY_ONE_THREAD: Gate = Gate::at_most(1.3).aim(1.0);
/// Two threads of ours, by two of failsafe's.
const BY_LOCK: Gate = Gate::at_most(0.35).aim(0.2);

/// Holds the contests of this room.
pub fn run(report: &mut Report) {
    closed(report);
    refusing(report);
    layered(report);
    shared(report);
    window_flat(report);
}

/// One thread.
fn closed(report: &mut Report) {
    let ours = call("buttress.consecutive", consecutive());
    report.hold(
        Contest::new("breaker.consecutive", ours)
            .against(failsafe_consecutive(), Gate::at_most(0.25).aim(0.05))
            .against(recloser_count(), Gate::at_most(0.3).aim(0.05))
            .against(tower_resilience_consecutive(), BY_SERVICE)
            .beside(failsafe_consecutive_future())
            .beside(recloser_count_future())
            .beside(bare_future()),
    );
    let ours = call("buttress.count", count());
    report.hold(
        Contest::new("breaker.count", ours)
            .against(recloser_count(), Gate::at_most(0.7).aim(0.4))
            .against(tower_resilience_count(), BY_SERVICE)
            .beside(failsafe_consecutive())
            .beside(bare_future()),
    );
    let ours = call("buttress.time", time(Clock::Exact));
    report.hold(
        Contest::new("breaker.time", ours)
            .against(failsafe_window(), Gate::at_most(0.45).aim(0.35))
            .against(tower_resilience_time(), BY_SERVICE)
            .beside(recloser_count())
            .beside(bare_future()),
    );
    let ours = call("buttress.time_coarse", time(Clock::Coarse));
    report.hold(
        Contest::new("breaker.time_coarse", ours)
            .against(failsafe_window(), Gate::at_most(0.2).aim(0.11))
            .against(tower_resilience_time(), BY_SERVICE)
            .beside(recloser_count())
            .beside(bare_future()),
    );
}

/// One thread, an open breaker.
fn refusing(report: &mut Report) {
    let breaker = consecutive();
    breaker.open_for(LONG);
    let refuse = move || refused(poll_now(breaker.call(|| async { answer() })));
    report.hold(
        Contest::new("breaker.refused", Side::new("buttress.refused", refuse))
            .beside(failsafe_rejected())
            .beside(recloser_rejected())
            .beside(tower_resilience_rejected())
            .against_fastest(Gate::at_most(0.5).aim(0.2)),
    );
}

/// One thread, as a tower layer.
fn layered(report: &mut Report) {
    let ours = request("buttress.layer", &consecutive());
    report.hold(
        Contest::new("breaker.layer", ours)
            .against(tower_resilience_consecutive(), BY_SERVICE)
            .beside(failsafe_consecutive_future())
            .beside(bare_service()),
    );
}

/// Two threads, one breaker.
fn shared(report: &mut Report) {
    let ours = calls("buttress.consecutive", consecutive());
    let alone = call("buttress.consecutive_1thread", consecutive());
    report.hold(
        Contest::new("breaker.shared_consecutive", ours)
            .against(failsafe_consecutive_shared(), BY_LOCK)
            .against(alone, BY_ONE_THREAD)
            .beside(recloser_count_shared()),
    );
    let ours = calls("buttress.count", count());
    let alone = call("buttress.count_1thread", count());
    report.hold(
        Contest::new("breaker.shared_count", ours)
            .beside(failsafe_consecutive_shared())
            .beside(alone)
            .beside(recloser_count_shared()),
    );
    let ours = calls("buttress.time", time(Clock::Exact));
    let alone = call("buttress.time_1thread", time(Clock::Exact));
    report.hold(
        Contest::new("breaker.shared_time", ours)
            .against(failsafe_window_shared(), BY_LOCK)
            .against(alone, BY_ONE_THREAD)
            .beside(recloser_count_shared()),
    );
    let ours = requests("buttress.layer", &consecutive());
    let alone = request("buttress.layer_1thread", &consecutive());
    report.hold(
        Contest::new("breaker.shared_layer", ours)
            .against(failsafe_consecutive_shared(), BY_LOCK)
            .against(alone, BY_ONE_THREAD)
            .beside(recloser_count_shared()),
    );
}

/// One thread, and so many calls in the window when it starts.
fn window_flat(report: &mut Report) {
    let ours = holding("buttress.100000_calls", 100_000);
    let few = holding("buttress.10_calls", 10);
    let more = holding("buttress.1000_calls", 1_000);
    report.hold(
        Contest::new("breaker.window_flat", ours)
            .against(few, Gate::at_most(1.2).aim(1.0))
            .beside(more)
            .beside(tower_resilience_holding("tower_resilience.10_calls", 10))
            .beside(tower_resilience_holding("tower_resilience.1000_calls", 1_000)),
    );
}

// ===== ours =====

fn consecutive() -> CircuitBreaker {
    breaker(Config::off().with_consecutive_failures(FAILURES))
}

fn count() -> CircuitBreaker {
    let window = Window::Count(CALLS);
    breaker(Config::off().with_failure_ratio(0.5).with_window(window))
}

fn time(clock: Clock) -> CircuitBreaker {
    let (span, buckets) = (SPAN, 10);
    let half = Config::off().with_failure_ratio(0.5);
    breaker(half.with_window(Window::Time { span, buckets }).with_clock(clock))
}

fn breaker(config: Config) -> CircuitBreaker {
    CircuitBreaker::new("peers", config).expect("a sound config")
}

/// The plain door.
fn call(name: &'static str, breaker: CircuitBreaker) -> Side {
    Side::new(name, calling(breaker))
}

/// The plain door, a clone of the handle for each of two threads.
fn calls(name: &'static str, breaker: CircuitBreaker) -> Side {
    Side::pair(name, [breaker.clone(), breaker].map(calling))
}

fn calling(breaker: CircuitBreaker) -> impl FnMut() -> u64 + Send {
    move || accepted(poll_now(breaker.call(|| async { answer() })))
}

/// The tower door.
fn request(name: &'static str, breaker: &CircuitBreaker) -> Side {
    Side::new(name, requesting(guarded(breaker)))
}

/// The tower door, a clone of the service for each of two threads.
fn requests(name: &'static str, breaker: &CircuitBreaker) -> Side {
    let service = guarded(breaker);
    Side::pair(name, [service.clone(), service].map(requesting))
}

fn guarded(breaker: &CircuitBreaker) -> impl Service<(), Response = u64> + Clone + Send + use<> {
    breaker.layer().layer(Lift::layer().layer(service(|| async { answer() })))
}

fn requesting(mut service: impl Service<(), Response = u64> + Send) -> impl FnMut() -> u64 + Send {
    move || accepted(call_now(&mut service))
}

/// The plain door, in short windows that all start with the same number of calls in the breaker's.
fn holding(name: &'static str, calls: u32) -> Side {
    let prepare = move || {
        let breaker = time(Clock::Exact);
        (0..calls).for_each(|_| drop(poll_now(breaker.call(|| async { answer() }))));
        breaker
    };
    Side::prepared(name, HELD, prepare, |breaker| {
        accepted(poll_now(breaker.call(|| async { answer() })))
    })
}

/// How many calls are timed on top of those held.
const HELD: u64 = 100;

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
