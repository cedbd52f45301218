//! Where the connection is a service.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll},
};

use buttress::{
    Error, Lift, Refusal,
    outcome::Standard,
    reconnect::{Reconnect, State},
};
use futures::future::join_all;
use tokio::time::sleep;
use tower::{Layer, Service, ServiceExt, service_fn};

use super::{MILLISECOND, SECOND, config};

/// What a connection that broke answers.
#[derive(Clone, Debug, PartialEq)]
struct Gone;

/// A connection that serves requests until so many have been served by all clones of it.
#[derive(Clone)]
struct Wire {
    number: u32,
    left: Arc<AtomicU32>,
    ready: bool,
    broken_when_asked: bool,
}

impl Service<u32> for Wire {
    type Response = (u32, u32);
    type Error = Error<Gone>;
    type Future = Ready<Result<(u32, u32), Error<Gone>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error<Gone>>> {
        if self.broken_when_asked {
            return Poll::Ready(Err(Error::Inner(Gone)));
        }
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: u32) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called without being ready");
        let served = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        ready(served.map(|_| (self.number, request)).map_err(|_| Error::Inner(Gone)))
    }
}

/// Wires that serve so many requests each.
fn wires(serve: u32) -> (Reconnect<Wire, Infallible>, Arc<AtomicU32>) {
    let made = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&made);
    let peer = Reconnect::new("peer", config(), move || {
        let number = counted.fetch_add(1, Ordering::Relaxed) + 1;
        let left = Arc::new(AtomicU32::new(serve));
        async move {
            sleep(50 * MILLISECOND).await;
            Ok(Wire { number, left, ready: false, broken_when_asked: false })
        }
    });
    (peer.unwrap(), made)
}

#[tokio::test(start_paused = true)]
async fn requests_share_a_connection_and_the_next_follows_when_it_breaks() {
    let (peer, made) = wires(100);
    let peer = peer.classify(Standard::default());
    let service = peer.service();
    let answers = join_all((0..100).map(|request| service.clone().oneshot(request))).await;
    for (request, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer, Ok((1, request as u32)));
    }
    sleep(5 * SECOND).await;
    // A request is sent once; that it is lost is the answer.
    assert_eq!(service.clone().oneshot(7).await, Err(Error::Inner(Gone)));
    assert_eq!(peer.state(), State::Idle);
    assert_eq!(service.clone().oneshot(7).await, Ok((2, 7)));
    assert_eq!(made.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn it_is_always_ready_and_a_refusal_is_an_answer() {
    let peer = Reconnect::new("peer", config().with_max_attempts(1), || async {
        Err::<Wire, _>("nobody there")
    })
    .unwrap();
    let mut service = peer.service();
    for _ in 0..3 {
        let answer = service.ready().await.unwrap().call(1).await;
        assert!(matches!(answer, Err(Error::Refused(Refusal::Disconnected { .. }))), "{answer:?}");
    }
    assert_eq!(peer.state(), State::Down);
}

/// D25: it connects, and errs when it is asked whether it is ready; elsewhere a loop in one poll.
#[tokio::test(start_paused = true)]
async fn a_connection_that_errs_when_asked_for_readiness_fails_one_call_d25() {
    let made = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&made);
    let peer = Reconnect::new("peer", config(), move || {
        let number = counted.fetch_add(1, Ordering::Relaxed) + 1;
        let left = Arc::new(AtomicU32::new(9));
        ready(Ok::<_, Infallible>(Wire { number, left, ready: false, broken_when_asked: true }))
    })
    .unwrap()
    .classify(Standard::default());
    let service = peer.service();
    for calls in 1..=4 {
        assert_eq!(service.clone().oneshot(1).await, Err(Error::Inner(Gone)));
        assert_eq!(made.load(Ordering::Relaxed), calls);
        assert_eq!(peer.state(), State::BackingOff(calls));
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_without_room_for_refusals_is_lifted_where_it_is_made() {
    let peer = Reconnect::new("peer", config(), || async {
        let plain = service_fn(|request: u32| async move { Ok::<_, Gone>(request + 1) });
        Ok::<_, Infallible>(Lift::layer().layer(plain))
    })
    .unwrap();
    assert_eq!(peer.service().oneshot(1).await, Ok(2));
}
