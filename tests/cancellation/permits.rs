//! The low-level door: permits settle themselves.

use buttress::{
    Error,
    circuit_breaker::{CircuitBreaker, Config, Owned, Permit, State},
    testing::drop_at_every_await,
};
use tokio::{sync::mpsc, time::sleep};

use crate::circuit::{PROBES, SECOND, STEP, assert_unharmed, breaker, half_open, slow};

#[tokio::test(start_paused = true)]
async fn a_permit_held_over_awaits_and_dropped_at_any_of_them() {
    let (breaker, backend) = (breaker(), slow());
    let drops = drop_at_every_await(
        STEP,
        || {
            half_open(&breaker);
            let permit = breaker.try_acquire().unwrap();
            async {
                let reply = backend.call().await;
                sleep(STEP).await;
                permit.record(&reply);
            }
        },
        |_| assert_unharmed(&breaker, &backend),
    )
    .await;
    assert!(drops >= 5);
}

#[tokio::test(start_paused = true)]
async fn an_owned_permit_held_over_awaits_and_dropped_at_any_of_them() {
    let (breaker, backend) = (breaker(), slow());
    let drops = drop_at_every_await(
        STEP,
        || {
            half_open(&breaker);
            let (breaker, backend) = (breaker.clone(), backend.clone());
            async move {
                let permit = breaker.try_acquire_owned().unwrap();
                drop(breaker);
                let reply = backend.call().await.map_err(Error::Inner);
                sleep(STEP).await;
                permit.settle(&reply);
            }
        },
        |_| assert_unharmed(&breaker, &backend),
    )
    .await;
    assert!(drops >= 5);
}

#[tokio::test(start_paused = true)]
async fn an_owned_permit_moved_into_a_task_that_is_aborted() {
    let (breaker, backend) = (breaker(), slow());
    half_open(&breaker);
    let permit = breaker.try_acquire_owned().unwrap();
    let script = backend.clone();
    let task = tokio::spawn(async move {
        let reply = script.call().await;
        permit.record(&reply);
    });
    sleep(STEP).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_unharmed(&breaker, &backend);
}

#[tokio::test(start_paused = true)]
async fn owned_permits_left_in_a_queue_that_nobody_reads() {
    let breaker = breaker();
    half_open(&breaker);
    let (send, receive) = mpsc::channel::<Permit<Owned>>(8);
    for _ in 0..PROBES {
        send.send(breaker.try_acquire_owned().unwrap()).await.unwrap();
    }
    assert!(breaker.try_acquire().is_err());
    drop(receive);
    drop(send);
    assert_unharmed(&breaker, &slow());
}

#[tokio::test(start_paused = true)]
async fn an_owned_permit_outlives_every_handle() {
    let breaker = breaker();
    let permit = breaker.try_acquire_owned().unwrap();
    drop(breaker);
    permit.success();
}

#[tokio::test(start_paused = true)]
async fn a_permit_settles_once_however_it_is_told() {
    let breaker = breaker();
    for settle in [Permit::success, Permit::failure, Permit::ignore] {
        half_open(&breaker);
        settle(breaker.try_acquire_owned().unwrap());
        assert!(breaker.snapshot().counts.calls <= 1);
    }
    half_open(&breaker);
    drop(breaker.try_acquire().unwrap());
    assert_eq!(breaker.snapshot().counts.calls, 0);
    assert_unharmed(&breaker, &slow());
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_comes_back_after_its_lease_is_not_heard() {
    let config = Config::new().with_probes(1).with_probe_lease(SECOND).with_fixed_interval(SECOND);
    let breaker = CircuitBreaker::new("lost", config).unwrap();
    half_open(&breaker);
    let late = breaker.try_acquire().unwrap();
    sleep(SECOND).await;
    assert!(breaker.try_acquire().is_err(), "it hung, which is a failure");
    assert_eq!(breaker.state(), State::Open);
    sleep(SECOND).await;
    let probe = breaker.try_acquire().unwrap();
    late.success();
    assert_eq!(breaker.state(), State::HalfOpen, "old news closes nothing");
    probe.success();
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_permit_of_before_a_reset_says_nothing_after_it() {
    let breaker = breaker();
    let old: Vec<_> = (0..20).map(|_| breaker.try_acquire().unwrap()).collect();
    breaker.reset();
    old.into_iter().for_each(Permit::failure);
    assert_unharmed(&breaker, &slow());
}
