//! What a hedge is made on: a clone that must become ready first.

use std::{
    cell::Cell,
    future::{Future, Ready, ready},
    rc::Rc,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use buttress::{
    Error,
    testing::{Polls, Probe, Script, Step},
};
use tokio::time::{Instant, Sleep, sleep};
use tower::{Layer, Service, ServiceExt};

use super::{Down, Eyes, Seen, eyes, hedge, millis};

/// How a clone becomes ready.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ease {
    /// After this long.
    After(Duration),
    Broken,
    Never,
}

/// A service that is ready, with clones that are not. They count as [`Probe`] does.
struct Slow {
    inner: Probe<buttress::testing::Played<u32, Error<Down>>>,
    ease: Ease,
    is_clone: bool,
    readying: Option<std::pin::Pin<Box<Sleep>>>,
    polls: Arc<Mutex<u32>>,
}

impl Slow {
    fn new(backend: &Script<u32, Error<Down>>, ease: Ease) -> Self {
        Self {
            inner: backend.service(),
            ease,
            is_clone: false,
            readying: None,
            polls: Arc::default(),
        }
    }
}

impl Clone for Slow {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            ease: self.ease,
            is_clone: true,
            readying: None,
            polls: Arc::clone(&self.polls),
        }
    }
}

impl Service<()> for Slow {
    type Response = u32;
    type Error = Error<Down>;
    type Future = buttress::testing::ProbeFuture<buttress::testing::Scripted<u32, Error<Down>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error<Down>>> {
        *self.polls.lock().unwrap() += u32::from(self.is_clone);
        if self.is_clone {
            let after = match self.ease {
                Ease::After(after) => after,
                Ease::Broken => return Poll::Ready(Err(Error::Inner(Down::Missing))),
                Ease::Never => return Poll::Pending,
            };
            let readying = self.readying.get_or_insert_with(|| Box::pin(sleep(after)));
            if readying.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
        Service::<()>::poll_ready(&mut self.inner, cx)
    }

    fn call(&mut self, (): ()) -> Self::Future {
        self.readying = None;
        self.inner.call(())
    }
}

fn backend<const N: usize>(
    steps: [Step<u32, Error<Down>>; N],
) -> (Script<u32, Error<Down>>, Instant) {
    (Script::new(steps), Instant::now())
}

#[tokio::test(start_paused = true)]
async fn a_hedge_starts_once_its_clone_is_ready() {
    let (script, begun) = backend([Step::hang(), Step::ok(2).after(millis(5))]);
    let slow = Slow::new(&script, Ease::After(millis(40)));
    let seen = slow.inner.watch();
    assert_eq!(hedge(10, 1).layer().layer(slow).oneshot(()).await, Ok(2));
    assert_eq!(begun.elapsed(), millis(55), "10 until it was due, 40 until ready, 5 to answer");
    assert_eq!((seen().calls, seen().clones, seen().reserved, seen().in_flight), (2, 1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_first_can_win_while_the_clone_becomes_ready() {
    for ease in [Ease::After(millis(500)), Ease::Never] {
        let (script, begun) = backend([Step::ok(1).after(millis(100)), Step::ok(2)]);
        let slow = Slow::new(&script, ease);
        let (seen, hedge) = (slow.inner.watch(), hedge(10, 3));
        assert_eq!(hedge.layer().layer(slow).oneshot(()).await, Ok(1), "{ease:?}");
        assert_eq!((begun.elapsed(), script.counts().calls), (millis(100), 1));
        assert_eq!((seen().reserved, hedge.snapshot().totals.slow), (0, 1));
    }
}

/// The first fails while one is on its way: that one is the other chance.
#[tokio::test(start_paused = true)]
async fn a_failure_waits_for_the_clone_that_is_becoming_ready() {
    let steps = [Step::err(Error::Inner(Down::Broken(1))).after(millis(20)), Step::ok(2)];
    let (script, begun) = backend(steps);
    let slow = Slow::new(&script, Ease::After(millis(40)));
    assert_eq!(hedge(10, 1).layer().layer(slow).oneshot(()).await, Ok(2));
    assert_eq!((begun.elapsed(), script.counts().calls), (millis(50), 2));
}

#[tokio::test(start_paused = true)]
async fn a_clone_that_breaks_while_it_becomes_ready_is_given_up_and_the_first_goes_on() {
    let (script, begun) = backend([Step::ok(1).after(millis(100))]);
    let slow = Slow::new(&script, Ease::Broken);
    let polls = Arc::clone(&slow.polls);
    assert_eq!(hedge(10, 5).layer().layer(slow).oneshot(()).await, Ok(1));
    assert_eq!((begun.elapsed(), script.counts().calls), (millis(100), 1));
    assert_eq!(*polls.lock().unwrap(), 1, "and none other is tried");
}

/// Its error is not the answer, even where there is no good one.
#[tokio::test(start_paused = true)]
async fn an_error_of_readiness_is_not_the_answer() {
    let (script, _) = backend([Step::err(Error::Inner(Down::Broken(1)))]);
    let slow = Slow::new(&script, Ease::Broken);
    let answer = hedge(10, 5).layer().layer(slow).oneshot(()).await;
    assert_eq!(answer, Err(Error::Inner(Down::Broken(1))));
}

#[tokio::test(start_paused = true)]
async fn a_clone_is_polled_when_it_is_woken_and_not_in_between() {
    let (script, _) = backend([Step::ok(1).after(millis(100)), Step::ok(2).after(millis(200))]);
    let slow = Slow::new(&script, Ease::After(millis(40)));
    let (clone_polls, polls) = (Arc::clone(&slow.polls), Polls::new());
    let mut service = hedge(10, 1).layer().layer(slow);
    assert_eq!(polls.of(service.ready().await.unwrap().call(())).await, Ok(1));
    // At first, when it is due, when the clone is ready, at the end.
    polls.assert_at_most(4);
    assert_eq!(*clone_polls.lock().unwrap(), 2);
}

/// The very clone is made ready again for the next one.
#[tokio::test(start_paused = true)]
async fn each_hedge_is_made_on_a_service_that_was_made_ready_for_it() {
    let (script, begun) = backend([Step::hang(), Step::hang(), Step::ok(3)]);
    let inner = script.service().ready_after(2);
    let seen = inner.watch();
    assert_eq!(hedge(10, 5).layer().layer(inner).oneshot(()).await, Ok(3));
    assert_eq!(begun.elapsed(), millis(20));
    // Two clones: oneshot's own is none.
    assert_eq!((seen().calls, seen().clones, seen().ready_polls, seen().reserved), (3, 1, 9, 0));
}

/// A drop while a clone becomes ready leaves nothing taken.
#[tokio::test(start_paused = true)]
async fn a_call_dropped_while_a_clone_becomes_ready_leaves_nothing_behind() {
    let (script, _) = backend([Step::hang()]);
    let slow = Slow::new(&script, Ease::Never);
    let seen = slow.inner.watch();
    let call = hedge(10, 2).layer().layer(slow).oneshot(());
    assert!(tokio::time::timeout(millis(50), call).await.is_err());
    assert_eq!((seen().reserved, seen().in_flight, script.counts().cancelled), (0, 0, 1));
}

/// Calls of one service wait for its readiness and not for each other's hedges.
#[tokio::test(start_paused = true)]
async fn the_service_is_ready_as_its_inner_service_is() {
    let (script, _) = backend([Step::hang()]);
    let inner = script.service().ready_after(1);
    let mut service = hedge(10, 1).layer().layer(inner);
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let mut poll_ready = |service: &mut _| Service::<()>::poll_ready(service, &mut cx);
    assert!(poll_ready(&mut service).is_pending());
    assert!(poll_ready(&mut service).is_ready());
    let _call = service.call(());
    assert!(poll_ready(&mut service).is_pending(), "it must become ready again");
}

/// A service, a request and a future that stay on their thread.
#[tokio::test(start_paused = true)]
async fn nothing_need_be_sent_to_another_thread() {
    #[derive(Clone)]
    struct Local(Rc<Cell<u32>>);

    impl Service<Rc<u32>> for Local {
        type Response = u32;
        type Error = Error<Down>;
        type Future = Ready<Seen>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error<Down>>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Rc<u32>) -> Self::Future {
            self.0.set(self.0.get() + 1);
            ready(if self.0.get() == 1 { Err(Error::Inner(Down::Broken(1))) } else { Ok(*request) })
        }
    }

    let calls = Rc::new(Cell::new(0));
    let view = hedge(10, 1).classify(eyes as Eyes);
    let service = view.layer().layer(Local(Rc::clone(&calls)));
    assert_eq!(service.oneshot(Rc::new(7)).await, Ok(7));
    assert_eq!(calls.get(), 2);
}
