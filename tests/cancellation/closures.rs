//! Closures that panic: the call they belong to is lost, and nothing else.

use std::{
    cell::Cell,
    fmt::Debug,
    future::{Future, ready},
    panic::AssertUnwindSafe,
    time::Duration,
};

use buttress::{
    Error,
    fallback::{self, Degraded, Failover, FailoverConfig, Fallback, LastGood},
    hedge::{self, Hedge},
    outcome::Outcome,
    retry::{self, Again, Retry},
    testing::{Script, Step},
    timeout::stream::{Config, StreamTimeout},
};
use futures::{FutureExt, StreamExt, stream};

const MILLISECOND: Duration = Duration::from_millis(1);

type Answer = Result<u32, Error<&'static str>>;

/// Panics the first time it is asked.
struct Touchy(Cell<bool>);

impl Touchy {
    const fn new() -> Self {
        Self(Cell::new(true))
    }

    fn ask(&self) {
        if self.0.replace(false) {
            std::panic::panic_any("as it was told to");
        }
    }
}

/// The first call panics, and is dropped; the second comes to this.
async fn lost_then<F>(mut call: impl FnMut() -> F, answer: F::Output)
where
    F: Future<Output: Debug + PartialEq>,
{
    let lost = AssertUnwindSafe(async { call().await }).catch_unwind().await;
    assert!(lost.is_err(), "{lost:?}");
    assert_eq!(call().await, answer);
}

fn eyes(answer: &Answer) -> Outcome {
    if answer.is_ok() { Outcome::Success } else { Outcome::Failure }
}

fn failing() -> Script<u32, &'static str> {
    Script::new([Step::err("down"), Step::err("down"), Step::ok(1)])
}

#[tokio::test(start_paused = true)]
async fn of_a_retry() {
    let retry = Retry::new("backend", retry::Config::new()).unwrap().without_budget();

    let (touchy, backend) = (Touchy::new(), failing());
    let seen = retry.classify(|answer: &Answer| {
        touchy.ask();
        eyes(answer)
    });
    lost_then(|| seen.call(|| backend.call()), Ok(1)).await;

    let (touchy, backend) = (Touchy::new(), failing());
    let seen = retry.retry_after(|_: &Answer| {
        touchy.ask();
        None::<Duration>
    });
    lost_then(|| seen.call(|| backend.call()), Ok(1)).await;

    let (touchy, backend) = (Touchy::new(), failing());
    let told = retry.on_retry(|_: &Again<'_, u32, Error<&'static str>>| touchy.ask());
    lost_then(|| told.call(|| backend.call()), Ok(1)).await;

    let (touchy, backend) = (Touchy::new(), failing());
    let paced = retry.delays(|| {
        touchy.ask();
        [MILLISECOND; 2]
    });
    lost_then(|| paced.call(|| backend.call()), Ok(1)).await;
    assert_eq!(backend.counts().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn of_a_hedge() {
    let config = hedge::Config::after(MILLISECOND).with_max_hedges(2);
    let hedge = Hedge::new("backend", config).unwrap().without_budget();

    let (touchy, backend) = (Touchy::new(), failing());
    let seen = hedge.classify(|answer: &Answer| {
        touchy.ask();
        eyes(answer)
    });
    lost_then(|| seen.call(|| backend.call()), Ok(1)).await;

    // With one attempt running beside the one that is judged.
    let touchy = Touchy::new();
    let backend = Script::new([Step::hang(), Step::err("down"), Step::ok(2)]);
    let seen = hedge.classify(|answer: &Answer| {
        touchy.ask();
        eyes(answer)
    });
    lost_then(|| seen.call(|| backend.call()), Ok(2)).await;
    assert_eq!((backend.counts().calls, backend.counts().in_flight), (3, 0));

    let (touchy, backend) = (Touchy::new(), Script::<_, ()>::new([Step::ok(3)]));
    let patient = hedge.patience(|delay: Option<Duration>| {
        touchy.ask();
        delay
    });
    lost_then(|| patient.call(|| backend.call()), Ok(3)).await;
    assert_eq!(backend.counts().calls, 1);
}

#[tokio::test(start_paused = true)]
async fn of_a_fallback() {
    let fallback = Fallback::new("backend", fallback::Config::new()).unwrap();
    let down = || ready(Err::<u32, _>("down"));

    let touchy = Touchy::new();
    let seen = fallback.classify(|answer: &Answer| {
        touchy.ask();
        eyes(answer)
    });
    let seen = seen.to_value(7);
    lost_then(|| seen.call(down), Ok(7)).await;

    let touchy = Touchy::new();
    let marked = fallback.mark(|_: &mut u32, _: &Degraded| touchy.ask()).to_value(7);
    lost_then(|| marked.call(down), Ok(7)).await;

    let touchy = Touchy::new();
    let answering = fallback.to_fn(|_: Answer| {
        touchy.ask();
        Ok(7)
    });
    lost_then(|| answering.call(down), Ok(7)).await;

    let touchy = Touchy::new();
    let failover =
        Failover::new("backends", FailoverConfig::new(), [("a", ()), ("b", ())]).unwrap();
    let seen = failover.classify(|answer: &Answer| {
        touchy.ask();
        eyes(answer)
    });
    let call =
        || seen.call(|()| ready(Ok::<_, &'static str>(5))).map(|answer| answer.map(|it| it.value));
    lost_then(call, Ok(5)).await;
}

/// The copy is made outside the lock and before anything is noted.
#[test]
fn of_an_answer_that_is_to_be_remembered() {
    struct Brittle(Touchy, u32);
    impl Clone for Brittle {
        fn clone(&self) -> Self {
            self.0.ask();
            Self(Touchy(Cell::new(false)), self.1)
        }
    }

    let memory = LastGood::new(Duration::from_secs(60)).unwrap().every(Duration::from_secs(30));
    let value = Brittle(Touchy::new(), 7);
    let lost = std::panic::catch_unwind(AssertUnwindSafe(|| memory.remember(&value)));
    assert!(lost.is_err() && memory.recall().is_none());
    memory.remember(&value);
    assert_eq!(memory.recall().map(|(value, _)| value.1), Some(7));
}

#[tokio::test(start_paused = true)]
async fn of_a_timed_stream() {
    let touchy = Touchy::new();
    let config = Config::new().with_gap(MILLISECOND);
    let timeout = StreamTimeout::new("model", config).unwrap().content(|_: &u32| {
        touchy.ask();
        true
    });
    let count = || {
        let items = stream::iter([Ok::<_, ()>(1), Ok(2)]);
        timeout.stream(items).count()
    };
    lost_then(count, 2).await;
}
