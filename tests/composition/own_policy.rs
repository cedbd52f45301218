//! A policy of one's own, among ours.

use std::io;

use buttress::{
    Error, Fault, Pipeline,
    circuit_breaker::State,
    policy::Policy,
    testing::{Script, Step},
    time::Deadline,
};
use tokio::time::{Instant, sleep};

use crate::guards::{SECOND, breaker, failures, timeout};

/// Tries so often; never again what was refused before it began.
#[derive(Clone, Copy, Debug)]
struct Attempts(u32);

impl<T: Send, E: Fault + Send> Policy<T, E> for Attempts {
    async fn run<F, Fut>(&self, operation: F) -> Result<T, E>
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        for _ in 1..self.0 {
            match operation().await {
                Err(error) if error.refusal().is_none_or(|refusal| refusal.began()) => {
                    sleep(SECOND / 10).await;
                }
                answer => return answer,
            }
        }
        operation().await
    }
}

/// Answers by itself when the guards have refused.
struct Otherwise(u32);

impl<E: Fault + Send> Policy<u32, E> for Otherwise {
    async fn run<F, Fut>(&self, operation: F) -> Result<u32, E>
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<u32, E>> + Send,
    {
        match operation().await {
            Err(error) if error.refusal().is_some() => Ok(self.0),
            answer => answer,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_breaker_inside_counts_each_attempt_and_one_outside_counts_the_call() {
    let (outside, inside) = (breaker("outside", 100), breaker("inside", 100));
    let backend = Script::<u32, _>::new([Step::err("down")]);
    let pipeline = Pipeline::new().with(outside.clone()).with(Attempts(3)).with(inside.clone());
    assert_eq!(pipeline.call(|| backend.call()).await, Err(Error::Inner("down")));
    assert_eq!((failures(&outside), failures(&inside)), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn attempts_end_with_the_deadline_they_run_under() {
    let backend = Script::<u32, &str>::new([Step::hang()]);
    let pipeline = Pipeline::new().with(Attempts(100)).with(timeout("each", 2 * SECOND));
    let start = Instant::now();
    let call = pipeline.call(|| backend.call());
    let error = Deadline::within(5 * SECOND).scope(call).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().kind(), "deadline_exceeded");
    assert!(!error.refusal().unwrap().began(), "the last attempt was not even started");
    assert_eq!(start.elapsed(), 5 * SECOND + SECOND / 10);
    assert_eq!(backend.counts().calls, 3);
}

#[tokio::test(start_paused = true)]
async fn a_policy_may_answer_for_guards_that_refuse() {
    let open = breaker("open", 1);
    open.isolate();
    let pipeline = Pipeline::new().with(Otherwise(0)).with(open.clone());
    let backend = Script::<u32, io::ErrorKind>::new([Step::ok(7)]);
    assert_eq!(pipeline.call(|| backend.call()).await, Ok(0));
    open.reset();
    assert_eq!(pipeline.call(|| backend.call()).await, Ok(7));

    let late = Pipeline::new().with(Otherwise(0)).with(timeout("t", SECOND));
    let backend = Script::<u32, io::ErrorKind>::new([Step::hang()]);
    assert_eq!(late.call(|| backend.call()).await, Ok(0));

    // And the other way round: its answer is not what the breaker hears of.
    let strict = Pipeline::new().with(timeout("t", SECOND)).with(Otherwise(0)).with(open.clone());
    assert!(strict.call(|| backend.call()).await.is_err());
    assert_eq!(open.state(), State::Open, "cut off from outside");
}
