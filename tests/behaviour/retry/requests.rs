//! The tower door: requests that are sent again, and services made ready for it.

use std::{
    fmt,
    future::{self, Ready, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use buttress::{
    Error, Lift,
    retry::{Config, Ending, Retry},
    testing::{Counts, Probe, Script, Step},
};
use futures::FutureExt;
use tokio::time::Instant;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, limit::ConcurrencyLimit, service_fn};

use super::doors::{Down, Notes, SECOND, immediate, ready, steady};

fn retry(config: Config) -> Retry {
    Retry::new("backend", config).unwrap().without_budget()
}

/// A request that counts its copies.
#[derive(Debug)]
struct Letter {
    text: String,
    copies: Arc<AtomicUsize>,
}

impl Letter {
    fn new(text: &str) -> (Self, Arc<AtomicUsize>) {
        let copies = Arc::default();
        (Self { text: text.to_owned(), copies: Arc::clone(&copies) }, copies)
    }
}

impl Clone for Letter {
    fn clone(&self) -> Self {
        self.copies.fetch_add(1, Ordering::Relaxed);
        Self { text: self.text.clone(), copies: Arc::clone(&self.copies) }
    }
}

/// Reads letters, and fails so often.
#[derive(Clone)]
struct Reader {
    read: Notes<String>,
    failures: usize,
}

impl Reader {
    fn failing(failures: usize) -> Self {
        Self { read: Notes::new(), failures }
    }
}

impl Service<Letter> for Reader {
    type Response = &'static str;
    type Error = Down;
    type Future = Ready<Result<&'static str, Down>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Down>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, letter: Letter) -> Self::Future {
        self.read.note(letter.text);
        future::ready(if self.read.all().len() > self.failures {
            Ok("read")
        } else {
            Err(Down::Broken)
        })
    }
}

/// What was read, how often the letter was copied, and what was done to the service.
async fn send<R>(retry: &Retry, replay: R, failures: usize) -> (Vec<String>, usize, Counts)
where
    R: buttress::source::Replay<Letter> + Clone,
{
    let reader = Reader::failing(failures);
    let (read, probe) = (reader.read.clone(), Probe::new(reader));
    let seen = probe.watch();
    let layer = retry.layer().replay(replay);
    let service = ServiceBuilder::new().layer(layer).layer(Lift::layer()).service(probe);
    let (letter, copies) = Letter::new("why?");
    let answer = service.oneshot(letter).await;
    assert_eq!(answer.is_ok(), read.all().len() > failures);
    (read.all(), copies.load(Ordering::Relaxed), seen())
}

