//! The tower door: services dropped when ready, calls dropped at every await.

use buttress::{
    Error, Lift,
    circuit_breaker::{CircuitBreaker, State},
    testing::{Played, Probe, drop_at_every_await},
    timeout::{DeadlineLayer, Timeout},
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, util::BoxCloneService};

use crate::circuit::{SECOND, STEP, assert_unharmed, breaker, half_open, slow};

type Stack = BoxCloneService<(), &'static str, Error<&'static str>>;

fn stack(breaker: &CircuitBreaker, inner: Probe<Played<&'static str, &'static str>>) -> Stack {
    ServiceBuilder::new()
        .layer(BoxCloneService::layer())
        .layer(DeadlineLayer::new(60 * SECOND).unwrap())
        .layer(Timeout::new("outer", 30 * SECOND).unwrap().layer())
        .layer(breaker.layer())
        .layer(Timeout::new("inner", 30 * SECOND).unwrap().layer())
        .layer(Lift::layer())
        .service(inner)
}

#[tokio::test(start_paused = true)]
async fn a_call_through_a_stack_from_readiness_to_its_end() {
    for half in [false, true] {
        let (breaker, backend) = (breaker(), slow());
        let inner = backend.service().ready_after(2);
        let seen = inner.watch();
        let service = stack(&breaker, inner);
        let drops = drop_at_every_await(
            STEP,
            || {
                if half {
                    half_open(&breaker);
                }
                service.clone().oneshot(())
            },
            |polls| {
                assert_unharmed(&breaker, &backend);
                assert_eq!((seen().reserved, seen().in_flight), (0, 0), "after {polls} polls");
            },
        )
        .await;
        assert!(drops >= 6);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_never_polled() {
    let (breaker, backend) = (breaker(), slow());
    let mut service = stack(&breaker, backend.service());
    for _ in 0..100 {
        half_open(&breaker);
        drop(service.ready().await.unwrap().call(()));
        assert_unharmed(&breaker, &backend);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_was_made_ready_and_never_called() {
    let (breaker, backend) = (breaker(), slow());
    let inner = backend.service();
    let seen = inner.watch();
    let service = stack(&breaker, inner);
    half_open(&breaker);
    for _ in 0..100 {
        service.clone().ready().await.unwrap();
    }
    assert_eq!((seen().reserved, seen().calls), (0, 0));
    assert_eq!(breaker.state(), State::Open, "nobody has asked for a place");
    assert!(service.oneshot(()).await.is_ok());
    assert_eq!(breaker.state(), State::HalfOpen);
    assert_unharmed(&breaker, &backend);
}

#[tokio::test(start_paused = true)]
async fn calls_outlive_the_service_and_the_handle_they_came_from() {
    let (breaker, backend) = (breaker(), slow());
    let mut service = breaker.layer().layer(Lift::layer().layer(backend.service()));
    let call = ServiceExt::<()>::ready(&mut service).await.unwrap().call(());
    drop(service);
    drop(breaker);
    assert_eq!(call.await, Ok("up"));
}

#[tokio::test(start_paused = true)]
async fn a_task_aborted_at_any_time() {
    let (breaker, backend) = (breaker(), slow());
    let service = stack(&breaker, backend.service());
    for delay in 0..6 {
        half_open(&breaker);
        let task = tokio::spawn(service.clone().oneshot(()));
        tokio::time::sleep(delay * STEP).await;
        task.abort();
        let _ = task.await;
        assert_unharmed(&breaker, &backend);
    }
}
