//! News from before the last change of state, and probes that never answer.

use buttress::{
    Error, Refusal,
    circuit_breaker::{Config, Counts, State},
    testing::Step,
};
use tokio::time::advance;
use tower::{Layer, ServiceExt, service_fn};

use crate::doors::{Answer, Deed, Down, SECOND, changes, circuits};

/// Open for a second.
fn config(probes: u32) -> Config {
    Config::off()
        .with_consecutive_failures(1)
        .with_fixed_interval(SECOND)
        .with_probes(probes)
        .with_successes_to_close(probes)
}

/// A call begun while closed comes back to a half-open circuit.
async fn stale_result(deed: Deed) {
    for circuit in circuits(config(2)) {
        let late = circuit.start(deed.clone().after(10 * SECOND));
        circuit.play("F").await;
        advance(SECOND).await;
        let probe = circuit.start(Step::ok("up").after(20 * SECOND));
        circuit.is(State::HalfOpen);
        let before = circuit.breaker.snapshot();

        let _: Answer = late.await;
        assert_eq!(circuit.breaker.snapshot(), before, "no count, no place made or taken");
        let other = circuit.start(Step::ok("up"));
        circuit.refusal().await;
        other.await.unwrap();
        probe.await.unwrap();
        circuit.is(State::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_from_before_the_circuit_opened_does_not_open_it_again_cb_42() {
    stale_result(Step::err(Down::Broken)).await;
}

#[tokio::test(start_paused = true)]
async fn a_success_from_before_the_circuit_opened_does_not_close_it_cb_43() {
    stale_result(Step::ok("up")).await;
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_probe_lets_the_next_caller_probe_cb_44() {
    for circuit in circuits(config(1)) {
        circuit.play("F").await;
        advance(SECOND).await;
        let mut seen = circuit.breaker.subscribe();
        let probe = circuit.start(Step::hang());
        assert!(tokio::time::timeout(SECOND, probe).await.is_err());
        circuit.is(State::HalfOpen);
        assert_eq!(circuit.counts(), Counts::default(), "neither a success nor a failure");
        circuit.play("S").await;
        assert_eq!(
            changes(&mut seen),
            [(State::Open, State::HalfOpen), (State::HalfOpen, State::Closed)]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn probes_lost_ten_thousand_times_take_no_place_with_them_cb_45() {
    for circuit in circuits(config(4).with_probe_lease(3600 * SECOND)) {
        circuit.play("F").await;
        advance(SECOND).await;
        for _ in 0..2_500 {
            let lost: Vec<_> = (0..4).map(|_| circuit.start(Step::hang())).collect();
            drop(lost);
        }
        assert_eq!(circuit.ran(), 10_001);
        circuit.is(State::HalfOpen);
        circuit.play("SSSS").await;
        circuit.is(State::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn probes_that_panic_leave_room_for_a_fifth_cb_45() {
    let config = Config::off().with_consecutive_failures(1).with_failure_ratio(1.0).with_probes(5);
    for circuit in circuits(config) {
        circuit.breaker.open_for(SECOND);
        advance(SECOND).await;
        for _ in 0..4 {
            let probe = std::panic::AssertUnwindSafe(circuit.ask(Step::panic()));
            assert!(futures::FutureExt::catch_unwind(probe).await.is_err());
        }
        assert_eq!((circuit.counts().calls, circuit.counts().failures), (4, 4));
        circuit.play("S").await;
        circuit.is(State::Closed);
    }
}

/// A guard further in refuses the probe before it begins.
#[tokio::test(start_paused = true)]
async fn a_probe_that_was_refused_further_in_says_nothing_cb_46() {
    let full = || Error::<Down>::Refused(Refusal::Full { name: "inner".into(), limit: 1 });
    for circuit in circuits(config(1)) {
        circuit.play("F").await;
        advance(SECOND).await;
        for _ in 0..10 {
            let answer = circuit.breaker.run(async || Err::<(), _>(full())).await;
            assert_eq!(answer, Err(full()));
            let service = service_fn(|()| async { Err::<(), _>(full()) });
            let answer = circuit.breaker.layer().layer(service).oneshot(()).await;
            assert_eq!(answer, Err(full()));
            circuit.is(State::HalfOpen);
            assert_eq!(circuit.counts(), Counts::default());
        }
        circuit.play("S").await;
        circuit.is(State::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_failure_neither_opens_twice_nor_prolongs_cb_47() {
    for circuit in circuits(config(1).with_fixed_interval(5 * SECOND)) {
        let mut seen = circuit.breaker.subscribe();
        let late = circuit.start(Step::err(Down::Broken).after(3 * SECOND));
        circuit.play("F").await;
        assert_eq!(late.await, Err(Error::Inner(Down::Broken)), "its own error, no refusal");
        assert_eq!(circuit.refused_for().await, 2 * SECOND);
        assert_eq!(changes(&mut seen), [(State::Closed, State::Open)]);
        assert_eq!(circuit.breaker.snapshot().totals.opened, 1);
    }
}

/// A probe of one round that answers in the next.
#[tokio::test(start_paused = true)]
async fn a_probe_of_an_earlier_round_is_not_heard_in_a_later_one() {
    for circuit in circuits(config(2)) {
        circuit.play("F").await;
        advance(SECOND).await;
        let old = circuit.start(Step::ok("up").after(5 * SECOND));
        circuit.play("F").await;
        circuit.is(State::Open);
        advance(SECOND).await;
        circuit.play("S").await;
        assert_eq!(circuit.counts().calls, 1);
        old.await.unwrap();
        assert_eq!(circuit.counts().calls, 1);
        circuit.is(State::HalfOpen);
        circuit.play("S").await;
        circuit.is(State::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_from_before_a_reset_is_forgotten() {
    for circuit in circuits(config(1)) {
        let late = circuit.start(Step::err(Down::Broken).after(SECOND));
        circuit.breaker.reset();
        assert!(late.await.is_err());
        circuit.is(State::Closed);
        assert_eq!(circuit.counts(), Counts::default());
    }
}
