//! What the docs promise and is easily broken.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use buttress::{
    Error, Mode, Pipeline,
    budget::{self, Budget},
    hedge::{Config, Hedge},
    pushback::Pushback,
    retry::{self, Retry},
    testing::{Script, Scripted, Step},
    time::Deadline,
};
use tokio::time::{Instant, advance, sleep, timeout};
use tower::{Layer, Service, ServiceExt};

use super::{Backend, Door, Down, MILLISECOND, SECOND, Seen, hedge, measured, millis};

/// A service whose clones take 40 ms to become ready.
struct Slow {
    script: Script<u32, Error<Down>>,
    readying: Option<std::pin::Pin<Box<tokio::time::Sleep>>>,
    is_clone: bool,
}

impl Clone for Slow {
    fn clone(&self) -> Self {
        Self { script: self.script.clone(), readying: None, is_clone: true }
    }
}

impl Service<()> for Slow {
    type Response = u32;
    type Error = Error<Down>;
    type Future = Scripted<u32, Error<Down>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error<Down>>> {
        if !self.is_clone {
            return Poll::Ready(Ok(()));
        }
        let readying = self.readying.get_or_insert_with(|| Box::pin(sleep(millis(40))));
        readying.as_mut().poll(cx).map(Ok)
    }

    fn call(&mut self, (): ()) -> Self::Future {
        self.readying = None;
        self.script.call()
    }
}

fn slow(
    steps: impl IntoIterator<Item = Step<u32, Error<Down>>>,
) -> (Slow, Script<u32, Error<Down>>) {
    let script = Script::new(steps);
    (Slow { script: script.clone(), readying: None, is_clone: false }, script)
}

/// "A backend that asks to be left alone is not asked again": nor by a hedge that is paid for and on its way.
#[tokio::test(start_paused = true)]
async fn a_hedge_that_is_still_becoming_ready_is_given_up_when_the_backend_asks_to_be_left_alone() {
    let (service, script) =
        slow([Step::err(Error::Inner(Down::Busy)).after(millis(20)), Step::ok(2)]);
    let hedge = hedge(10, 1).retry_after(|result: &Seen| {
        if result.is_err() { Pushback::after(SECOND) } else { Pushback::NONE }
    });
    let begun = Instant::now();
    let answer = hedge.layer().layer(service).oneshot(()).await;
    assert_eq!(answer, Err(Error::Inner(Down::Busy)));
    assert_eq!((begun.elapsed(), script.counts().calls), (millis(20), 1));
}

/// "No hedge is started once the task's deadline has passed": nor one that became ready too late.
#[tokio::test(start_paused = true)]
async fn a_hedge_that_becomes_ready_past_the_deadline_is_not_started() {
    let (service, script) = slow([Step::ok(1).after(millis(100)), Step::hang()]);
    let call = hedge(10, 1).layer().layer(service).oneshot(());
    let answer = Deadline::within(millis(30)).scope(call).await;
    assert_eq!((answer, script.counts().calls), (Ok(1), 1));
}

/// "No more than this share of calls is hedged": also where the share is no round number.
#[tokio::test(start_paused = true)]
async fn a_share_between_two_thousandths_is_not_exceeded() {
    for (share, most) in [(0.0125, 125), (0.0015, 15), (0.0999, 999)] {
        let hedge = measured(share);
        let eager = hedge.patience(|_| Some(MILLISECOND));
        let backend = Backend::new([Step::err(Down::Broken(1))]);
        for _ in 0..10_000 {
            let _ = backend.ask(Door::Call, &eager).await;
        }
        let totals = hedge.snapshot().totals;
        assert!(totals.failed <= most, "{share}: {totals:?}");
    }
}

