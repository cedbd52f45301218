//! Work that is started again, by retries, hedges and fallbacks: what all of them owe to classifiers,
//! requests, services that are slow to become ready, and purses.

use std::{
    cell::Cell,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use buttress::{
    Error, Lift, Mode,
    budget::{self, Budget},
    fallback::{self, Failover, FailoverConfig, Fallback, LastGood},
    hedge::{self, Hedge},
    outcome::Outcome,
    retry::{self, Retry},
    source::Replay,
    testing::{Script, Step},
    time::Deadline,
};
use futures::{FutureExt, future::BoxFuture};
use tokio::time::{Instant, Sleep, sleep};
use tower::{Layer, Service, ServiceExt};

const MILLISECOND: Duration = Duration::from_millis(1);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Down {
    Broken,
    Busy(Duration),
}

type Answer = Result<u32, Error<Down>>;

fn eyes(answer: &Answer) -> Outcome {
    match answer {
        Ok(0) | Err(Error::Inner(Down::Broken)) => Outcome::Failure,
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::SoftFailure,
    }
}

fn hedge_after(delay: Duration) -> Hedge {
    Hedge::new("backend", hedge::Config::after(delay)).unwrap()
}

/// A service whose clones take their time to become ready; it is ready itself.
struct Slow {
    readiness: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    /// Clones that are ready or about to be.
    waiting: Arc<()>,
    script: Script<u32, Down>,
}

impl Slow {
    fn new(readiness: Duration, script: &Script<u32, Down>) -> Self {
        Self { readiness, timer: None, waiting: Arc::new(()), script: script.clone() }
    }
}

impl Clone for Slow {
    fn clone(&self) -> Self {
        Self {
            readiness: self.readiness,
            timer: Some(Box::pin(sleep(self.readiness))),
            waiting: Arc::clone(&self.waiting),
            script: self.script.clone(),
        }
    }
}

impl Service<u32> for Slow {
    type Response = u32;
    type Error = Down;
    type Future = BoxFuture<'static, Result<u32, Down>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Down>> {
        if let Some(timer) = &mut self.timer {
            ready!(timer.as_mut().poll(cx));
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: u32) -> Self::Future {
        self.script.call().boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn a_classifier_is_asked_once_about_each_result() {
    let asked = Cell::new(0);
    let counting = |answer: &Answer| {
        asked.set(asked.get() + 1);
        eyes(answer)
    };
    let script = || Script::new([Step::ok(0), Step::err(Down::Broken), Step::ok(1)]);

    let backend = script();
    let retry = Retry::new("backend", retry::Config::new()).unwrap().classify(counting);
    assert_eq!(retry.call(|| backend.call()).await, Ok(1));
    assert_eq!(asked.replace(0), 3, "by a retry");

    let backend = script();
    let hedge = Hedge::new("b", hedge::Config::after(MILLISECOND).with_max_hedges(2)).unwrap();
    assert_eq!(hedge.classify(counting).call(|| backend.call()).await, Ok(1));
    assert_eq!(asked.replace(0), 3, "by a hedge");

    let backend = script();
    let fallback = Fallback::new("backend", fallback::Config::new()).unwrap();
    assert_eq!(fallback.classify(counting).to_value(7).call(|| backend.call()).await, Ok(7));
    assert_eq!(asked.replace(0), 1, "by a fallback");
}

#[tokio::test(start_paused = true)]
async fn a_hedge_that_was_to_become_ready_is_not_made_once_the_backend_asks_to_be_left_alone() {
    let busy = Down::Busy(Duration::from_secs(1));
    let script = Script::new([Step::err(busy.clone()).after(50 * MILLISECOND), Step::ok(2)]);
    let slow = Slow::new(100 * MILLISECOND, &script);
    let waiting = Arc::clone(&slow.waiting);
    let hedge = hedge_after(10 * MILLISECOND).classify(eyes);
    let service = hedge.layer().layer(Lift::layer().layer(slow));
    let begun = Instant::now();
    assert_eq!(service.oneshot(1).await, Err(Error::Inner(busy)));
    assert_eq!((script.counts().calls, begun.elapsed()), (1, 50 * MILLISECOND));
    assert_eq!((hedge.snapshot().totals.slow, Arc::strong_count(&waiting)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_hedge_that_becomes_ready_after_the_deadline_is_not_made_and_holds_nothing() {
    let script = Script::new([Step::ok(1).after(200 * MILLISECOND), Step::ok(2)]);
    let slow = Slow::new(100 * MILLISECOND, &script);
    let waiting = Arc::clone(&slow.waiting);
    let hedge = hedge_after(10 * MILLISECOND);
    let mut service = hedge.layer().layer(Lift::layer().layer(slow));
    let deadline = Deadline::within(60 * MILLISECOND);
    let call = tokio::spawn(deadline.scope(service.ready().await.unwrap().call(1)));
    sleep(50 * MILLISECOND).await;
    assert_eq!(Arc::strong_count(&waiting), 3, "the service, its clone, and this");
    sleep(100 * MILLISECOND).await;
    assert_eq!(Arc::strong_count(&waiting), 2, "what the clone held is given back");
    assert_eq!(call.await.unwrap(), Ok(1));
    assert_eq!(script.counts().calls, 1);
}

#[tokio::test(start_paused = true)]
async fn a_backup_that_becomes_ready_after_the_deadline_is_not_asked() {
    let (service, backup) = (Script::new([Step::err(Down::Broken)]), Script::new([Step::ok(2)]));
    let slow = Slow::new(100 * MILLISECOND, &backup);
    let fallback = Fallback::new("backend", fallback::Config::new()).unwrap();
    let fallback = fallback.to_service(Lift::layer().layer(slow));
    let call = |within| {
        let inner = Lift::layer().layer(Slow::new(Duration::ZERO, &service));
        Deadline::within(within).scope(fallback.layer().layer(inner).oneshot(1))
    };
    assert_eq!(call(200 * MILLISECOND).await, Ok(2));
    assert_eq!(call(50 * MILLISECOND).await, Err(Error::Inner(Down::Broken)));
    assert_eq!(backup.counts().calls, 1);
    let totals = fallback.snapshot().totals;
    assert_eq!((totals.error, totals.too_late, totals.failed), (2, 1, 1));
}

/// Counts the copies that are made of requests.
#[derive(Clone, Default)]
struct Copies {
    made: Arc<AtomicU32>,
    unsafe_twice: bool,
}

impl Copies {
    fn made(&self) -> u32 {
        self.made.load(Ordering::Relaxed)
    }
}

impl Replay<u32> for Copies {
    fn copy(&self, request: &u32) -> Option<u32> {
        self.made.fetch_add(1, Ordering::Relaxed);
        Some(*request)
    }

    fn is_safe(&self, _: &u32) -> bool {
        !self.unsafe_twice
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_will_not_be_hedged_is_not_copied() {
    let ask = async |hedge: &Hedge, copies: &Copies| {
        let script = Script::<u32, Down>::new([Step::ok(1).after(50 * MILLISECOND)]);
        let layer = hedge.layer().replay(copies.clone());
        let service = layer.layer(Lift::layer().layer(script.service()));
        assert_eq!(service.oneshot(1).await, Ok(1));
        script.counts().calls
    };
    let hedge = hedge_after(10 * MILLISECOND);
    let copies = Copies::default();
    assert_eq!((ask(&hedge, &copies).await, copies.made()), (2, 1));
    let copies = Copies { unsafe_twice: true, ..Copies::default() };
    assert_eq!((ask(&hedge, &copies).await, copies.made()), (1, 0), "not safe to serve twice");
    let unknown = Hedge::new("backend", hedge::Config::new()).unwrap();
    let copies = Copies::default();
    assert_eq!((ask(&unknown, &copies).await, copies.made()), (1, 0), "the delay is not known");
}

#[tokio::test(start_paused = true)]
async fn who_only_watches_takes_nothing_out_of_a_purse_that_others_pay_from() {
    let config = budget::Config::new().with_ratio(1.0).with_per_second(0);
    let purse = Budget::new("purse", config).unwrap();
    let shadow = hedge::Config::after(MILLISECOND).with_mode(Mode::Shadow);
    let hedge = Hedge::new("backend", shadow).unwrap().paying_from(&purse);
    let shadow = retry::Config::new().with_mode(Mode::Shadow);
    let retry = Retry::new("backend", shadow).unwrap().paying_from(&purse);
    let backend = Script::<u32, Down>::new([Step::err(Down::Broken).after(5 * MILLISECOND)]);
    for _ in 0..10 {
        let _ = hedge.call(|| backend.call()).await;
        let _ = retry.call(|| backend.call()).await;
    }
    assert_eq!((hedge.snapshot().totals.slow, retry.snapshot().totals.retries), (10, 10));
    let seen = purse.snapshot();
    assert_eq!((seen.kept, seen.withdrawn, seen.exhausted), (20.0, 0, 0));
}

#[test]
fn the_first_good_answer_is_remembered_however_seldom_they_are() {
    let memory = LastGood::new(Duration::from_secs(60)).unwrap().every(Duration::MAX);
    memory.remember(&1);
    memory.remember(&2);
    assert_eq!(memory.recall().map(|(value, _)| value), Some(1));
    memory.forget();
    memory.remember(&3);
    assert_eq!(memory.recall().map(|(value, _)| value), Some(3));
}

/// What a breaker, a retry and a hedge are told by `retry_after`.
#[tokio::test(start_paused = true)]
async fn a_fallback_and_a_failover_are_told_what_the_backend_asks_for() {
    let seconds = Duration::from_secs;
    let wait = |answer: &Answer| match answer {
        Err(Error::Inner(Down::Busy(wait))) => Some(*wait),
        _ => None,
    };
    let config = fallback::Config::new().with_patience(seconds(5));
    let fallback = Fallback::new("backend", config).unwrap().retry_after(wait).to_value(7);
    let config = FailoverConfig::new().with_patience(seconds(5));
    let providers = [("first", seconds(5)), ("second", seconds(0))];
    let failover = Failover::new("backends", config, providers).unwrap().retry_after(wait);
    for (asked, passed_on) in [(seconds(5), true), (seconds(6), false)] {
        let busy = Err(Down::Busy(asked));
        let answer = fallback.call(|| std::future::ready(busy.clone())).await;
        assert_eq!(answer == Ok(7), !passed_on, "{asked:?}");
        let answer = failover
            .call(|provider| {
                std::future::ready(if provider.is_zero() { Ok(7) } else { busy.clone() })
            })
            .await;
        assert_eq!(answer.is_ok(), !passed_on, "{asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hedge_that_only_watches_counts_each_that_it_would_have_started() {
    let config = hedge::Config::after(10 * MILLISECOND).with_max_hedges(3).with_mode(Mode::Shadow);
    let hedge = Hedge::new("backend", config).unwrap().without_budget();
    for (latency, hedges) in [(100, 3), (25, 2), (5, 0)] {
        let before = hedge.snapshot().totals.slow;
        let backend = Script::<_, ()>::new([Step::ok(1).after(latency * MILLISECOND)]);
        assert_eq!(hedge.call(|| backend.call()).await, Ok(1));
        assert_eq!(hedge.snapshot().totals.slow - before, hedges, "{latency} ms");
        assert_eq!(backend.counts().calls, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_share_of_calls_is_not_exceeded_where_it_is_no_whole_thousandth() {
    for (share, most) in [(0.0015, 15), (0.0125, 125), (0.02, 200), (0.0999, 999)] {
        let config = hedge::Config::new().with_extra_load(share);
        let hedge = Hedge::new("backend", config).unwrap().without_budget();
        let eager = hedge.patience(|_| Some(MILLISECOND));
        for _ in 0..10_000 {
            let _ = eager.call(|| std::future::ready(Err::<(), _>(()))).await;
        }
        let hedges = hedge.snapshot().totals.failed;
        assert!(hedges <= most && hedges >= most / 3 * 2 - 1, "{share}: {hedges}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delay_is_known_as_long_as_what_it_was_measured_by_is_in_the_window() {
    let config = hedge::Config::new().with_extra_load(0.5).with_window(Duration::from_secs(60));
    let hedge = Hedge::new("backend", config).unwrap();
    let backend = Script::<_, ()>::new([Step::ok(1).after(5 * MILLISECOND)]);
    for _ in 0..30 {
        assert_eq!(hedge.call(|| backend.call()).await, Ok(1));
    }
    tokio::time::advance(Duration::from_secs(59)).await;
    assert!(hedge.snapshot().delay.is_some());
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(hedge.snapshot().delay, None);
}

#[tokio::test(start_paused = true)]
async fn starting_a_hedge_polls_nobody_else() {
    let polls = Cell::new(0);
    let config = hedge::Config::after(Duration::ZERO).with_max_hedges(10);
    let hedge = Hedge::new("backend", config).unwrap().without_budget();
    let never = || {
        std::future::poll_fn(|_| {
            polls.set(polls.get() + 1);
            Poll::<Result<(), ()>>::Pending
        })
    };
    assert!(hedge.call(never).now_or_never().is_none());
    assert_eq!(polls.get(), 11);
}
