//! One function a contract; `table` runs them all on every layer.

use std::{
    future::{pending, poll_fn},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use buttress::{
    Fault,
    testing::{Polls, Script, Step},
};
use tokio::sync::Semaphore;
use tower::{Layer, Service, ServiceExt, limit::ConcurrencyLimit};

use crate::terms::{Down, Inner, Request, Shows, Wrapped, ask, poll_ready, ready, request, up};

const HOUR: Duration = Duration::from_secs(3600);

/// What was made ready is what is called; `kept` says how often a call clones it besides, for what may
/// come later.
pub(crate) async fn an_inner_service_is_called_only_once_it_is_ready<L>(layer: L, kept: u64)
where
    L: Layer<Inner, Service: Wrapped>,
{
    let inner = up().service().ready_after(3);
    let seen = inner.watch();
    let mut service = layer.layer(inner);
    for calls in 1..=3 {
        assert_eq!(ask(&mut service).await.unwrap(), "up");
        assert_eq!((seen().calls, seen().finished), (calls, calls));
        assert_eq!(seen().ready_polls, 4 * calls, "three times not ready, then ready");
        assert_eq!(seen().reserved, 0);
    }
    assert_eq!(seen().clones, 3 * kept, "what was made ready is what is called");
}

pub(crate) async fn pending_readiness_is_passed_on<L>(layer: L)
where
    L: Layer<Inner, Service: Wrapped>,
{
    let mut service = layer.layer(up().service().ready_after(2));
    assert!(poll_ready(&mut service).is_pending());
    assert!(poll_ready(&mut service).is_pending());
    assert!(poll_ready(&mut service).is_ready());
}

pub(crate) async fn a_clone_carries_no_readiness<L>(layer: L)
where
    L: Layer<Inner, Service: Wrapped>,
{
    let inner = up().service().ready_after(1);
    let seen = inner.watch();
    let mut original = layer.layer(inner);
    ready(&mut original).await;
    let mut clone = original.clone();
    assert!(poll_ready(&mut clone).is_pending(), "the clone was not the one that was polled");
    assert_eq!(original.call(request()).await.unwrap(), "up");
    assert_eq!(ask(&mut clone).await.unwrap(), "up");
    assert_eq!((seen().calls, seen().reserved), (2, 0));
}

pub(crate) async fn asking_again_reserves_no_more<L>(layer: L)
where
    L: Layer<Inner, Service: Wrapped>,
{
    let inner = up().service();
    let seen = inner.watch();
    let mut service = layer.layer(inner);
    for _ in 0..5 {
        assert!(poll_ready(&mut service).is_ready());
        assert_eq!(seen().reserved, 1);
    }
    assert_eq!(service.call(request()).await.unwrap(), "up");
    assert_eq!(seen().reserved, 0);
}

pub(crate) async fn a_service_dropped_when_ready_gives_its_reservation_back<L>(layer: L)
where
    L: Layer<Inner, Service: Wrapped>,
{
    let inner = up().service();
    let seen = inner.watch();
    let mut service = layer.layer(inner);
    ready(&mut service).await;
    assert_eq!(seen().reserved, 1);
    drop(service);
    assert_eq!((seen().reserved, seen().calls), (0, 0));
}

pub(crate) async fn results_pass_through<L>(layer: L)
where
    L: Layer<Inner, Service: Wrapped>,
{
    let backend = Script::new([Step::ok("up"), Step::err(Down::Broken("broken")), Step::ok("up")]);
    let mut service = layer.layer(backend.service());
    assert_eq!(ask(&mut service).await.unwrap(), "up");
    let error = ask(&mut service).await.unwrap_err();
    assert_eq!((error.broken(), error.refusal()), (Some("broken"), None));
    assert_eq!(ask(&mut service).await.unwrap(), "up");
}

pub(crate) async fn an_error_of_readiness_passes_through<L>(layer: L)
where
    L: Layer<Unwilling, Service: Wrapped>,
{
    let mut service = layer.layer(Unwilling);
    for _ in 0..3 {
        let error = service.ready().await.map(|_| ()).unwrap_err();
        assert_eq!(error.broken(), Some("unwilling"));
    }
}

pub(crate) async fn a_call_that_waits_is_not_polled_in_between<L>(layer: L)
where
    L: Layer<Inner, Service: Wrapped>,
{
    let backend = Script::new([Step::hang()]);
    let mut service = layer.layer(backend.service());
    let polls = Polls::new();
    let call = polls.of(ready(&mut service).await.call(request()));
    assert!(tokio::time::timeout(HOUR, call).await.is_err());
    polls.assert_at_most(2); // at first, and when the hour was over
    assert_eq!((backend.counts().cancelled, backend.counts().in_flight), (1, 0));
}

pub(crate) async fn a_call_takes_no_more_polls_than_the_backend_wakes<L>(layer: L)
where
    L: Layer<Inner, Service: Wrapped>,
{
    let backend = Script::new([Step::ok("up").after(Duration::from_millis(30))]);
    let mut service = layer.layer(backend.service());
    let polls = Polls::new();
    let call = polls.of(ready(&mut service).await.call(request()));
    assert_eq!(call.await.unwrap(), "up");
    polls.assert_at_most(2);
}

pub(crate) async fn a_service_that_is_not_ready_is_not_polled_in_between<L>(layer: L)
where
    L: Layer<Inner, Service: Wrapped>,
{
    let inner = up().service().never_ready();
    let seen = inner.watch();
    let mut service = layer.layer(inner);
    let polls = Polls::new();
    let ready = polls.of(poll_fn(|cx| service.poll_ready(cx)));
    assert!(tokio::time::timeout(HOUR, ready).await.is_err());
    polls.assert_at_most(2);
    assert!(seen().ready_polls <= 2);
}

pub(crate) async fn a_call_dropped_in_flight_ends_the_inner_call<L>(layer: L)
where
    L: Layer<Inner, Service: Wrapped>,
{
    let backend = Script::new([Step::hang()]);
    let mut service = layer.layer(backend.service());
    let mut call = Box::pin(ready(&mut service).await.call(request()));
    assert!(poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_pending())).await);
    assert_eq!(backend.counts().in_flight, 1);
    drop(call);
    assert_eq!((backend.counts().in_flight, backend.counts().cancelled), (0, 1));
}

