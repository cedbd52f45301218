//! Deadlines set by layers.

use std::{convert::Infallible, future::pending, time::Duration};

use buttress::{
    Error, Lift,
    time::{Deadline, now},
    timeout::{DeadlineLayer, HttpDeadlineLayer},
};
use http::Request;
use tokio::time::{Instant, advance};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, buffer::Buffer, service_fn};

use crate::doors::{SECOND, struck, timeout, too_late};

/// Answers the deadline in force: when it is called, and when it is polled.
async fn both<R>(
    service: impl Service<R, Response = [Option<Deadline>; 2], Error = Infallible>,
    request: R,
) -> [Option<Deadline>; 2] {
    service.oneshot(request).await.unwrap_or_else(|never| match never {})
}

macro_rules! witness {
    () => {
        service_fn(|_| {
            let called = Deadline::current();
            async move { Ok::<_, Infallible>([called, Deadline::current()]) }
        })
    };
}

#[tokio::test(start_paused = true)]
async fn every_request_is_given_so_long_from_its_call() {
    let layer = DeadlineLayer::new(3 * SECOND).unwrap();
    for _ in 0..2 {
        let deadline = Deadline::within(3 * SECOND);
        assert_eq!(both(layer.layer(witness!()), ()).await, [Some(deadline); 2]);
        advance(SECOND).await;
    }
    assert_eq!(Deadline::current(), None);
}

#[tokio::test(start_paused = true)]
async fn of_several_deadlines_the_earliest_holds() {
    let (long, short) = (DeadlineLayer::new(9 * SECOND), DeadlineLayer::new(2 * SECOND));
    let (long, short) = (long.unwrap(), short.unwrap());
    let in_two = Deadline::within(2 * SECOND);
    assert_eq!(both((long, short).layer(witness!()), ()).await, [Some(in_two); 2]);
    assert_eq!(both((short, long).layer(witness!()), ()).await, [Some(in_two); 2]);

    let in_one = Deadline::within(SECOND);
    let call = in_one.scope(both(short.layer(witness!()), ()));
    assert_eq!(call.await, [Some(in_one); 2]);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_below_keeps_to_the_deadline_of_the_layer() {
    let call = timeout(10 * SECOND);
    let service = ServiceBuilder::new()
        .layer(DeadlineLayer::new(3 * SECOND).unwrap())
        .layer(call.layer())
        .layer(Lift::layer())
        .service(service_fn(|()| pending::<Result<(), ()>>()));
    let start = Instant::now();
    assert_eq!(service.oneshot(()).await, struck());
    assert_eq!(start.elapsed(), 3 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_layer_alone_sets_a_deadline_and_enforces_nothing() {
    let layer = DeadlineLayer::new(SECOND).unwrap();
    let service = layer.layer(service_fn(async |()| {
        tokio::time::sleep(60 * SECOND).await;
        Ok::<_, Infallible>("late")
    }));
    assert_eq!(service.oneshot(()).await, Ok("late"));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_may_start_calls_until_the_deadline_and_not_after() {
    let call = timeout(10 * SECOND);
    let service = DeadlineLayer::new(3 * SECOND).unwrap().layer(service_fn(async |()| {
        advance(3 * SECOND).await;
        call.call(async || Ok::<_, ()>("too late")).await
    }));
    assert_eq!(service.oneshot(()).await, too_late(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_does_not_pass_a_buffer() {
    let buffered = Buffer::new(witness!(), 1);
    let service = DeadlineLayer::new(SECOND).unwrap().layer(buffered);
    let [called, _] = service.oneshot(()).await.unwrap();
    assert_eq!(called, None, "the call is made by the buffer's own task");
}

#[tokio::test(start_paused = true)]
async fn over_http_the_deadline_travels_in_the_request() {
    let carried = service_fn(async |request: Request<()>| {
        Ok::<_, Infallible>([request.extensions().get().copied(), Deadline::current()])
    });
    let layer = HttpDeadlineLayer::new(3 * SECOND).unwrap();
    let deadline = Deadline::within(3 * SECOND);
    assert_eq!(both(layer.layer(carried), Request::new(())).await, [Some(deadline); 2]);
}

#[tokio::test(start_paused = true)]
async fn over_http_the_earliest_of_three_is_carried_on() {
    let carried = || {
        service_fn(async |request: Request<()>| {
            Ok::<_, Infallible>([request.extensions().get().copied(), Deadline::current()])
        })
    };
    let at = |seconds: u32| Deadline::at(now().after(seconds * SECOND));
    // Of the layer, in the request, of the task: the earliest holds, wherever it comes from.
    for [own, in_request, of_task] in [[1, 2, 3], [2, 1, 3], [3, 2, 1], [2, 3, 1], [3, 1, 2]] {
        let layer = HttpDeadlineLayer::new(own * SECOND).unwrap();
        let mut request = Request::new(());
        request.extensions_mut().insert(at(in_request));
        let call = both(layer.layer(carried()), request);
        assert_eq!(
            at(of_task).scope(call).await,
            [Some(at(1)); 2],
            "{own}, {in_request}, {of_task}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn over_http_a_request_that_comes_too_late_starts_nothing() {
    let call = timeout(10 * SECOND);
    let service = ServiceBuilder::new()
        .layer(HttpDeadlineLayer::new(3 * SECOND).unwrap())
        .layer(call.layer())
        .layer(Lift::layer())
        .service(service_fn(|_| async { panic!("started") as Result<(), ()> }));
    let mut request = Request::new(());
    request.extensions_mut().insert(Deadline::within(SECOND));
    advance(2 * SECOND).await;
    let answer: Result<_, Error<()>> = service.oneshot(request).await;
    assert_eq!(answer, too_late(SECOND));
}

#[tokio::test(start_paused = true)]
async fn over_http_the_deadline_crosses_to_another_task_in_the_request() {
    let work = service_fn(async |request: Request<()>| {
        let carried = request.extensions().get::<Deadline>().copied().unwrap();
        let task = carried.scope(async { Deadline::current() });
        Ok::<_, Infallible>([Some(carried), tokio::spawn(task).await.unwrap()])
    });
    let service = HttpDeadlineLayer::new(SECOND).unwrap().layer(work);
    let deadline = Some(Deadline::within(SECOND));
    assert_eq!(both(service, Request::new(())).await, [deadline; 2]);
}

#[test]
fn a_budget_of_zero_is_refused_by_name() {
    let text = "timeout config: deadline.budget must be above zero";
    assert_eq!(DeadlineLayer::new(Duration::ZERO).unwrap_err().to_string(), text);
    assert_eq!(HttpDeadlineLayer::new(Duration::ZERO).unwrap_err().to_string(), text);
}

#[tokio::test(start_paused = true)]
async fn a_budget_without_end_is_no_deadline() {
    let layer = DeadlineLayer::new(Duration::MAX).unwrap();
    assert_eq!(both(layer.layer(witness!()), ()).await, [None; 2]);
}