#[tokio::test(start_paused = true)]
async fn a_request_is_copied_once_less_often_than_it_may_be_sent() {
    let by_clone = buttress::source::ByClone::default();
    // Attempts allowed, failures: times sent, copied, clones of the service.
    for (most, failures, sent, copies, clones) in [
        (1, 0, 1, 0, 0),
        (1, 9, 1, 0, 0),
        (2, 0, 1, 1, 1),
        (2, 9, 2, 1, 1),
        (3, 0, 1, 1, 1),
        (3, 1, 2, 2, 1),
        (3, 9, 3, 2, 1),
        (10, 9, 10, 9, 1),
        (u32::MAX, 9, 10, 10, 1),
    ] {
        let retry = retry(immediate().with_max_attempts(most));
        let (read, copied, seen) = send(&retry, by_clone, failures).await;
        assert_eq!((read.len(), copied), (sent, copies), "{most} attempts, {failures} failures");
        assert_eq!((seen.clones, seen.reserved), (clones, 0), "{most} attempts");
        assert!(read.iter().all(|text| text == "why?"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_copied_is_sent_once() {
    let retry = retry(immediate());
    let (read, copies, seen) = send(&retry, |_: &Letter| None, 9).await;
    assert_eq!((read.len(), copies, seen.clones), (1, 0, 0));
    assert_eq!(retry.snapshot().totals.given_up.unrepeatable, 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_can_be_sent_again_in_a_way_of_ones_own() {
    let again = |letter: &Letter| {
        let mut next = letter.clone();
        next.text.push_str(" again");
        (next.text.len() < 20).then_some(next)
    };
    let retry = retry(immediate().with_max_attempts(10));
    let (read, ..) = send(&retry, again, 9).await;
    assert_eq!(read, ["why?", "why? again", "why? again again"]);
    assert_eq!(retry.snapshot().totals.given_up.unrepeatable, 1, "the third could not be copied");
}

/// The first attempt is made on what was made ready; for the others a clone is, inside the call.
#[tokio::test(start_paused = true)]
async fn later_attempts_wait_for_a_service_that_takes_its_time_to_be_ready() {
    let retry = retry(immediate());
    let backend = Script::new([Step::err(Down::Broken), Step::err(Down::Broken), Step::ok("up")]);
    let probe = backend.service().ready_after(3);
    let seen = probe.watch();
    let mut service = retry.layer().layer(Lift::layer().layer(probe));
    let call = ready(&mut service).await.call(());
    assert_eq!((seen().ready_polls, seen().calls, seen().clones), (4, 1, 1));
    let told = call.detailed().await;
    assert_eq!((told.result, told.attempts), (Ok("up"), 3));
    assert_eq!((seen().ready_polls, seen().clones), (12, 1), "four times for each attempt");
    assert_eq!((seen().calls, seen().finished, seen().reserved), (3, 3, 0));
}

/// Ready so often, and then broken.
struct Wearing(Arc<AtomicUsize>);

impl Clone for Wearing {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl Service<()> for Wearing {
    type Response = ();
    type Error = Error<Down>;
    type Future = Ready<Result<(), Error<Down>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error<Down>>> {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(1), Ordering::Relaxed);
        Poll::Ready(if left == 0 { Err(Error::Inner(Down::Missing)) } else { Ok(()) })
    }

    fn call(&mut self, (): ()) -> Self::Future {
        future::ready(Err(Error::Inner(Down::Broken)))
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_to_be_ready_again_ends_the_call_with_that_error() {
    for (ready_for, attempts) in [(1, 1), (2, 2)] {
        let retry = retry(immediate());
        let mut service = retry.layer().layer(Wearing(Arc::new(AtomicUsize::new(ready_for))));
        let told = ready(&mut service).await.call(()).detailed().await;
        assert_eq!(told.result, Err(Error::Inner(Down::Missing)));
        assert_eq!(told.attempts, attempts);
    }
    let mut service = retry(immediate()).layer().layer(Wearing(Arc::default()));
    assert_eq!(service.ready().await.map(|_| ()), Err(Error::Inner(Down::Missing)), "passed on");
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_while_it_waits_to_be_ready_reserves_nothing() {
    let places = Arc::new(tokio::sync::Semaphore::new(1));
    let backend = Script::<&str, Down>::new([Step::err(Down::Broken)]);
    let limited = ConcurrencyLimit::with_semaphore(backend.service(), Arc::clone(&places));
    let mut service = retry(immediate()).layer().layer(Lift::layer().layer(limited));
    let call = ready(&mut service).await.call(());
    let taken = places.clone();
    {
        let mut call = pin!(call);
        let mut poll = || call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        // Somebody else is next in the queue for the only place.
        let mut other = pin!(taken.acquire());
        assert!(other.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert!(poll().is_pending(), "it waits for the place");
        assert!(other.as_mut().now_or_never().is_some(), "the first attempt gave it back");
    }
    assert_eq!((places.available_permits(), backend.counts().calls), (1, 1));
}

/// The place of an attempt is given back before the wait, or the next attempt would never have one.
#[tokio::test(start_paused = true)]
async fn one_place_in_a_limit_inside_is_enough_for_many_attempts() {
    let places = Arc::new(tokio::sync::Semaphore::new(1));
    let backend = Script::new([Step::err(Down::Broken).after(SECOND)]);
    let limited = ConcurrencyLimit::with_semaphore(backend.service(), Arc::clone(&places));
    let mut service = retry(steady()).layer().layer(Lift::layer().layer(limited));
    let start = Instant::now();
    let call = ready(&mut service).await.call(());
    let watching = async {
        tokio::time::sleep(3 * SECOND / 2).await;
        places.available_permits()
    };
    let (answer, free) = futures::future::join(call, watching).await;
    assert_eq!(answer, Err::<&str, _>(Error::Inner(Down::Broken)));
    assert_eq!((start.elapsed(), backend.counts().peak), (5 * SECOND, 1));
    assert_eq!((free, places.available_permits()), (1, 1), "during the wait, and afterwards");
}

#[tokio::test(start_paused = true)]
async fn a_service_can_be_called_again_while_its_calls_are_tried_again() {
    let backend = Script::new([Step::err(Down::Broken).after(SECOND)]);
    let mut service = retry(steady()).layer().layer(Lift::layer().layer(backend.service()));
    let mut calls = Vec::new();
    for _ in 0..10 {
        calls.push(ready(&mut service).await.call(()));
    }
    let start = Instant::now();
    for answer in futures::future::join_all(calls).await {
        assert_eq!(answer, Err::<&str, _>(Error::Inner(Down::Broken)));
    }
    assert_eq!((backend.counts().calls, backend.counts().peak), (30, 10));
    assert_eq!(start.elapsed(), 5 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn not_ready_the_first_time_is_passed_on() {
    let probe = Script::<&str, Down>::new([Step::ok("up")]).service().ready_after(1);
    let mut service = retry(steady()).layer().layer(Lift::layer().layer(probe));
    assert!(
        poll_fn(|cx| Poll::Ready(Service::<()>::poll_ready(&mut service, cx).is_pending())).await
    );
    assert!(ready(&mut service).await.call(()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_service_without_room_for_a_refusal_needs_a_lift_and_one_with_room_does_not() {
    let retry = retry(immediate());
    let down = || future::ready(Err::<(), _>(fmt::Error));
    let lifted = retry.layer().layer(Lift::layer().layer(service_fn(move |()| down())));
    assert_eq!(lifted.oneshot(()).await, Err(Error::Inner(fmt::Error)));
    let boxed = || future::ready(Err::<(), tower::BoxError>(fmt::Error.into()));
    let service = retry.layer().layer(service_fn(move |()| boxed()));
    let told = service.clone().ready().await.unwrap().call(()).detailed().await;
    assert!(told.result.unwrap_err().is::<fmt::Error>());
    assert_eq!((told.attempts, told.ending), (3, Ending::Attempts));
}