pub(crate) async fn a_call_dropped_unpolled_leaves_nothing_behind<L>(layer: L)
where
    L: Layer<Inner, Service: Wrapped>,
{
    let backend = up();
    let inner = backend.service();
    let seen = inner.watch();
    let mut service = layer.layer(inner);
    drop(ready(&mut service).await.call(request()));
    assert_eq!((seen().in_flight, seen().reserved, backend.counts().in_flight), (0, 0, 0));
    assert_eq!(ask(&mut service).await.unwrap(), "up");
}

pub(crate) async fn a_place_of_a_limit_inside_comes_back_whatever_ends_the_call<L>(layer: L)
where
    L: Layer<ConcurrencyLimit<Inner>, Service: Wrapped>,
{
    let places = Arc::new(Semaphore::new(1));
    let backend = Script::new([Step::ok("up"), Step::err(Down::Broken("broken")), Step::hang()]);
    let limited = ConcurrencyLimit::with_semaphore(backend.service(), Arc::clone(&places));
    let mut service = layer.layer(limited);
    assert!(ask(&mut service).await.is_ok());
    assert_eq!(places.available_permits(), 1, "after a success");
    assert!(ask(&mut service).await.is_err());
    assert_eq!(places.available_permits(), 1, "after a failure");
    let call = ready(&mut service).await.call(request());
    assert_eq!(places.available_permits(), 0);
    assert!(tokio::time::timeout(HOUR, call).await.is_err());
    assert_eq!(places.available_permits(), 1, "after a drop in flight");
    ready(&mut service).await;
    assert_eq!(places.available_permits(), 0);
    drop(service);
    assert_eq!(places.available_permits(), 1, "after a drop when ready");
}

pub(crate) async fn calls_of_one_service_run_side_by_side<L>(layer: L)
where
    L: Layer<Inner, Service: Wrapped>,
{
    let backend = Script::new([Step::ok("up").after(Duration::from_secs(1))]);
    let mut service = layer.layer(backend.service());
    let start = tokio::time::Instant::now();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..10 {
        calls.spawn(ready(&mut service).await.call(request()));
    }
    while let Some(answer) = calls.join_next().await {
        assert_eq!(answer.unwrap().unwrap(), "up");
    }
    assert_eq!(backend.counts().peak, 10);
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}

pub(crate) async fn a_layer_makes_as_many_services_as_it_is_asked_for<L>(layer: L)
where
    L: Layer<Inner, Service: Wrapped>,
{
    let backend = up();
    for _ in 0..3 {
        assert_eq!(layer.layer(backend.service()).oneshot(request()).await.unwrap(), "up");
    }
    assert_eq!(backend.counts().finished, 3);
}

pub(crate) async fn a_panic_of_one_call_leaves_the_service_usable<L>(layer: L)
where
    L: Layer<Inner, Service: Wrapped>,
{
    let backend = Script::new([Step::panic(), Step::ok("up")]);
    let mut service = layer.layer(backend.service());
    let call = ready(&mut service).await.call(request());
    assert!(tokio::spawn(call).await.unwrap_err().is_panic());
    assert_eq!((backend.counts().panicked, backend.counts().in_flight), (1, 0));
    assert_eq!(ask(&mut service).await.unwrap(), "up");
}

/// A service that fails to become ready.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unwilling;

impl Service<Request> for Unwilling {
    type Response = &'static str;
    type Error = Down;
    type Future = std::future::Pending<Result<&'static str, Down>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Down>> {
        Poll::Ready(Err(Down::Broken("unwilling")))
    }

    fn call(&mut self, _: Request) -> Self::Future {
        pending()
    }
}
