//! Places that are taken until the body of a response ends.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use buttress::{
    Error, Lift, Refusal,
    bulkhead::{Bulkhead, Class, UntilBodyEndsService},
    outcome::ByStatus,
    stream::HeldBody,
};
use futures::FutureExt;
use http::{HeaderMap, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

use super::{SECOND, limit, told::Told};

/// What a body does when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    Data(&'static str),
    Trailers,
    Fails,
    Waits,
    Panics,
}

/// A body by the script; and says that it is over once nothing is left, if it says so at all.
struct Scripted {
    left: VecDeque<Does>,
    says: bool,
    bulkhead: Bulkhead,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        let empty = self.says && self.left.is_empty();
        assert!(empty || self.bulkhead.snapshot().in_flight == 1, "dropped before its place");
    }
}

impl Body for Scripted {
    type Data = &'static [u8];
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Poll::Ready(match self.left.pop_front() {
            None => None,
            Some(Does::Data(data)) => Some(Ok(Frame::data(data.as_bytes()))),
            Some(Does::Trailers) => Some(Ok(Frame::trailers(HeaderMap::new()))),
            Some(Does::Fails) => Some(Err("reset")),
            Some(Does::Waits) => return Poll::Pending,
            Some(Does::Panics) => panic!("as planned"),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.says && self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}

fn body(bulkhead: &Bulkhead, says: bool, script: &[Does]) -> Scripted {
    let left = script.iter().copied().collect();
    Scripted { left, says, bulkhead: bulkhead.clone() }
}

type Held = Pin<Box<dyn Body<Data = &'static [u8], Error = &'static str>>>;

#[derive(Clone, Copy, Debug)]
enum Door {
    Permit,
    Layer,
}

/// A body of this script that holds the only place, through each door.
async fn each(says: bool, script: &[Does], check: impl AsyncFn(Bulkhead, Held)) {
    for door in [Door::Permit, Door::Layer] {
        let bulkhead = Bulkhead::new("house", limit(1)).unwrap();
        let script = body(&bulkhead, says, script);
        let held: Held = match door {
            Door::Permit => Box::pin(bulkhead.acquire_owned().await.unwrap().hold_body(script)),
            Door::Layer => {
                let response = layered(&bulkhead, script).await.unwrap();
                assert_eq!(response.status(), StatusCode::OK);
                Box::pin(response.into_body())
            }
        };
        check(bulkhead, held).await;
    }
}

async fn layered(
    bulkhead: &Bulkhead,
    script: Scripted,
) -> Result<Response<HeldBody<Scripted, impl Sized + use<>>>, Error<Infallible>> {
    let script = std::sync::Arc::new(std::sync::Mutex::new(Some(script)));
    let inner = service_fn(move |()| {
        let body = script.lock().unwrap().take().unwrap();
        async { Ok::<_, Infallible>(Response::new(body)) }
    });
    let layer = bulkhead.layer().until_body_ends();
    ServiceBuilder::new().layer(layer).layer(Lift::layer()).service(inner).oneshot(()).await
}

type Next = Option<Result<Frame<&'static [u8]>, &'static str>>;

fn next(held: &mut Held) -> Poll<Next> {
    held.as_mut().poll_frame(&mut Context::from_waker(std::task::Waker::noop()))
}

#[tokio::test(start_paused = true)]
async fn a_place_is_taken_until_the_body_has_ended_trailers_and_all() {
    for says in [true, false] {
        each(
            says,
            &[Does::Data("a"), Does::Waits, Does::Data("b"), Does::Trailers],
            async |bulkhead, mut held| {
                assert!(!held.is_end_stream());
                assert_eq!(held.size_hint().exact(), Some(4));
                assert!(matches!(next(&mut held), Poll::Ready(Some(Ok(frame))) if frame.is_data()));
                assert!(next(&mut held).is_pending());
                assert!(matches!(next(&mut held), Poll::Ready(Some(Ok(frame))) if frame.is_data()));
                assert_eq!(bulkhead.snapshot().in_flight, 1, "its trailers are still to come");
                assert!(bulkhead.try_acquire().is_err());
                assert!(
                    matches!(next(&mut held), Poll::Ready(Some(Ok(frame))) if frame.is_trailers())
                );
                assert_eq!(
                    (bulkhead.snapshot().in_flight, held.is_end_stream()),
                    (u32::from(!says), says)
                );
                assert!(matches!(next(&mut held), Poll::Ready(None)));
                assert!(matches!(next(&mut held), Poll::Ready(None)));
                assert_eq!(bulkhead.snapshot().in_flight, 0, "although the body is kept");
                assert!(held.is_end_stream());
                assert_eq!(held.size_hint().exact(), Some(0));
            },
        )
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_fails_gives_its_place_back() {
    each(false, &[Does::Fails, Does::Data("a")], async |bulkhead, mut held| {
        assert!(matches!(next(&mut held), Poll::Ready(Some(Err("reset")))));
        assert_eq!(bulkhead.snapshot().in_flight, 0);
        assert!(matches!(next(&mut held), Poll::Ready(None)));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_dropped_gives_its_place_back() {
    each(false, &[Does::Data("a"), Does::Waits], async |bulkhead, mut held| {
        assert!(next(&mut held).is_ready() && next(&mut held).is_pending());
        drop(held);
        assert_eq!(bulkhead.snapshot().in_flight, 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_panics_gives_its_place_back() {
    each(false, &[Does::Panics], async |bulkhead, mut held| {
        let thrown = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| next(&mut held)));
        assert!(thrown.is_err());
        assert_eq!(bulkhead.snapshot().in_flight, 0);
        // What it drops later finds no place any more, and is not asked about one.
        std::mem::forget(held);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_body_with_nothing_in_it_takes_no_place() {
    each(true, &[], async |bulkhead, held| {
        assert_eq!((bulkhead.snapshot().in_flight, held.is_end_stream()), (0, true));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_measured_is_the_time_to_the_response() {
    let bulkhead = Bulkhead::new("house", limit(1)).unwrap();
    let told = Told::by(&bulkhead);
    let inner = |status: StatusCode| {
        let bulkhead = bulkhead.clone();
        service_fn(move |()| {
            let body = body(&bulkhead, false, &[Does::Data("a")]);
            async move {
                tokio::time::sleep(SECOND).await;
                let mut response = Response::new(body);
                *response.status_mut() = status;
                Ok::<_, Infallible>(response)
            }
        })
    };
    let layer = bulkhead.classify(ByStatus).layer().until_body_ends();
    for (status, dropped) in [(StatusCode::NOT_FOUND, false), (StatusCode::TOO_MANY_REQUESTS, true)]
    {
        let service =
            ServiceBuilder::new().layer(&layer).layer(Lift::layer()).service(inner(status));
        let response = service.oneshot(()).await.unwrap();
        tokio::time::sleep(60 * SECOND).await;
        assert_eq!((told.take(), bulkhead.snapshot().in_flight), (vec![(1000, dropped)], 1));
        drop(response);
        assert_eq!((told.take(), bulkhead.snapshot().in_flight), (vec![], 0));
    }
    let held = bulkhead.acquire_owned().await.unwrap().hold_body(body(&bulkhead, false, &[]));
    assert_eq!(told.take(), [(0, false)]);
    drop(held);
    assert_eq!(told.take(), []);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_the_answer_and_a_call_that_waits_has_its_place_in_turn() {
    let bulkhead = Bulkhead::new("house", limit(1).with_queue(1, SECOND)).unwrap();
    let inner = {
        let bulkhead = bulkhead.clone();
        service_fn(move |()| {
            let body = body(&bulkhead, false, &[Does::Data("a")]);
            async { Ok::<_, Infallible>(Response::new(body)) }
        })
    };
    let layer = bulkhead.layer().until_body_ends();
    let mut service: UntilBodyEndsService<_, Class, _> =
        ServiceBuilder::new().layer(layer).layer(Lift::layer()).service(inner);
    let first = service.ready().await.unwrap().call(()).await.unwrap();
    let mut second = Box::pin(service.ready().await.unwrap().call(()));
    assert!((&mut second).now_or_never().is_none(), "the first is still read");
    let third = service.ready().await.unwrap().call(()).await;
    let full = Refusal::Full { name: "house".into(), limit: 1 };
    assert!(matches!(third, Err(Error::Refused(refusal)) if refusal == full));
    drop(first);
    let second = second.await.unwrap();
    assert_eq!(bulkhead.snapshot().in_flight, 1);
    drop(second);
    assert_eq!(bulkhead.snapshot().in_flight, 0);
}
