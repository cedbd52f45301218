//! Readiness that spins, lies, or is lost.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use buttress::{
    Error, Lift,
    circuit_breaker::{CircuitBreaker, Config, State},
    testing::{Polls, Script, Step},
};
use tokio::{sync::Semaphore, time::advance};
use tower::{Layer, Service, ServiceExt, limit::ConcurrencyLimit};

const SECOND: Duration = Duration::from_secs(1);

fn touchy() -> CircuitBreaker {
    let config =
        Config::off().with_consecutive_failures(1).with_fixed_interval(SECOND).with_probes(1);
    CircuitBreaker::new("touchy", config).unwrap()
}

fn up() -> Script<&'static str, Error<&'static str>> {
    Script::new([Step::ok("up")])
}

/// tower-resilience: while an endpoint is ejected, `poll_ready` wakes itself, 44 000 times in a
/// tenth of a second. Ours has its answer in one poll, in every state, and sets no timer for it:
/// there is none in this runtime.
#[test]
fn d06_no_state_of_a_circuit_takes_more_than_one_poll_to_answer() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let breaker = touchy();
        let to_half_open = |breaker: &CircuitBreaker| {
            breaker.reset();
            breaker.open_for(Duration::ZERO);
        };
        let states: [fn(&CircuitBreaker); 5] = [
            |_| {},
            |breaker| breaker.open_for(SECOND),
            CircuitBreaker::force_open,
            CircuitBreaker::isolate,
            CircuitBreaker::disable,
        ];
        for (state, enter) in states.into_iter().enumerate() {
            breaker.reset();
            enter(&breaker);
            assert_one_poll(&breaker, &state.to_string()).await;
        }
        to_half_open(&breaker);
        let _probe = breaker.try_acquire().unwrap();
        assert_one_poll(&breaker, "half-open, the probe out").await;
    });
}

async fn assert_one_poll(breaker: &CircuitBreaker, state: &str) {
    let (ready, answer) = (Polls::new(), Polls::new());
    let mut service = breaker.layer().layer(up().service());
    ready.of(poll_fn(|cx| Service::<()>::poll_ready(&mut service, cx))).await.unwrap();
    let _ = answer.of(service.call(())).await;
    assert_eq!((ready.count(), answer.count()), (1, 1), "{state}");
}

