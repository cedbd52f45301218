//! Circuits that stay half-open for ever, or close on old news.

use std::{future::pending, time::Duration};

use buttress::{
    Error, Fault, Lift, OpenReason, Refusal,
    circuit_breaker::{CircuitBreaker, Config, State, Window},
    testing::{Script, Step},
};
use tokio::time::{advance, sleep};
use tower::{Layer, ServiceExt, limit::ConcurrencyLimit};

const SECOND: Duration = Duration::from_secs(1);

/// Opens by one failure, for a second.
fn touchy(probes: u32) -> Config {
    Config::off().with_consecutive_failures(1).with_fixed_interval(SECOND).with_probes(probes)
}

async fn up() -> Result<&'static str, &'static str> {
    Ok("up")
}

async fn down() -> Result<&'static str, &'static str> {
    Err("down")
}

/// tower-resilience: successes of probes expire from the time window while their permits stay
/// taken; a healthy backend is refused for ever. Ours counts probes apart from the window.
#[tokio::test(start_paused = true)]
async fn d07a_probes_that_come_slowly_are_remembered() {
    let window = Window::Time { span: SECOND, buckets: 10 };
    let config =
        touchy(3).with_failure_ratio(0.5).with_window(window).with_half_open_for(600 * SECOND);
    let breaker = CircuitBreaker::new("d07a", config).unwrap();
    assert!(breaker.call(down).await.is_err());
    for _ in 0..3 {
        advance(60 * SECOND).await;
        assert_eq!(breaker.call(up).await, Ok("up"));
    }
    assert_eq!(breaker.state(), State::Closed);
}

/// The same for probes that take longer than the window is.
#[tokio::test(start_paused = true)]
async fn d07a_probes_that_take_longer_than_the_window_still_close_it() {
    let window = Window::Time { span: SECOND, buckets: 10 };
    let config = touchy(2).with_failure_ratio(0.5).with_window(window);
    let breaker = CircuitBreaker::new("d07a", config).unwrap();
    breaker.open_for(SECOND);
    advance(SECOND).await;
    let backend = Script::<_, &str>::new([Step::ok("up").after(20 * SECOND)]);
    let probe = || breaker.call(|| backend.call());
    let (one, two) = tokio::join!(probe(), probe());
    assert_eq!((one, two, breaker.state()), (Ok("up"), Ok("up"), State::Closed));
}

/// tower-resilience: `permitted_calls_in_half_open(0)` is accepted and refuses for ever. Ours is
/// refused when it is parsed, by name.
#[test]
fn d07b_no_probes_at_all_is_refused_by_name() {
    let error = touchy(0).parse().unwrap_err();
    assert_eq!(error.room(), "circuit_breaker");
    assert_eq!(error.flaws()[0].field, "probes");
    assert_eq!(error.to_string(), "circuit_breaker config: probes must be 1 to 1000");
}

/// tower-resilience: a probe that hangs holds the only permit, and there is no longest time. Ours
/// has a lease: a probe that hangs has failed when it is up.
#[tokio::test(start_paused = true)]
async fn d07c_a_hung_probe_does_not_hold_the_circuit() {
    let config = touchy(1).with_probe_lease(10 * SECOND);
    let breaker = CircuitBreaker::new("d07c", config).unwrap();
    breaker.open_for(SECOND);
    advance(SECOND).await;
    let handle = breaker.clone();
    let hung = tokio::spawn(async move { handle.call(pending::<Result<(), ()>>).await });
    tokio::task::yield_now().await;

    let refusal = breaker.try_acquire().unwrap_err();
    assert!(matches!(refusal, Refusal::CircuitOpen { reason: OpenReason::Probing, .. }));
    advance(10 * SECOND).await;
    assert!(breaker.try_acquire().is_err(), "it has failed: open again");
    assert_eq!(breaker.state(), State::Open);
    advance(SECOND).await;
    assert_eq!(breaker.call(up).await, Ok("up"));
    assert_eq!(breaker.state(), State::Closed);

    hung.abort();
    assert!(hung.await.unwrap_err().is_cancelled());
    assert_eq!(breaker.state(), State::Closed, "nor does its late end change anything");
}

