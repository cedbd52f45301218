//! Places that are lost, or kept by somebody who does nothing with them.

use std::{
    future::poll_fn,
    task::{Context, Poll, Waker},
    time::Duration,
};

use buttress::{
    Error, Fault, Lift,
    bulkhead::{Adaptive, Bulkhead, Config},
    testing::{Script, Step},
    timeout::Timeout,
};
use futures::FutureExt;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, load_shed::LoadShedLayer};

const SECOND: Duration = Duration::from_secs(1);

fn bulkhead(config: Config) -> Bulkhead {
    Bulkhead::new("places", config.with_limit(1)).unwrap()
}

fn slow() -> Script<&'static str, Error<std::fmt::Error>> {
    Script::new([Step::ok("up").after(SECOND)])
}

/// tower: under `LoadShed`, a handle of `ConcurrencyLimit` that was shed stays in the queue, is given
/// the place that becomes free, and does nothing with it: nothing is in flight, and the next caller is
/// shed. Ours queues in the call and not in the handle.
#[tokio::test(start_paused = true)]
async fn d26_a_handle_that_was_shed_is_given_no_place() {
    for config in [Config::new(), Config::new().with_queue(10, 60 * SECOND)] {
        let (bulkhead, backend) = (bulkhead(config), slow());
        let service = ServiceBuilder::new()
            .layer(LoadShedLayer::new())
            .layer(bulkhead.layer())
            .service(backend.service());
        let in_flight = tokio::spawn(service.clone().oneshot(()));
        tokio::task::yield_now().await;
        // Ten handles that have asked, and stay where they are.
        let mut idle: Vec<_> = (0..10).map(|_| service.clone()).collect();
        for handle in &mut idle {
            assert!(asked(handle).await);
        }
        assert!(in_flight.await.unwrap().is_ok());
        assert_eq!(bulkhead.snapshot().in_flight, 0, "ten idle handles, and none has a place");
        assert_eq!(service.oneshot(()).await.unwrap(), "up");
    }
}

/// And a call that waited and was dropped gives its place in the queue back with everything else.
#[tokio::test(start_paused = true)]
async fn d26_a_call_that_is_dropped_while_it_waits_strands_nothing() {
    let (bulkhead, backend) = (bulkhead(Config::new().with_queue(10, 60 * SECOND)), slow());
    let mut service = bulkhead.layer().layer(backend.service());
    let taken = bulkhead.try_acquire().unwrap();
    for _ in 0..10 {
        let mut call = Box::pin(ServiceExt::<()>::ready(&mut service).await.unwrap().call(()));
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert_eq!(bulkhead.snapshot().queued, 0);
    drop(taken);
    assert_eq!(service.oneshot(()).await, Ok("up"));
}

/// tower and tower-resilience: what `poll_ready` has reserved is kept for as long as the handle is
/// idle, so as many idle connections as there are places shut everybody else out.
#[tokio::test(start_paused = true)]
async fn a_handle_that_is_ready_and_idle_shuts_nobody_out() {
    let (bulkhead, backend) = (bulkhead(Config::new()), slow());
    let service = bulkhead.layer().layer(backend.service());
    let mut idle: Vec<_> = (0..10).map(|_| service.clone()).collect();
    for handle in &mut idle {
        ServiceExt::<()>::ready(handle).await.unwrap();
    }
    assert_eq!(service.oneshot(()).await, Ok("up"));
}

/// tower-resilience: every layer made from a config has a semaphore of its own, so a router that
/// applies it to each route has as many limits as routes.
#[tokio::test(start_paused = true)]
async fn d09_a_layer_applied_fifty_times_has_one_limit() {
    let layer = bulkhead(Config::new()).layer();
    let backend = Script::<_, &str>::new([Step::ok("up").after(SECOND)]);
    let mut calls: Vec<_> = (0..50)
        .map(|_| Box::pin(layer.layer(Lift::layer().layer(backend.service())).oneshot(())))
        .collect();
    let refused =
        calls.iter_mut().filter_map(|call| call.as_mut().now_or_never()).filter(Result::is_err);
    assert_eq!(refused.count(), 49);
    assert_eq!(backend.counts().peak, 1);
}

/// tower-resilience: a call that is dropped is no sample to AIMD and Vegas, so that overload that shows as
/// timeouts never lowers the limit. To ours what a timeout cuts off is a drop, whatever the algorithm.
#[tokio::test(start_paused = true)]
async fn d15_overload_that_shows_as_timeouts_lowers_every_limit() {
    let all =
        [Adaptive::aimd(SECOND), Adaptive::vegas(), Adaptive::gradient(), Adaptive::min_rtt()];
    for adaptive in all {
        let config = Config::new().with_limit(20).with_adaptive(adaptive);
        let bulkhead = Bulkhead::new("places", config).unwrap();
        let within = Timeout::new("within", SECOND).unwrap();
        for _ in 0..50 {
            let call = || bulkhead.call(std::future::pending::<Result<(), ()>>);
            let calls = (0..bulkhead.snapshot().limit).map(|_| within.run(call));
            assert!(futures::future::join_all(calls).await.iter().all(Result::is_err));
        }
        assert!(bulkhead.snapshot().limit <= 10, "{adaptive:?} {:?}", bulkhead.snapshot());
    }
}

/// tower-resilience: a bulkhead that is full says that none of none are in flight. Ours says its name
/// and its limit.
#[tokio::test(start_paused = true)]
async fn d12_a_refusal_says_who_is_full_and_of_how_many() {
    let bulkhead = bulkhead(Config::new());
    let _taken = bulkhead.try_acquire().unwrap();
    let error = bulkhead.call(|| async { Ok::<_, &str>(()) }).await.unwrap_err();
    let refusal = error.refusal().unwrap();
    assert_eq!(refusal.to_string(), "`places` is full: 1 in flight");
}

/// Whether a service has an answer when it is asked once.
async fn asked<S: Service<()>>(service: &mut S) -> bool {
    poll_fn(|cx| Poll::Ready(service.poll_ready(cx).is_ready())).await
}