/// The same for those who wait behind a half-open circuit (tower-resilience polls on a timer of a
/// millisecond): they are told when to come back, and nobody waits.
#[tokio::test(start_paused = true)]
async fn d06_nobody_waits_for_a_probe() {
    let breaker = touchy();
    breaker.open_for(Duration::ZERO);
    let _probe = breaker.try_acquire().unwrap();
    let start = tokio::time::Instant::now();
    for _ in 0..100 {
        let polls = Polls::new();
        let call = polls.of(breaker.call(async || Ok::<_, ()>(())));
        let error = call.await.unwrap_err();
        assert_eq!(error.retry_after(), Some(SECOND));
        polls.assert_at_most(1);
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}

/// tower-resilience: two handles are both made ready by a half-open circuit with one place, and
/// the second call fails though its documentation says that it cannot. Ours promises nothing of
/// the kind: readiness takes no place, a refusal is the answer of the call, and no place is lost.
#[tokio::test(start_paused = true)]
async fn d08_of_two_handles_made_ready_one_probes_and_the_other_is_told_when_to_come_back() {
    let breaker = touchy();
    breaker.open_for(SECOND);
    advance(SECOND).await;
    let backend = up();
    let mut one = breaker.layer().layer(backend.service());
    let mut other = one.clone();
    assert!(poll_ready(&mut one));
    assert!(poll_ready(&mut other));
    let (one, other) = (one.call(()), other.call(()));
    assert_eq!(one.await, Ok("up"));
    assert_eq!(other.await.unwrap_err().retry_after(), Some(SECOND));
    assert_eq!((breaker.state(), backend.counts().calls), (State::Closed, 1));
}

/// And a handle that is made ready and never called holds up nobody.
#[tokio::test(start_paused = true)]
async fn d08_a_handle_made_ready_and_forgotten_takes_no_probes_place() {
    let breaker = touchy();
    breaker.open_for(SECOND);
    advance(SECOND).await;
    let mut forgotten = breaker.layer().layer(up().service());
    assert!(poll_ready(&mut forgotten));
    assert_eq!(breaker.layer().layer(up().service()).oneshot(()).await, Ok("up"));
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(forgotten.call(()).await, Ok("up"), "it need not even know");
}

/// tower-resilience: every application of a layer makes a state of its own, and axum applies it to
/// each route and request: 50 failures, 50 calls, never open. Ours lives in the handle.
#[tokio::test(start_paused = true)]
async fn d09_a_layer_applied_fifty_times_has_one_circuit() {
    let config = Config::off().with_consecutive_failures(2);
    let layer = CircuitBreaker::new("d09", config).unwrap().layer();
    let backend = Script::<(), &str>::new([Step::err("down")]);
    for _ in 0..50 {
        let service = layer.clone().layer(Lift::layer().layer(backend.service()));
        assert!(service.oneshot(()).await.is_err());
    }
    assert_eq!(backend.counts().calls, 2);
}

/// And a thousand clones of a handle see one circuit.
#[tokio::test(start_paused = true)]
async fn d09_a_thousand_clones_see_one_circuit() {
    let breaker = touchy();
    let clones: Vec<_> = (0..1000).map(|_| breaker.clone()).collect();
    clones[7].try_acquire().unwrap().failure();
    assert!(clones.iter().all(|clone| clone.state() == State::Open));
    assert!(clones.iter().all(|clone| clone.same_circuit(&breaker)));
}

/// tower's `LoadShed` over `ConcurrencyLimit`: a shed caller stays in the queue for a place, is
/// given the next one and does nothing with it. A breaker that is open does not ask for a place.
#[tokio::test(start_paused = true)]
async fn d26_a_refused_handle_strands_no_place_of_the_limit_below() {
    let breaker = touchy();
    let places = Arc::new(Semaphore::new(1));
    let backend = Script::new([Step::<_, Error<()>>::ok("up").after(SECOND)]);
    let limited = ConcurrencyLimit::with_semaphore(backend.service(), Arc::clone(&places));
    let service = breaker.layer().layer(limited);

    let in_flight = tokio::spawn(service.clone().oneshot(()));
    tokio::task::yield_now().await;
    assert_eq!(places.available_permits(), 0);
    breaker.force_open();
    let mut refused: Vec<_> = (0..10).map(|_| service.clone()).collect();
    for handle in &mut refused {
        assert!(ask(handle).await.is_err());
    }
    assert_eq!(in_flight.await.unwrap(), Ok("up"));
    assert_eq!(places.available_permits(), 1, "all ten are still here, and none holds it");
    breaker.reset();
    assert_eq!(service.oneshot(()).await, Ok("up"));
}

/// And one that had queued before the circuit opened leaves the queue when it is dropped.
#[tokio::test(start_paused = true)]
async fn d26_a_handle_that_queued_before_the_circuit_opened_leaves_with_its_place() {
    let breaker = touchy();
    let places = Arc::new(Semaphore::new(1));
    let limited = ConcurrencyLimit::with_semaphore(up().service(), Arc::clone(&places));
    let service = breaker.layer().layer(limited);

    let taken = places.clone().acquire_owned().await.unwrap();
    let mut queued = service.clone();
    assert!(!poll_ready(&mut queued));
    breaker.force_open();
    assert!(ask(&mut queued).await.is_err());
    drop(queued);
    drop(taken);
    assert_eq!(places.available_permits(), 1);
}

/// Nor does one that is refused because every probe is out: it has no more of a chance than behind
/// an open circuit, and asks for no place either.
#[tokio::test(start_paused = true)]
async fn d26_a_handle_refused_while_every_probe_is_out_strands_no_place_either() {
    let breaker = touchy();
    breaker.open_for(Duration::ZERO);
    let probe = breaker.try_acquire().unwrap();
    let places = Arc::new(Semaphore::new(10));
    let limited = ConcurrencyLimit::with_semaphore(up().service(), Arc::clone(&places));
    let service = breaker.layer().layer(limited);
    let mut refused: Vec<_> = (0..10).map(|_| service.clone()).collect();
    for handle in &mut refused {
        assert_eq!(ask(handle).await.unwrap_err().retry_after(), Some(SECOND));
    }
    probe.success();
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(places.available_permits(), 10, "ten idle handles, and nothing in flight");
}

/// tower-circuitbreaker: readies one instance and calls a clone of it, which panics over a
/// `ConcurrencyLimit`. Ours calls what it made ready.
#[tokio::test(start_paused = true)]
async fn tower_circuitbreaker_what_was_made_ready_is_what_is_called() {
    let places = Arc::new(Semaphore::new(1));
    let inner = up().service();
    let seen = inner.watch();
    let limited = ConcurrencyLimit::with_semaphore(inner, Arc::clone(&places));
    let mut service = touchy().layer().layer(limited);
    for _ in 0..10 {
        assert_eq!(ask(&mut service).await, Ok("up"));
    }
    assert_eq!((seen().clones, seen().calls, places.available_permits()), (0, 10, 1));
}

/// Makes a service ready and calls it.
async fn ask<S: Service<()>>(service: &mut S) -> Result<S::Response, S::Error> {
    service.ready().await?.call(()).await
}

/// Whether a service is ready when asked once, by nobody in particular.
fn poll_ready<S: Service<()>>(service: &mut S) -> bool {
    service.poll_ready(&mut Context::from_waker(Waker::noop())).is_ready()
}