/// The same where the hung probe also holds the only place of a limit below: who comes next is told
/// so at once, and does not queue behind it.
#[tokio::test(start_paused = true)]
async fn d07c_a_hung_probe_that_holds_a_limit_below_does_not_make_callers_wait() {
    let breaker = CircuitBreaker::new("d07c", touchy(1).with_probe_lease(10 * SECOND)).unwrap();
    breaker.open_for(SECOND);
    advance(SECOND).await;
    let backend = Script::<(), Error<()>>::new([Step::hang()]);
    let service = breaker.layer().layer(ConcurrencyLimit::new(backend.service(), 1));
    let hung = tokio::spawn(service.clone().oneshot(()));
    tokio::task::yield_now().await;
    assert_eq!(backend.counts().in_flight, 1);

    for state in [State::HalfOpen, State::Open] {
        let answer = tokio::time::timeout(SECOND, service.clone().oneshot(())).await;
        let error = answer.expect("told at once, and not queued behind the probe").unwrap_err();
        assert_eq!(error.refusal().unwrap().kind(), "circuit_open");
        assert_eq!(breaker.state(), state);
        advance(10 * SECOND).await; // the lease is up, whoever asks finds out
    }
    hung.abort();
}

/// The same with every probe hanging, again and again: whenever the backend works again, the
/// circuit closes within one lease and one interval.
#[tokio::test(start_paused = true)]
async fn d07c_probes_that_always_hang_cost_one_lease_and_one_interval_each_time() {
    let config = touchy(2).with_probe_lease(10 * SECOND);
    let breaker = CircuitBreaker::new("d07c", config).unwrap();
    breaker.open_for(SECOND);
    let mut hung = Vec::new();
    for _ in 0..100 {
        advance(SECOND).await;
        hung.extend([breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap()]);
        assert!(breaker.try_acquire().is_err());
        advance(10 * SECOND).await;
        assert!(breaker.try_acquire().is_err());
        assert_eq!(breaker.state(), State::Open);
    }
    advance(SECOND).await;
    for _ in 0..2 {
        assert_eq!(breaker.call(up).await, Ok("up"));
    }
    assert_eq!(breaker.state(), State::Closed);
}

/// tower-resilience: a call admitted before the circuit opened closes it, or opens it again, while
/// the real probe is still out. Ours ignores news from before the last change of state.
#[tokio::test(start_paused = true)]
async fn d07d_a_result_from_before_the_circuit_opened_decides_nothing() {
    let breaker = CircuitBreaker::new("d07d", touchy(1)).unwrap();
    let old: Vec<_> = (0..2).map(|_| breaker.try_acquire().unwrap()).collect();
    assert!(breaker.call(down).await.is_err());
    advance(SECOND).await;
    let probe = breaker.try_acquire().unwrap();
    let [failing, succeeding] = <[_; 2]>::try_from(old).unwrap();
    succeeding.success();
    assert_eq!(breaker.state(), State::HalfOpen, "an old success does not close it");
    failing.failure();
    assert_eq!(breaker.state(), State::HalfOpen, "an old failure does not open it");
    assert!(breaker.try_acquire().is_err(), "nor do they free or take a probe's place");
    probe.success();
    assert_eq!(breaker.state(), State::Closed);
}

/// And a probe of an earlier round says nothing in a later one.
#[tokio::test(start_paused = true)]
async fn d07d_a_probe_of_an_earlier_round_decides_nothing_in_the_next() {
    let breaker = CircuitBreaker::new("d07d", touchy(3).with_probe_failures_to_open(1)).unwrap();
    breaker.open_for(SECOND);
    advance(SECOND).await;
    let [earlier, dropped] = [breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap()];
    breaker.try_acquire().unwrap().failure();
    assert_eq!(breaker.state(), State::Open);
    advance(SECOND).await;
    let probes: Vec<_> = (0..3).map(|_| breaker.try_acquire().unwrap()).collect();
    earlier.failure();
    drop(dropped);
    assert_eq!(breaker.state(), State::HalfOpen);
    assert!(breaker.try_acquire().is_err(), "nor is a place of this round free for it");
    probes.into_iter().for_each(buttress::circuit_breaker::Permit::success);
    assert_eq!(breaker.state(), State::Closed);
}