/// Observing must not change what is observed: a retry that shares the purse has as much in it.
#[tokio::test(start_paused = true)]
async fn in_shadow_mode_nothing_is_taken_from_a_shared_purse() {
    let purse = budget::Config::new().with_ratio(0.5).with_per_second(0);
    let purse = Budget::new("purse", purse).unwrap();
    let config = Config::after(MILLISECOND).with_mode(Mode::Shadow);
    let hedge = Hedge::new("backend", config).unwrap().paying_from(&purse);
    let backend = Backend::new([Step::ok(1).after(millis(10))]);
    for _ in 0..10 {
        backend.ask(Door::Call, &hedge).await.unwrap();
    }
    assert_eq!((purse.snapshot().withdrawn, hedge.snapshot().totals.slow), (0, 10));
}

/// "In shadow mode, what it would have done": all of it.
#[tokio::test(start_paused = true)]
async fn in_shadow_mode_every_hedge_that_would_be_started_is_counted() {
    let config = Config::after(millis(10)).with_max_hedges(3).with_mode(Mode::Shadow);
    let hedge = Hedge::new("backend", config).unwrap().without_budget();
    let backend = Backend::new([Step::ok(1).after(millis(100))]);
    backend.ask(Door::Call, &hedge).await.unwrap();
    assert_eq!(hedge.snapshot().totals.slow, 3);
}

/// One purse: a thousand calls that all fail cost a fifth more, and three a second, however the guards
/// that share it are nested.
#[tokio::test(start_paused = true)]
async fn a_purse_shared_by_a_retry_around_a_hedge_bounds_the_sum() {
    let purse = Budget::new("purse", budget::Config::new().with_per_second(0)).unwrap();
    let retry = Retry::new("backend", retry::Config::new()).unwrap().paying_from(&purse);
    let hedge = hedge(10, 2).paying_from(&purse.inner());
    let pipeline = Pipeline::new().with(retry).with(hedge);
    let backend = Backend::new([Step::err(Down::Broken(1))]);
    for _ in 0..1000 {
        assert!(pipeline.call(|| backend.call()).await.is_err());
    }
    let calls = backend.counts().calls;
    assert!(calls <= 1200, "{calls} calls for a thousand");
}

/// A request that will not be sent again need not be copied.
#[tokio::test(start_paused = true)]
async fn while_nothing_is_hedged_no_request_is_copied() {
    let copies = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&copies);
    let copy = move |request: &u32| {
        count.fetch_add(1, Ordering::Relaxed);
        Some(*request)
    };
    let backend = Script::<u32, Error<Down>>::new([Step::ok(1).after(MILLISECOND)]);
    let never = hedge(10, 1).patience(|_| None);
    let service = never.layer().replay(copy).layer(backend.service());
    assert_eq!(service.oneshot(7).await, Ok(1));
    assert_eq!(copies.load(Ordering::Relaxed), 0);
}

/// What has left the window is not shown as if it were in it, and hedges nothing.
#[tokio::test(start_paused = true)]
async fn a_delay_that_is_out_of_date_is_not_gone_by() {
    let (hedge, fast) = (measured(0.5), Backend::new([Step::ok(1).after(millis(5))]));
    for _ in 0..100 {
        fast.ask(Door::Call, &hedge).await.unwrap();
    }
    advance(3600 * SECOND).await;
    let slow = Backend::new([Step::ok(1).after(millis(50))]);
    slow.ask(Door::Call, &hedge).await.unwrap();
    assert_eq!(slow.counts().calls, 1, "an hour old");
}

/// Only who is started is polled for it, and not all the others again.
#[tokio::test(start_paused = true)]
async fn starting_one_polls_that_one() {
    let polls = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&polls);
    let operation = move || {
        let count = Arc::clone(&count);
        std::future::poll_fn(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            Poll::<Result<(), Down>>::Pending
        })
    };
    let call = Door::Call.call(&hedge(0, 10), operation);
    assert!(timeout(SECOND, call).await.is_err());
    // Eleven at first, and once more when the second is over.
    assert_eq!(polls.load(Ordering::Relaxed), 22);
}
