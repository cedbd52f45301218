//! The same through the tower door.

use std::{
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use buttress::{
    Error, Lift, Refusal,
    batch::{BatchLayer, Config},
    testing::{Script, Step},
};
use futures::{FutureExt, future::join_all};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use super::{Backend, MILLISECOND};

type Fault = Error<Arc<str>>;

#[tokio::test(start_paused = true)]
async fn requests_go_to_the_inner_service_in_batches() {
    let backend = Backend::default();
    let inner = backend.clone();
    let layer = BatchLayer::new("doubles", Config::new()).unwrap();
    let service = ServiceBuilder::new()
        .layer(layer.clone())
        .layer(Lift::layer())
        .map_err(Arc::<str>::from)
        .service(service_fn(move |numbers| inner.call(numbers)));
    let answers = join_all((0..250).map(|number| service.clone().oneshot(number))).await;
    assert!((0..).zip(answers).all(|(number, answer)| answer == Ok(number * 2)));
    assert_eq!(backend.sizes(), [100, 100, 50]);
    assert_eq!((layer.snapshot().totals.calls, layer.name().as_str()), (3, "doubles"));
    // Two services of one layer share their batches.
    let other = layer.layer(service_fn(|_: Vec<u32>| async {
        Err::<Vec<u32>, Error<Arc<str>>>(Error::Inner("not this one".into()))
    }));
    let (one, two) = (service.clone().oneshot(1), other.oneshot(2));
    assert_eq!(tokio::join!(one, two), (Ok(2), Ok(4)), "whoever opens it sends it");
}

#[tokio::test(start_paused = true)]
async fn a_bad_request_is_isolated_and_a_heavy_one_refused() {
    let backend = Backend::default();
    let inner = backend.clone();
    let layer = BatchLayer::new("doubles", Config::new().with_max_weight(3000))
        .unwrap()
        .weigh(|number: &u32| u64::from(*number))
        .isolate(|error: &Fault| matches!(error, Error::Inner(_)));
    let service = ServiceBuilder::new()
        .layer(layer)
        .layer(Lift::layer())
        .map_err(Arc::<str>::from)
        .service(service_fn(move |numbers| inner.call(numbers)));
    let ask = |number| service.clone().oneshot(number);
    let answers = join_all([1, 1000, 2, 3001].map(ask)).await;
    assert_eq!((&answers[0], &answers[2]), (&Ok(2), &Ok(4)));
    assert_eq!(answers[1], Err(Error::Inner("1000 is too large".into())));
    assert!(matches!(answers[3], Err(Error::Refused(Refusal::Invalid { .. }))));
    assert_eq!(backend.calls(), [vec![1, 1000, 2], vec![1], vec![1000, 2], vec![1000], vec![2]]);
}

/// Deferred: always ready, and a clone is made ready for each call.
#[tokio::test(start_paused = true)]
async fn the_inner_service_is_made_ready_for_each_call() {
    let backend: Script<Vec<u8>, Fault> = Script::new([
        Step::err(Error::Inner("bad".into())),
        Step::ok(vec![1]).after(MILLISECOND),
        Step::ok(vec![2]),
    ]);
    let inner = backend.service().ready_after(2);
    let seen = inner.watch();
    let layer = BatchLayer::new("row", Config::new()).unwrap().isolate(|_| true);
    let mut service = layer.layer(inner);
    assert!(
        Service::<u8>::poll_ready(&mut service, &mut Context::from_waker(Waker::noop())).is_ready()
    );
    assert_eq!(seen().ready_polls, 0);
    let (first, second) = (service.call(7), service.call(8));
    assert_eq!(tokio::join!(first, second), (Ok(1), Ok(2)));
    assert_eq!((seen().calls, seen().ready_polls, seen().reserved), (3, 9, 0));
    // Dropped while the inner service is not ready, nothing stays reserved.
    let mut call = service.call(9);
    assert_eq!((&mut call).now_or_never(), None);
    drop(call);
    assert_eq!((seen().reserved, seen().in_flight), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_error_of_readiness_is_an_answer() {
    #[derive(Clone)]
    struct Unwilling;
    impl Service<Vec<u8>> for Unwilling {
        type Response = Vec<u8>;
        type Error = Fault;
        type Future = std::future::Pending<Result<Vec<u8>, Fault>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Fault>> {
            Poll::Ready(Err(Error::Inner("unwilling".into())))
        }
        fn call(&mut self, _: Vec<u8>) -> Self::Future {
            std::future::pending()
        }
    }
    let service = BatchLayer::new("row", Config::new()).unwrap().layer(Unwilling);
    assert_eq!(service.oneshot(7).await, Err(Error::Inner("unwilling".into())));
}

/// One state behind both doors.
#[tokio::test(start_paused = true)]
async fn a_batcher_is_a_service_and_shares_its_batches_with_callers() {
    let backend = Backend::default();
    let batcher = backend.batcher(Config::new());
    let served = join_all((0..3).map(|number| batcher.service().oneshot(number)));
    let called = batcher.load_many(3..5);
    let (served, called) = tokio::join!(served, called);
    assert_eq!(served, [Ok(0), Ok(2), Ok(4)]);
    assert_eq!(called, [Ok(6), Ok(8)]);
    assert_eq!(backend.calls(), [[3, 4, 0, 1, 2]], "a service is called when it is polled");
}

/// An error with room for a refusal stays what it is.
#[tokio::test(start_paused = true)]
async fn an_error_that_has_room_for_a_refusal_is_unchanged() {
    let seen = Arc::new(Mutex::new(0));
    let count = Arc::clone(&seen);
    let batcher = buttress::batch::Batcher::new("row", Config::new(), move |_: Vec<u8>| {
        *count.lock().unwrap() += 1;
        async { Err::<Vec<u8>, Fault>(Refusal::Overloaded { name: "db".into() }.into()) }
    });
    let answer = batcher.unwrap().run(7).await;
    assert_eq!(answer, Err(Error::Refused(Refusal::Overloaded { name: "db".into() })));
    assert_eq!(*seen.lock().unwrap(), 1);
}