/// linkerd: a probe that is cancelled before its answer reports nothing and its permit is never
/// given back. Ours gives its place to the next caller at once.
#[tokio::test(start_paused = true)]
async fn d41_a_dropped_probe_gives_its_place_to_the_next_caller() {
    let breaker = CircuitBreaker::new("d41", touchy(1)).unwrap();
    let backend = Script::<_, &str>::new([Step::hang(), Step::hang(), Step::ok("up")]);
    breaker.open_for(SECOND);
    sleep(SECOND).await;
    let given_up = tokio::time::timeout(SECOND, breaker.call(|| backend.call()));
    assert!(given_up.await.is_err());
    let service = breaker.layer().layer(Lift::layer().layer(backend.service()));
    assert!(tokio::time::timeout(SECOND, service.clone().oneshot(())).await.is_err());
    assert_eq!(breaker.state(), State::HalfOpen, "a probe given up is no evidence");
    assert_eq!(service.oneshot(()).await, Ok("up"));
    assert_eq!(breaker.state(), State::Closed);
}

/// linkerd: the first result to come in is taken for the probe's, whoever's it is.
#[tokio::test(start_paused = true)]
async fn d41_a_stragglers_result_is_not_taken_for_the_probes() {
    let breaker = CircuitBreaker::new("d41", touchy(1)).unwrap();
    let stragglers: Vec<_> = (0..10).map(|_| breaker.try_acquire().unwrap()).collect();
    breaker.open_for(SECOND);
    advance(SECOND).await;
    let probe = breaker.try_acquire().unwrap();
    stragglers.into_iter().for_each(buttress::circuit_breaker::Permit::success);
    assert_eq!(breaker.state(), State::HalfOpen);
    probe.failure();
    assert_eq!(breaker.state(), State::Open);
}

/// failsafe and recloser: a half-open circuit lets everybody through, 100 of 100. Ours lets
/// through as many as it has probes, from however many tasks they come.
#[tokio::test(start_paused = true)]
async fn failsafe_a_half_open_circuit_lets_only_its_probes_through() {
    let breaker = CircuitBreaker::new("crowd", touchy(3)).unwrap();
    let backend = Script::<_, ()>::new([Step::ok(()).after(SECOND)]);
    breaker.open_for(SECOND);
    advance(SECOND).await;
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (breaker, backend) = (breaker.clone(), backend.clone());
        crowd.spawn(async move { breaker.call(|| backend.call()).await.is_ok() });
    }
    let served = crowd.join_all().await.into_iter().filter(|served| *served).count();
    assert_eq!((served, backend.counts().calls, backend.counts().peak), (3, 3, 3));
    assert_eq!(breaker.state(), State::Closed);
}

/// sentinel-core: an entry has no `Drop`; one that is cancelled or panics is never given back, and
/// a half-open circuit waits for it for ever.
#[tokio::test(start_paused = true)]
async fn sentinel_an_entry_that_nobody_exits_is_given_back() {
    let breaker = CircuitBreaker::new("entries", touchy(1)).unwrap();
    breaker.open_for(SECOND);
    advance(SECOND).await;
    for _ in 0..10_000 {
        drop(breaker.try_acquire_owned().unwrap());
    }
    assert_eq!(breaker.state(), State::HalfOpen);
    let handle = breaker.clone();
    let panicking = tokio::spawn(async move {
        let _permit = handle.try_acquire_owned().unwrap();
        std::panic::resume_unwind(Box::new("as planned"));
    });
    assert!(panicking.await.is_err());
    assert_eq!(breaker.state(), State::Open, "one that panics has failed, and is given back too");
    advance(SECOND).await;
    assert_eq!(breaker.call(up).await, Ok("up"));
    assert_eq!(breaker.state(), State::Closed);
}
