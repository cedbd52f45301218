//! Nobody sleeps through a wake: futures and streams are polled with a new waker every time, and again
//! only once that very waker was woken, as an executor may do that moves tasks about.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use buttress::{
    Error, Lift, Mode,
    backoff::Backoff,
    fallback::{self, Failover, FailoverConfig, Fallback, WhenAllOpen},
    hedge::{self, Hedge},
    outcome::Outcome,
    retry::{self, Retry},
    testing::{Polls, Script, Step},
    timeout::stream::{self as timed, StreamTimeout},
};
use futures::{Stream, StreamExt, stream};
use tokio::time::sleep;
use tower::{Layer, ServiceExt, util::BoxCloneSyncService};

const MILLISECOND: Duration = Duration::from_millis(1);

/// Wakes its task, and remembers that it did.
struct Newest {
    woken: AtomicBool,
    task: Mutex<Waker>,
}

impl Wake for Newest {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.task.lock().unwrap().wake_by_ref();
    }
}

/// Runs `future`; none if it is never woken again.
async fn strictly<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut newest: Option<Arc<Newest>> = None;
    let run = poll_fn(|cx| {
        if let Some(newest) = &newest {
            *newest.task.lock().unwrap() = cx.waker().clone();
            if !newest.woken.load(Ordering::Acquire) {
                return Poll::Pending;
            }
        }
        let task = Mutex::new(cx.waker().clone());
        let waker = Arc::new(Newest { woken: AtomicBool::new(false), task });
        newest = Some(Arc::clone(&waker));
        future.as_mut().poll(&mut Context::from_waker(&Waker::from(waker)))
    });
    tokio::time::timeout(Duration::from_secs(3600), run).await.ok()
}

/// Numbers that are always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn millis(&mut self, n: u64) -> Duration {
        Duration::from_millis(self.below(n))
    }

    fn steps(&mut self) -> Vec<Step<u32, u32>> {
        (0..12)
            .map(|at| {
                let step = if self.below(3) == 0 { Step::ok(at) } else { Step::err(at) };
                step.after(self.millis(9))
            })
            .collect()
    }
}

/// A failure, a soft one, the caller's own mistake, by its number.
fn eyes(answer: &Result<u32, Error<u32>>) -> Outcome {
    match answer {
        Ok(_) => Outcome::Success,
        Err(Error::Inner(error)) if error % 5 == 3 => Outcome::SoftFailure,
        Err(Error::Inner(error)) if error % 7 == 6 => Outcome::Ignore,
        Err(_) => Outcome::Failure,
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_is_started_again_ends() {
    for seed in 0..400 {
        buttress::random::seed(seed);
        let mut dice = Dice(seed);
        let steps = dice.steps();
        let readiness = dice.below(4);

        let config = hedge::Config::after(dice.millis(6)).with_max_hedges(1 + dice.below(3) as u32);
        let mode = if dice.below(8) == 0 { Mode::Shadow } else { Mode::Enforce };
        let hedge =
            Hedge::new("h", config.with_mode(mode)).unwrap().without_budget().classify(eyes);
        let config = retry::Config::new().with_max_attempts(40).with_backoff(match seed % 3 {
            0 => Backoff::Immediate,
            _ => Backoff::exponential(MILLISECOND, 5 * MILLISECOND),
        });
        let retry = Retry::new("r", config).unwrap().without_budget().classify(eyes);
        let backup = Script::new([Step::ok(99).after(dice.millis(3))]);
        let backup = Lift::layer().layer(backup.service().ready_after(readiness));
        let fallback = Fallback::new("f", fallback::Config::new()).unwrap().to_service(backup);

        let backend = Script::new(steps.clone());
        assert!(strictly(hedge.call(|| backend.call())).await.is_some(), "hedge {seed}");
        let backend = Script::new(steps.clone());
        assert!(strictly(retry.call(|| backend.call())).await.is_some(), "retry {seed}");

        let backend = Script::new(steps);
        let service = Lift::layer().layer(backend.service().ready_after(readiness));
        let service = hedge.layer().layer(service);
        let service = retry.layer().layer(service);
        let service = BoxCloneSyncService::new(fallback.layer().layer(service));
        assert!(strictly(service.oneshot(1_u8)).await.is_some(), "stack {seed}");
        assert_eq!(backend.counts().in_flight, 0, "stack {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_without_delays_lets_others_have_their_turn_and_comes_back() {
    let config = retry::Config::new().with_max_attempts(100).with_backoff(Backoff::Immediate);
    let retry = Retry::new("r", config).unwrap().without_budget();
    let backend = Script::<(), _>::new([Step::err(())]);
    let polls = Polls::new();
    let answer = strictly(polls.of(retry.call(|| backend.call()))).await;
    assert_eq!((answer, backend.counts().calls), (Some(Err(Error::Inner(()))), 100));
    assert_eq!(polls.count(), 4, "the 99 further attempts, 32 at a time");
}

/// Items so far apart, keep-alives among them, and an error now and then.
fn items(dice: &mut Dice) -> Pin<Box<dyn Stream<Item = Result<u32, Error<u32>>> + Send>> {
    let items: Vec<_> =
        (0..dice.below(8)).map(|_| (dice.millis(9), dice.below(3), dice.below(6))).collect();
    stream::iter(items)
        .then(|(pause, content, error)| async move {
            if !pause.is_zero() {
                sleep(pause).await;
            }
            if error == 0 { Err(Error::Inner(0)) } else { Ok(u32::from(content == 0)) }
        })
        .boxed()
}

#[tokio::test(start_paused = true)]
async fn streams_end() {
    for seed in 0..400 {
        let mut dice = Dice(seed);
        let config = timed::Config::new().with_first_content(dice.millis(8) + MILLISECOND);
        let config = config.with_gap(dice.millis(8) + MILLISECOND);
        let config = match seed % 3 {
            0 => config.with_total(dice.millis(30) + MILLISECOND),
            1 => config.with_mode(Mode::Shadow),
            _ => config,
        };
        let timeout = StreamTimeout::new("t", config).unwrap().content(|item: &u32| *item == 1);
        // Silent for ever in the end, where there is a clock that says so.
        let silent = seed % 3 != 1 && dice.below(2) == 0;
        let end =
            if silent { stream::pending().left_stream() } else { stream::empty().right_stream() };
        let mut timed = pin!(timeout.run_stream(items(&mut dice).chain(end)));
        while let Some(item) =
            strictly(timed.next()).await.unwrap_or_else(|| panic!("timed {seed}"))
        {
            drop(item);
        }

        let config = FailoverConfig::new().with_max_held(2);
        let config = config.with_when_all_open(WhenAllOpen::WaitUpTo(MILLISECOND));
        let failover = Failover::new("f", config, [("a", 0), ("b", 1), ("c", 2)]).unwrap();
        let asked = async {
            let served = failover
                .stream(|_| std::future::ready(Ok(items(&mut dice))), |item: &u32| *item == 1)
                .await;
            if let Ok(mut served) = served {
                while served.value.next().await.is_some() {}
            }
        };
        assert!(strictly(asked).await.is_some(), "failover {seed}");
    }
}
